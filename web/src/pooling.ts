// SPDX-License-Identifier: Apache-2.0
import { addDirection, checkPositive, directionOf, dot, finiteRows, finiteVector, lengthOf, type Vectors } from './directions.js';
import type { Vector } from './vectors.js';

/** An item of several parts (frames, chunks, patches) as the query sees it. */
export interface ScoredParts {
  /** Of each part; their sum is 1. */
  readonly weights: Float64Array;
  /** The weighted sum of the parts' directions, not of unit length. */
  readonly pooled: Float32Array;
  /** Of the query with it; 0 when one of them is zero. */
  readonly cosine: number;
}

/**
 * Pools the parts of an item with weights softmax(cos(query, part) / temperature): near the best part for a low temperature, near the mean for a high one.
 * It is made anew for each query, so it re-ranks what was found by the stored means.
 *
 * @param parts - at least one; their lengths mean nothing
 * @param temperature - above 0
 * @throws {SimileError} `dimension_mismatch`, `invalid_argument`, `not_finite`
 * @see Bain, Nagrani, Varol, Zisserman, "A CLIP-Hitchhiker's Guide to Long Video Retrieval", 2022
 * @example queryScoredPooling([1, 0], [[2, 0], [0, 1]], 0.01).cosine // 1
 */
export function queryScoredPooling(query: Vector, parts: Vectors, temperature: number = 0.1): ScoredParts {
  const q = directionOf(finiteVector(query, 'the query'));
  const rows = finiteRows(parts, 'part', q.length);
  checkPositive(temperature, 'the temperature');
  const cosines = rows.map((row) => dot(q, directionOf(row)));
  const weights = softmaxOf(cosines, temperature);
  const sum = new Float64Array(q.length);
  for (const [i, row] of rows.entries()) addDirection(sum, row, weights[i] as number);
  const length = lengthOf(sum);
  const cosine = length > 0 ? Math.min(1, Math.max(-1, dot(q, sum) / length)) : 0;
  return { weights, pooled: Float32Array.from(sum), cosine };
}

/** exp(s / t) over their sum and `more`, without overflow. @internal */
export function softmaxOf(scores: readonly number[], temperature: number, unseen: number = 0): Float64Array {
  const largest = scores.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const least = scores.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const out = Float64Array.from(scores, (s) => Math.exp((s - largest) / temperature));
  let total = unseen * Math.exp((least - largest) / temperature);
  for (const p of out) total += p;
  return out.map((p) => p / total);
}
