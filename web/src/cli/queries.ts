// SPDX-License-Identifier: Apache-2.0
import type { Id } from '../ids.js';
import { corrupt, UsageError } from './failure.js';
import { endingOf, nameOf, readTextInput } from './files.js';
import { linesOf } from './formats/records.js';
import { readVectors } from './formats/vectors.js';
import type { Arguments } from './options.js';

/** Queries, and how they are called. */
export interface Asked {
  readonly vectors: Float32Array;
  readonly names: readonly string[];
  readonly self?: Id;
}

export async function ofVectors(args: Arguments): Promise<Asked> {
  const text = args.text('vector') as string;
  if (text.trimStart().startsWith('[')) {
    const vector = numbersOf(text);
    if (!vector) throw new UsageError(`--vector is no list of numbers: ${text.slice(0, 60)}`);
    return { vectors: Float32Array.from(vector), names: ['the vector'] };
  }
  const isOfLists = text === '-' || endingOf(text) === 'json';
  if (isOfLists) {
    const lists = [...linesOf(await readTextInput(text))].filter((line) => line.trim() !== '');
    const vectors = lists.map((line, i) => {
      const vector = numbersOf(line);
      if (!vector) throw corrupt(`${nameOf(text)}, line ${i + 1} is no list of numbers: ${line.slice(0, 60)}`);
      if (vector.length !== (numbersOf(lists[0] as string)?.length ?? 0))
        throw corrupt(`${nameOf(text)}, line ${i + 1} has ${vector.length} numbers, and the first line others`);
      return vector;
    });
    return { vectors: Float32Array.from(vectors.flat()), names: lists.map((_, i) => `line ${i + 1}`) };
  }
  const { rows, values, ids } = await readVectors(text, {});
  return { vectors: values, names: Array.from({ length: rows }, (_, i) => String(ids?.[i] ?? i)) };
}

function numbersOf(text: string): number[] | undefined {
  try {
    const list: unknown = JSON.parse(text);
    if (Array.isArray(list) && list.length > 0 && list.every((x) => typeof x === 'number')) return list;
  } catch {
    // Said by who asked.
  }
  return undefined;
}

export async function textsOf(args: Arguments, words: readonly string[]): Promise<string[]> {
  const file = args.text('texts');
  if (file === undefined) return [words.join(' ')];
  const texts = [...linesOf(await readTextInput(file))].filter((line) => line.trim() !== '');
  if (texts.length === 0) throw new UsageError(`${nameOf(file)} has no queries`);
  return texts;
}
