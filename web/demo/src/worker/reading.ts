// SPDX-License-Identifier: Apache-2.0
import { composeQuery, weightedSum } from 'simile';
import { dims, type Encoder } from '../encoder/encoder.js';
import { textOf } from '../encoder/entry-text.js';
import type { Ask, ReadTerm, WordEntry } from './protocol.js';
import { parseSum } from './sum.js';

/**
 * How much "but not" takes away from the query, both of length 1. For 100 kinds of things of which one sort was not wanted ("a kind of
 * vehicle", but not "boat"), 0.052 of the first ten answers were of that sort without it, and 0.302 of the other sorts. With 0.5 they are
 * 0.015 and 0.280; with 0.7 0.010 and 0.238; projected away 0.012 and 0.266 (`npm run evaluate -- --compose`).
 */
const withoutWeight = 0.5;

/** A question as vectors. */
export interface Reading {
  readonly ask: Ask;
  /** What is searched for. */
  readonly vector: Float32Array;
  /** What relevance is about: without that which was not wanted. Zeros if the terms of a sum cancel out. */
  readonly plain: Float32Array;
  readonly terms: readonly ReadTerm[];
  /** One for each term, of length 1, without its sign. */
  readonly termVectors: readonly Float32Array[];
  readonly ms: number;
}

/** The first meaning of a word, if it is known. */
export type MeaningOf = (word: string) => WordEntry | undefined;

/** Rows of a matrix. */
export const rowsOf = (matrix: Float32Array): Float32Array[] =>
  Array.from({ length: matrix.length / dims }, (_, row) => matrix.subarray(row * dims, (row + 1) * dims));

/**
 * Embeds what was asked for. A term of a sum that is a word of the dictionary is the mean of its letters and its meaning: of 13 sums such as
 * "waiter - man + woman", 7 have the expected word first so, 4 with the letters alone, 2 with the meanings alone.
 */
export async function read(ask: Ask, encoder: Encoder, meaningOf: MeaningOf, signal: AbortSignal): Promise<Reading> {
  const start = performance.now();
  const terms = parseSum(ask.text) ?? [];
  const meanings = terms.map(({ text }) => meaningOf(text));
  const wordings = terms.length > 0 ? terms.map(({ text }) => text) : [ask.text];
  const definitions = meanings.flatMap((entry) => (entry ? [textOf(entry)] : []));
  const texts = [...wordings, ...definitions, ...(ask.without ? [ask.without] : [])];
  const vectors = rowsOf(await encoder.embed(texts, { signal }));
  signal.throwIfAborted();
  const defined = vectors.slice(wordings.length, wordings.length + definitions.length);
  const termVectors = meanings.map((entry, i) => weightedSum([vectors[i] as Float32Array, ...(entry ? defined.splice(0, 1) : [])]));
  const plain = terms.length > 0 ? weightedSum(termVectors, signsOf(terms)) : (vectors[0] as Float32Array);
  const unwanted = ask.without && plain.some((x) => x !== 0) ? vectors.at(-1) : undefined;
  return {
    ask,
    plain,
    vector: unwanted ? composeQuery(plain, { minus: [{ vector: unwanted, weight: withoutWeight }] }) : plain,
    terms: terms.map((term, i) => ({ ...term, isWord: meanings[i] !== undefined })),
    termVectors,
    ms: performance.now() - start,
  };
}

export const signsOf = (terms: readonly { readonly sign: number }[]): number[] => terms.map(({ sign }) => sign);
