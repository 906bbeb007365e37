// SPDX-License-Identifier: Apache-2.0
// Vectors of 32-bit floats and their labels in a graph as hnswlib saves it. Nothing in such a file says what it is: everything is checked.
import { corrupt } from '../failure.js';
import { Cursor } from './cursor.js';
import { type Matrix, RowCollector } from './matrix.js';
import { idOf } from './records.js';

/** What was marked as deleted is left out. @throws {SimileError} `corrupt_file`, `truncated_file`, `limit_exceeded` */
export function readHnswlib(bytes: Uint8Array, name: string): Matrix {
  const cursor = new Cursor(bytes, name);
  const [links, most, count, stride, label, data] = Array.from({ length: 6 }, () => cursor.size()) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  cursor.take(16); // the highest level, where searches begin, and the neighbours of an item
  const neighbours = cursor.size();
  cursor.take(24);
  const dims = (label - data) / 4;
  const isOne = links === 0 && count <= most && data === 4 + 4 * neighbours && stride === label + 8;
  if (!isOne || !Number.isSafeInteger(stride)) throw corrupt(`${name} is no index of hnswlib`);
  if (!Number.isInteger(dims) || dims < 1)
    throw corrupt(`${name} has vectors of ${label - data} bytes, which are no 32-bit floats`);
  const items = cursor.take(count * stride);
  for (let row = 0; row < count; row++) cursor.take(cursor.u32());
  if (cursor.left > 0) throw corrupt(`${name} has ${cursor.left} bytes after its index`);

  const view = new DataView(items.buffer, items.byteOffset, items.byteLength);
  const collector = new RowCollector(name);
  const ids = [];
  for (let row = 0; row < count; row++) {
    const start = row * stride;
    const isDeleted = ((items[start + 2] as number) & 1) === 1;
    if (isDeleted) continue;
    const vector = Float32Array.from({ length: dims }, (_, i) => view.getFloat32(start + data + 4 * i, true));
    collector.add(vector, `item ${row}`);
    ids.push(idOf(view.getBigUint64(start + label, true), name, `item ${row}`));
  }
  return collector.matrix(ids);
}
