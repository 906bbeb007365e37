// SPDX-License-Identifier: Apache-2.0
// What goes from the page to a worker, and in which pieces.
import { composeQuery } from '../compose.js';
import { invalid, SimileError, shown } from '../errors.js';
import type { Id } from '../ids.js';
import { kindOf, type Rows, readRows, type Vector } from '../vectors.js';
import type { CallOptions, Piece } from './connection.js';
import type { Upload } from './wire.js';
import type { WorkerSearchManyOptions, WorkerSearchOptions } from './worker-index.js';

const pieceFloats = 1 << 16;
const pieceBytes = 1 << 18;
const pieceIds = 2048;

/** The ids of any list. @throws {SimileError} `invalid_argument` @internal */
export function listOf(ids: Iterable<Id>, name: string): Id[] {
  if (typeof ids === 'function')
    throw invalid(`${name} is a function, which cannot be sent to a worker: give the ids, or use an Index`);
  if (typeof ids !== 'object' || ids === null || !(Symbol.iterator in ids))
    throw invalid(`${name} must be a list of ids, not ${shown(ids)}`);
  return Array.from(ids);
}

/** A list of ids, or what makes parts of one. @internal */
export type Ids = Pick<readonly Id[], 'slice'>;

/** Ids and vectors as they are sent. @internal */
export function* piecesOf(ids: Ids, rows: Rows): Generator<Piece> {
  const step = Math.max(1, Math.floor(pieceFloats / Math.max(1, rows.dims)));
  for (let first = 0; first < rows.count; first += step) {
    const count = Math.min(step, rows.count - first);
    const data = new Float32Array(count * rows.dims);
    for (let i = 0; i < count; i++) rows.copy(first + i, data, i * rows.dims);
    yield { piece: { ids: ids.slice(first, first + count), data } satisfies Upload, transfer: [data.buffer] };
  }
}

/** The same vectors without a copy. @internal */
export function* movedPieces(ids: readonly Id[], data: Float32Array): Generator<Piece> {
  for (let at = 0; at < ids.length; at += pieceIds)
    yield { piece: { ids: ids.slice(at, at + pieceIds) } satisfies Upload, transfer: [] };
  yield { piece: { data } satisfies Upload, transfer: [data.buffer] };
}

/** Whether it can be moved: an array that is the whole of its buffer. @internal */
export const isWhole = (data: unknown): data is Float32Array<ArrayBuffer> =>
  kindOf(data) === 'Float32Array' &&
  kindOf((data as Float32Array).buffer) === 'ArrayBuffer' &&
  (data as Float32Array).byteLength === (data as Float32Array).buffer.byteLength;

/** @internal */
export function* bytePieces(bytes: Uint8Array, moves: boolean): Generator<Piece> {
  if (moves && bytes.byteLength === bytes.buffer.byteLength) {
    yield { piece: bytes, transfer: [bytes.buffer as ArrayBuffer] };
    return;
  }
  for (let at = 0; at < bytes.length || at === 0; at += pieceBytes) {
    const piece = bytes.slice(at, at + pieceBytes);
    yield { piece, transfer: [piece.buffer] };
  }
}

/** What options say beside what stays in the page. @internal */
export function sendable<T extends { signal?: unknown; onProgress?: unknown }>(options: T): Omit<T, 'signal' | 'onProgress'> {
  const { signal: _signal, onProgress: _onProgress, ...rest } = options;
  return rest;
}

/** What stays in the page. @internal */
export const inPage = ({
  signal,
  onProgress,
}: {
  signal?: AbortSignal;
  onProgress?: (progress: never) => void;
}): CallOptions => ({
  signal,
  onProgress,
});

/** The ids and vectors of a batch. @throws {SimileError} `dimension_mismatch`, `invalid_argument` @internal */
export function batchOf(ids: readonly Id[], dims: number, data: Vector | readonly Vector[]): { list: Id[]; rows: Rows } {
  const list = listOf(ids, 'ids');
  const rows = readRows(dims, data);
  if (rows.count !== list.length)
    throw new SimileError('dimension_mismatch', `there are ${list.length} ids and ${rows.count} vectors of ${dims} dims`);
  return { list, rows };
}

/** All rows in one array, but for a query that is made anew of each. @internal */
export function flatOf(rows: Rows): Float32Array {
  const flat = new Float32Array(rows.count * rows.dims);
  for (let row = 0; row < rows.count; row++) rows.copy(row, flat, row * rows.dims);
  return flat;
}

type Sent = Omit<WorkerSearchOptions, 'signal' | 'filter'> & { readonly filter?: Id[] };

/** Search options as they are sent, but for `compose`, which is done in the page. @internal */
export function searchable(options: WorkerSearchManyOptions): Sent {
  const { filter, ...rest } = sendable(options);
  return filter === undefined ? rest : { ...rest, filter: listOf(filter, 'filter') };
}

/** @internal */
export function composedRows(rows: Rows, compose: NonNullable<WorkerSearchOptions['compose']>): Rows {
  return {
    ...rows,
    copy(row, out, at) {
      rows.copy(row, out, at);
      out.set(composeQuery(out.subarray(at, at + rows.dims), compose), at);
    },
  };
}
