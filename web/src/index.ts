// SPDX-License-Identifier: Apache-2.0
import { Batch } from './add-many.js';
import { composeQuery } from './compose.js';
import { loadEngine } from './core.js';
import { Download, type RequestOptions } from './download.js';
import type { Engine } from './engine.js';
import { invalid, SimileError, shown } from './errors.js';
import { type CalibrateOptions, correctionArguments, Fit } from './fits.js';
import { type HubnessOptions, type HubnessReport, measureHubness, sampleOf } from './hubness.js';
import { decodeIds, encodeIds, encodeText, type Id } from './ids.js';
import type { CacheChoice, KeptDownload } from './kept.js';
import { Loader, type LoadOptions, type LoadProgress, loadRules, word } from './loader.js';
import { type IndexRelevance, modelArguments, modelOf } from './models.js';
import type { RelevanceModel } from './relevance.js';
import {
  count,
  type Found,
  type Hit,
  type Plan,
  planOf,
  readFound,
  type SearchManyOptions,
  type SearchOptions,
} from './search.js';
import { checkSignal, type Progress, Slicer } from './slices.js';
import { Turns } from './turns.js';
import { kindOf, numberRules, type Rows, readRows, readVector, type Vector } from './vectors.js';

/**
 * How two vectors are compared. The score of a hit is always larger for what is closer: the cosine in [-1, 1], the inner product,
 * or the squared Euclidean distance times -1.
 */
export type Similarity = 'cosine' | 'dot' | 'squared_l2';

/** Codecs that also come with a random rotation before. */
type Rotatable =
  | 'f16'
  | 'bf16'
  | 'int8'
  | 'planes'
  | 'planes2'
  | 'planes12'
  | `int${1 | 2 | 3 | 4 | 5 | 6 | 7}`
  | `lvq${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8}`;

/**
 * How vectors are stored.
 *
 * - `planes`: 8 bits for each of `dims` components, in layers of 1 + 3 + 4 bits that are searched one after the other, the later ones
 *   for few candidates, and arrive one after the other in `fromURL`. `planes2` has layers of 2 + 2 + 4 bits, for fewer than about
 *   200 dims; `planes12` adds a layer of 4 bits, to find nearly all that exact search finds.
 * - `f32`: exact, 32 bits. `f16` and `bf16`: 16 bits, of which `f16` keeps more digits and `bf16` is faster.
 * - `int8`: the same codes as `planes` without layers. `int1` to `int7`: with fewer bits.
 * - `rabitq1` to `rabitq8` (RaBitQ, after a random rotation), `lvq1` to `lvq8` (locally adaptive): so many bits, with a scale and an
 *   offset fitted to each vector. `eden1` to `eden4`: the best unequal steps for so few bits, after a random rotation.
 * - `+rotated` after a name rotates vectors at random before they are coded, which helps where few components are much larger than
 *   the others. Adding and searching takes a little longer.
 */
export type Codec =
  | 'f32'
  | Rotatable
  | `${Rotatable}+rotated`
  | `rabitq${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8}`
  | `eden${1 | 2 | 3 | 4}`;

export interface CreateOptions {
  /** Number of components of every vector, from 1; 384, 512 and 768 are common. */
  readonly dims: number;
  /** @defaultValue 'cosine' */
  readonly similarity?: Similarity;
  /** @defaultValue 'planes' */
  readonly codec?: Codec;
  /**
   * What to do with a zero vector under cosine: refuse it with `zero_norm`, or take it and score it 0.
   * @defaultValue 'refuse'
   */
  readonly zeroVectors?: 'refuse' | 'allow';
}

export interface AddOptions {
  /**
   * What to do when the id is there already: refuse with `duplicate_id`, or put the new vector in its place.
   * @defaultValue 'refuse'
   */
  readonly onDuplicate?: 'refuse' | 'replace';
}

export interface AddManyOptions extends AddOptions {
  /** Called after every slice, in vectors. What it throws ends the batch, takes it back and is passed on. */
  readonly onProgress?: (progress: Progress) => void;
  /** Cancels with `cancelled` and takes back what was added. Vectors of ids that were there before are replaced last, uncancellably. */
  readonly signal?: AbortSignal;
}

