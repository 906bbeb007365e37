// SPDX-License-Identifier: Apache-2.0
// NumPy's format, version 1.0 to 3.0: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
import { corrupt, truncated } from '../failure.js';
import { checkShape, decodeNumbers, type Kind, type Matrix, sizeOf, transposed } from './matrix.js';

const magic = '\x93NUMPY';
const kinds = new Map<string, Kind>([
  ['f2', 'f16'],
  ['f4', 'f32'],
  ['f8', 'f64'],
  ['i1', 'i8'],
  ['u1', 'u8'],
  ['i2', 'i16'],
  ['u2', 'u16'],
  ['i4', 'i32'],
  ['u4', 'u32'],
  ['i8', 'i64'],
  ['u8', 'u64'],
]);
const maxHeader = 65_536;

/** A matrix, or one vector. @throws {SimileError} `corrupt_file`, `truncated_file`, `limit_exceeded` */
export function readNpy(bytes: Uint8Array, name: string): Matrix {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const latin = (from: number, to: number): string => String.fromCharCode(...bytes.subarray(from, to));
  if (latin(0, 6) !== magic.slice(0, Math.min(6, bytes.length)) || bytes.length === 0) throw corrupt(`${name} is no .npy file`);
  const version = bytes[6];
  const start = version === 1 ? 10 : 12;
  if (bytes.length < start) throw truncated(`${name} ends after ${bytes.length} bytes, in the head of a .npy file`);
  if (version === undefined || version < 1 || version > 3)
    throw corrupt(`${name} is a .npy file of version ${version}; 1 to 3 are known`);
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > maxHeader) throw corrupt(`${name} has a header of ${length} bytes, more than ${maxHeader}`);
  if (bytes.length < start + length)
    throw truncated(`${name} has ${bytes.length} bytes, and its header alone ends at ${start + length}`);
  const header = latin(start, start + length);
  const field = (pattern: RegExp): RegExpExecArray => {
    const found = pattern.exec(header);
    if (!found)
      throw corrupt(`${name} has a header that is no description of numbers: ${JSON.stringify(header.trim().slice(0, 100))}`);
    return found;
  };
  const [, order, type] = field(/['"]descr['"]\s*:\s*['"]([<>|=]?)([a-zA-Z]\d+)['"]/);
  const isFortran = field(/['"]fortran_order['"]\s*:\s*(True|False)/)[1] === 'True';
  const shape = field(/['"]shape['"]\s*:\s*\(([^)]*)\)/)[1] as string;
  const kind = kinds.get(type as string);
  if (!kind) throw corrupt(`${name} has numbers of type ${type}; floats and integers are read`);
  const sides = shape
    .split(',')
    .map((side) => side.trim())
    .filter((side) => side !== '');
  if (sides.length < 1 || sides.length > 2 || !sides.every((side) => /^\d{1,15}$/.test(side)))
    throw corrupt(`${name} has the shape (${shape}); a matrix is needed`);
  const [rows, dims] = sides.length === 2 ? [Number(sides[0]), Number(sides[1])] : [1, Number(sides[0])];
  const body = bytes.subarray(start + length);
  checkShape(name, rows, dims, sizeOf(kind), body.length);
  const values = decodeNumbers(body, kind, rows * dims, order !== '>');
  return { rows, dims, values: isFortran ? transposed(values, rows, dims) : values };
}

/** Version 1.0, little-endian 32-bit floats, rows one after another. */
export function writeNpy({ rows, dims, values }: Matrix): Uint8Array[] {
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${dims}), }`;
  const length = Math.ceil((10 + text.length + 1) / 64) * 64;
  const header = new Uint8Array(length).fill(0x20);
  for (const [i, character] of [...`${magic}\x01\x00`].entries()) header[i] = character.charCodeAt(0);
  new DataView(header.buffer).setUint16(8, length - 10, true);
  header.set(new TextEncoder().encode(text), 10);
  header[length - 1] = 0x0a;
  return [header, littleFloats(values)];
}

const isLittleMachine = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/** The bytes of floats, little end first. */
export function littleFloats(values: Float32Array): Uint8Array {
  if (isLittleMachine) return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const view = new DataView(new ArrayBuffer(values.byteLength));
  for (const [i, x] of values.entries()) view.setFloat32(4 * i, x, true);
  return new Uint8Array(view.buffer);
}
