// SPDX-License-Identifier: Apache-2.0
import { parseArgs } from 'node:util';
import { UsageError } from './failure.js';

export interface Option {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  /** How its value is called in the help. */
  readonly value?: string;
  /** Values to complete; there may be others. */
  readonly choices?: readonly string[];
  readonly help: string;
}

export type Options = Readonly<Record<string, Option>>;

/** Values of options by name; what was not given is not there. */
export class Arguments {
  readonly positionals: readonly string[];
  readonly #values: ReadonlyMap<string, string | true>;

  constructor(positionals: readonly string[], values: ReadonlyMap<string, string | true>) {
    this.positionals = positionals;
    this.#values = values;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  text(name: string): string | undefined {
    const value = this.#values.get(name);
    return value === true ? undefined : value;
  }

  /** @throws {UsageError} for what is no such number */
  number(
    name: string,
    { least, most, isWhole = false }: { least?: number; most?: number; isWhole?: boolean } = {},
  ): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const number = text.trim() === '' ? Number.NaN : Number(text);
    const isIn = number >= (least ?? Number.NEGATIVE_INFINITY) && number <= (most ?? Number.MAX_VALUE);
    if (!isIn || (isWhole && !Number.isSafeInteger(number))) {
      const bounds = `${least === undefined ? '' : ` from ${least}`}${most === undefined ? '' : ` to ${most}`}`;
      throw new UsageError(`--${name} must be ${isWhole ? 'a whole number' : 'a number'}${bounds}, not ${JSON.stringify(text)}`);
    }
    return number;
  }

  whole(name: string, least: number, otherwise: number): number;
  whole(name: string, least: number): number | undefined;
  whole(name: string, least: number, otherwise?: number): number | undefined {
    return this.number(name, { least, isWhole: true }) ?? otherwise;
  }

  /** @throws {UsageError} for another name than these */
  choice<T extends string>(name: string, names: readonly T[]): T | undefined {
    const text = this.text(name);
    if (text === undefined || (names as readonly string[]).includes(text)) return text as T | undefined;
    throw new UsageError(`--${name} must be one of ${names.join(', ')}, not ${JSON.stringify(text)}${meant(text, names)}`);
  }

  /** Names parted by commas. */
  list(name: string): string[] | undefined {
    const parts = this.text(name)
      ?.split(',')
      .map((part) => part.trim());
    return parts?.filter((part) => part !== '');
  }
}

/** @throws {UsageError} for an option that there is not, or without its value */
export function readArguments(args: readonly string[], options: Options, [least, most]: readonly [number, number]): Arguments {
  const config = Object.fromEntries(
    Object.entries(options).map(([name, { type, short }]) => [name, short === undefined ? { type } : { type, short }]),
  );
  const { tokens } = parseArgs({ args: [...args], options: config, allowPositionals: true, strict: false, tokens: true });
  const values = new Map<string, string | true>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const option = Object.hasOwn(options, token.name) ? options[token.name] : undefined;
    if (!option) throw new UsageError(`there is no option ${token.rawName}${meant(token.name, Object.keys(options), '--')}`);
    if (option.type === 'string' && token.value === undefined)
      throw new UsageError(`--${token.name} needs a value: ${option.help}`);
    if (option.type === 'boolean' && token.value !== undefined) throw new UsageError(`--${token.name} takes no value`);
    values.set(token.name, token.value ?? true);
  }
  if (positionals.length < least) throw new UsageError('something is missing on the command line');
  const extra = positionals[most];
  if (extra !== undefined) throw new UsageError(`${JSON.stringify(extra)} is too much on the command line`);
  return new Arguments(positionals, values);
}

/** A question after a word that nearly is another. */
export function meant(word: string, names: readonly string[], prefix = ''): string {
  const near = names
    .map((name) => ({ name, distance: editDistance(word.toLowerCase(), name) }))
    .filter(({ name, distance }) => distance <= Math.max(1, Math.floor(name.length / 3)))
    .sort((a, b) => a.distance - b.distance)[0];
  return near ? `; did you mean ${prefix}${near.name}?` : '';
}

/** Insertions, deletions, changes and swaps of neighbours. */
function editDistance(a: string, b: string): number {
  if (a.length > 40) return a.length;
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const at = (i: number, j: number): number => rows[i]?.[j] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      const change = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(Math.min(change, at(i - 1, j) + 1, (row[j - 1] as number) + 1, isSwap ? at(i - 2, j - 2) + 1 : change));
    }
  }
  return at(a.length, b.length);
}
