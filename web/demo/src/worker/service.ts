// SPDX-License-Identifier: Apache-2.0
import type { LoadProgress } from 'simile';
import { createEncoder, type Encoder } from '../encoder/encoder.js';
import { Dictionary } from './dictionary.js';
import { readBytes, readJson } from './download.js';
import { failureOf } from './failure.js';
import { ModelFiles } from './model-files.js';
import { OwnFile } from './own-file.js';
import type {
  Addresses,
  Answer,
  FileEnd,
  FileEvent,
  LoadEvent,
  Manifest,
  PassageEntry,
  Result,
  Source,
  WordEntry,
} from './protocol.js';
import { RefusedFile, SplitWorker } from './split-worker.js';

/** Hits in an answer. */
const k = 10;

/** Milliseconds between reports of progress. */
const reportTime = 80;

type Report = (event: LoadEvent) => void;

interface Embedded {
  readonly text: string;
  readonly vector: Float32Array;
  readonly ms: number;
}

/** Something that can be searched. */
interface Corpus {
  readonly index: Dictionary['index'];
  readonly bytes: number;
  entries(rows: readonly number[]): Promise<readonly WordEntry[]> | readonly PassageEntry[];
}

/** All that the worker does for the page. */
export class Service {
  #manifest: Manifest | undefined;
  #modelFiles: ModelFiles | undefined;
  #encoder: Encoder | undefined;
  #dictionary: Dictionary | undefined;
  #isDictionaryComplete = false;
  /** What is still on its way when the visitor tries again is waited for, not loaded once more. */
  #modelOnItsWay: Promise<boolean> | undefined;
  #dictionaryOnItsWay: Promise<boolean> | undefined;
  #own: OwnFile | undefined;
  readonly #splitter = new SplitWorker();
  #query = new AbortController();
  /** A query that is asked again as more planes arrive is embedded once. */
  #embedded: Embedded | undefined;

