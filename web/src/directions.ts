// SPDX-License-Identifier: Apache-2.0
// What composed queries and explanations are made of: directions, kept in 64-bit numbers until the end.
import { invalid, SimileError, shown } from './errors.js';
import { readVector, type TensorLike, type Vector } from './vectors.js';

/** Several vectors: a list of them, a tensor `[rows, dims]`, or one vector as the only row. */
export type Vectors = Vector | readonly Vector[];

type Doubles = Float64Array;
type Numbers = Float32Array | Float64Array;

/** What is left of unit vectors that cancel out is rounding when it is this much shorter than they are together. @internal */
export const cancelled = 2 ** -22;

/** @throws {SimileError} `not_finite`, and `invalid_argument` for what is no number. @internal */
export function checkFinite(value: number, what: string): void {
  if (typeof value !== 'number') throw invalid(`${what} must be a number, not ${shown(value)}`);
  if (!Number.isFinite(value)) throw new SimileError('not_finite', `${what} is ${value}`);
}

/** A finite number above 0. @internal */
export function checkPositive(value: number, what: string): void {
  checkFinite(value, what);
  if (value <= 0) throw invalid(`${what} must be more than 0, not ${value}`);
}

function checkVector(x: Float32Array, dims: number, what: string): void {
  if (x.length !== dims) throw new SimileError('dimension_mismatch', `${what} has ${x.length} dims instead of ${dims}`);
  if (dims === 0) throw invalid(`${what} has no numbers`);
  const at = x.findIndex((v) => !Number.isFinite(v));
  if (at >= 0) throw new SimileError('not_finite', `component ${at} of ${what} is ${x[at]} as a 32-bit float`);
}

/** A copy of a vector of finite numbers, of `dims` if that is given. @internal */
export function finiteVector(value: Vector, what: string, dims?: number): Float32Array {
  const x = readVector(value, what);
  checkVector(x, dims ?? x.length, what);
  return x;
}

const isList = (value: unknown): value is readonly Vector[] =>
  Array.isArray(value) && (value.length === 0 || typeof value[0] !== 'number');
const isTensor = (value: Vector): value is TensorLike => 'dims' in value;

function rowsOfOne(value: Vector, what: string): Float32Array[] {
  const numbers = readVector(value, what);
  const width = isTensor(value) ? value.dims.at(-1) || numbers.length : numbers.length;
  return Array.from({ length: numbers.length / width || 0 }, (_, i) => numbers.subarray(i * width, (i + 1) * width));
}

/** Rows of one length, all finite; at least one unless `mayBeEmpty`. @internal */
export function finiteRows(value: Vectors, what: string, dims?: number, mayBeEmpty = false): Float32Array[] {
  const rows = isList(value) ? Array.from(value, (x, i) => readVector(x, `${what} ${i}`)) : rowsOfOne(value, what);
  const first = rows[0];
  if (first === undefined && !mayBeEmpty) throw invalid(`${what}: there are none`);
  for (const [i, row] of rows.entries()) checkVector(row, dims ?? first?.length ?? 0, `${what} ${i}`);
  return rows;
}

/** @internal */
export function dot(x: Numbers, y: Numbers): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += (x[i] as number) * (y[i] as number);
  return sum;
}

/** @internal */
export const lengthOf = (x: Numbers): number => Math.sqrt(dot(x, x));

/** sum += weight x / |x|; a zero vector has no direction and adds nothing. @internal */
export function addDirection(sum: Doubles, x: Float32Array, weight: number): void {
  const length = lengthOf(x);
  if (length === 0) return;
  for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + weight * ((x[i] as number) / length);
}

/** @internal */
export function directionOf(x: Float32Array): Doubles {
  const out = new Float64Array(x.length);
  addDirection(out, x, 1);
  return out;
}

/** x / |x|, and |x|; zeros and 0 when |x| is at most `least`. @internal */
export function unit(x: Doubles, least: number): { vector: Float32Array; length: number } {
  const length = lengthOf(x);
  if (!(length > least)) return { vector: new Float32Array(x.length), length: 0 };
  return { vector: Float32Array.from(x, (v) => v / length), length };
}
