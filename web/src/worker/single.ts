// SPDX-License-Identifier: Apache-2.0
import { composeQuery } from '../compose.js';
import { SimileError } from '../errors.js';
import type { CalibrateOptions } from '../fits.js';
import type { HubnessOptions, HubnessReport } from '../hubness.js';
import type { Id } from '../ids.js';
import type { AddOptions, CreateOptions } from '../index.js';
import type { LoadOptions } from '../loader.js';
import type { Hit } from '../search.js';
import { checkSignal, type Progress } from '../slices.js';
import { type Rows, readRows, readVector, type Vector } from '../vectors.js';
import type { Connection, Piece } from './connection.js';
import type { Host } from './host.js';
import {
  batchOf,
  bytePieces,
  composedRows,
  type Ids,
  inPage,
  isWhole,
  listOf,
  movedPieces,
  piecesOf,
  searchable,
  sendable,
} from './sending.js';
import { WorkerState } from './state.js';
import type { IndexState, Kept } from './wire.js';
import type {
  WorkerAddManyOptions,
  WorkerFromURLOptions,
  WorkerIndex,
  WorkerLoadOptions,
  WorkerOptions,
  WorkerSearchManyOptions,
  WorkerSearchOptions,
} from './worker-index.js';

/** An index in one worker, which others may help. @internal */
export class SingleIndex extends WorkerState implements WorkerIndex {
  complete: Promise<void> = Promise.resolve();
  readonly workers: number;
  readonly memory: 'shared' | 'separate';
  readonly #connection: Connection;
  #state: IndexState | undefined;
  #kept: Kept = { metadata: '', relevance: undefined };

  private constructor({ connection, workers, memory }: Host) {
    super();
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

  protected get known(): IndexState {
    if (this.#state === undefined) throw new SimileError('disposed', 'the worker holds no index');
    return this.#state;
  }

  protected get kept(): Kept {
    return this.#kept;
  }

  async add(id: Id, vector: Vector, options: AddOptions = {}): Promise<void> {
    const numbers = readVector(vector, 'the vector');
    await this.#change('add', [id, numbers, { ...options }]);
  }

  async addMany(ids: readonly Id[], data: Vector | readonly Vector[], options: WorkerAddManyOptions = {}): Promise<void> {
    const { list, rows } = batchOf(ids, this.dims, data);
    const moved = options.transfer && isWhole(data) ? movedPieces(list, data) : undefined;
    await this.#upload(list, rows, options, moved);
  }

  /** As `addMany`, of rows that are read already. */
  addRows(ids: Ids, rows: Rows, options: WorkerAddManyOptions): Promise<void> {
    return this.#upload(ids, rows, options);
  }

  async #upload(ids: Ids, rows: Rows, options: WorkerAddManyOptions, moved?: Iterable<Piece>): Promise<void> {
    const { onDuplicate } = options;
    const pieces = moved ?? piecesOf(ids, rows);
    // What was replaced could not be taken back.
    const undo = onDuplicate === 'replace' ? undefined : (): Promise<number> => this.deleteMany(ids.slice(0, rows.count));
    const sent = onDuplicate === undefined ? {} : { onDuplicate };
    await this.#connection.call('addMany', [sent], { ...inPage(options), pieces, undo });
  }

  async update(id: Id, vector: Vector): Promise<void> {
    const numbers = readVector(vector, 'the vector');
    await this.#change('update', [id, numbers]);
  }

  async deleteMany(ids: Iterable<Id>): Promise<number> {
    const list = listOf(ids, 'ids');
    return this.#change('deleteMany', [list]);
  }

  keepShare(which: number, workers: number): Promise<number> {
    return this.#change('keepShare', [which, workers]);
  }

  async has(id: Id): Promise<boolean> {
    return this.#connection.call('has', [id]);
  }

  async get(id: Id): Promise<Float32Array | undefined> {
    return this.#connection.call('get', [id]);
  }

  /** Gives vectors to another worker, as the pieces say. */
  give(pieces: Iterable<Piece>, signal: AbortSignal): Promise<void> {
    return this.#connection.call('give', [], { pieces, signal });
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

  #change<T>(method: string, args: readonly unknown[]): Promise<T> {
    return this.#connection.call(method, args, { inOrder: true });
  }
}

const cancelledBy = (signal: AbortSignal, error: Error): SimileError =>
  new SimileError('cancelled', error.message, { cause: signal.reason });
