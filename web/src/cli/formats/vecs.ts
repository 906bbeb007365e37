// SPDX-License-Identifier: Apache-2.0
// .fvecs and .bvecs: every vector begins with a 32-bit number of its components, which are floats or bytes.
import { corrupt, truncated } from '../failure.js';
import { checkShape, decodeNumbers, type Matrix } from './matrix.js';

/** @throws {SimileError} `corrupt_file`, `truncated_file`, `limit_exceeded` */
export function readVecs(bytes: Uint8Array, name: string, kind: 'f32' | 'u8'): Matrix {
  const size = kind === 'f32' ? 4 : 1;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length === 0) throw corrupt(`${name} is empty`);
  if (bytes.length < 4) throw truncated(`${name} ends after ${bytes.length} bytes, in its first number`);
  const dims = view.getInt32(0, true);
  if (dims < 1) throw corrupt(`${name} says that its first vector has ${dims} dims`);
  const stride = 4 + dims * size;
  const rows = Math.floor(bytes.length / stride);
  if (rows === 0 || bytes.length % stride !== 0) {
    const rest = bytes.length % stride;
    throw truncated(
      `${name} has vectors of ${dims} dims, of ${stride} bytes each, and ends with ${rest} of them after ${rows} vectors`,
    );
  }
  const values = new Float32Array(rows * dims);
  checkShape(name, rows, dims, size, rows * dims * size);
  for (let row = 0; row < rows; row++) {
    const at = row * stride;
    const own = view.getInt32(at, true);
    if (own !== dims) throw corrupt(`${name} has a vector of ${own} dims at row ${row}, where the first has ${dims}`);
    values.set(decodeNumbers(bytes.subarray(at + 4, at + stride), kind, dims), row * dims);
  }
  return { rows, dims, values };
}

export function writeFvecs({ rows, dims, values }: Matrix): Uint8Array[] {
  const view = new DataView(new ArrayBuffer(rows * (4 + 4 * dims)));
  let at = 0;
  for (let row = 0; row < rows; row++) {
    view.setInt32(at, dims, true);
    at += 4;
    for (let i = 0; i < dims; i++, at += 4) view.setFloat32(at, values[row * dims + i] as number, true);
  }
  return [new Uint8Array(view.buffer)];
}