export interface FromURLOptions extends LoadOptions, RequestOptions {
  /**
   * Where to keep the file for later visits, which then only ask the server whether it is still the same (ETag or Last-Modified), and need no
   * connection at all. A download that was broken off goes on where it was. `complete` then also says that it is kept, as far as
   * there is room.
   * @defaultValue false
   */
  readonly cache?: CacheChoice;
}

const similarities: readonly Similarity[] = ['cosine', 'dot', 'squared_l2'];
const zeroVectorChoices = ['refuse', 'allow'];
const duplicateChoices = ['refuse', 'replace'];
const sliceQueries = 16;
const defaultSample = 1024; // items that tell what stands out, for searches that ask without a model
const keptSample = 4096;

function choice(name: string, names: readonly string[], value: string): number {
  const at = names.indexOf(value);
  if (at < 0) throw invalid(`${name} must be one of ${names.join(', ')}, not ${shown(value)}`);
  return at;
}

function listOf(ids: Iterable<Id>, name: string): Id[] {
  if (typeof ids !== 'object' || ids === null || !(Symbol.iterator in ids))
    throw invalid(`${name} must be a list of ids, not ${shown(ids)}`);
  return Array.from(ids);
}

/** A file of its own: few pages need it. */
async function kept(...args: Parameters<typeof KeptDownload.open>): Promise<KeptDownload> {
  const { KeptDownload } = await import('./kept.js');
  return KeptDownload.open(...args);
}

/** What is freed when an index is forgotten without `dispose()`. */
interface Held {
  readonly engine: Engine;
  readonly handle: number;
  readonly download: AbortController | undefined;
}

let forgotten: FinalizationRegistry<Held> | undefined;

function free({ engine, handle, download }: Held): void {
  download?.abort(new SimileError('disposed', 'the index was disposed of while it was loading'));
  engine.release('destroy', handle);
}

/**
 * Vectors in, hits out. Owns WebAssembly memory: write `using index = …`, or call `dispose()` when you are done.
 *
 * Methods that change the index run one after the other in the order of the calls; `search` does not wait for them. Every method
 * throws (or rejects with) a `SimileError`: `disposed` after `dispose()`, `out_of_memory` when there is no room, and what is named below.
 *
 * @example
 * using index = await Index.create({ dims: 384 });
 * await index.addMany(['a', 'b'], vectors);            // Float32Array of 2 * 384 numbers
 * const [best] = await index.search(query, { k: 1 });  // { id: 'a', score: 0.83, level: 3 }
 */
export class Index implements Disposable {
  /** Number of components of every vector. */
  readonly dims: number;
  readonly similarity: Similarity;
  /** How vectors are stored. A file made natively may have a codec that was fitted to its vectors, with a name such as `product96`. */
  readonly codec: Codec | (string & Record<never, never>);
  /**
   * Resolves when all planes are there; at once but for `fromURL`. Rejects with the error that stopped the download: the index
   * then still answers at its present level.
   */
  readonly complete: Promise<void>;

  readonly #held: Held;
  readonly #refusesZero: boolean;
  #isDisposed = false;
  /** Settles when all changes and batches so far have ended. */
  readonly #turns = new Turns();
  #isAdding = false;
  /** The size of the index when its default model of relevance was made. */
  #learntFrom = 0;
  /** For filters that are functions; forgotten at every change. */
  #ids: Id[] | undefined;

