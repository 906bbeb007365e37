// SPDX-License-Identifier: Apache-2.0
import { commonOptions } from './command.js';
import { codeOf, exitCodeOf, messageOf, UsageError } from './failure.js';
import { removeUnfinished } from './files.js';
import { helpOf, overview } from './help.js';
import { meant, readArguments } from './options.js';
import { commands } from './table.js';
import { Terminal, write } from './terminal.js';

declare const SIMILE_VERSION: string;

async function main(args: readonly string[]): Promise<void> {
  const [name, ...rest] = args;
  if (name === '--version' || name === '-v') return write(process.stdout, `${SIMILE_VERSION}\n`);
  if (name === undefined) throw new UsageError('which command? simile --help lists them');
  if (name === '--help' || name === '-h' || (name === 'help' && rest.length === 0))
    return write(process.stdout, overview(commands, SIMILE_VERSION));
  const wanted = name === 'help' ? (rest[0] as string) : name;
  const command = commands.find((each) => each.name === wanted);
  if (!command) {
    const names = commands.map((each) => each.name);
    throw new UsageError(`there is no command ${JSON.stringify(wanted)}${meant(wanted, names)}; simile --help lists them`);
  }
  if (name === 'help' || rest.includes('--help') || rest.includes('-h')) return write(process.stdout, helpOf(command));
  const read = readArguments(rest, { ...command.options, ...commonOptions }, command.positionals);
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
