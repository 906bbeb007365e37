// SPDX-License-Identifier: Apache-2.0
import { composeQuery } from '../compose.js';
import { invalid, SimileError, shown } from '../errors.js';
import type { CalibrateOptions } from '../fits.js';
import type { HubnessOptions, HubnessReport } from '../hubness.js';
import type { Id } from '../ids.js';
import type { AddOptions, CreateOptions, Similarity } from '../index.js';
import type { LoadOptions } from '../loader.js';
import type { IndexRelevance } from '../models.js';
import type { Hit } from '../search.js';
import { checkSignal, type Progress } from '../slices.js';
import { kindOf, type Rows, readRows, readVector, type Vector } from '../vectors.js';
import type { CallOptions, Connection, Piece } from './connection.js';
import type { Host } from './host.js';
import type { IndexState, Kept, Upload } from './wire.js';
import type {
  WorkerAddManyOptions,
  WorkerFromURLOptions,
  WorkerIndex,
  WorkerLoadOptions,
  WorkerOptions,
  WorkerSearchManyOptions,
  WorkerSearchOptions,
} from './worker-index.js';

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

function* piecesOf(ids: readonly Id[], rows: Rows): Generator<Piece> {
  const step = Math.max(1, Math.floor(pieceFloats / Math.max(1, rows.dims)));
  for (let first = 0; first < rows.count; first += step) {
    const count = Math.min(step, rows.count - first);
    const data = new Float32Array(count * rows.dims);
    for (let i = 0; i < count; i++) rows.copy(first + i, data, i * rows.dims);
    yield { piece: { ids: ids.slice(first, first + count), data } satisfies Upload, transfer: [data.buffer] };
  }
}

/** The same vectors without a copy, where that is possible. */
function* movedPieces(ids: readonly Id[], data: Float32Array): Generator<Piece> {
  for (let at = 0; at < ids.length; at += pieceIds)
    yield { piece: { ids: ids.slice(at, at + pieceIds) } satisfies Upload, transfer: [] };
  yield { piece: { data } satisfies Upload, transfer: [data.buffer] };
}

const isWhole = (data: unknown): data is Float32Array<ArrayBuffer> =>
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

/** An index in one worker, which others may help. @internal */
export class SingleIndex implements WorkerIndex {
  complete: Promise<void> = Promise.resolve();
  readonly workers: number;
  readonly memory: 'shared' | 'separate';
  readonly #connection: Connection;
  #state: IndexState | undefined;
  #kept: Kept = { metadata: '', relevance: undefined };

  private constructor({ connection, workers, memory }: Host) {
    this.#connection = connection;
    this.workers = workers;
    this.memory = memory;
    connection.onState = (state) => {
      this.#state = state;
    };
  }

