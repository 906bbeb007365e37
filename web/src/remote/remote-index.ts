// SPDX-License-Identifier: Apache-2.0
import type { RequestOptions } from '../download.js';
import { invalid, SimileError, shown } from '../errors.js';
import type { Similarity } from '../index.js';
import { count } from '../search.js';
import { checkSignal, type Progress } from '../slices.js';
import { checkNumbers, kindOf, numberRules, readVector, type Vector } from '../vectors.js';
import { Cache, type Kept } from './cache.js';
import { Memory } from './chunks.js';
import { Edition, listOfKey, type RemoteHit } from './edition.js';
import { decodeHead, fixedBytes, type Head, headLength } from './format.js';
import { unit } from './lists.js';
import { Changed, isOutage, RangeFile, type Traffic } from './ranges.js';

/** Options of {@link RemoteIndex.open}. */
export interface RemoteOptions extends RequestOptions {
  /**
   * Where to keep what was fetched for later visits. `auto` is the first that works of the origin private file system, IndexedDB,
   * memory. With false it is forgotten with the index.
   * @defaultValue false
   */
  readonly cache?: 'auto' | 'opfs' | 'indexeddb' | 'memory' | false;
  /** How many bytes are kept at most, in memory and in the cache. What was used last stays. @defaultValue 32 MB */
  readonly maxBytes?: number;
  /** Milliseconds that a server may be silent before the request counts as failed. @defaultValue 30,000 */
  readonly timeout?: number;
  /** Called in bytes while the head arrives, or the whole file from a server that sends it. What it throws ends `open` and is passed on. */
  readonly onProgress?: (progress: Progress) => void;
  /** Cancels with `cancelled`. */
  readonly signal?: AbortSignal;
}

/** Options of {@link RemoteIndex.search}. */
export interface RemoteSearchOptions {
  /** How many hits, from 1. @defaultValue 10 */
  readonly k?: number;
  /** How many lists to look into, from 1. More find more and fetch more. @defaultValue what `partition` found to be enough */
  readonly probes?: number;
  /** How many of the rows with the best estimates are fetched in full, from 1, at least `k`. @defaultValue 4 k + 20 */
  readonly candidates?: number;
  /** Only hits that score at least this. */
  readonly minScore?: number;
  /** Cancels with `cancelled`. Requests that another search waits for as well go on. */
  readonly signal?: AbortSignal;
}

const firstBytes = 1 << 16;
const maxHeadBytes = 1 << 27;
const maxRestarts = 2;
const maxTags = 16;
const saveDelay = 1000; // milliseconds
const windowBytes = 1 << 22;
const caches = ['auto', 'opfs', 'indexeddb', 'memory'];

/**
 * An index on a static site, made by `partition`. `open` fetches what tells where the lists are; a search fetches the lists that it looks into,
 * then the best candidates, and both stay in memory. Needs no WebAssembly.
 *
 * The file is pinned: when another one is deployed in its place, the next search notices and begins again with the new one. Everything
 * that arrives is compared with checksums. Every method rejects with a `SimileError`: `disposed` after `dispose()`, and what is named below.
 *
 * @example
 * const index = await RemoteIndex.open('/docs.parts');
 * const [best] = await index.search(query, { k: 1 });  // { id: 'a', score: 0.83 }
 */
export class RemoteIndex implements Disposable {
  readonly #url: string | URL;
  readonly #options: RemoteOptions;
  readonly #traffic: Traffic = { bytes: 0, requests: 0 };
  readonly #memory: Memory;
  readonly #cache: Cache | undefined;
  readonly #gone = new AbortController();
  #edition!: Edition;
  #renewal: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #saving: Promise<void> = Promise.resolve();
  #isDirty = false;

  private constructor(url: string | URL, options: RemoteOptions, cache: Cache | undefined) {
    this.#url = url;
    this.#options = options;
    this.#cache = cache;
    this.#memory = new Memory(count('maxBytes', options.maxBytes ?? 32e6));
  }

