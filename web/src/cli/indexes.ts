// SPDX-License-Identifier: Apache-2.0
import { SimileError } from '../errors.js';
import type { Id } from '../ids.js';
import { type Codec, type CreateOptions, Index } from '../index.js';
import { asUsage } from './failure.js';
import { nameOf, readInput } from './files.js';
import type { Matrix } from './formats/matrix.js';
import { type Readable, readable } from './formats/vectors.js';
import type { Arguments } from './options.js';
import type { Terminal } from './terminal.js';

/** What --codec, --similarity and --zero-vectors say. */
export function createOptionsOf(args: Arguments): Omit<CreateOptions, 'dims'> {
  const codec = args.text('codec');
  const similarity = args.choice('similarity', ['cosine', 'dot', 'squared_l2']);
  const zeroVectors = args.choice('zero-vectors', ['refuse', 'allow']);
  return {
    ...(codec === undefined ? {} : { codec: codec as Codec }),
    ...(similarity === undefined ? {} : { similarity }),
    ...(zeroVectors === undefined ? {} : { zeroVectors }),
  };
}

/** @throws {UsageError} for a codec that there is not */
export async function createIndex(dims: number, options: Omit<CreateOptions, 'dims'>): Promise<Index> {
  return asUsage(() => Index.create({ dims, ...options }));
}

/** An index of vectors; the rows' numbers are their ids where they have none. */
export async function indexOf(matrix: Matrix, options: Omit<CreateOptions, 'dims'>, terminal: Terminal): Promise<Index> {
  const index = await createIndex(matrix.dims, options);
  const ids: readonly Id[] = matrix.ids ?? Array.from({ length: matrix.rows }, (_, row) => row);
  await index.addMany(ids, matrix.values, { onProgress: terminal.progress('indexing') });
  terminal.clear();
  return index;
}

/** @throws {SimileError} what `Index.fromBytes` throws, with the name of the file */
export async function readIndex(
  path: string,
  verify: 'structure' | 'checksum' | 'full' = 'checksum',
): Promise<{ index: Index; bytes: Uint8Array }> {
  const bytes = await readInput(path);
  try {
    return { index: await Index.fromBytes(bytes, { verify }), bytes };
  } catch (error) {
    if (error instanceof SimileError) throw new SimileError(error.code, `${nameOf(path)}: ${error.message}`, { cause: error });
    throw error;
  }
}

export const readOptionsOf = (args: Arguments) => ({
  format: args.choice<Readable>('from', readable),
  vector: args.list('vector'),
  id: args.text('id'),
  tensor: args.text('tensor'),
  ids: args.text('ids'),
});
