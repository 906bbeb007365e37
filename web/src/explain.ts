// SPDX-License-Identifier: Apache-2.0
import { checkFinite, dot, finiteRows, finiteVector, lengthOf, type Vectors } from './directions.js';
import { invalid, shown } from './errors.js';
import type { Vector } from './vectors.js';

/** Shares of a cosine, which add up to it. All 0 when a vector, pooled or not, is zero. */
export interface Attribution {
  readonly shares: Float64Array;
  /** The cosine of the vectors pooled here. */
  readonly sum: number;
}

/** Shares of the cosine of two items of several parts. */
export interface PairAttribution {
  /** One row for each part of the first item, with a share for each part of the second. */
  readonly shares: Float64Array[];
  readonly sum: number;
}

export interface ExplainOptions {
  /** How the parts became one vector: by their mean, or by the largest of each dimension. @defaultValue 'mean' */
  readonly pooling?: 'mean' | 'max';
  /** What was shown to the user, to be compared with the sum of the shares. @defaultValue that sum */
  readonly score?: number;
}

/** Why a query and an item are similar. */
export interface Explanation {
  /** The share of each part of the item. */
  readonly parts: Float64Array;
  /** The share of each dimension of the pooled item. */
  readonly dimensions: Float64Array;
  /** The cosine, to which the shares of the parts add up, and those of the dimensions too. */
  readonly sum: number;
  /**
   * What the shares do not explain of `score`: not 0 where something lies between the parts and the score that is not linear, such as codes, a correction
   * for hubs, or a projection of the pooled vector.
   */
  readonly residual: number;
}

/**
 * Which parts of an item (sentences, chunks, frames, patches), and which dimensions, carry its cosine with a query: exact, from the vectors alone.
 *
 * @param parts - at least one; where only the pooled vector is kept, that one
 * @throws {SimileError} `dimension_mismatch`, `invalid_argument`, `not_finite`
 * @example explain([1, 0], [[3, 0], [0, 3]]).parts // about [0.707, 0]: the first part alone
 */
export function explain(query: Vector, parts: Vectors, options: ExplainOptions = {}): Explanation {
  const { pooling = 'mean', score } = options;
  if (pooling !== 'mean' && pooling !== 'max') throw invalid(`pooling must be mean or max, not ${shown(pooling)}`);
  if (score !== undefined) checkFinite(score, 'the score');
  const q = finiteVector(query, 'the query');
  const rows = finiteRows(parts, 'part', q.length);
  const { shares, sum } = pooling === 'mean' ? meanShares(rows, q) : maxShares(rows, q);
  const dimensions = products(q, pooling === 'mean' ? meanOf(rows) : maxOf(rows));
  return { parts: shares, dimensions, sum, residual: (score ?? sum) - sum };
}

/**
 * Mean pooling of two items: share (i, j) is <a_i, b_j> / (n m |mean a| |mean b|), and together they are the cosine of the means.
 *
 * @throws {SimileError} `dimension_mismatch`, `invalid_argument`, `not_finite`
 * @see Stylianou, Souvenir, Pless, "Visualizing Deep Similarity Networks", WACV 2019
 * @example explainPair([[1, 0], [0, 1]], [[1, 1]]).sum // about 1
 */
export function explainPair(a: Vectors, b: Vectors): PairAttribution {
  const x = finiteRows(a, 'part');
  const y = finiteRows(b, 'part', x[0]?.length);
  const scale = inverse(lengthOf(meanOf(x)), lengthOf(meanOf(y)));
  const pairs = x.length * y.length;
  const shares = x.map((row) => Float64Array.from(y, (other) => (dot(row, other) / pairs) * scale));
  return { shares, sum: shares.reduce((total, row) => row.reduce((sum, share) => sum + share, total), 0) };
}

/**
 * The share of each dimension in the cosine of two vectors: q_i x_i / (|q| |x|).
 *
 * @throws {SimileError} `dimension_mismatch`, `invalid_argument`, `not_finite`
 * @example explainDimensions([1, 1], [1, 0]).shares // about [0.707, 0]
 */
export function explainDimensions(query: Vector, item: Vector): Attribution {
  const q = finiteVector(query, 'the query');
  return summed(products(q, finiteVector(item, 'the item', q.length)));
}

/** 1 / (x y), or 0 where one of them is: what has no length has no shares. */
const inverse = (x: number, y: number): number => (x > 0 && y > 0 ? 1 / x / y : 0);

const summed = (shares: Float64Array): Attribution => ({ shares, sum: shares.reduce((a, b) => a + b, 0) });

function products(q: Float32Array, x: Float32Array | Float64Array): Float64Array {
  const scale = inverse(lengthOf(q), lengthOf(x));
  return Float64Array.from(q, (v, i) => v * (x[i] as number) * scale);
}

function meanOf(rows: readonly Float32Array[]): Float64Array {
  const mean = new Float64Array(rows[0]?.length ?? 0);
  for (const row of rows) for (const [i, v] of row.entries()) mean[i] = (mean[i] as number) + v;
  return mean.map((sum) => sum / rows.length);
}

function maxOf(rows: readonly Float32Array[]): Float32Array {
  const [first, ...others] = rows as [Float32Array, ...Float32Array[]];
  return others.reduce((largest, row) => largest.map((v, i) => Math.max(v, row[i] as number)), first);
}

function meanShares(rows: readonly Float32Array[], q: Float32Array): Attribution {
  const scale = inverse(lengthOf(meanOf(rows)), lengthOf(q));
  return summed(Float64Array.from(rows, (row) => (dot(row, q) / rows.length) * scale));
}

/** The product of each dimension goes to the part that has its maximum, in equal shares to several. */
function maxShares(rows: readonly Float32Array[], q: Float32Array): Attribution {
  const pooled = maxOf(rows);
  const given = products(q, pooled);
  const holders = pooled.map((v, i) => rows.filter((row) => row[i] === v).length);
  const shareOf = (row: Float32Array): number =>
    row.reduce((sum, v, i) => (v === pooled[i] ? sum + (given[i] as number) / (holders[i] as number) : sum), 0);
  return summed(Float64Array.from(rows, shareOf));
}