  /**
   * Fetches the head of the file. With a cache that has it, the server is only asked whether it is still the same; without a connection
   * the cache is believed.
   *
   * A server that does not know Range requests sends the whole file: then nothing more is fetched.
   *
   * @throws {SimileError} `io_failure` (with the HTTP status), `corrupt_file` for anything else than such a file, `truncated_file`,
   *   `unsupported_version`, `limit_exceeded`, `cancelled`, `invalid_argument`
   */
  static async open(url: string | URL, options: RemoteOptions = {}): Promise<RemoteIndex> {
    if (typeof url !== 'string' && kindOf(url) !== 'URL')
      throw invalid(`the address must be a string or a URL, not ${shown(url)}`);
    const { cache = false, signal } = options;
    if (cache !== false && !caches.includes(cache))
      throw invalid(`cache must be one of ${caches.join(', ')} or false, not ${shown(cache)}`);
    count('timeout', options.timeout ?? 1);
    count('maxBytes', options.maxBytes ?? 1);
    checkSignal(signal, 'open');
    const store = cache === false ? undefined : await Cache.open(url, cache);
    try {
      const index = new RemoteIndex(url, options, store);
      const kept = await store?.load();
      for (const [key, bytes] of kept?.chunks ?? []) index.#memory.set(key, bytes);
      index.#edition = await index.#opened(kept, false, signal);
      return index;
    } catch (error) {
      store?.close();
      throw error;
    }
  }

  /** Number of components of every vector. */
  get dims(): number {
    return this.#edition.head.dims;
  }

  get similarity(): Similarity {
    return this.#edition.head.similarity;
  }

  /** Number of vectors. */
  get size(): number {
    return this.#edition.head.size;
  }

  /** How many lists there are, and the most that a search can look into. */
  get lists(): number {
    return this.#edition.head.lists.length;
  }

  /** How many lists a search looks into unless it says otherwise. */
  get probes(): number {
    return this.#edition.head.probes;
  }

  /** The text that was saved with the index. */
  get metadata(): string {
    return this.#edition.head.metadata;
  }

  /** Bytes of the whole file. */
  get byteLength(): number {
    return this.#edition.head.fileBytes;
  }

  /** Bytes that have arrived since `open`, without headers of HTTP. */
  get bytesFetched(): number {
    return this.#traffic.bytes;
  }

  /** Requests that have been sent since `open`. */
  get requests(): number {
    return this.#traffic.requests;
  }

  /** Where what was fetched is kept; undefined without a cache. */
  get cacheKind(): 'opfs-sync' | 'opfs' | 'indexeddb' | 'memory' | undefined {
    return this.#cache?.kind;
  }

