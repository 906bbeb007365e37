// SPDX-License-Identifier: Apache-2.0
// Completions and the manual page, which come from the table that makes the help: asked of the shells and readers that are there.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { folderFor, program, run } from '../support/cli.mjs';

const isHere = (program, ...args) => spawnSync(program, args, { stdio: 'ignore' }).error === undefined;
const unless = (program, args = ['--version']) => (isHere(program, ...args) ? false : `there is no ${program} here`);

/** Commands with their options and usages, as the help tells them. */
const told = {};
before(async () => {
  const { out } = await run(['--help']);
  const names = [...out.matchAll(/^ {2}(\w+) {2,}/gm)].map(([, name]) => name);
  await Promise.all(
    names.map(async (name) => {
      const { out: help } = await run([name, '--help']);
      told[name] = [...help.matchAll(/^ {2}(?:-(\w), | {4})--([\w-]+)/gm)].flatMap(([, short, long]) =>
        short ? [`--${long}`, `-${short}`] : [`--${long}`],
      );
    }),
  );
});

const scriptFor = async (shell) => {
  const { code, out, err } = await run(['completion', shell]);
  assert.deepEqual([code, err], [0, '']);
  return out;
};
function output(program, args) {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 20_000 });
  assert.deepEqual([status, stderr], [0, ''], `${program} ${args.join(' ')}`);
  return stdout;
}

test('bash completes commands, options and values', { skip: unless('bash') }, async () => {
  const script = await scriptFor('bash');
  const cases = [
    ['simile', ''],
    ['simile', 'ser'],
    ...Object.keys(told).map((name) => ['simile', name, '-']),
    ['simile', 'build', 'x', '--codec', 'int'],
    ['simile', 'build', 'x', '--codec', '=', 'int'],
    ['simile', 'build', '-e', 's'],
    ['simile', 'completion', ''],
    ['simile', 'build', '-o', ''],
    ['simile', 'info', ''],
    ['simile', '$(touch x)', '-'],
  ];
  const asked = cases
    .map((words) => `COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; ask`)
    .join('\n');
  const ask = 'ask() { COMPREPLY=(); _simile 2>/dev/null; (IFS=,; echo "$' + '{COMPREPLY[*]}"); }';
  const [first, begun, ...rest] = output('bash', ['--norc', '-c', `${script}\n${ask}\n${asked}`]).split('\n');
  assert.deepEqual(first.split(',').sort(), [...Object.keys(told), 'help', '--help', '--version'].sort());
  assert.equal(begun, 'serve');
  for (const name of Object.keys(told)) assert.deepEqual(rest.shift().split(',').sort(), told[name].toSorted(), name);
  assert.deepEqual(rest, ['int8,int4,int1', 'int8,int4,int1', 'static:', 'bash,zsh,fish', '', '', '', '']);
});
test('fish completes commands, options and values', { skip: unless('fish') }, async (t) => {
  const file = join(folderFor(t), 'simile.fish');
  writeFileSync(file, await scriptFor('fish'));
  const asked = (line) =>
    output('fish', ['--no-config', '-c', `source ${file}; complete -C '${line}'`])
      .trim()
      .split('\n')
      .map((each) => each.split('\t')[0]);
  assert.deepEqual(asked('simile ').sort(), Object.keys(told).sort());
  assert.deepEqual(asked('simile build --codec int').sort(), ['int1', 'int4', 'int8']);
  assert.deepEqual(asked('simile completion ').sort(), ['bash', 'fish', 'zsh']);
  const long = told.search.filter((name) => name.length > 2);
  assert.deepEqual(asked('simile search --').sort(), long.toSorted());
});

test('zsh takes the completions, and they name every option', { skip: unless('zsh') }, async () => {
  const script = await scriptFor('zsh');
  // What the completion would be of is printed in its place.
  const names = Object.keys(told).join(' ');
  const asked = `_arguments() { print -l -- "$@"; }
    for name in ${names}; do print "== $name"; words=(simile $name -); CURRENT=3; _simile; done`;
  const start = 'autoload -U compinit; compinit -D -u; eval "$1"; print $_comps[simile]';
  const [taken, ...parts] = output('zsh', ['-f', '-c', `${start}; ${asked}`, 'zsh', script]).split('== ');
  assert.equal(taken, '_simile\n');
  for (const part of parts) {
    const name = part.split('\n')[0];
    const named = [...part.matchAll(/^(?:\([^)]*\))?(--?[\w-]+)[+=]?\[/gm)].map(([, option]) => option);
    assert.deepEqual(named.sort(), told[name].toSorted(), name);
  }
  assert.equal(parts.length, Object.keys(told).length);
});

