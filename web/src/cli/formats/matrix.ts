// SPDX-License-Identifier: Apache-2.0
import { SimileError } from '../../errors.js';
import type { Id } from '../../ids.js';
import { corrupt, truncated } from '../failure.js';

/** Vectors in a row, with their ids where the file has them. */
export interface Matrix {
  readonly rows: number;
  readonly dims: number;
  readonly values: Float32Array;
  readonly ids?: readonly Id[];
}

const maxDims = 2 ** 20;

/** The kinds of numbers that files have. */
export type Kind = 'f16' | 'bf16' | 'f32' | 'f64' | 'i8' | 'u8' | 'i16' | 'u16' | 'i32' | 'u32' | 'i64' | 'u64';

const sizes: Readonly<Record<Kind, number>> = {
  f16: 2,
  bf16: 2,
  f32: 4,
  f64: 8,
  i8: 1,
  u8: 1,
  i16: 2,
  u16: 2,
  i32: 4,
  u32: 4,
  i64: 8,
  u64: 8,
};
export const sizeOf = (kind: Kind): number => sizes[kind];

function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const word = new DataView(new ArrayBuffer(4));
function brainToFloat(bits: number): number {
  word.setUint32(0, bits * 65536);
  return word.getFloat32(0);
}

const readers: Readonly<Record<Kind, (view: DataView, at: number, isLittle: boolean) => number>> = {
  f16: (view, at, isLittle) => halfToFloat(view.getUint16(at, isLittle)),
  bf16: (view, at, isLittle) => brainToFloat(view.getUint16(at, isLittle)),
  f32: (view, at, isLittle) => view.getFloat32(at, isLittle),
  f64: (view, at, isLittle) => view.getFloat64(at, isLittle),
  i8: (view, at) => view.getInt8(at),
  u8: (view, at) => view.getUint8(at),
  i16: (view, at, isLittle) => view.getInt16(at, isLittle),
  u16: (view, at, isLittle) => view.getUint16(at, isLittle),
  i32: (view, at, isLittle) => view.getInt32(at, isLittle),
  u32: (view, at, isLittle) => view.getUint32(at, isLittle),
  i64: (view, at, isLittle) => Number(view.getBigInt64(at, isLittle)),
  u64: (view, at, isLittle) => Number(view.getBigUint64(at, isLittle)),
};

/** Numbers as 32-bit floats. */
export function decodeNumbers(bytes: Uint8Array, kind: Kind, count: number, isLittle = true): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [read, size] = [readers[kind], sizes[kind]];
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) values[i] = read(view, i * size, isLittle);
  return values;
}

/** The rows of a matrix that was stored by columns. */
export function transposed(values: Float32Array, rows: number, dims: number): Float32Array {
  const out = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) for (let i = 0; i < dims; i++) out[row * dims + i] = values[i * rows + row] as number;
  return out;
}

/**
 * Sees that a shape is one, before anything is made of it, and that the numbers are there.
 * @throws {SimileError} `corrupt_file`, `truncated_file`, `limit_exceeded`
 */
export function checkShape(name: string, rows: number, dims: number, size: number, present: number): void {
  if (!Number.isSafeInteger(rows) || !Number.isSafeInteger(dims) || rows < 0 || dims < 1)
    throw corrupt(`${name} says that it has ${rows} vectors of ${dims} dims`);
  const needed = rows * dims * size;
  if (!Number.isSafeInteger(needed) || needed > present)
    throw truncated(`${name} says that it has ${rows} vectors of ${dims} dims, which are ${needed} bytes, and has ${present}`);
  if (needed < present) throw corrupt(`${name} has ${present - needed} bytes after its ${rows} vectors of ${dims} dims`);
  if (dims > maxDims) throw new SimileError('limit_exceeded', `${name} has vectors of ${dims} dims, more than ${maxDims}`);
}

/** A matrix of rows that come one by one. */
export class RowCollector {
  readonly #name: string;
  #values = new Float32Array(1024);
  #dims = 0;
  #rows = 0;

  constructor(name: string) {
    this.#name = name;
  }

  /** @throws {SimileError} `corrupt_file` for what is no list of as many numbers as the first had */
  add(vector: unknown, where: string): void {
    const isList = Array.isArray(vector) || (ArrayBuffer.isView(vector) && !(vector instanceof DataView));
    if (!isList)
      throw corrupt(`${this.#name}, ${where}: a vector is a list of numbers, not ${JSON.stringify(vector)?.slice(0, 60)}`);
    const numbers = vector as unknown as ArrayLike<unknown>;
    if (this.#rows === 0) this.#dims = numbers.length;
    if (numbers.length !== this.#dims || this.#dims === 0)
      throw corrupt(`${this.#name}, ${where}: a vector of ${numbers.length} dims, where the first has ${this.#dims}`);
    const at = this.#rows * this.#dims;
    if (at + this.#dims > this.#values.length) {
      const larger = new Float32Array(2 * this.#values.length + this.#dims);
      larger.set(this.#values.subarray(0, at));
      this.#values = larger;
    }
    for (let i = 0; i < this.#dims; i++) {
      const given = numbers[i];
      const x = typeof given === 'bigint' ? Number(given) : given;
      if (typeof x !== 'number')
        throw corrupt(`${this.#name}, ${where}: component ${i} is ${JSON.stringify(x)?.slice(0, 60)}, not a number`);
      this.#values[at + i] = x;
    }
    this.#rows++;
  }

  matrix(ids?: readonly Id[]): Matrix {
    if (this.#rows === 0) throw corrupt(`${this.#name} has no vectors`);
    const shape = { rows: this.#rows, dims: this.#dims, values: this.#values.slice(0, this.#rows * this.#dims) };
    return ids ? { ...shape, ids } : shape;
  }
}
