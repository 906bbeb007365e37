// SPDX-License-Identifier: Apache-2.0
import { addDirection, cancelled, checkFinite, checkPositive, finiteVector, unit } from './directions.js';
import { SimileError } from './errors.js';
import type { Vector } from './vectors.js';

/**
 * "a is to b as c is to ?" as one vector, by 3CosAdd: the cosines of an item with the result rank as cos b - cos a + cos c do. Leave the three words
 * themselves out of the answer (`filter`): they nearly always come first.
 *
 * @returns of unit length; zeros when the three cancel out
 * @throws {SimileError} `dimension_mismatch`, `invalid_argument`, `not_finite`
 * @see Levy and Goldberg, "Linguistic Regularities in Sparse and Explicit Word Representations", CoNLL 2014
 * @example analogy([1, 0], [1, 1], [0, 3]) // man is to king as woman is to: about [-0.17, 0.99]
 */
export function analogy(a: Vector, b: Vector, c: Vector): Float32Array {
  const x = finiteVector(a, 'the first vector');
  const sum = new Float64Array(x.length);
  const [y, z] = [finiteVector(b, 'the second vector', x.length), finiteVector(c, 'the third vector', x.length)];
  addDirection(sum, y, 1);
  addDirection(sum, x, -1);
  addDirection(sum, z, 1);
  return unit(sum, 3 * cancelled).vector;
}

/**
 * 3CosAdd of every item from its cosines with a, b and c: cos b - cos a + cos c.
 *
 * @param cosA - the scores of all items with a, such as `index.scores(a)`
 * @throws {SimileError} `dimension_mismatch`, `not_finite`
 */
export function threeCosAdd(cosA: ArrayLike<number>, cosB: ArrayLike<number>, cosC: ArrayLike<number>): Float64Array {
  return ofThree(cosA, cosB, cosC, (a, b, c) => b - a + c);
}

/**
 * 3CosMul of every item from its cosines with a, b and c: b' c' / (a' + epsilon) with x' = (x + 1) / 2. No single large cosine outweighs the others,
 * but it takes three rows of scores in place of one search.
 *
 * @param cosA - the scores of all items with a, such as `index.scores(a)`
 * @param epsilon - above 0; keeps the quotient finite
 * @throws {SimileError} `dimension_mismatch`, `invalid_argument`, `not_finite`
 * @example threeCosMul([0], [1], [1], 0.5) // [1]
 */
export function threeCosMul(
  cosA: ArrayLike<number>,
  cosB: ArrayLike<number>,
  cosC: ArrayLike<number>,
  epsilon: number = 1e-3,
): Float64Array {
  checkPositive(epsilon, 'epsilon');
  return ofThree(cosA, cosB, cosC, (a, b, c) => (positive(b) * positive(c)) / (positive(a) + epsilon));
}

const positive = (cosine: number): number => (Math.min(1, Math.max(-1, cosine)) + 1) / 2;

function ofThree(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  c: ArrayLike<number>,
  score: (a: number, b: number, c: number) => number,
): Float64Array {
  if (a.length !== b.length || a.length !== c.length)
    throw new SimileError('dimension_mismatch', `${a.length}, ${b.length} and ${c.length} scores`);
  for (const row of [a, b, c]) for (const cosine of Array.from(row)) checkFinite(cosine, 'a cosine');
  return Float64Array.from({ length: a.length }, (_, i) => score(a[i] as number, b[i] as number, c[i] as number));
}
