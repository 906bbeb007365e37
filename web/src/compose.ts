// SPDX-License-Identifier: Apache-2.0
import {
  addDirection,
  cancelled,
  checkFinite,
  directionOf,
  dot,
  finiteRows,
  finiteVector,
  lengthOf,
  unit,
  type Vectors,
} from './directions.js';
import { invalid, SimileError, shown } from './errors.js';
import type { Vector } from './vectors.js';

/** A vector and how much it counts, 1 if not said. Its length means nothing. */
export type Part = Vector | { readonly vector: Vector; readonly weight?: number };

/**
 * What is done to a query before it searches.
 *
 * @example { plus: [red], minus: [{ vector: round, weight: 0.5 }] } // "more red, less round"
 * @example { without: [football] }                                 // "but nothing about football"
 */
export interface Composition {
  /** Added to the query, each by its direction. */
  readonly plus?: readonly Part[];
  /** Taken away likewise: a soft "less like this". */
  readonly minus?: readonly Part[];
  /** Projected away, last of all: the query then has the cosine 0 with each of them, a hard "but not this". */
  readonly without?: Vectors;
}

/**
 * A query with others added, taken away and projected away: what a search with `compose` searches for.
 *
 * The query counts 1. The result has its length (or 1 if the query is zero), which matters only to indexes that do not compare by cosine.
 *
 * @throws {SimileError} `zero_norm` when nothing is left, `dimension_mismatch`, `not_finite`, `invalid_argument`
 * @example composeQuery([1, 0], { plus: [[0, 2]] })                   // about [0.707, 0.707]
 * @example composeQuery([3, 4], { without: [[0, 1]] })                // [5, 0]
 */
export function composeQuery(query: Vector, composition: Composition): Float32Array {
  const given: unknown = composition;
  if (typeof given !== 'object' || given === null) throw invalid(`a composition is an object, not ${shown(given)}`);
  const q = finiteVector(query, 'the query');
  const plus = partsOf(composition.plus, 'plus', q.length);
  const minus = partsOf(composition.minus, 'minus', q.length);
  const rows = finiteRows(composition.without ?? [], 'without', q.length, true);
  if (plus.length + minus.length + rows.length === 0) return q;
  const sum = directionOf(q);
  let size = lengthOf(q) > 0 ? 1 : 0;
  for (const [sign, parts] of [[1, plus] as const, [-1, minus] as const]) {
    for (const { vector, weight } of parts) {
      addDirection(sum, vector, sign * weight);
      size += Math.abs(weight);
    }
  }
  return scaled(rest(sum, rows, cancelled * size), lengthOf(q) || 1);
}

function scaled(x: Float64Array, length: number): Float32Array {
  const { vector, length: left } = unit(x, 0);
  if (left === 0) throw new SimileError('zero_norm', 'nothing is left of the composed query');
  return length === 1 ? vector : Float32Array.from(x, (v) => (v / left) * length);
}

interface ReadPart {
  readonly vector: Float32Array;
  readonly weight: number;
}

function partsOf(parts: readonly Part[] | undefined, what: string, dims: number): ReadPart[] {
  if (parts === undefined) return [];
  if (!Array.isArray(parts)) throw invalid(`${what} must be a list of parts, not ${shown(parts)}`);
  return Array.from(parts as readonly Part[], (part, i) => {
    const weighted = typeof part === 'object' && part !== null && 'vector' in part ? part : { vector: part };
    const weight = weightOf(weighted.weight ?? 1);
    return { vector: finiteVector(weighted.vector, `part ${i} of ${what}`, dims), weight };
  });
}

/** As the native library has it: a 32-bit float. */
function weightOf(weight: number): number {
  checkFinite(weight, 'a weight');
  const rounded = Math.fround(weight);
  checkFinite(rounded, 'a weight');
  return rounded;
}

/**
 * The direction of the sum of w x / |x|. A negative weight moves away from what its vector means. cos(result, y) is the weighted sum of the
 * cosines of y with the vectors, but for one factor: the ranking is the same.
 *
 * @param weights - one a vector; 1 each if not given
 * @returns of unit length, or zeros when the vectors cancel out
 * @throws {SimileError} `dimension_mismatch`, `invalid_argument` (no vectors), `not_finite`
 * @example weightedSum([[3, 0], [0, 0.1]], [1, -1]) // about [0.707, -0.707]
 */