  /** Loads whatever is not there yet; call it again after a failure. */
  async load(addresses: Addresses, isRetry: boolean, report: Report): Promise<void> {
    try {
      this.#manifest ??= await readJson<Manifest>(`${addresses.data}manifest.json`, 'no-cache');
    } catch (error) {
      return report({ kind: 'failed', failure: failureOf('dictionary', error) });
    }
    const manifest = this.#manifest;
    report({ kind: 'manifest', manifest });
    this.#modelOnItsWay ??= this.#loadModel(addresses, manifest, report).finally(() => {
      this.#modelOnItsWay = undefined;
    });
    const cache = isRetry ? 'reload' : 'default';
    this.#dictionaryOnItsWay ??= this.#loadDictionary(addresses.data, manifest, cache, report).finally(() => {
      this.#dictionaryOnItsWay = undefined;
    });
    const [hasModel, hasDictionary] = await Promise.all([this.#modelOnItsWay, this.#dictionaryOnItsWay]);
    if (!hasModel || !hasDictionary) return;
    this.#splitter.start();
    report({ kind: 'complete' });
  }

  /** The newest query wins: whatever is still under way is given up. */
  async search(source: Source, text: string): Promise<Answer> {
    this.#query.abort();
    this.#query = new AbortController();
    const { signal } = this.#query;
    const corpus = this.#corpus(source);
    if (!corpus || !this.#encoder) return { kind: 'outdated' };
    try {
      const { vector, ms } = await this.#embed(this.#encoder, text, signal);
      const start = performance.now();
      const hits = await corpus.index.search(vector, { k, signal });
      const searchMs = performance.now() - start;
      const rows = hits.map(({ id }) => Number(id));
      const entries = await corpus.entries(rows);
      if (signal.aborted) return { kind: 'outdated' };
      const results = hits.flatMap(({ score }, i): Result[] => {
        const [row, entry] = [rows[i], entries[i]];
        return row !== undefined && entry ? [{ row, score, entry }] : [];
      });
      return { kind: 'found', results, embedMs: ms, searchMs, rows: corpus.index.size, bytes: corpus.bytes };
    } catch (error) {
      if (signal.aborted || this.#corpus(source)?.index !== corpus.index) return { kind: 'outdated' };
      return { kind: 'failed', failure: failureOf('entries', error) };
    }
  }

  /** Replaces an earlier file. */
  async addFile(file: File, report: (event: FileEvent) => void): Promise<FileEnd> {
    this.removeFile();
    if (!this.#encoder)
      return { kind: 'refused', message: 'The language model has to be loaded first. Please try again in a moment.' };
    let own: OwnFile | undefined;
    try {
      own = await OwnFile.create();
      this.#own = own;
      return { kind: 'done', total: await own.fill(file, this.#splitter, this.#encoder, report) };
    } catch (error) {
      if (own?.isStopped) return { kind: 'cancelled' };
      this.removeFile();
      if (error instanceof RefusedFile) return { kind: 'refused', message: error.message };
      const { reason } = failureOf('page', error);
      return {
        kind: 'refused',
        message:
          reason === 'memory'
            ? `There is not enough memory in this tab for ${file.name}.`
            : `${file.name} could not be embedded.`,
      };
    }
  }

  /** Also ends the embedding of a file that is under way. */
  removeFile(): void {
    this.#own?.dispose();
    this.#own = undefined;
  }

  #corpus(source: Source): Corpus | undefined {
    const own = this.#own;
    if (source === 'dictionary') return this.#dictionary;
    return own && { index: own.index, bytes: own.index.byteLength, entries: (rows) => own.entries(rows) };
  }

  async #embed(encoder: Encoder, text: string, signal: AbortSignal): Promise<Embedded> {
    if (this.#embedded?.text !== text) {
      const start = performance.now();
      const vector = await encoder.embed([text], { signal });
      signal.throwIfAborted();
      this.#embedded = { text, vector, ms: performance.now() - start };
    }
    return this.#embedded;
  }

  async #loadModel(addresses: Addresses, { modelBytes }: Manifest, report: Report): Promise<boolean> {
    if (this.#encoder) return true;
    const progress = throttled((loaded: number) =>
      report({ kind: 'model', loaded: Math.min(loaded, modelBytes), total: modelBytes }),
    );
    this.#modelFiles ??= new ModelFiles(addresses.model, progress);
    try {
      // TensorFlow.js does not say why it could not load this; the second request is answered by the cache.
      await readBytes(`${addresses.tfjs}tfjs-backend-wasm-simd.wasm`, () => {});
      const encoder = await createEncoder({ files: this.#modelFiles.read, wasmPaths: addresses.tfjs });
      // The first run of the graph takes ten times as long as the others.
      await encoder.embed(['a first run']);
      this.#encoder = encoder;
      this.#modelFiles = undefined;
      report({ kind: 'model-ready' });
      return true;
    } catch (error) {
      report({ kind: 'failed', failure: failureOf('model', error) });
      return false;
    }
  }

  async #loadDictionary(folder: string, manifest: Manifest, cache: RequestCache, report: Report): Promise<boolean> {
    if (this.#isDictionaryComplete) return true;
    try {
      const dictionary = await Dictionary.load(folder, manifest, cache, reporter(manifest.indexBytes, report));
      this.#dictionary?.dispose();
      this.#dictionary = dictionary;
      report({ kind: 'searchable' });
      await Promise.all([dictionary.index.complete, dictionary.loadEntries()]);
      this.#isDictionaryComplete = true;
      return true;
    } catch (error) {
      report({ kind: 'failed', failure: failureOf('dictionary', error) });
      return false;
    }
  }
}

/** Reports some of the progress, but every new level and the end. */
function reporter(total: number, report: Report): (progress: LoadProgress) => void {
  const often = throttled<LoadEvent>(report);
  let known = 0;
  return ({ loaded, level, levels }) => {
    often({ kind: 'index', loaded, total, level, levels }, level !== known || loaded === total);
    known = level;
  };
}

/** Lets a call through every now and then, an urgent one at once, and the last one in any case. */
function throttled<T>(call: (value: T) => void): (value: T, isUrgent?: boolean) => void {
  let last = Number.NEGATIVE_INFINITY;
  let timer: ReturnType<typeof setTimeout> | undefined;
  return (value, isUrgent = false) => {
    clearTimeout(timer);
    const run = (): void => {
      last = performance.now();
      call(value);
    };
    const wait = last + reportTime - performance.now();
    if (isUrgent || wait <= 0) run();
    else timer = setTimeout(run, wait);
  };
}
