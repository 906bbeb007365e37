// SPDX-License-Identifier: Apache-2.0
import type {
  AddDocsOptions,
  AnyDoc,
  ChangeOptions,
  CollectionOptions,
  CollectionQuery,
  CollectionResult,
  CollectionSearchOptions,
  Doc,
  Schema,
} from '../collection/collection.js';
import type { Embedder } from '../embedders/embedder.js';
import { invalid, SimileError, shown } from '../errors.js';
import type { Id } from '../ids.js';
import type { LoadOptions } from '../loader.js';
import { checkSignal } from '../slices.js';
import { kindOf, readVector, type Vector } from '../vectors.js';
import { absolute } from './addresses.js';
import type { CollectionState, EmbedderSource, Question } from './collection-wire.js';
import { Connection, type Piece } from './connection.js';
import { type Host, hostAlone } from './host.js';
import { bytePieces, inPage, listOf, sendable } from './sending.js';
import { hostOfTeam, workersOf } from './team.js';
import type { WorkerOptions } from './worker-index.js';

/** A module that the worker imports, so that vectors are made there too. */
export interface EmbedderModule {
  /** Its address; `new URL('./my-embedder.js', import.meta.url)` is one that bundlers find. */
  readonly module: string | URL;
  /** What it exports: an embedder, or a function that makes one of `options`, perhaps later. @defaultValue 'embedder' */
  readonly name?: string;
  /** Anything that can be sent to a worker. */
  readonly options?: unknown;
}

/** How a worker for a collection is started. */
export interface WorkerCollectionStart extends Pick<WorkerOptions, 'worker' | 'wasm'> {
  /**
   * How many workers search together, from 1 to 64, where they can have one memory (see `WorkerOptions.memory`); elsewhere there is one:
   * what words are worth is told by all documents together. `worker` makes each of them. @defaultValue 1
   */
  readonly workers?: number;
  /** The address of `simile-text.wasm`, where it is not beside the package's JavaScript. */
  readonly textWasm?: string | URL;
  /**
   * Makes the vectors of texts: an embedder in the page, which the worker asks (as is well with `http`, and with one that has a worker of
   * its own), or a module that the worker imports.
   */
  readonly embedder?: Embedder | EmbedderModule;
}

export type WorkerCollectionOptions = Omit<CollectionOptions, 'embedder'> & WorkerCollectionStart;

export interface LoadWorkerCollectionOptions extends LoadOptions, WorkerCollectionStart {
  /** Moves the bytes to the worker instead of copying them: the array is empty afterwards. @defaultValue false */
  readonly transfer?: boolean;
}

const pieceDocs = 16;

/** What stays in the page, and what the worker is told of it. */
function splitEmbedder(given: WorkerCollectionStart['embedder']): { own?: Embedder; source?: EmbedderSource } {
  if (given === undefined) return {};
  if ('module' in given) {
    const { module, name = 'embedder', options } = given;
    return { source: { module: absolute(module), name, options } };
  }
  if (typeof given.embed !== 'function') throw invalid(`embedder must be one, or tell of a module, not ${shown(given)}`);
  return { own: given, source: { info: { ...given.info } } };
}

/** A document as it is sent: its vector may be a tensor with methods of its own. */
function sentDoc<D extends AnyDoc>(doc: D): D {
  if (typeof doc !== 'object' || doc === null || doc.vector === undefined) return doc;
  return { ...doc, vector: readVector(doc.vector, 'the vector') };
}

function sentQuery(query: string | Vector | CollectionQuery): string | Float32Array | CollectionQuery {
  if (typeof query === 'string') return query;
  if (Array.isArray(query) || ArrayBuffer.isView(query) || 'data' in query) return readVector(query as Vector, 'the query');
  const { vector, not, ...rest } = query as CollectionQuery;
  return {
    ...rest,
    ...(vector === undefined ? {} : { vector: readVector(vector, 'the query') }),
    ...(not === undefined ? {} : { not: typeof not === 'string' ? not : readVector(not, 'not') }),
  };
}

function* docPieces<D extends AnyDoc>(docs: readonly D[]): Generator<Piece> {
  for (let at = 0; at < docs.length; at += pieceDocs) yield { piece: docs.slice(at, at + pieceDocs).map(sentDoc), transfer: [] };
}

/**
 * A collection that lives in a worker: the interface of `Collection` with every method a promise, so that the page never waits. What is a
 * property there is here what the last answer of the worker said.
 *
 * When the worker ends, everything that waits for it and every later call is rejected with `disposed`: what it held is lost.
 */
export class WorkerCollection<D extends AnyDoc = Doc> implements Disposable {
  /** How many workers there are. */
  readonly workers: number;
  readonly #connection: Connection;
  #state: CollectionState | undefined;

  private constructor({ connection, workers }: Host, embedder: Embedder | undefined) {
    this.workers = workers;
    this.#connection = connection;
    connection.onState = (state) => {
      this.#state = state;
    };
    connection.onQuestion = ({ texts, kind }: Question, signal) =>
      embedder?.embed(texts, { kind, signal }) ?? Promise.reject(invalid('there is no embedder'));
  }

