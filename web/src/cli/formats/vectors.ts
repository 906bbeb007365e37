// SPDX-License-Identifier: Apache-2.0
import type { Id } from '../../ids.js';
import { Index } from '../../index.js';
import { corrupt, UsageError } from '../failure.js';
import { decodeText, endingOf, nameOf, readInput, readTextInput } from '../files.js';
import { meant } from '../options.js';
import { readFaiss } from './faiss.js';
import { readHnswlib } from './hnswlib.js';
import type { Matrix } from './matrix.js';
import { readNpy, writeNpy } from './npy.js';
import { readParquet, writeParquet } from './parquet.js';
import { idOf, linesOf, readCsv, readJsonLines, vectorsOf, writeJsonLines } from './records.js';
import { readSafetensors, writeSafetensors } from './safetensors.js';
import { readVecs, writeFvecs } from './vecs.js';

export const readable = [
  'npy',
  'fvecs',
  'bvecs',
  'safetensors',
  'parquet',
  'faiss',
  'hnswlib',
  'jsonl',
  'csv',
  'tsv',
  'simile',
] as const;
export const writable = ['simile', 'npy', 'fvecs', 'safetensors', 'parquet', 'jsonl'] as const;
export type Readable = (typeof readable)[number];
export type Writable = (typeof writable)[number];

export interface ReadOptions {
  /** In place of the ending of the name. */
  readonly format?: Readable | undefined;
  readonly vector?: readonly string[] | undefined;
  readonly id?: string | undefined;
  readonly tensor?: string | undefined;
  /** A file of ids. */
  readonly ids?: string | undefined;
}

/** @throws {UsageError} for an ending that says nothing */
export function formatOf<T extends string>(path: string, given: T | undefined, known: readonly T[], option: string): T {
  if (given !== undefined) return given;
  const ending = endingOf(path);
  const format = ending === 'ndjson' ? 'jsonl' : ending;
  if ((known as readonly string[]).includes(format)) return format as T;
  if (path === '-') throw new UsageError(`say with --${option} what goes through the pipe: ${known.join(', ')}`);
  throw new UsageError(
    `${path} has no ending that is known (${known.join(', ')})${meant(ending, known, '.')}; or say it with --${option}`,
  );
}

/** @throws {SimileError} `corrupt_file`, `truncated_file`, `limit_exceeded`, `io_failure` */
export async function readVectors(path: string, options: ReadOptions): Promise<Matrix> {
  const format = formatOf(path, options.format, readable, 'from');
  const bytes = await readInput(path);
  const matrix = await decodeVectors(bytes, nameOf(path), format, options);
  return options.ids === undefined ? matrix : { ...matrix, ids: await readIds(options.ids, matrix.rows) };
}

/** The vectors in the bytes of a file. */
export async function decodeVectors(bytes: Uint8Array, name: string, format: Readable, options: ReadOptions): Promise<Matrix> {
  const { vector, id, tensor } = options;
  const names = { ...(vector ? { vector } : {}), ...(id === undefined ? {} : { id }) };
  switch (format) {
    case 'npy':
      return readNpy(bytes, name);
    case 'fvecs':
      return readVecs(bytes, name, 'f32');
    case 'bvecs':
      return readVecs(bytes, name, 'u8');
    case 'safetensors':
      return readSafetensors(bytes, name, tensor);
    case 'faiss':
      return readFaiss(bytes, name);
    case 'hnswlib':
      return readHnswlib(bytes, name);
    case 'parquet':
      return vectorsOf(await readParquet(bytes, name), name, names);
    case 'jsonl':
      return vectorsOf(readJsonLines(decodeText(bytes, name), name), name, names);
    case 'csv':
    case 'tsv':
      return vectorsOf(readCsv(decodeText(bytes, name), name, format === 'csv' ? ',' : '\t'), name, names);
    case 'simile':
      return vectorsOfIndex(await Index.fromBytes(bytes));
  }
}

/** What an index has kept of its vectors. */
export function vectorsOfIndex(index: Index): Matrix {
  const ids = index.ids();
  const values = new Float32Array(ids.length * index.dims);
  for (const [row, id] of ids.entries()) values.set(index.get(id) as Float32Array, row * index.dims);
  const matrix = { rows: ids.length, dims: index.dims, values, ids };
  index.dispose();
  return matrix;
}

/** A JSON list, or a line for each id. @throws {SimileError} `corrupt_file` if there are more or fewer than `rows` */
export async function readIds(path: string, rows: number): Promise<Id[]> {
  const text = await readTextInput(path);
  const name = nameOf(path);
  const ids = text.trimStart().startsWith('[') ? listOf(text, name) : [...linesOf(text)];
  if (ids.length !== rows) throw corrupt(`${name} has ${ids.length} ids for ${rows} vectors`);
  return ids.map((id, i) => idOf(id, name, `id ${i}`));
}

function listOf(text: string, name: string): unknown[] {
  try {
    const list: unknown = JSON.parse(text);
    if (Array.isArray(list)) return list;
  } catch {
    // Said below.
  }
  throw corrupt(`${name} is no JSON list of ids`);
}

/** The bytes of a file in another format than `.simile`. */
export async function encodeVectors(matrix: Matrix, format: Exclude<Writable, 'simile'>): Promise<Iterable<Uint8Array | string>> {
  switch (format) {
    case 'npy':
      return writeNpy(matrix);
    case 'fvecs':
      return writeFvecs(matrix);
    case 'safetensors':
      return writeSafetensors(matrix);
    case 'parquet':
      return [await writeParquet(matrix)];
    case 'jsonl':
      return writeJsonLines(matrix);
  }
}
