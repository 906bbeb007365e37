// SPDX-License-Identifier: Apache-2.0
// The manual page, which the build makes of the table of commands.
import type { Command } from './command.js';
import { exitCodes, optionsOf, sentence } from './help.js';

/** Text as troff takes it: hyphens that can be copied, nothing that is a request, and other characters by their numbers. */
function escaped(text: string): string {
  const marked = text
    .replaceAll('…', '...')
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('`', '\\(ga')
    .replaceAll("'", '\\(aq');
  const plain = marked.replace(
    /[^\n -~]/gu,
    (character) => `\\[u${character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}]`,
  );
  return plain.replace(/^\./gm, '\\&.');
}

const bold = (text: string): string => `\\fB${escaped(text)}\\fR`;
const italic = (text: string): string => `\\fI${escaped(text)}\\fR`;
const program = (lines: readonly string[]): string => `.PP\n.nf\n${lines.map((line) => `  ${escaped(line)}`).join('\n')}\n.fi`;

function section(command: Command): string {
  const { name, usage, summary, examples } = command;
  const options = optionsOf(command).map(([long, { short, value, help }]) => {
    const names = [...(short === undefined ? [] : [bold(`-${short}`)]), bold(`--${long}`)].join(', ');
    return `.TP\n${names}${value === undefined ? '' : ` ${italic(value)}`}\n${escaped(help)}`;
  });
  return `.SS ${escaped(`simile ${name} ${usage}`)}\n${escaped(sentence(summary))}\n${options.join('\n')}\n.PP\nExamples:\n${program(examples)}`;
}

/** simile(1). */
export function manualPage(commands: readonly Command[], version: string): string {
  return `.\\" SPDX-License-Identifier: Apache-2.0
.TH SIMILE 1 "" "simile ${escaped(version)}" "User Commands"
.SH NAME
simile \\- semantic search in files of vectors
.SH SYNOPSIS
.B simile
.I COMMAND
[\\fIOPTIONS\\fR] [\\fIFILES\\fR]
.PP
.B simile
[\\fICOMMAND\\fR] \\fB\\-\\-help\\fR
.PP
.B simile
.B \\-\\-version
.SH DESCRIPTION
${escaped(`Builds, searches and checks .simile files: indexes of vectors, and collections of documents that are searched by meaning and by words. The same files load in browsers, in Node and natively.`)}
.PP
${escaped(`Results go to stdout, everything else to stderr. - stands for stdin and stdout. A file is written whole or not at all: what is interrupted leaves the file that was there before.`)}
.SH COMMANDS
${commands.map(section).join('\n')}
.SH EXIT STATUS
${exitCodes.map(([code, meaning]) => `.TP\n.B ${code}\n${escaped(sentence(meaning))}`).join('\n')}
.SH ENVIRONMENT
.TP
.B SIMILE_API_KEY
${escaped(`The key for --embedder http:…, which is sent as a bearer token.`)}
.TP
.B NO_COLOR
${escaped(`If it is not empty, results have no bold print on a terminal.`)}
`;
}
