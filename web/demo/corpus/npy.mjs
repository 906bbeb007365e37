// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';

/**
 * The header of a version 1.0 .npy file: little-endian float32, C order; 128 bytes, so the numbers are aligned.
 * @param {number} rows
 * @param {number} columns
 */
export function npyHeader(rows, columns) {
  const size = 128;
  const fields = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${columns}), }`;
  const header = Buffer.alloc(size, ' ');
  header.write('\x93NUMPY\x01\x00', 0, 'latin1');
  header.writeUInt16LE(size - 10, 8);
  header.write(fields, 10, 'latin1');
  header.write('\n', size - 1, 'latin1');
  return header;
}

/**
 * Reads a file as `npyHeader` begins it.
 * @param {string} path
 * @returns {Promise<{ rows: number, columns: number, values: Float32Array }>}
 */
export async function readNpy(path) {
  const file = await readFile(path);
  const start = 10 + file.readUInt16LE(8);
  const shape = /'descr': '<f4', 'fortran_order': False, 'shape': \((\d+), (\d+)\)/.exec(file.toString('latin1', 10, start));
  if (file.toString('latin1', 0, 8) !== '\x93NUMPY\x01\x00' || !shape) throw new Error(`${path} is not a float32 matrix`);
  const [rows, columns] = [Number(shape[1]), Number(shape[2])];
  if (file.length !== start + 4 * rows * columns) throw new Error(`${path} has ${file.length} bytes, expected ${start + 4 * rows * columns}`);
  const bytes = file.buffer.slice(file.byteOffset + start, file.byteOffset + file.length);
  return { rows, columns, values: new Float32Array(bytes) };
}
