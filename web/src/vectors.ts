// SPDX-License-Identifier: Apache-2.0

import { invalid, SimileError, shown } from './errors.js';
import type { Similarity } from './index.js';

/**
 * A vector, or several as a flat row of numbers: a typed array (views at an offset too), an array of numbers, or a tensor-like
 * object such as a transformers.js Tensor. The numbers are copied and rounded to 32-bit floats; nothing of yours is kept or changed.
 */
export type Vector = Float32Array | Float64Array | readonly number[] | TensorLike;

/** Row-major numbers and their shape, `[dims]` or `[rows, dims]`. */
export interface TensorLike {
  readonly data: ArrayLike<number>;
  readonly dims: readonly number[];
}

type Numbers = ArrayLike<number>;

/** Vectors of equal length that can be copied out one by one. @internal */
export interface Rows {
  readonly count: number;
  readonly dims: number;
  /** Writes row `row` to `out` from position `at`. */
  copy(row: number, out: Float32Array, at: number): void;
}

/** The name of a built-in class, which unlike the class itself is the same in every frame. @internal */
export const kindOf = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);
const isTypedArray = (value: unknown): value is Numbers & ArrayBufferView => /^(Float|Int|Uint)\d/.test(kindOf(value));
/** Bytes are refused: they are far more often the storage of floats, or codes, than a vector. */
const isFloatArray = (value: unknown): value is Numbers & ArrayBufferView => /^Float\d/.test(kindOf(value));

const isTensor = (value: unknown): value is TensorLike =>
  typeof value === 'object' && value !== null && 'data' in value && 'dims' in value && Array.isArray(value.dims);

const product = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);

/** The numbers of a vector and, of a tensor, the length of its rows. */
function numbersOf(value: unknown, what: string): { numbers: Numbers; width: number | undefined } {
  if (isFloatArray(value) || Array.isArray(value)) return { numbers: value, width: undefined };
  if (isTensor(value) && (isTypedArray(value.data) || Array.isArray(value.data))) {
    const { data, dims } = value;
    if (product(dims) !== data.length) {
      throw new SimileError('dimension_mismatch', `${what}: dims [${dims}] do not fit ${data.length} numbers`);
    }
    return { numbers: data, width: dims.at(-1) };
  }
  throw invalid(`${what} must be a Float32Array, a Float64Array, an array of numbers or a tensor, not ${shown(value)}`);
}

function copyNumbers(from: Numbers, first: number, count: number, out: Float32Array, at: number): void {
  if (ArrayBuffer.isView(from)) {
    out.set((from as Float32Array).subarray(first, first + count), at);
    return;
  }
  for (let i = 0; i < count; i++) {
    const x = from[first + i];
    if (typeof x !== 'number') throw invalid(`component ${i} of a vector is ${shown(x)}, not a number`);
    out[at + i] = x;
  }
}

function checkWidth(width: number, dims: number, what: string): void {
  if (width !== dims) {
    throw new SimileError('dimension_mismatch', `${what} has ${width} dims, the index has ${dims}`);
  }
}

/** A copy of one vector. @internal */
export function readVector(value: Vector, what: string): Float32Array {
  const { numbers } = numbersOf(value, what);
  const out = new Float32Array(numbers.length);
  copyNumbers(numbers, 0, numbers.length, out, 0);
  return out;
}

/** The numbers of one vector as they are, to be read at once. @internal */
export function readNumbers(value: Vector, what: string): ArrayLike<number> {
  return numbersOf(value, what).numbers;
}

/** Checks the shape of `value` and copies nothing yet. @internal */
export function readRows(dims: number, value: Vector | readonly Vector[]): Rows {
  if (Array.isArray(value) && value.length > 0 && typeof value[0] !== 'number') return listOfRows(dims, value);
  const { numbers, width } = numbersOf(value, 'the vectors');
  if (width !== undefined && numbers.length > 0) checkWidth(width, dims, 'the tensor');
  const count = numbers.length / dims;
  if (!Number.isInteger(count)) {
    throw new SimileError('dimension_mismatch', `${numbers.length} numbers are no whole rows of ${dims} dims`);
  }
  return { count, dims, copy: (row, out, at) => copyNumbers(numbers, row * dims, dims, out, at) };
}

function listOfRows(dims: number, vectors: readonly Vector[]): Rows {
  const rows = Array.from(vectors, (vector, i) => {
    const { numbers } = numbersOf(vector, `vector ${i}`);
    checkWidth(numbers.length, dims, `vector ${i}`);
    return numbers;
  });
  return { count: rows.length, dims, copy: (row, out, at) => copyNumbers(rows[row] as Numbers, 0, dims, out, at) };
}

/** What an index asks of the numbers of its vectors. @internal */
export interface NumberRules {
  readonly refusesZero: boolean;
  /** Of the Euclidean norm; infinite under cosine. */
  readonly maxNorm: number;
}

/** The rules of the core. @internal */
export const numberRules = (similarity: Similarity, refusesZero: boolean): NumberRules => ({
  refusesZero,
  // Beyond it, squared norms are no floats.
  maxNorm: similarity === 'cosine' ? Number.POSITIVE_INFINITY : 2 ** 60,
});

/**
 * Checks consecutive vectors by the rules of the core, so that a batch is refused before any of it is added.
 * @param first - the number of the first vector, for messages
 * @throws {SimileError} `not_finite`, `zero_norm`, `out_of_range`
 * @internal
 */
export function checkNumbers(values: Float32Array, first: number, dims: number, { refusesZero, maxNorm }: NumberRules): void {
  for (let start = 0, row = first; start < values.length; start += dims, row++) {
    let squares = 0;
    for (let i = start; i < start + dims; i++) squares += (values[i] as number) ** 2;
    if (refusesZero && squares === 0) {
      throw new SimileError('zero_norm', `vector ${row} is zero, which has no direction to compare by cosine`);
    }
    // Squares of floats and their sums are far below what a double holds.
    if (!Number.isFinite(squares)) {
      const at = values.subarray(start, start + dims).findIndex((x) => !Number.isFinite(x));
      throw new SimileError('not_finite', `component ${at} of vector ${row} is ${values[start + at]} as a 32-bit float`);
    }
    if (Math.sqrt(squares) >= maxNorm) throw new SimileError('out_of_range', `vector ${row} is longer than 2^60`);
  }
}
