// SPDX-License-Identifier: Apache-2.0
import type { Index, LoadProgress, RelevanceModel } from 'simile';
import { createEncoder, type Encoder } from '../encoder/encoder.js';
import { textOf } from '../encoder/entry-text.js';
import { Dictionary } from './dictionary.js';
import { readBytes, readJson } from './download.js';
import { explainScore } from './explaining.js';
import { failureOf } from './failure.js';
import { ModelFiles } from './model-files.js';
import { OwnFile, textOf as textOfPassage } from './own-file.js';
import type {
  Addresses,
  Answer,
  Ask,
  Explanation,
  FileEnd,
  FileEvent,
  LoadEvent,
  Manifest,
  Meaning,
  PassageEntry,
  ReadTerm,
  Result,
  Source,
  WordEntry,
} from './protocol.js';
import { type Reading, read } from './reading.js';
import { rankIn } from './scores.js';
import { RefusedFile, SplitWorker } from './split-worker.js';

/** Hits in an answer. */
const k = 10;

/** More for each term of a sum: entries of the term itself are no answers. */
const spare = 8;

/** Milliseconds between reports of progress. */
const reportTime = 80;

type Report = (event: LoadEvent) => void;

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
  #reading: { readonly key: string; readonly reading: Reading } | undefined;

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
    if (this.#dictionary) report({ kind: 'complete', ...meaningOf(this.#dictionary) });
  }

  /** The newest query wins: whatever is still under way is given up. */
  async search(source: Source, ask: Ask): Promise<Answer> {
    this.#query.abort();
    this.#query = new AbortController();
    const { signal } = this.#query;
    const corpus = this.#corpus(source);
    if (!corpus || !this.#encoder) return { kind: 'outdated' };
    try {
      const reading = await this.#read(this.#encoder, source, ask, signal);
      const { index, bytes } = corpus;
      const { terms, ms } = reading;
      const size = index.size;
      const common = { kind: 'found', terms, embedMs: ms, rows: size, bytes } as const;
      if (isNothing(reading.plain)) return { ...common, results: [], scores: new Float32Array(0), searchMs: 0 };
      const start = performance.now();
      const hits = await index.search(reading.vector, { k: k + spare * terms.length, normalize: ask.isCorrected, signal });
      const searchMs = performance.now() - start;
      const scores = await index.scores(reading.plain);
      const rows = hits.map(({ id }) => Number(id));
      const entries = await corpus.entries(rows);
      if (signal.aborted) return { kind: 'outdated' };
      const found = rows.flatMap((row, i): Result[] => {
        const [score, entry] = [scores[row], entries[i]];
        return score !== undefined && entry ? [{ row, score, plainRank: rankIn(scores, score), entry }] : [];
      });
      return { ...common, results: found.filter(({ entry }) => !repeats(entry, terms)).slice(0, k), scores, searchMs };
    } catch (error) {
      if (signal.aborted || this.#corpus(source)?.index !== corpus.index) return { kind: 'outdated' };
      return { kind: 'failed', failure: failureOf('entries', error) };
    }
  }

  /** Which parts of the question and of one of its answers carry the score. */
  async explain(source: Source, ask: Ask, { row, score }: Pick<Result, 'row' | 'score'>): Promise<Explanation> {
    const corpus = this.#corpus(source);
    if (!corpus || !this.#encoder) return { kind: 'unknown' };
    try {
      const reading = await this.#read(this.#encoder, source, ask, new AbortController().signal);
      const [entry] = await corpus.entries([row]);
      if (!entry) return { kind: 'unknown' };
      const text = entry.kind === 'word' ? textOf(entry) : textOfPassage(entry);
      return await explainScore(reading, text, score, this.#encoder);
    } catch {
      return { kind: 'unknown' };
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

  async #read(encoder: Encoder, source: Source, ask: Ask, signal: AbortSignal): Promise<Reading> {
    const key = JSON.stringify([source, ask.text, ask.without, this.#isDictionaryComplete]);
    if (this.#reading?.key !== key) {
      const meaningOf = (word: string): WordEntry | undefined =>
        source === 'dictionary' ? this.#dictionary?.meaningOf(word) : undefined;
      this.#reading = { key, reading: await read(ask, encoder, meaningOf, signal) };
    }
    return this.#reading.reading;
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
      report({ kind: 'searchable', ...meaningOf(dictionary) });
      await Promise.all([dictionary.index.complete, dictionary.loadEntries()]);
      this.#isDictionaryComplete = true;
      return true;
    } catch (error) {
      report({ kind: 'failed', failure: failureOf('dictionary', error) });
      return false;
    }
  }
}

/** The terms of a sum have cancelled out. */
const isNothing = (vector: Float32Array): boolean => vector.every((x) => x === 0);

/** An entry of one of the terms: in "king - man + woman" nobody asks for kings. */
const repeats = (entry: WordEntry | PassageEntry, terms: readonly ReadTerm[]): boolean =>
  entry.kind === 'word' && entry.words.some((word) => terms.some(({ text }) => text.toLowerCase() === word.toLowerCase()));

/** What the file knows of its scores; it is complete when the file is. */
function meaningOf({ index }: Dictionary): Meaning {
  const { relevance, bankSize } = index;
  const hasBank = bankSize > 0;
  // The other methods are models of more than the score, which the page could not tell.
  return relevance && isOfScores(relevance) ? { relevance, hasBank } : { hasBank };
}

const isOfScores = (model: NonNullable<Index['relevance']>): model is RelevanceModel =>
  model.method !== 'surprise' && model.method !== 'cosine_adapter';

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
