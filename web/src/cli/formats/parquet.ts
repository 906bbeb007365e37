// SPDX-License-Identifier: Apache-2.0
// Embedding columns of Parquet, read by hyparquet, which the user installs.
import { SimileError } from '../../errors.js';
import { corrupt, messageOf } from '../failure.js';
import type { Row } from './records.js';

/** The part of hyparquet that is used. */
interface Hyparquet {
  parquetReadObjects(options: { file: AsyncBuffer; columns?: string[] }): Promise<Record<string, unknown>[]>;
}

interface AsyncBuffer {
  readonly byteLength: number;
  slice(start: number, end?: number): ArrayBuffer;
}

/** @throws {SimileError} `not_supported` without hyparquet; `corrupt_file` for what it cannot read */
export async function readParquet(bytes: Uint8Array, name: string): Promise<Row[]> {
  const { parquetReadObjects } = await hyparquet();
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  try {
    const rows = await parquetReadObjects({ file });
    return rows.map((fields, i) => ({ where: `row ${i}`, fields }));
  } catch (error) {
    throw corrupt(`${name} is no Parquet file that hyparquet can read: ${messageOf(error)}`);
  }
}

async function hyparquet(): Promise<Hyparquet> {
  try {
    return (await import('hyparquet')) as Hyparquet;
  } catch (error) {
    const advice = 'npm install hyparquet, or npx -p simile -p hyparquet simile …';
    throw new SimileError('not_supported', `Parquet needs hyparquet: ${advice}`, { cause: error });
  }
}
