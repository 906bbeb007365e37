// SPDX-License-Identifier: Apache-2.0
// Scripts that complete words in shells, made from the table of commands; they run no simile.
import type { Command } from '../command.js';
import { UsageError } from '../failure.js';
import { optionsOf } from '../help.js';
import { meant, type Option } from '../options.js';
import { write } from '../terminal.js';

type Script = (commands: readonly Command[]) => string;

const scripts: ReadonlyMap<string, Script> = new Map([
  ['bash', bash],
  ['zsh', zsh],
  ['fish', fish],
]);
const shells = [...scripts.keys()];

/** @param others - the commands of the table but for this one */
export function completionOf(others: readonly Command[]): Command {
  const completion: Command = {
    name: 'completion',
    summary: 'a script that completes commands, options and values in a shell',
    usage: 'bash|zsh|fish',
    positionals: [1, 1],
    choices: shells,
    options: {},
    examples: [
      'eval "$(simile completion bash)"   # in ~/.bashrc',
      'eval "$(simile completion zsh)"    # in ~/.zshrc, after compinit',
      'simile completion fish >~/.config/fish/completions/simile.fish',
    ],
    async run(args, terminal) {
      const [shell] = args.positionals as [string];
      const script = scripts.get(shell)?.([...others, completion]);
      if (script === undefined)
        throw new UsageError(`the shells are ${shells.join(', ')}, not ${JSON.stringify(shell)}${meant(shell, shells)}`);
      if (terminal.isJson) await terminal.result({ shell, script }, () => []);
      else await write(process.stdout, script);
    },
  };
  return completion;
}

const namesOf = (name: string, { short }: Option): string[] => [`--${name}`, ...(short === undefined ? [] : [`-${short}`])];

function bash(commands: readonly Command[]): string {
  const valued = commands.flatMap((command) =>
    optionsOf(command)
      .filter(([, { type }]) => type === 'string')
      .map(([name, option]) => ({
        pattern: namesOf(name, option)
          .map((each) => `'${command.name} ${each}'`)
          .join(' | '),
        words: option.choices?.join(' '),
      })),
  );
  const chosen = valued
    .filter(({ words }) => words !== undefined)
    .map(({ pattern, words }) => `    ${pattern}) words='${words}' ;;`);
  const free = valued.filter(({ words }) => words === undefined).map(({ pattern }) => pattern);
  const others = commands.map((command) => {
    const options = optionsOf(command).flatMap(([name, option]) => namesOf(name, option));
    const positional = command.choices ? `words='${command.choices.join(' ')}'` : ':';
    return `        ${command.name}) if [[ $word == -* ]]; then words='${options.join(' ')}'; else ${positional}; fi ;;`;
  });
  // What has no words is completed with names of files.
  return `_simile() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]} words=
  if [[ $before == = ]]; then before=\${COMP_WORDS[COMP_CWORD - 2]}; fi
  if [[ $word == = ]]; then word=; fi
  case "\${COMP_WORDS[1]} $before" in
${chosen.join('\n')}
    ${free.join(' | ')}) ;;
    *)
      case \${COMP_WORDS[1]} in
${others.join('\n')}
      esac
      ;;
  esac
  if ((COMP_CWORD == 1)); then words='${commands.map(({ name }) => name).join(' ')} help --help --version'; fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
  if [[ \${COMPREPLY[0]} == *: ]]; then compopt -o nospace 2>/dev/null; fi
}
complete -o bashdefault -o default -F _simile simile
`;
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

function zsh(commands: readonly Command[]): string {
  const plain = (text: string): string => text.replace(/[\\[\]:]/g, '\\$&');
  const action = (value: string, choices: readonly string[] | undefined): string =>
    `:${plain(value)}:${choices ? `(${choices.map(plain).join(' ')})` : value === 'FILE' || value === 'VECTOR' ? '_files' : ' '}`;
  const spec = (name: string, { type, short, value, choices, help }: Option): string => {
    const what = `[${plain(help)}]${type === 'string' ? action(value ?? 'VALUE', choices) : ''}`;
    const [long, brief] = type === 'string' ? [`--${name}=`, `-${short}+`] : [`--${name}`, `-${short}`];
    return short === undefined ? quoted(long + what) : `'(-${short} --${name})'{${brief},${long}}${quoted(what)}`;
  };
  const cases = commands.map((command) => {
    const specs = optionsOf(command).map(([name, option]) => spec(name, option));
    const positional = `'*:${command.choices ? `value:(${command.choices.join(' ')})` : 'file:_files'}'`;
    return `    ${command.name}) _arguments -s -S ${[...specs, positional].join(' \\\n      ')} ;;`;
  });
  return `#compdef simile
_simile() {
  if ((CURRENT == 2)); then
    local -a commands=(${commands.map(({ name, summary }) => quoted(`${name}:${plain(summary)}`)).join(' ')})
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  ((CURRENT--))
  case $command in
${cases.join('\n')}
  esac
}
if [ "$funcstack[1]" = _simile ]; then _simile "$@"; else compdef _simile simile; fi
`;
}

function fish(commands: readonly Command[]): string {
  const text = (words: string): string => `'${words.replace(/[\\']/g, '\\$&')}'`;
  const lines = commands.flatMap((command) => {
    const { name, summary, choices } = command;
    const seen = `complete -c simile -n '__fish_seen_subcommand_from ${name}'`;
    return [
      `complete -c simile -n __fish_use_subcommand -f -a ${name} -d ${text(summary)}`,
      ...(choices ? [`${seen} -f -a '${choices.join(' ')}'`] : []),
      ...optionsOf(command).map(([long, { type, short, choices: values, help }]) => {
        const value = type === 'boolean' ? '' : values ? ` -x -a '${values.join(' ')}'` : ' -r';
        return `${seen} -l ${long}${short === undefined ? '' : ` -s ${short}`}${value} -d ${text(help)}`;
      }),
    ];
  });
  return `${lines.join('\n')}\n`;
}