export function weightedSum(vectors: Vectors, weights?: ArrayLike<number>): Float32Array {
  const rows = finiteRows(vectors, 'vector');
  const w = Array.from(weights ?? new Float32Array(rows.length).fill(1), weightOf);
  if (w.length !== rows.length) throw new SimileError('dimension_mismatch', `${w.length} weights for ${rows.length} vectors`);
  const sum = new Float64Array(rows[0]?.length ?? 0);
  let size = 0;
  for (const [i, row] of rows.entries()) {
    addDirection(sum, row, w[i] as number);
    size += Math.abs(w[i] as number);
  }
  return unit(sum, cancelled * size).vector;
}

/**
 * The query less everything it shares with the directions: the cosine of the result with each of them is 0.
 *
 * @param directions - none are allowed; repeats and zero vectors do no harm
 * @returns the rest, not brought to unit length; zeros when it is rounding
 * @throws {SimileError} `dimension_mismatch`, `invalid_argument`, `not_finite`
 * @example projectOut([1, 2, 3], [[0, 5, 0]]) // [1, 0, 3]
 */
export function projectOut(query: Vector, directions: Vectors): Float32Array {
  const q = finiteVector(query, 'the query');
  const rows = finiteRows(directions, 'direction', q.length, true);
  return Float32Array.from(rest(Float64Array.from(q), rows, 0));
}

/** What is left of x; zeros when that is rounding, or x is at most `least` long. */
function rest(x: Float64Array, negatives: readonly Float32Array[], least: number): Float64Array {
  const before = lengthOf(x);
  if (!(before > least)) return new Float64Array(x.length);
  const left = withoutBasis(x, basisOf(negatives));
  return left <= cancelled * before ? new Float64Array(x.length) : x;
}

function basisOf(vectors: readonly Float32Array[]): Float64Array[] {
  const basis: Float64Array[] = [];
  for (const vector of vectors) {
    const x = directionOf(vector);
    const length = withoutBasis(x, basis);
    if (length > cancelled) basis.push(x.map((v) => v / length));
  }
  return basis;
}

/** Gram-Schmidt, twice over: then x is orthogonal to the last bits. Returns what is left of its length. */
function withoutBasis(x: Float64Array, basis: readonly Float64Array[]): number {
  for (let pass = 0; pass < 2; pass++) {
    for (const b of basis) {
      const along = dot(x, b);
      for (let i = 0; i < x.length; i++) x[i] = (x[i] as number) - along * (b[i] as number);
    }
  }
  return lengthOf(x);
}

/**
 * Part of the way from one direction to another on the great circle: t of the angle lies behind, which is not so in a weighted sum.
 *
 * @param t - 0 to 1
 * @returns of unit length. A zero vector has no direction: the result is the other one, or zeros. Between opposite directions no circle
 *   is the shortest: the result is the nearer end, `a` at one half.
 * @throws {SimileError} `dimension_mismatch`, `invalid_argument`, `not_finite` (a component)
 * @example slerp([1, 0], [0, 2], 0.5) // about [0.707, 0.707]
 */
export function slerp(a: Vector, b: Vector, t: number): Float32Array {
  const x = finiteVector(a, 'the first vector');
  const y = finiteVector(b, 'the second vector', x.length);
  if (!(t >= 0 && t <= 1)) throw invalid(`t is ${shown(t)}, not in 0 to 1`);
  const [u, v] = [directionOf(x), directionOf(y)];
  const [ofX, ofY] = lengthOf(x) === 0 || lengthOf(y) === 0 ? [1, 1] : shares(angleBetween(u, v), t);
  return unit(
    u.map((p, i) => ofX * p + ofY * (v[i] as number)),
    0,
  ).vector;
}

/** Exact for small and for large angles, which an arc cosine is not. */
function angleBetween(x: Float64Array, y: Float64Array): number {
  let sum = 0;
  let difference = 0;
  for (let i = 0; i < x.length; i++) {
    sum += ((x[i] as number) + (y[i] as number)) ** 2;
    difference += ((x[i] as number) - (y[i] as number)) ** 2;
  }
  return 2 * Math.atan2(Math.sqrt(difference), Math.sqrt(sum));
}

/** How much of each end is at t of the angle between them. */
function shares(angle: number, t: number): readonly [number, number] {
  if (Math.PI - angle < 1e-6) return t <= 0.5 ? [1, 0] : [0, 1];
  if (angle < 1e-6) return [1 - t, t];
  return [Math.sin((1 - t) * angle) / Math.sin(angle), Math.sin(t * angle) / Math.sin(angle)];
}
