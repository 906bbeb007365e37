// SPDX-License-Identifier: Apache-2.0
// Flat indexes as FAISS writes them, alone or in an IndexIDMap, which has ids.
import { corrupt, UsageError } from '../failure.js';
import { Cursor } from './cursor.js';
import { checkShape, decodeNumbers, type Matrix } from './matrix.js';
import { idOf } from './records.js';

const flat = ['IxF2', 'IxFI', 'IxFl'];
const mapped = ['IxMp', 'IxM2'];

/** @throws {UsageError} for an index of another kind @throws {SimileError} `corrupt_file`, `truncated_file`, `limit_exceeded` */
export function readFaiss(bytes: Uint8Array, name: string): Matrix {
  const cursor = new Cursor(bytes, name);
  const matrix = indexAt(cursor, name, [...flat, ...mapped]);
  if (cursor.left > 0) throw corrupt(`${name} has ${cursor.left} bytes after its index`);
  return matrix;
}

function indexAt(cursor: Cursor, name: string, known: readonly string[]): Matrix {
  const kind = String.fromCharCode(...cursor.take(4));
  if (!/^I\w{3}$/.test(kind)) throw corrupt(`${name} is no index of FAISS`);
  if (!known.includes(kind))
    throw new UsageError(`${name} has an index of the kind ${kind}: of FAISS, flat ones can be read, and an IndexIDMap of one`);
  const dims = cursor.i32();
  const rows = cursor.size();
  cursor.take(17); // two numbers without a meaning, and whether it is trained
  const metric = cursor.i32();
  if (metric > 1) cursor.take(4);
  if (mapped.includes(kind)) {
    const matrix = indexAt(cursor, name, flat);
    const count = cursor.size();
    if (count !== matrix.rows || rows !== matrix.rows || dims !== matrix.dims)
      throw corrupt(`${name} says that it has ${rows} vectors, has ${matrix.rows} of them, and ${count} ids`);
    return { ...matrix, ids: Array.from({ length: count }, (_, i) => idOf(cursor.i64(), name, `id ${i}`)) };
  }
  const numbers = cursor.size();
  if (numbers !== rows * dims) throw corrupt(`${name} says that it has ${rows} vectors of ${dims} dims, and ${numbers} numbers`);
  checkShape(name, rows, dims, 4, Math.min(cursor.left, 4 * numbers));
  return { rows, dims, values: decodeNumbers(cursor.take(4 * numbers), 'f32', numbers) };
}
