// SPDX-License-Identifier: Apache-2.0
// Embedding columns of Parquet, read by hyparquet and written by hyparquet-writer, which the user installs.
import { SimileError } from '../../errors.js';
import type { Id } from '../../ids.js';
import { corrupt, messageOf } from '../failure.js';
import type { Matrix } from './matrix.js';
import type { Row } from './records.js';

/** The part of hyparquet that is used. */
interface Hyparquet {
  parquetReadObjects(options: { file: AsyncBuffer; columns?: string[] }): Promise<Record<string, unknown>[]>;
}

interface AsyncBuffer {
  readonly byteLength: number;
  slice(start: number, end?: number): ArrayBuffer;
}

/** The part of hyparquet-writer that is used. */
interface HyparquetWriter {
  parquetWriteBuffer(options: { columnData: Column[]; schema: SchemaElement[]; createdBy: string }): ArrayBuffer;
}

interface Column {
  readonly name: string;
  readonly data: readonly unknown[];
  readonly encoding?: 'PLAIN';
  readonly codec?: 'UNCOMPRESSED';
  readonly statistics?: boolean;
}

interface SchemaElement {
  readonly name: string;
  readonly type?: 'INT64' | 'FLOAT' | 'BYTE_ARRAY';
  readonly converted_type?: 'UTF8' | 'JSON' | 'LIST';
  readonly repetition_type?: 'REQUIRED' | 'REPEATED';
  readonly num_children?: number;
}

/** @throws {SimileError} `not_supported` without hyparquet; `corrupt_file` for what it cannot read */
export async function readParquet(bytes: Uint8Array, name: string): Promise<Row[]> {
  const { parquetReadObjects } = await peer<Hyparquet>('hyparquet', () => import('hyparquet'));
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  try {
    const rows = await parquetReadObjects({ file });
    return rows.map((fields, i) => ({ where: `row ${i}`, fields }));
  } catch (error) {
    throw corrupt(`${name} is no Parquet file that hyparquet can read: ${messageOf(error)}`);
  }
}

/**
 * The columns `id` and `vector`, which is a list of 32-bit floats. Ids of one kind are integers or strings, of both kinds JSON.
 * @throws {SimileError} `not_supported` without hyparquet-writer
 */
export async function writeParquet({ rows, dims, values, ids }: Matrix): Promise<Uint8Array> {
  const { parquetWriteBuffer } = await peer<HyparquetWriter>('hyparquet-writer', () => import('hyparquet-writer'));
  const { type, data } = idColumn(ids ?? [...Array(rows).keys()]);
  const vectors = Array.from({ length: rows }, (_, row) => Array.from(values.subarray(row * dims, (row + 1) * dims)));
  const buffer = parquetWriteBuffer({
    columnData: [
      { name: 'id', data },
      { name: 'vector', data: vectors, encoding: 'PLAIN', codec: 'UNCOMPRESSED', statistics: false },
    ],
    schema: [
      { name: 'root', num_children: 2 },
      { name: 'id', repetition_type: 'REQUIRED', ...type },
      { name: 'vector', repetition_type: 'REQUIRED', converted_type: 'LIST', num_children: 1 },
      { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
      { name: 'element', repetition_type: 'REQUIRED', type: 'FLOAT' },
    ],
    createdBy: 'simile',
  });
  return new Uint8Array(buffer);
}

function idColumn(ids: readonly Id[]): { type: Pick<SchemaElement, 'type' | 'converted_type'>; data: readonly unknown[] } {
  if (ids.every((id) => typeof id === 'number')) return { type: { type: 'INT64' }, data: ids.map(BigInt) };
  const isText = ids.every((id) => typeof id === 'string');
  return { type: { type: 'BYTE_ARRAY', converted_type: isText ? 'UTF8' : 'JSON' }, data: ids };
}

async function peer<T>(name: string, load: () => Promise<unknown>): Promise<T> {
  try {
    return (await load()) as T;
  } catch (error) {
    const advice = `npm install ${name}, or npx -p simile -p ${name} simile …`;
    throw new SimileError('not_supported', `Parquet needs ${name}: ${advice}`, { cause: error });
  }
}