  private constructor(held: Held, complete: Promise<void>) {
    this.#held = held;
    this.complete = complete;
    const info = this.#info();
    this.dims = info.getUint32(0, true);
    this.similarity = similarities[info.getUint32(8, true) - 1] as Similarity;
    this.codec = new TextDecoder().decode(this.#call('codec', held.handle));
    this.#refusesZero = this.similarity === 'cosine' && info.getUint32(12, true) === 0;
    forgotten ??= new FinalizationRegistry(free);
    forgotten.register(this, held, this);
  }

  /**
   * Makes an empty index.
   * @throws {SimileError} `invalid_argument`, `out_of_range` for wrong options; whatever `init` throws
   */
  static async create(options: CreateOptions): Promise<Index> {
    const { dims, similarity = 'cosine', codec = 'planes', zeroVectors = 'refuse' } = options;
    const similarityNumber = 1 + choice('similarity', similarities, similarity);
    if (typeof codec !== 'string') throw invalid(`codec must be a name, not ${shown(codec)}`);
    const name = encodeText(codec, 'codec');
    const zero = choice('zeroVectors', zeroVectorChoices, zeroVectors);
    const width = count('dims', dims);
    const engine = await loadEngine();
    const handle = word(engine.call('create', width, similarityNumber, name, name.length, zero));
    return new Index({ engine, handle, download: undefined }, Promise.resolve());
  }

  /**
   * Reads a whole `.simile` file. The bytes are copied; do not change them before the promise has settled.
   * @throws {SimileError} `corrupt_file`, `truncated_file`, `unsupported_version`, `limit_exceeded`, `cancelled`
   */
  static async fromBytes(bytes: Uint8Array | ArrayBuffer, options: LoadOptions = {}): Promise<Index> {
    const source = kindOf(bytes) === 'ArrayBuffer' ? new Uint8Array(bytes) : bytes;
    if (kindOf(source) !== 'Uint8Array') throw invalid(`expected a Uint8Array or an ArrayBuffer, got ${shown(bytes)}`);
    const file = source as Uint8Array;
    const rules = loadRules(options);
    const slicer = new Slicer(options.signal, 'loading');
    const engine = await loadEngine();
    const loader = new Loader(engine, rules, file.length);
    try {
      for (const state of loader.feed(file)) {
        options.onProgress?.(progressOf(state));
        await slicer.pause();
      }
      loader.end();
      return new Index({ engine, handle: loader.index(), download: undefined }, Promise.resolve());
    } finally {
      loader.dispose();
    }
  }

  /**
   * Downloads a `.simile` file and resolves as soon as it can be searched, which for the codec `planes` is after an eighth of the
   * bytes (`planes2` a quarter, `planes12` a twelfth) and for codecs without layers at the end; goes on loading, and `complete` tells when it has ended. Until then the index cannot be changed or saved (`incomplete`).
   *
   * Any server that answers GET will do. A connection that breaks is taken up again up to three times, with a Range request
   * where the server knows them. The signal stops the download before and after the promise has resolved, and so does `dispose()`.
   *
   * @throws {SimileError} `io_failure` (with the HTTP status), `corrupt_file`, `truncated_file`, `unsupported_version`,
   *   `limit_exceeded`, `cancelled`
   */
  static async fromURL(url: string | URL, options: FromURLOptions = {}): Promise<Index> {
    const { signal } = options;
    const rules = loadRules(options);
    checkSignal(signal, 'the download');
    const engine = await loadEngine();
    const stop = new AbortController();
    const abort = (): void => stop.abort(signal?.reason);
    signal?.addEventListener('abort', abort);
    if (signal?.aborted) abort();

    const run = async (deliver: (handle: number) => void): Promise<void> => {
      let loader: Loader | undefined;
      let download: Download | KeptDownload | undefined;
      let isDelivered = false;
      try {
        const slicer = new Slicer(stop.signal, 'the download');
        const { cache = false } = options;
        download = new Download(url, options, stop.signal);
        if (cache !== false) download = await kept(url, options, stop.signal, cache);
        loader = new Loader(engine, rules, await download.begin());
        for await (const piece of download.pieces()) {
          for (const state of loader.feed(piece)) {
            if (state.isSearchable && !isDelivered) {
              isDelivered = true;
              deliver(loader.index());
            }
            options.onProgress?.(progressOf(state));
            await slicer.pause();
          }
        }
        loader.end();
      } finally {
        signal?.removeEventListener('abort', abort);
        loader?.dispose();
        if (download && 'close' in download) download.close();
      }
    };
    return new Promise((resolve, reject) => {
      // The first bytes arrive later than `complete` is there to be used.
      const complete = run((handle) => resolve(new Index({ engine, handle, download: stop }, complete)));
      // Also keeps a `complete` that nobody looks at from being an unhandled rejection.
      complete.catch(reject);
    });
  }

  /** Number of vectors. */
  get size(): number {
    return this.#info().getUint32(4, true);
  }

  /** How many planes are there: `levels` once everything is loaded. */
  get level(): number {
    return this.#info().getUint32(16, true);
  }

  /** How many planes a complete index of this codec has: 3 for `planes` and `planes2`, 4 for `planes12`, else 1. */
  get levels(): number {
    return this.#info().getUint32(20, true);
  }

  /** Bytes of memory that the index holds. */
  get byteLength(): number {
    return this.#info().getFloat64(24, true);
  }

  /** A text of your own that is saved with the index, JSON by convention; empty at first. */
  get metadata(): string {
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(this.#call('metadata', this.#held.handle));
  }

  set metadata(text: string) {
    if (typeof text !== 'string') throw invalid(`metadata must be a string, not ${shown(text)}`);
    const bytes = encodeText(text, 'metadata');
    this.#call('set_metadata', this.#held.handle, bytes, bytes.length);
  }

  /**
   * Adds one vector. For many, `addMany` is faster.
   * @throws {SimileError} `dimension_mismatch`, `not_finite`, `zero_norm`, `duplicate_id`, `invalid_argument`, `incomplete`
   */
  async add(id: Id, vector: Vector, options: AddOptions = {}): Promise<void> {
    const replaces = choice('onDuplicate', duplicateChoices, options.onDuplicate ?? 'refuse');
    const bytes = encodeIds([id]);
    const numbers = readVector(vector, 'the vector');
    await this.#turns.take(() =>
      this.#change('add', this.#held.handle, bytes, bytes.length, numbers, 1, numbers.length, replaces),
    );
  }

  /**
   * Adds many vectors, all or none: everything is checked before the first is added, and a cancelled batch is taken back. Of equal
   * ids in a batch that may replace, the last one stays. Works in slices of about 12 ms, so that the page stays alive; do not change `data` before the promise has settled. Searches meanwhile see
   * what has been added so far.
   *
   * @param data - `ids.length` vectors: all numbers in a row, a tensor of `[ids.length, dims]`, or a list of vectors
   * @throws {SimileError} `dimension_mismatch`, `not_finite`, `zero_norm`, `duplicate_id` (also for two equal ids in the batch),
   *   `out_of_range`, `invalid_argument`, `incomplete`, `cancelled`
   */
  async addMany(ids: readonly Id[], data: Vector | readonly Vector[], options: AddManyOptions = {}): Promise<void> {
    this.#live();
    const replaces = choice('onDuplicate', duplicateChoices, options.onDuplicate ?? 'refuse') === 1;
    const list = listOf(ids, 'ids');
    const rows = readRows(this.dims, data);
    if (rows.count !== list.length) {
      throw new SimileError('dimension_mismatch', `there are ${list.length} ids and ${rows.count} vectors of ${this.dims} dims`);
    }
    const target = {
      handle: this.#held.handle,
      rules: numberRules(this.similarity, this.#refusesZero),
      call: (...args: Parameters<Engine['call']>) => this.#change(...args),
    };
    await this.#turns.take(async () => {
      this.#isAdding = true;
      try {
        await new Batch(target, list, rows, replaces).run(new Slicer(options.signal, 'addMany'), options.onProgress);
      } finally {
        this.#isAdding = false;
      }
    });
  }