test('the shells have names', async () => {
  const { code, err } = await run(['completion', 'fihs']);
  assert.deepEqual(
    [code, err],
    [2, 'simile: the shells are bash, zsh, fish, not "fihs"; did you mean fish? (simile completion --help)\n'],
  );
  const { out } = await run(['completion', 'bash', '--json']);
  assert.equal(JSON.parse(out).shell, 'bash');
});

const page = fileURLToPath(new URL('../../dist/simile.1', import.meta.url));

test('the manual page tells every command and option, and is the one of the manifest', () => {
  const { man, version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  assert.equal(man, './dist/simile.1');
  const text = readFileSync(page, 'utf8');
  assert.ok(text.includes(`"simile ${version}"`));
  assert.doesNotMatch(text, /[^\n -~]/, 'plain ASCII, for every reader');
  const sections = text.split('.SS ').slice(1);
  assert.deepEqual(sections.map((each) => each.split(' ')[1].split('\n')[0]).sort(), Object.keys(told).sort());
  for (const section of sections) {
    const name = section.split(' ')[1].split('\n')[0];
    const named = [...section.matchAll(/\\fB((?:\\-){1,2}[\w\\-]+)\\fR/g)].map(([, option]) => option.replaceAll('\\', ''));
    assert.deepEqual(named.sort(), told[name].toSorted(), name);
  }
});

test('man sets the page without a warning', { skip: unless('man', ['--version']) }, () => {
  const { status, stderr, stdout } = spawnSync('man', ['--warnings', '-E', 'ascii', '-l', page], {
    encoding: 'utf8',
    env: { ...process.env, MANWIDTH: '100', LC_ALL: 'C' },
  });
  assert.deepEqual([status, stderr], [0, '']);
  assert.match(stdout, /simile - semantic search in files of vectors/);
  assert.match(stdout, /simile search words\.simile --vector '\[0\.1,0\.9,0\.3\]' -k 5/);
});

test('mandoc has no complaint about the page', { skip: unless('mandoc', ['-T', 'lint', page]) }, () => {
  const { stdout } = spawnSync('mandoc', ['-T', 'lint', '-W', 'warning', page], { encoding: 'utf8' });
  // The page has no date, so that the same sources make the same file.
  assert.deepEqual(
    stdout.split('\n').filter((line) => line !== '' && !line.includes('missing date')),
    [],
  );
});

/** What a terminal is shown: a pseudo terminal is at both stdout and stderr, and ^ stands for its escapes. */
function shown(args, { cwd, env = {} }) {
  const command = [process.execPath, program, ...args].map((word) => `'${word}'`).join(' ');
  const { status, stdout } = spawnSync('script', ['-qec', command, '/dev/null'], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TERM: 'xterm', NO_COLOR: '', ...env },
  });
  assert.equal(status, 0, stdout);
  return stdout.replaceAll('\x1b', '^');
}
const noTerminal = isHere('script', '--version') && process.platform === 'linux' ? false : "there is no util-linux' script here";

test('a terminal is shown progress and bold print, unless it is asked not to', { skip: noTerminal }, async (t) => {
  const cwd = folderFor(t);
  writeFileSync(join(cwd, 'docs.jsonl'), '{"id":"a","title":"A cat","text":"the cat sat"}\n{"id":"b","text":"a dog ran"}\n');
  const build = ['build', 'docs.jsonl', '-o', 'docs.simile'];
  assert.match(shown(build, { cwd }), /\r\^\[Kindexing \[#{24}\] 100 % .*\/s 0 s left\r\^\[K/);
  for (const quiet of ['--quiet', '--json']) assert.doesNotMatch(shown([...build, quiet], { cwd }), /indexing|\^/);
  const search = ['search', 'docs.simile', 'cat', '-q'];
  assert.match(shown(search, { cwd }), /\^\[1m/);
  assert.doesNotMatch(shown(search, { cwd, env: { NO_COLOR: '1' } }), /\^/);
  assert.doesNotMatch(shown(search, { cwd, env: { TERM: 'dumb' } }), /\^/);
});
