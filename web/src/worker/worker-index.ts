// SPDX-License-Identifier: Apache-2.0
import type { CalibrateOptions } from '../fits.js';
import type { HubnessOptions, HubnessReport } from '../hubness.js';
import type { Id } from '../ids.js';
import type { AddManyOptions, AddOptions, Codec, CreateOptions, FromURLOptions, Similarity } from '../index.js';
import type { LoadOptions, LoadProgress } from '../loader.js';
import type { IndexRelevance } from '../models.js';
import type { RelevanceModel } from '../relevance.js';
import type { Hit, SearchManyOptions, SearchOptions } from '../search.js';
import type { Progress } from '../slices.js';
import type { Vector } from '../vectors.js';
import type { WasmSource } from '../wasm.js';

/** How workers are started. */
export interface WorkerOptions {
  /** How many workers search together, from 1 to 64: no more than the processor has cores. @defaultValue 1 */
  readonly workers?: number;
  /**
   * What several workers work on.
   *
   * - `shared`: one memory, with one index. Its answers and files are those of an index in the page. It takes a page that is isolated
   *   (`Cross-Origin-Opener-Policy: same-origin` and `Cross-Origin-Embedder-Policy: require-corp`, or `credentialless`), or Node.
   *   A `wasm` of your own is then a `simile-shared.wasm`.
   * - `separate`: each has a share of the items. A search asks all of them at once and gives the answers of one index: all of them
   *   where the codec or `recall: 1` looks at everything, else what each worker's layers keep, which is rather more.
   * - `auto`: `shared` where that is possible and `wasm` is not given.
   * @defaultValue 'auto'
   */
  readonly memory?: 'auto' | 'shared' | 'separate';
  /**
   * Makes a worker that runs `simile/worker/worker-thread.js`, where it is not beside the package's JavaScript, or where the page's
   * policy of trusted types wants one of your own. (Otherwise a policy named `simile` is made.)
   */
  readonly worker?: () => Worker;
  /** The WebAssembly build, as `init` takes it, but for a Response: that can be read only once. */
  readonly wasm?: Exclude<WasmSource, Response>;
}

export interface WorkerAddManyOptions extends AddManyOptions {
  /**
   * Moves the vectors to the worker instead of copying them, where they are one Float32Array that is the whole of its buffer: it is
   * empty afterwards. Not with several workers that have no shared memory.
   * @defaultValue false
   */
  readonly transfer?: boolean;
}

/** A function cannot be sent to a worker, so a filter is a list of ids. */
export type WorkerSearchOptions = Omit<SearchOptions, 'filter'> & { readonly filter?: Iterable<Id> };
export type WorkerSearchManyOptions = Omit<SearchManyOptions, 'filter'> & { readonly filter?: Iterable<Id> };

export interface WorkerLoadOptions extends LoadOptions, WorkerOptions {
  /** Moves the bytes to the worker instead of copying them: the array is empty afterwards. Not with several workers that have no shared memory. @defaultValue false */
  readonly transfer?: boolean;
}

export interface WorkerFromURLOptions extends LoadOptions, WorkerOptions {
  /** Sent with every request. A `fetch` of your own cannot be sent to a worker. */
  readonly headers?: Readonly<Record<string, string>>;
  /** As of `FromURLOptions`. */
  readonly cache?: NonNullable<FromURLOptions['cache']>;
}

export interface WorkerCreateOptions extends CreateOptions, WorkerOptions {}

/**
 * An index that lives in a worker, which others may help, or spread over several: the interface of `Index` with every method a promise, so that the page
 * never waits. What is a property there (`size`, `level` ...) is here what the last answer of the worker said.
 *
 * Methods take effect in the order of the calls and reject with the same errors as those of `Index`. When a worker ends, everything
 * that waits for it and every later call is rejected with `disposed`: what it held is lost.
 *
 * With several workers that have no shared memory these are not there (`not_supported`), for they look at all items together: `hubness`, `calibrate` with
 * `dynamic`, `setRelevance` with `surprise`, and `minRelevance` for an index without a model.
 */
export interface WorkerIndex extends Disposable {
  readonly dims: number;
  readonly similarity: Similarity;
  readonly codec: Codec | (string & Record<never, never>);
  readonly size: number;
  readonly level: number;
  readonly levels: number;
  readonly byteLength: number;
  readonly bankSize: number;
  readonly metadata: string;
  readonly relevance: IndexRelevance | undefined;
  /** How many workers there are. */
  readonly workers: number;
  /** Whether several workers have one memory, or each its own share of the items. */
  readonly memory: 'shared' | 'separate';
  /** As of `Index`. */
  readonly complete: Promise<void>;
  add(id: Id, vector: Vector, options?: AddOptions): Promise<void>;
  /** As of `Index`, all or nothing. The data is copied to the worker in slices of about 2 ms of the page's time: do not change it meanwhile. */
  addMany(ids: readonly Id[], data: Vector | readonly Vector[], options?: WorkerAddManyOptions): Promise<void>;
  update(id: Id, vector: Vector): Promise<void>;
  delete(id: Id): Promise<boolean>;
  deleteMany(ids: Iterable<Id>): Promise<number>;
  has(id: Id): Promise<boolean>;
  get(id: Id): Promise<Float32Array | undefined>;
  /** In the order of rows. */
  ids(): Promise<Id[]>;
  search(query: Vector, options?: WorkerSearchOptions): Promise<readonly Hit[]>;
  searchMany(queries: Vector | readonly Vector[], options?: WorkerSearchManyOptions): Promise<readonly (readonly Hit[])[]>;
  scores(query: Vector): Promise<Float32Array>;
  calibrate(bank: Vector | readonly Vector[], options?: CalibrateOptions): Promise<void>;
  hubness(sample: Vector | readonly Vector[], options?: HubnessOptions): Promise<HubnessReport>;
  setRelevance(
    model: RelevanceModel | { readonly method: 'surprise'; readonly sample?: number } | undefined,
    options?: { readonly onProgress?: (progress: Progress) => void; readonly signal?: AbortSignal },
  ): Promise<void>;
  setMetadata(text: string): Promise<void>;
  /**
   * The `.simile` file. With several workers that have no shared memory it is put together from their vectors as the codec has kept them, which changes scores by
   * a part in 30,000 at most with `planes`, `planes2`, `planes12` and `int8`, and not at all with `f32`, `f16` and `bf16`; other codecs
   * would lose too much (`not_supported`).
   */
  toBytes(): Promise<Uint8Array>;
  /** Ends the workers at once; what waits for them is rejected with `disposed`. A second call does nothing. */
  terminate(): void;
  /** The same. */
  dispose(): void;
}

export type { LoadProgress };