  /**
   * The closest items of the lists that it looks into, best first.
   * @throws {SimileError} `dimension_mismatch`, `not_finite`, `zero_norm`, `invalid_argument`, `io_failure` (with what had arrived until
   *   then), `corrupt_file`, `truncated_file`, `cancelled`
   */
  async search(query: Vector, options: RemoteSearchOptions = {}): Promise<readonly RemoteHit[]> {
    const { minScore = Number.NEGATIVE_INFINITY } = options;
    const k = count('k', options.k ?? 10);
    const candidates = Math.max(k, count('candidates', options.candidates ?? 4 * k + 20));
    if (typeof minScore !== 'number' || Number.isNaN(minScore))
      throw invalid(`minScore must be a number, not ${shown(minScore)}`);
    return this.#run(options.signal, 'the search', (edition, signal) => {
      const numbers = readQuery(query, edition.head);
      const probes = count('probes', options.probes ?? edition.head.probes);
      return edition.search(numbers, { k, probes, candidates, minScore, signal });
    });
  }

  /**
   * Fetches the lists that a search for this query would look into, such as while somebody is still typing.
   * @throws {SimileError} as {@link RemoteIndex.search}
   */
  async prefetch(query: Vector, options: Pick<RemoteSearchOptions, 'probes' | 'signal'> = {}): Promise<void> {
    await this.#run(options.signal, 'prefetch', (edition, signal) => {
      const probes = count('probes', options.probes ?? edition.head.probes);
      return edition.prefetch(readQuery(query, edition.head), probes, signal);
    });
  }

  /**
   * Fetches all that is not there yet: then searches need no connection any more.
   * @throws {SimileError} `limit_exceeded` if the file is larger than `maxBytes`, `io_failure`, `corrupt_file`, `truncated_file`, `cancelled`
   */
  async complete(
    options: { readonly signal?: AbortSignal; readonly onProgress?: (progress: Progress) => void } = {},
  ): Promise<void> {
    await this.#run(options.signal, 'complete', async (edition, signal) => {
      const { fileBytes, lists, bytes } = edition.head;
      const most = this.#options.maxBytes ?? 32e6;
      if (fileBytes > most) throw new SimileError('limit_exceeded', `the file has ${fileBytes} bytes, maxBytes is ${most}`);
      let loaded = bytes.length;
      let some: number[] = [];
      let size = 0;
      for (const [i, list] of lists.entries()) {
        some.push(i);
        size += list.end - list.start + list.rowsEnd - list.rowsStart;
        if (size < windowBytes && i + 1 < lists.length) continue;
        await edition.rows(await edition.lists(some, signal), signal);
        loaded += size;
        options.onProgress?.({ loaded, total: fileBytes });
        some = [];
        size = 0;
      }
    });
  }

  /** Stores what has been fetched in the cache now; otherwise that happens a second after the last search. Without a cache it does nothing. */
  async flush(): Promise<void> {
    this.#live();
    await this.#save();
  }

  /** Ends requests that are under way with `disposed`, and frees the memory; the cache stays. A second call does nothing. */
  dispose(): void {
    if (this.#gone.signal.aborted) return;
    this.#gone.abort(new SimileError('disposed', 'this index was disposed of'));
    const cache = this.#cache;
    void this.#save().finally(() => cache?.close());
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #live(): void {
    if (this.#gone.signal.aborted) throw this.#gone.signal.reason;
  }

  /** Does the work in the present edition of the file, and anew in the next one when there is one. */
  async #run<T>(
    signal: AbortSignal | undefined,
    what: string,
    work: (edition: Edition, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    this.#live();
    checkSignal(signal, what);
    const gone = this.#gone.signal;
    const stop = new AbortController();
    const abort = (): void => stop.abort(gone.aborted ? gone.reason : signal?.reason);
    for (const each of [gone, signal]) each?.addEventListener('abort', abort);
    try {
      for (let [restarts, tags] = [0, 0]; ; ) {
        const edition = this.#edition;
        try {
          return await work(edition, stop.signal);
        } catch (error) {
          const isDamaged = error instanceof SimileError && ['corrupt_file', 'truncated_file'].includes(error.code);
          if (!isDamaged && !(error instanceof Changed)) throw error;
          if (restarts === maxRestarts || tags === maxTags) throw isDamaged ? error : this.#unsteady();
          await this.#renew(edition, stop.signal);
          if (this.#edition !== edition) restarts++;
          else if (!(error instanceof Changed)) throw error;
          else {
            // The same file under another tag, as mirrors have them; if it is another file after all, its checksums tell.
            edition.file.adopt(error.tag);
            tags++;
          }
        }
      }
    } finally {
      for (const each of [gone, signal]) each?.removeEventListener('abort', abort);
    }
  }

  #unsteady(): SimileError {
    return new SimileError('io_failure', `GET ${this.#url}: the file changed again and again during one operation`);
  }

  /** Looks at the head again. Searches that have noticed the same change wait for the same answer. */
  async #renew(edition: Edition, signal: AbortSignal): Promise<void> {
    if (this.#edition !== edition) return;
    this.#renewal ??= (async () => {
      try {
        const next = await this.#opened(undefined, true, this.#gone.signal);
        if (next.head.checksum !== edition.head.checksum) this.#edition = next;
      } finally {
        this.#renewal = undefined;
      }
    })();
    await this.#renewal;
    checkSignal(signal, 'the search');
  }

  async #opened(kept: Kept | undefined, isFresh: boolean, signal: AbortSignal | undefined): Promise<Edition> {
    const { timeout = 30_000 } = this.#options;
    for (let attempt = 0; ; attempt++) {
      const file = new RangeFile(this.#url, { ...this.#options, timeout, traffic: this.#traffic });
      try {
        return await this.#read(file, kept, isFresh || attempt > 0, signal);
      } catch (error) {
        // Another file came while its head was being read, or a cache on the way has a part of an older one.
        const isTorn = error instanceof Changed || (error instanceof SimileError && error.code === 'corrupt_file');
        if (!isTorn || attempt === 1) throw error instanceof Changed ? this.#unsteady() : error;
      }
    }
  }

  async #read(file: RangeFile, kept: Kept | undefined, isFresh: boolean, signal: AbortSignal | undefined): Promise<Edition> {
    const known = kept && decodeHead(kept.head);
    let first: Uint8Array | undefined;
    try {
      const manner = {
        known: isFresh ? '' : (kept?.tag ?? ''),
        isFresh,
        onProgress: this.#edition ? undefined : this.#options.onProgress,
      };
      first = await file.open(firstBytes, manner, signal);
    } catch (error) {
      if (!known || !isOutage(error)) throw error;
      file.pin((kept as Kept).tag);
    }
    const onArrival = (): void => this.#scheduleSave();
    if (!first) return new Edition(known as Head, file, this.#memory, onArrival);
    const length = headLength(first);
    if (length < fixedBytes || length > maxHeadBytes) throw new SimileError('corrupt_file', `a head of ${length} bytes`);
    const rest = length > first.length ? await file.read(first.length, length, signal, isFresh) : new Uint8Array(0);
    const bytes = new Uint8Array(length);
    bytes.set(first.subarray(0, length));
    bytes.set(rest, length - rest.length);
    const edition = new Edition(decodeHead(bytes), file, this.#memory, onArrival);
    edition.keepSurplus(first, this.#memory);
    onArrival();
    return edition;
  }

  #scheduleSave(): void {
    if (!this.#cache) return;
    this.#isDirty = true;
    clearTimeout(this.#timer);
    if (this.#gone.signal.aborted) return;
    this.#timer = setTimeout(() => void this.#save(), saveDelay);
    // In Node a timer would keep the program running.
    (this.#timer as { unref?: () => void }).unref?.();
  }

  #save(): Promise<void> {
    clearTimeout(this.#timer);
    this.#saving = this.#saving.then(async () => {
      if (!this.#cache || !this.#isDirty || !this.#edition) return;
      this.#isDirty = false;
      const { head, file } = this.#edition;
      const present = new Set(head.lists.map(({ checksum }) => checksum));
      const chunks = new Map([...this.#memory.entries()].filter(([key]) => present.has(listOfKey(key))));
      await this.#cache.save({ head: head.bytes, tag: file.tag, chunks });
    });
    return this.#saving;
  }
}

function readQuery(query: Vector, { dims, similarity }: Head): Float32Array {
  const numbers = readVector(query, 'the query');
  if (numbers.length !== dims) {
    throw new SimileError('dimension_mismatch', `the query has ${numbers.length} dims, the index has ${dims}`);
  }
  const isCosine = similarity === 'cosine';
  checkNumbers(numbers, 0, dims, numberRules(similarity, isCosine));
  return isCosine ? unit(numbers) : numbers;
}
