// SPDX-License-Identifier: Apache-2.0
import type { Command } from './command.js';
import { bench } from './commands/bench.js';
import { build } from './commands/build.js';
import { convert } from './commands/convert.js';
import { evaluate } from './commands/eval.js';
import { info } from './commands/info.js';
import { search } from './commands/search.js';
import { serve } from './commands/serve.js';
import { verify } from './commands/verify.js';
import { codeOf, exitCodeOf, messageOf, UsageError } from './failure.js';
import { removeUnfinished } from './files.js';
import { meant, type Option, type Options, readArguments } from './options.js';
import { Terminal, write } from './terminal.js';

declare const SIMILE_VERSION: string;

const commands: readonly Command[] = [build, search, info, verify, convert, evaluate, bench, serve];

const common: Options = {
  json: { type: 'boolean', help: 'results, and errors on stderr, as JSON' },
  quiet: { type: 'boolean', short: 'q', help: 'no notes and no progress on stderr' },
  help: { type: 'boolean', short: 'h', help: 'this text' },
};

function overview(): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return `simile ${SIMILE_VERSION}: semantic search in files of vectors

Usage: simile COMMAND …

${commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`).join('\n')}

simile COMMAND --help tells more, with examples. - stands for stdin and stdout.
Exit codes: 0 done, 1 failed, 2 called wrongly, 3 damaged input, 4 beyond a limit, 130 interrupted.
`;
}

function helpOf({ name, summary, usage, options, examples }: Command): string {
  const left = (key: string, { short, value }: Option): string =>
    `  ${short === undefined ? '    ' : `-${short}, `}--${key}${value === undefined ? '' : ` ${value}`}`;
  const all = Object.entries({ ...options, ...common });
  const width = Math.max(...all.map(([key, option]) => left(key, option).length));
  return `Usage: simile ${name} ${usage}

${summary[0]?.toUpperCase()}${summary.slice(1)}.

Options:
${all.map(([key, option]) => `${left(key, option).padEnd(width)}  ${option.help}`).join('\n')}

Examples:
${examples.map((example) => `  ${example}`).join('\n')}
`;
}

async function main(args: readonly string[]): Promise<void> {
  const [name, ...rest] = args;
  if (name === '--version' || name === '-v') return write(process.stdout, `${SIMILE_VERSION}\n`);
  if (name === undefined) throw new UsageError('which command? simile --help lists them');
  if (name === '--help' || name === '-h' || (name === 'help' && rest.length === 0)) return write(process.stdout, overview());
  const wanted = name === 'help' ? (rest[0] as string) : name;
  const command = commands.find((each) => each.name === wanted);
  if (!command) {
    const names = commands.map((each) => each.name);
    throw new UsageError(`there is no command ${JSON.stringify(wanted)}${meant(wanted, names)}; simile --help lists them`);
  }
  if (name === 'help' || rest.includes('--help') || rest.includes('-h')) return write(process.stdout, helpOf(command));
  const read = readArguments(rest, { ...command.options, ...common }, command.positionals);
  await command.run(read, new Terminal(read.has('json'), read.has('quiet')));
}

/** What was written half goes away; the whole files of before stay. */
function end(code: number): never {
  removeUnfinished();
  process.exit(code);
}

process.on('SIGINT', () => end(130));
process.on('SIGTERM', () => end(143));
// Who reads the results may have seen enough, as `head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => end(error.code === 'EPIPE' ? 0 : 1));

const given = process.argv.slice(2);
main(given).catch((error: unknown) => {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  const hint =
    error instanceof UsageError && given[0] !== undefined && !given[0].startsWith('-') ? ` (simile ${given[0]} --help)` : '';
  const text = given.includes('--json')
    ? JSON.stringify({ error: { code: codeOf(error), message: messageOf(error) } })
    : `simile: ${messageOf(error)}${hint}`;
  process.stderr.write(`${text}\n`);
  removeUnfinished();
  process.exitCode = exitCodeOf(error);
  // What still waits, such as a pipe, must not keep it.
  if (process.exitCode !== 0) setImmediate(() => process.exit());
});