  static async #started<D extends AnyDoc>(
    options: WorkerCollectionStart,
    method: 'create' | 'load',
    own: object,
    call: Parameters<Connection['call']>[2],
  ): Promise<WorkerCollection<D>> {
    const { own: embedder, source } = splitEmbedder(options.embedder);
    const text =
      options.textWasm === undefined ? new URL('../simile-text.wasm', import.meta.url).href : absolute(options.textWasm);
    const connecting = (): Connection => new Connection(new URL('./collection-thread.js', import.meta.url), options.worker);
    const host = (await hostOfTeam(options, workersOf(options), connecting)) ?? hostAlone(options, connecting());
    const collection = new WorkerCollection<D>(host, embedder);
    try {
      await host.connection.call(method, [host.builds, text, source, own], call);
      return collection;
    } catch (error) {
      collection.terminate();
      throw error;
    }
  }

  /** As `Collection.create`. @throws {SimileError} as it and `createWorkerIndex` */
  static async create<D extends AnyDoc = Doc>(options: WorkerCollectionOptions): Promise<WorkerCollection<D>> {
    const { worker: _worker, workers: _workers, wasm: _wasm, textWasm: _textWasm, embedder: _embedder, ...own } = options;
    return WorkerCollection.#started(options, 'create', own, {});
  }

  /** As `Collection.fromBytes`. @throws {SimileError} as it and `createWorkerIndex` */
  static async fromBytes<D extends AnyDoc = Doc>(
    bytes: Uint8Array | ArrayBuffer,
    options: LoadWorkerCollectionOptions = {},
  ): Promise<WorkerCollection<D>> {
    const source = kindOf(bytes) === 'ArrayBuffer' ? new Uint8Array(bytes as ArrayBuffer) : bytes;
    if (kindOf(source) !== 'Uint8Array') throw invalid(`expected a Uint8Array or an ArrayBuffer, got ${shown(bytes)}`);
    const { verify, limits, transfer = false } = options;
    const own: LoadOptions = { ...(verify && { verify }), ...(limits && { limits }) };
    const pieces = bytePieces(source as Uint8Array, transfer);
    return WorkerCollection.#started(options, 'load', own, { ...inPage(options), pieces });
  }

  /** Number of documents. */
  get size(): number {
    return this.#known.size;
  }

  /** Number of vectors or texts that are searched, which is more where texts were cut. */
  get passages(): number {
    return this.#known.passages;
  }

  /** Bytes of memory of the worker's indexes. */
  get byteLength(): number {
    return this.#known.byteLength;
  }

  get schema(): Schema {
    return this.#known.schema;
  }

  async add(doc: D, { signal }: ChangeOptions = {}): Promise<void> {
    await this.#change('add', [sentDoc(doc)], signal);
  }

  /** As of `Collection`; the documents are copied to the worker in slices of about 2 ms of the page's time. */
  async addMany(docs: Iterable<D>, options: AddDocsOptions = {}): Promise<number> {
    if (typeof docs !== 'object' || docs === null || !(Symbol.iterator in docs))
      throw invalid(`docs must be a list of documents, not ${shown(docs)}`);
    return this.#connection.call('addMany', [sendable(options)], { ...inPage(options), pieces: docPieces([...docs]) });
  }

  async update(doc: D, { signal }: ChangeOptions = {}): Promise<void> {
    await this.#change('update', [sentDoc(doc)], signal);
  }

  async delete(id: Id): Promise<boolean> {
    return (await this.deleteMany([id])) === 1;
  }

  async deleteMany(ids: Iterable<Id>): Promise<number> {
    return this.#change('deleteMany', [listOf(ids, 'ids')]);
  }

  async has(id: Id): Promise<boolean> {
    return this.#connection.call('has', [id]);
  }

  async get(id: Id): Promise<Omit<D, 'vector'> | undefined> {
    return this.#connection.call('get', [id]);
  }

  /** In the order of `Collection.ids`. */
  async ids(): Promise<Id[]> {
    const lists: Id[][] = [];
    await this.#connection.call('ids', [], { onPart: (part) => lists.push(part) });
    return lists.flat();
  }

  async search(query: string | Vector | CollectionQuery, options: CollectionSearchOptions = {}): Promise<CollectionResult<D>> {
    checkSignal(options.signal, 'the search');
    return this.#connection.call('search', [sentQuery(query), sendable(options)], { signal: options.signal });
  }

  async toBytes(): Promise<Uint8Array> {
    return this.#change('toBytes', []);
  }

  /** Ends the worker at once; what waits for it is rejected with `disposed`. A second call does nothing. */
  terminate(): void {
    this.#connection.end(new SimileError('disposed', 'this collection was disposed of'));
  }

  /** The same. */
  dispose(): void {
    this.terminate();
  }

  [Symbol.dispose](): void {
    this.terminate();
  }

  get #known(): CollectionState {
    if (this.#state === undefined) throw new SimileError('disposed', 'the worker holds no collection');
    return this.#state;
  }

  #change<T>(method: string, args: readonly unknown[], signal?: AbortSignal): Promise<T> {
    return this.#connection.call(method, args, { inOrder: true, signal });
  }
}

/**
 * A collection in a worker: `Collection.create` with every method a promise. The worker's script is `simile/worker/collection-thread.js`;
 * see `createWorkerIndex` for what bundlers and policies want.
 */
export const createWorkerCollection = <D extends AnyDoc = Doc>(options: WorkerCollectionOptions): Promise<WorkerCollection<D>> =>
  WorkerCollection.create<D>(options);
