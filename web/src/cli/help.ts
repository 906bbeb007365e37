// SPDX-License-Identifier: Apache-2.0
import { type Command, commonOptions } from './command.js';
import type { Option } from './options.js';

export const exitCodes = [
  [0, 'done'],
  [1, 'failed'],
  [2, 'called wrongly'],
  [3, 'damaged input'],
  [4, 'beyond a limit'],
  [130, 'interrupted'],
] as const;

/** The options of a command with those that all have, in the order of the help. */
export const optionsOf = ({ options }: Command): [string, Option][] => Object.entries({ ...options, ...commonOptions });

/** As the summaries of commands are: a sentence without its capital and its stop. */
export const sentence = (text: string): string => `${text[0]?.toUpperCase()}${text.slice(1)}.`;

export function overview(commands: readonly Command[], version: string): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return `simile ${version}: semantic search in files of vectors

Usage: simile COMMAND …

${commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`).join('\n')}

Examples:
  simile build docs.jsonl -o docs.simile --text title,body
  simile search docs.simile 'how do I cancel' -k 5

simile COMMAND --help tells more, with examples. - stands for stdin and stdout.
Exit codes: ${exitCodes.map(([code, meaning]) => `${code} ${meaning}`).join(', ')}.
`;
}

export function helpOf(command: Command): string {
  const { name, summary, usage, examples } = command;
  const left = (key: string, { short, value }: Option): string =>
    `  ${short === undefined ? '    ' : `-${short}, `}--${key}${value === undefined ? '' : ` ${value}`}`;
  const all = optionsOf(command);
  const width = Math.max(...all.map(([key, option]) => left(key, option).length));
  return `Usage: simile ${name} ${usage}

${sentence(summary)}

Options:
${all.map(([key, option]) => `${left(key, option).padEnd(width)}  ${option.help}`).join('\n')}

Examples:
${examples.map((example) => `  ${example}`).join('\n')}
`;
}