  /**
   * Puts a new vector in the place of the one with this id.
   * @throws {SimileError} `unknown_id`, `dimension_mismatch`, `not_finite`, `zero_norm`, `invalid_argument`, `incomplete`
   */
  async update(id: Id, vector: Vector): Promise<void> {
    const bytes = encodeIds([id]);
    const numbers = readVector(vector, 'the vector');
    await this.#turns.take(() => {
      if (!this.has(id)) throw new SimileError('unknown_id', `id ${shown(id)} is not in the index`);
      this.#change('add', this.#held.handle, bytes, bytes.length, numbers, 1, numbers.length, 1);
    });
  }

  /**
   * The closest items, best first; equal scores in the order of rows.
   * @throws {SimileError} `dimension_mismatch`, `not_finite`, `zero_norm`, `invalid_argument`, `cancelled`
   */
  async search(query: Vector, options: SearchOptions = {}): Promise<readonly Hit[]> {
    const numbers = this.#composed(readVector(query, 'the query'), options);
    checkSignal(options.signal, 'the search');
    const plan = this.#plan(options);
    if (options.minRelevance) await this.#learnMeaning(options);
    return (this.#search(numbers, 1, numbers.length, plan)[0] as Found).hits;
  }

  /**
   * One list of hits for each query. Works in slices as `addMany` does; changes of the index wait until it has ended.
   * @param queries - all numbers in a row, a tensor of `[queries, dims]`, or a list of vectors
   * @throws {SimileError} `dimension_mismatch`, `not_finite`, `zero_norm`, `invalid_argument`, `cancelled`
   */
  async searchMany(queries: Vector | readonly Vector[], options: SearchManyOptions = {}): Promise<readonly (readonly Hit[])[]> {
    this.#live();
    const rows = readRows(this.dims, queries);
    await this.#learnMeaning(options);
    const found = await this.#turns.take(() => {
      const plan = this.#plan(options);
      return this.#searchAll(rows, plan, new Slicer(options.signal, 'the search'), options.onProgress, options);
    });
    return found.map(({ hits }) => hits);
  }

  /**
   * The score of every item with a query, in the order of `ids()`: for histograms and judgements of your own. Composed or corrected
   * queries are not scored here; make the query with `composeQuery`.
   * @throws {SimileError} `dimension_mismatch`, `not_finite`, `zero_norm`, `invalid_argument`
   */
  async scores(query: Vector): Promise<Float32Array> {
    const numbers = readVector(query, 'the query');
    return new Float32Array(this.#call('scores', this.#held.handle, numbers, numbers.length).buffer);
  }

  /** How many queries the bank of `calibrate` has; 0 without one, and while a file that has one is still loading. */
  get bankSize(): number {
    return this.#info().getUint32(32, true);
  }

  /**
   * Learns from a bank of queries which items are hubs, so that searches with `normalize` can correct for them. The bank is kept as
   * int8 codes with the index, follows every change of it exactly, and is saved in its file; readers that do not know it find plain
   * scores. An empty bank takes the correction away. Ask `hubness` first whether it is worth it: often it is not.
   *
   * Works in slices as `addMany` does.
   * @param bank - queries of the kind that will be asked; a thousand are enough
   * @throws {SimileError} `dimension_mismatch`, `not_finite`, `zero_norm`, `invalid_argument`, `incomplete`, `cancelled`
   */
  async calibrate(bank: Vector | readonly Vector[], options: CalibrateOptions = {}): Promise<void> {
    this.#live();
    const rows = readRows(this.dims, bank);
    const correction = correctionArguments(options);
    await this.#turns.take(() => {
      const fit = Fit.ofBank(() => this.#live(), this.#held.handle, rows, correction);
      return fit.run(new Slicer(options.signal, 'calibrate'), options.onProgress, true);
    });
  }

  /**
   * Measures how much hubs stand in the way of a sample of queries, without correction and with each method, and says in a sentence
   * whether a correction is worth it. Changes nothing. Works in slices as `addMany` does.
   * @param sample - queries of the kind that will be asked, some hundreds; at least 1, without a `bank` at least 2
   * @throws {SimileError} `dimension_mismatch`, `not_finite`, `zero_norm`, `invalid_argument`, `incomplete`, `cancelled`
   */
  async hubness(sample: Vector | readonly Vector[], options: HubnessOptions = {}): Promise<HubnessReport> {
    this.#live();
    const asked = sampleOf(this.dims, sample, options);
    const searchAll = this.#searchAll.bind(this);
    return this.#turns.take(() => {
      const index = { live: () => this.#live(), handle: this.#held.handle, size: this.size, searchAll };
      return measureHubness(index, asked, new Slicer(options.signal, 'hubness'), options.onProgress);
    });
  }

  /** What the index says of its scores' meaning; undefined as long as nobody has said. */
  get relevance(): IndexRelevance | undefined {
    return modelOf(this.#call('relevance', this.#held.handle));
  }

  /**
   * Says what the scores mean: from then on every hit has a `relevance`. Saved with the index; readers that do not know it find plain
   * scores. It stays as it is when items come and go.
   *
   * With labelled pairs use what `fitRelevance` finds. `{ method: 'surprise' }` needs none: it says how far a score stands out of
   * those of the whole index, from a `sample` of its items (4,096), in slices as `addMany` works. That is not how often people find such
   * a hit right. Its numbers take 4 dims² bytes of the file.
   * @param model - undefined takes it away
   * @throws {SimileError} `invalid_argument`, `not_finite`, `dimension_mismatch`, `incomplete`, `cancelled`
   */
  async setRelevance(
    model: RelevanceModel | { readonly method: 'surprise'; readonly sample?: number } | undefined,
    options: { readonly onProgress?: (progress: Progress) => void; readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    this.#live();
    const { handle } = this.#held;
    if (model?.method === 'surprise') {
      const sample = count('sample', model.sample ?? keptSample);
      return this.#turns.take(() =>
        Fit.ofMoments(() => this.#live(), handle, sample).run(
          new Slicer(options.signal, 'setRelevance'),
          options.onProgress,
          true,
        ),
      );
    }
    const numbers = model === undefined ? ([0, 0, 0] as const) : modelArguments(model);
    await this.#turns.take(() => void this.#call('set_relevance', handle, ...numbers));
  }

  /** Removes one item. @returns whether it was there @throws {SimileError} `invalid_argument`, `incomplete` */
  async delete(id: Id): Promise<boolean> {
    return (await this.deleteMany([id])) === 1;
  }

  /** Removes items; unknown ids are ignored. @returns how many were there @throws {SimileError} `invalid_argument`, `incomplete` */
  async deleteMany(ids: Iterable<Id>): Promise<number> {
    const list = [...new Set(listOf(ids, 'ids'))];
    const all = encodeIds(list);
    return this.#turns.take(() => {
      const known = this.#call('has', this.#held.handle, all, all.length);
      const present = encodeIds(list.filter((_, i) => known[i] === 1));
      return word(this.#change('remove', this.#held.handle, present, present.length));
    });
  }

  /** Whether there is an item with this id. @throws {SimileError} `invalid_argument` */
  has(id: Id): boolean {
    const bytes = encodeIds([id]);
    return this.#call('has', this.#held.handle, bytes, bytes.length)[0] === 1;
  }

  /**
   * The vector with this id, as exactly as the codec has kept it; under cosine its direction, of length 1. A copy.
   * @returns undefined if there is none
   * @throws {SimileError} `invalid_argument`
   */
  get(id: Id): Float32Array | undefined {
    if (!this.has(id)) return undefined;
    const bytes = encodeIds([id]);
    return new Float32Array(this.#call('get', this.#held.handle, bytes, bytes.length).buffer);
  }

  /** All ids, in the order of rows. */
  ids(): Id[] {
    return decodeIds(this.#call('ids', this.#held.handle));
  }

  /** The `.simile` file of this index, with checksums; the same index gives the same bytes everywhere. @throws {SimileError} `incomplete` */
  toBytes(): Uint8Array {
    if (this.#isAdding) throw new SimileError('incomplete', 'addMany is still at work: wait for it before saving');
    return this.#call('save', this.#held.handle);
  }

  /** Frees the memory now and stops a download. A second call does nothing. */
  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    forgotten?.unregister(this);
    free(this.#held);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #live(): Engine {
    if (this.#isDisposed) throw new SimileError('disposed', 'this index was disposed of');
    return this.#held.engine;
  }

  #call(...args: Parameters<Engine['call']>): Uint8Array {
    return this.#live().call(...args);
  }

  #change(...args: Parameters<Engine['call']>): Uint8Array {
    this.#ids = undefined;
    return this.#call(...args);
  }

  #info(): DataView {
    return new DataView(this.#call('info', this.#held.handle).buffer);
  }

  #plan(options: SearchOptions): Plan {
    return planOf(options, options.filter === undefined ? undefined : this.#rowsOf(options.filter));
  }

  /** One bit for each row that passes the filter. */
  #rowsOf(filter: Iterable<Id> | ((id: Id) => boolean)): Uint32Array {
    if (typeof filter !== 'function') {
      const bytes = encodeIds(listOf(filter, 'filter'));
      return new Uint32Array(this.#call('filter', this.#held.handle, bytes, bytes.length).buffer);
    }
    this.#ids ??= this.ids();
    const words = new Uint32Array(Math.ceil(this.#ids.length / 32));
    this.#ids.forEach((id, row) => {
      if (filter(id)) words[row >>> 5] = (words[row >>> 5] as number) | (1 << (row & 31));
    });
    return words;
  }

  #search(queries: Float32Array, size: number, dims: number, plan: Plan): Found[] {
    const { engine, handle } = this.#held;
    const { k, rows, ranges, recall, minScore, minRelevance, correction } = plan;
    if (!/^b?f\d/.test(this.codec)) engine.tune();
    const filter = [rows ?? 0, rows?.length ?? 0, ranges ?? 0, (ranges?.length ?? 0) / 2] as const;
    const limits = [recall, minScore, minRelevance, correction] as const;
    return readFound(this.#call('search', handle, queries, size, dims, k, ...filter, ...limits), size);
  }

  async #searchAll(
    rows: Rows,
    plan: Plan,
    slicer: Slicer,
    onProgress?: (progress: Progress) => void,
    options: SearchOptions = {},
  ): Promise<Found[]> {
    const found: Found[] = [];
    while (found.length < rows.count) {
      const size = Math.min(sliceQueries, rows.count - found.length);
      const some = this.#composedRows(this.#copy(rows, found.length, size), options);
      found.push(...this.#search(some, size, this.dims, plan));
      onProgress?.({ loaded: found.length, total: rows.count });
      await slicer.pause();
    }
    return found;
  }

  /** Makes another query of it, as the options ask. */
  #composed(query: Float32Array, { compose }: SearchOptions): Float32Array {
    return compose === undefined ? query : composeQuery(query, compose);
  }

  #composedRows(queries: Float32Array, options: SearchOptions): Float32Array {
    if (options.compose === undefined) return queries;
    for (let at = 0; at < queries.length; at += this.dims)
      queries.set(this.#composed(queries.subarray(at, at + this.dims), options), at);
    return queries;
  }

  /** Sees to it that a search can say what is relevant, where the index does not know. */
  async #learnMeaning({ minRelevance = 0, signal }: SearchOptions): Promise<void> {
    const { size } = this;
    if (!(minRelevance > 0) || size === 0 || this.#info().getUint32(36, true) !== 0) return;
    const known = this.#learntFrom;
    if (known >= size / 2 && known <= 2 * size) return;
    await this.#turns.take(() =>
      Fit.ofMoments(() => this.#live(), this.#held.handle, defaultSample).run(new Slicer(signal, 'the search'), undefined, false),
    );
    this.#learntFrom = size;
  }

  #copy(rows: Rows, first: number, size: number): Float32Array {
    const out = new Float32Array(size * rows.dims);
    for (let i = 0; i < size; i++) rows.copy(first + i, out, i * rows.dims);
    return out;
  }
}

/** The part of a loader's state that is the user's. */
const progressOf = ({ loaded, total, level, levels, rows }: LoadProgress): LoadProgress => ({
  loaded,
  total,
  level,
  levels,
  rows,
});
