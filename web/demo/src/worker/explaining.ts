// SPDX-License-Identifier: Apache-2.0
import { cosineSimilarity, explain } from 'simile';
import type { Encoder } from '../encoder/encoder.js';
import type { Explanation, Share } from './protocol.js';
import { type Reading, rowsOf } from './reading.js';

/** Parts of one text that are left out in turn: each costs a run of the encoder. */
const mostParts = 24;

/** Why an entry has its score. A sum of words is linear and can be taken apart exactly; a text only by leaving out its words. */
export async function explainScore(reading: Reading, text: string, score: number, encoder: Encoder): Promise<Explanation> {
  return reading.terms.length > 0 ? termShares(reading, text, score, encoder) : wordShares(reading, text, score, encoder);
}

async function termShares({ terms, termVectors }: Reading, text: string, score: number, encoder: Encoder): Promise<Explanation> {
  const entry = await encoder.embed([text]);
  const parts = termVectors.map((vector, i) => vector.map((x) => x * (terms[i]?.sign ?? 1)));
  const { parts: shares, residual } = explain(entry, parts, { score });
  const named = terms.map(({ sign, text: name }, i) => ({ text: sign < 0 ? `− ${name}` : name, share: shares[i] ?? 0 }));
  return { kind: 'sum', score, terms: named, residual };
}

async function wordShares({ ask, plain }: Reading, text: string, score: number, encoder: Encoder): Promise<Explanation> {
  const [queryParts, entryParts] = [partsOf(ask.text), partsOf(text)];
  const [queries, entries] = [without(queryParts), without(entryParts)];
  const vectors = rowsOf(await encoder.embed([text, ...queries, ...entries]));
  const [entry = plain, ...rest] = vectors;
  const whole = cosineSimilarity(plain, entry);
  const losses = (parts: readonly string[], others: readonly Float32Array[], to: Float32Array): Share[] =>
    parts.map((part, i) => ({ text: part, share: others[i] ? whole - cosineSimilarity(others[i], to) : 0 }));
  return {
    kind: 'words',
    score,
    query: losses(queryParts, rest.slice(0, queries.length), entry),
    entry: losses(entryParts, rest.slice(queries.length), plain),
  };
}

/** The words of a text, or, of a long one, runs of words. */
function partsOf(text: string): string[] {
  const words = text.split(/\s+/).filter(Boolean);
  const size = Math.ceil(words.length / mostParts);
  return Array.from({ length: Math.ceil(words.length / size) }, (_, i) => words.slice(i * size, (i + 1) * size).join(' '));
}

/** The text without each of its parts; none for a text of one part, of which nothing would be left. */
function without(parts: readonly string[]): string[] {
  return parts.length < 2 ? [] : parts.map((_, left) => parts.filter((_, i) => i !== left).join(' '));
}