  /** Runs what fills the worker; ends it if that fails. */
  static async #filled(host: Host, fill: (index: SingleIndex) => Promise<Kept>): Promise<SingleIndex> {
    const index = new SingleIndex(host);
    try {
      index.#kept = await fill(index);
      return index;
    } catch (error) {
      index.terminate();
      throw error;
    }
  }

  static create(host: Host, options: CreateOptions & WorkerOptions): Promise<SingleIndex> {
    const { workers: _workers, worker: _worker, memory: _memory, wasm: _wasm, ...own } = options;
    return SingleIndex.#filled(host, () => host.connection.call('create', [host.builds, own]));
  }

  static load(host: Host, bytes: Uint8Array, options: WorkerLoadOptions): Promise<SingleIndex> {
    const { transfer = false, verify, limits } = options;
    const own: LoadOptions = { ...(verify && { verify }), ...(limits && { limits }) };
    const pieces = bytePieces(bytes, transfer);
    return SingleIndex.#filled(host, () => host.connection.call('load', [host.builds, own], { ...inPage(options), pieces }));
  }

  static open(host: Host, url: string, options: WorkerFromURLOptions): Promise<SingleIndex> {
    const { connection, builds } = host;
    const { headers, cache, verify, limits, signal, onProgress } = options;
    const own = {
      ...(headers && { headers: { ...headers } }),
      ...(cache !== undefined && { cache }),
      ...(verify && { verify }),
      ...(limits && { limits }),
    };
    return SingleIndex.#filled(host, (index) => {
      let thrown: { readonly error: unknown } | undefined;
      const stop = (): void => void connection.call('stop', []).catch(() => {});
      index.complete = new Promise((resolve, reject) => {
        connection.onEvent = (event, value: never, error) => {
          if (event === 'loading' && !thrown) {
            try {
              onProgress?.(value);
            } catch (error) {
              thrown = { error };
              stop();
            }
          } else if (event === 'complete') {
            signal?.removeEventListener('abort', stop);
            if (thrown) reject(thrown.error);
            else if (error) reject(signal?.aborted ? cancelledBy(signal, error) : error);
            else {
              index.#kept = value;
              resolve();
            }
          }
        };
      });
      // Nobody has to look at it.
      index.complete.catch(() => {});
      signal?.addEventListener('abort', stop);
      return connection.call<Kept>('open', [builds, url, own], { signal }).catch((error: unknown) => {
        signal?.removeEventListener('abort', stop);
        throw thrown ? thrown.error : error;
      });
    });
  }

  get dims(): number {
    return this.#known.dims;
  }
  get similarity(): Similarity {
    return this.#known.similarity;
  }
  get codec(): IndexState['codec'] {
    return this.#known.codec;
  }
  get size(): number {
    return this.#known.size;
  }
  get level(): number {
    return this.#known.level;
  }
  get levels(): number {
    return this.#known.levels;
  }
  get byteLength(): number {
    return this.#known.byteLength;
  }
  get bankSize(): number {
    return this.#known.bankSize;
  }
  get metadata(): string {
    return this.#kept.metadata;
  }
  get relevance(): IndexRelevance | undefined {
    return this.#kept.relevance;
  }

  async add(id: Id, vector: Vector, options: AddOptions = {}): Promise<void> {
    const numbers = readVector(vector, 'the vector');
    await this.#change('add', [id, numbers, { ...options }]);
  }

  async addMany(ids: readonly Id[], data: Vector | readonly Vector[], options: WorkerAddManyOptions = {}): Promise<void> {
    const list = listOf(ids, 'ids');
    const rows = readRows(this.dims, data);
    if (rows.count !== list.length)
      throw new SimileError('dimension_mismatch', `there are ${list.length} ids and ${rows.count} vectors of ${this.dims} dims`);
    const moved = options.transfer && isWhole(data) ? movedPieces(list, data) : undefined;
    await this.#upload(list, rows, options, moved);
  }

  /** As `addMany`, of rows that are read already. */
  addRows(ids: readonly Id[], rows: Rows, options: WorkerAddManyOptions): Promise<void> {
    return this.#upload(ids, rows, options);
  }

  async #upload(ids: readonly Id[], rows: Rows, options: WorkerAddManyOptions, moved?: Iterable<Piece>): Promise<void> {
    const { onDuplicate } = options;
    const pieces = moved ?? piecesOf(ids, rows);
    // What was replaced could not be taken back.
    const undo = onDuplicate === 'replace' ? undefined : (): Promise<number> => this.deleteMany(ids);
    const sent = onDuplicate === undefined ? {} : { onDuplicate };
    await this.#connection.call('addMany', [sent], { ...inPage(options), pieces, undo });
  }

  async update(id: Id, vector: Vector): Promise<void> {
    const numbers = readVector(vector, 'the vector');
    await this.#change('update', [id, numbers]);
  }

  async delete(id: Id): Promise<boolean> {
    return (await this.deleteMany([id])) === 1;
  }

  async deleteMany(ids: Iterable<Id>): Promise<number> {
    const list = listOf(ids, 'ids');
    return this.#change('deleteMany', [list]);
  }

  keepShare(which: number, workers: number): Promise<number> {
    return this.#change('keepShare', [which, workers]);
  }

  clear(): Promise<number> {
    return this.#change('clear', []);
  }

  async has(id: Id): Promise<boolean> {
    return this.#connection.call('has', [id]);
  }

  async get(id: Id): Promise<Float32Array | undefined> {
    return this.#connection.call('get', [id]);
  }

  /** The vectors of ids that are all there. */
  getMany(ids: readonly Id[]): Promise<Float32Array> {
    return this.#connection.call('getMany', [ids]);
  }

  async ids(): Promise<Id[]> {
    const lists: Id[][] = [];
    await this.#connection.call('ids', [], { onPart: (part) => lists.push(part) });
    return lists.flat();
  }

  async search(query: Vector, options: WorkerSearchOptions = {}): Promise<readonly Hit[]> {
    const numbers = readVector(query, 'the query');
    const { compose, ...own } = searchable(options);
    checkSignal(options.signal, 'the search');
    const sent = compose === undefined ? numbers : composeQuery(numbers, compose);
    return this.#connection.call('search', [sent, own], inPage(options));
  }

  async searchMany(
    queries: Vector | readonly Vector[],
    options: WorkerSearchManyOptions = {},
  ): Promise<readonly (readonly Hit[])[]> {
    const rows = readRows(this.dims, queries);
    const { compose, ...own } = searchable(options);
    checkSignal(options.signal, 'the search');
    const asked = compose === undefined ? rows : composedRows(rows, compose);
    const lists: (readonly Hit[])[][] = [];
    await this.#connection.call('searchMany', [own], {
      ...inPage(options),
      pieces: piecesOf([], asked),
      onPart: (part) => lists.push(part),
    });
    return lists.flat();
  }

  async scores(query: Vector): Promise<Float32Array> {
    const numbers = readVector(query, 'the query');
    return this.#connection.call('scores', [numbers]);
  }

  async calibrate(bank: Vector | readonly Vector[], options: CalibrateOptions = {}): Promise<void> {
    const pieces = piecesOf([], readRows(this.dims, bank));
    await this.#connection.call('calibrate', [sendable(options)], { ...inPage(options), pieces });
  }

  async hubness(sample: Vector | readonly Vector[], options: HubnessOptions = {}): Promise<HubnessReport> {
    const { bank, ...own } = sendable(options);
    const rows = readRows(this.dims, sample);
    const others = bank === undefined ? undefined : readRows(this.dims, bank);
    function* pieces(): Generator<Piece> {
      yield* piecesOf([], rows);
      if (others) yield* piecesOf([], others);
    }
    const args = [rows.count, bank !== undefined, own] as const;
    return this.#connection.call('hubness', args, { ...inPage(options), pieces: pieces() });
  }

  async setRelevance(
    model: Parameters<WorkerIndex['setRelevance']>[0],
    options: { readonly onProgress?: (progress: Progress) => void; readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    this.#kept = await this.#connection.call('setRelevance', [model], { ...inPage(options), inOrder: true });
  }

  async setMetadata(text: string): Promise<void> {
    this.#kept = await this.#change('setMetadata', [text]);
  }

  async toBytes(): Promise<Uint8Array> {
    return this.#change('toBytes', []);
  }

  terminate(): void {
    this.#connection.end(new SimileError('disposed', 'this index was disposed of'));
  }

  dispose(): void {
    this.terminate();
  }

  [Symbol.dispose](): void {
    this.terminate();
  }

  get #known(): IndexState {
    if (this.#state === undefined) throw new SimileError('disposed', 'the worker holds no index');
    return this.#state;
  }

  #change<T>(method: string, args: readonly unknown[]): Promise<T> {
    return this.#connection.call(method, args, { inOrder: true });
  }
}

const cancelledBy = (signal: AbortSignal, error: Error): SimileError =>
  new SimileError('cancelled', error.message, { cause: signal.reason });

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
