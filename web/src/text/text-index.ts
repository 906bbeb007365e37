// SPDX-License-Identifier: Apache-2.0
import { invalid, SimileError, shown } from '../errors.js';
import { type LoadOptions, loadRules, word } from '../loader.js';
import { count } from '../search.js';
import { checkSignal, type Progress, Slicer } from '../slices.js';
import { kindOf } from '../vectors.js';
import { loadTextEngine, type TextEngine } from './engine.js';
import { checkRewrite, type Rewrite, type TextOptions, textArguments } from './options.js';
import { type Text, Texts, utf8 } from './texts.js';

/** One found text. */
export interface TextHit {
  readonly row: number;
  /** At least 0, without upper bound; comes from the query's words and the texts that are there now. */
  readonly score: number;
}

/** A place of a string: `text.slice(start, end)`. */
export interface TextRange {
  readonly start: number;
  readonly end: number;
}

/** A term and where it stands. */
export interface TextTerm extends TextRange {
  readonly term: string;
}

export interface TextSearchOptions {
  /** How many hits, from 1. @defaultValue 10, or with `minScore` all */
  readonly k?: number;
  /** Only hits that score at least this. Not NaN. */
  readonly minScore?: number;
  /** Only these rows: bit `row % 32` of word `row / 32` of `ceil(size / 32)` words. */
  readonly rows?: Uint32Array;
}

export interface AddTextsOptions {
  /** Called after every slice, in texts. What it throws ends the batch, takes it back and is passed on. */
  readonly onProgress?: (progress: Progress) => void;
  /** Cancels with `cancelled` and takes back what was added. */
  readonly signal?: AbortSignal;
}

export interface LoadTextOptions extends Omit<LoadOptions, 'onProgress'> {
  /** The function of the index that was saved, if it had one. */
  readonly rewrite?: Rewrite;
}

const maxU32 = 2 ** 32 - 1;
// Below a millisecond of work, unless a single text is longer.
const sliceBytes = 1 << 14;
const sliceTexts = 256;

const decoder = /* @__PURE__ */ new TextDecoder('utf-8', { ignoreBOM: true });

/** What is freed when an index is forgotten without `dispose()`. */
interface Held {
  readonly engine: TextEngine;
  readonly handle: number;
  readonly rewrite: Rewrite | undefined;
}

let forgotten: FinalizationRegistry<Held> | undefined;

const free = ({ engine, handle }: Held): void => engine.release('text_destroy', handle);

/**
 * Texts in, the best of them for some words out: BM25 over an inverted index. Owns WebAssembly memory: write `using texts = …`, or call
 * `dispose()` when you are done.
 *
 * Texts are known by their row: 0, 1, 2, … in the order of adding, as in an `Index`; `remove` gives the row of the removed text to the
 * last one. A text is cut into words in lower case; any string is a text. Every method throws a `SimileError`: `disposed` after
 * `dispose()`, `out_of_memory` when there is no room, what is named below, and what a `rewrite` function throws.
 *
 * @example
 * using texts = await TextIndex.create();
 * texts.add('Crème brûlée');
 * texts.search('creme'); // [{ row: 0, score: 0.28 }]
 */
export class TextIndex implements Disposable {
  readonly #held: Held;
  #isDisposed = false;
  #isAdding = false;

  private constructor(held: Held) {
    this.#held = held;
    forgotten ??= new FinalizationRegistry(free);
    forgotten.register(this, held, this);
  }

  /**
   * Makes an empty index.
   * @throws {SimileError} `invalid_argument`, `not_finite` for wrong options; whatever `initText` throws
   */
  static async create(options: TextOptions = {}): Promise<TextIndex> {
    const numbers = textArguments(options);
    const { rewrite } = options;
    const engine = await loadTextEngine();
    return new TextIndex({ engine, handle: word(engine.call('text_create', ...numbers)), rewrite });
  }

  /**
   * Reads what `toBytes` gave. The bytes are copied.
   * @throws {SimileError} `corrupt_file`, `truncated_file`, `unsupported_version`, `limit_exceeded`, `cancelled`, `invalid_argument`
   *   (also when `rewrite` is missing, or there was none)
   */
  static async fromBytes(bytes: Uint8Array | ArrayBuffer, options: LoadTextOptions = {}): Promise<TextIndex> {
    const source = kindOf(bytes) === 'ArrayBuffer' ? new Uint8Array(bytes) : bytes;
    if (kindOf(source) !== 'Uint8Array') throw invalid(`expected a Uint8Array or an ArrayBuffer, got ${shown(bytes)}`);
    const file = source as Uint8Array;
    const rules = loadRules(options);
    const rewrite = checkRewrite(options.rewrite);
    checkSignal(options.signal, 'loading');
    const engine = await loadTextEngine();
    checkSignal(options.signal, 'loading');
    const limits = [rules.verify, rules.bytes, rules.rows, rules.sections] as const;
    return new TextIndex({
      engine,
      handle: word(engine.call('text_load', file, file.length, ...limits, rewrite ? 1 : 0)),
      rewrite,
    });
  }

  /** Number of texts. */
  get size(): number {
    return this.#info().getUint32(0, true);
  }

  /** Bytes of memory that the index holds. */
  get byteLength(): number {
    return this.#info().getFloat64(16, true);
  }

  /** Mean number of terms of a text; 0 without texts. */
  get averageLength(): number {
    return this.#info().getFloat64(24, true);
  }

  /**
   * Adds one text at row `size`.
   * @throws {SimileError} `invalid_argument`, `out_of_range`, `limit_exceeded`, `incomplete` while `addMany` is at work
   */
  add(text: Text): void {
    const one = this.#changed(text);
    this.#call('text_add', this.#held.handle, ...one.fields(), ...one.rows());
  }

  /**
   * Adds many texts, all or none. Works in slices of about 12 ms, so that the page stays alive; searches meanwhile see what has been
   * added so far, and changes are refused with `incomplete`.
   * @throws {SimileError} `invalid_argument`, `out_of_range`, `limit_exceeded`, `incomplete`, `cancelled`
   */
  async addMany(texts: Iterable<Text>, options: AddTextsOptions = {}): Promise<void> {
    this.#idle();
    if (typeof texts !== 'object' || texts === null || !(Symbol.iterator in texts))
      throw invalid(`texts must be a list of texts, not ${shown(texts)}`);
    const list = Array.from(texts);
    const slicer = new Slicer(options.signal, 'addMany');
    const before = this.size;
    this.#isAdding = true;
    try {
      await this.#addSlices(list, slicer, options.onProgress);
    } catch (error) {
      if (!this.#isDisposed && !this.#held.engine.isBroken) await this.#truncate(before, slicer.withoutSignal());
      throw error;
    } finally {
      this.#isAdding = false;
    }
  }

  /** Puts another text at a row. @throws {SimileError} as `add`; `out_of_range` when there is no such row */
  update(row: number, text: Text): void {
    const one = this.#changed(text);
    this.#call('text_update', this.#held.handle, rowNumber(row), ...one.fields());
  }

  /** Removes the text of a row; the last text gets its row. @throws {SimileError} `out_of_range`, `invalid_argument`, `incomplete` */
  remove(row: number): void {
    this.#idle();
    this.#call('text_remove', this.#held.handle, rowNumber(row));
  }

  /** Forgets what changes have left behind: the least memory, the quickest search. @throws {SimileError} `incomplete` */
  compact(): void {
    this.#idle();
    this.#call('text_compact', this.#held.handle);
  }

  /**
   * The texts that score best, best first; equal scores in the order of rows. Texts without any word of the query are not found.
   * @throws {SimileError} `invalid_argument`, `dimension_mismatch` when `rows` has another number of words
   */
  search(query: string, options: TextSearchOptions = {}): TextHit[] {
    const { k, minScore, rows } = options;
    const words = utf8(query, 'the query');
    if (minScore !== undefined && (typeof minScore !== 'number' || Number.isNaN(minScore)))
      throw invalid(`minScore must be a number, not ${shown(minScore)}`);
    if (rows !== undefined && kindOf(rows) !== 'Uint32Array') throw invalid(`rows must be a Uint32Array, not ${shown(rows)}`);
    const most = count('k', k === undefined ? (minScore === undefined ? 10 : maxU32) : k);
    const limits = [most, minScore ?? Number.NEGATIVE_INFINITY, rows ?? 0, rows?.length ?? 0] as const;
    const reply = this.#call('text_search', this.#held.handle, words, words.length, ...limits);
    const view = new DataView(reply.buffer);
    return Array.from({ length: reply.length / 8 }, (_, i) => ({
      row: view.getUint32(8 * i, true),
      score: view.getFloat32(8 * i + 4, true),
    }));
  }

  /**
   * Where a text, which need not be of the index, has words of the query: rising, without overlap.
   * @throws {SimileError} `invalid_argument`
   */
  highlight(query: string, text: string): TextRange[] {
    const [words, bytes] = [utf8(query, 'the query'), utf8(text, 'the text')];
    const reply = this.#call('text_highlight', this.#held.handle, words, words.length, bytes, bytes.length);
    const ends = new Uint32Array(reply.buffer);
    return Array.from({ length: ends.length / 2 }, (_, i) => ({ start: ends[2 * i] as number, end: ends[2 * i + 1] as number }));
  }

  /** The terms that a text is cut into, in order. @throws {SimileError} `invalid_argument` */
  terms(text: string): TextTerm[] {
    const bytes = utf8(text, 'the text');
    const reply = this.#call('text_terms', this.#held.handle, bytes, bytes.length);
    const view = new DataView(reply.buffer);
    const out: TextTerm[] = [];
    for (let at = 0; at < reply.length; ) {
      const size = view.getUint32(at + 8, true);
      const term = decoder.decode(reply.subarray(at + 12, at + 12 + size));
      out.push({ term, start: view.getUint32(at, true), end: view.getUint32(at + 4, true) });
      at += 12 + Math.ceil(size / 4) * 4;
    }
    return out;
  }

  /** How many texts have a term, as `terms` gives it. @throws {SimileError} `invalid_argument` */
  count(term: string): number {
    const bytes = utf8(term, 'the term');
    return word(this.#call('text_count', this.#held.handle, bytes, bytes.length));
  }

  /**
   * What a text of mean length would score that has every word of the query once, words that no text has included: 1 is a good match in
   * `score / scale(query)`, whatever the query, which makes scores fit to be fused with others. 0 for a query without words.
   * @throws {SimileError} `invalid_argument`
   */
  scale(query: string): number {
    const words = utf8(query, 'the query');
    return new DataView(this.#call('text_scale', this.#held.handle, words, words.length).buffer).getFloat64(0, true);
  }

  /** A file of this index, with checksums; the same texts and options give the same bytes everywhere. @throws {SimileError} `incomplete` */
  toBytes(): Uint8Array {
    this.#idle();
    return this.#call('text_save', this.#held.handle);
  }

  /** Frees the memory now. A second call does nothing. */
  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    forgotten?.unregister(this);
    free(this.#held);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  async #addSlices(list: readonly Text[], slicer: Slicer, onProgress: AddTextsOptions['onProgress']): Promise<void> {
    const slice = new Texts();
    for (let loaded = 0; loaded < list.length; ) {
      slice.clear();
      while (slice.count < sliceTexts && slice.size < sliceBytes && loaded < list.length) slice.add(list[loaded++] as Text);
      this.#call('text_add', this.#held.handle, ...slice.fields(), ...slice.rows());
      onProgress?.({ loaded, total: list.length });
      await slicer.pause();
    }
  }

  async #truncate(rows: number, slicer: Slicer): Promise<void> {
    for (let { size } = this; size > rows; ) {
      size = Math.max(rows, size - sliceTexts);
      this.#call('text_truncate', this.#held.handle, size);
      await slicer.pause();
      if (this.#isDisposed) return;
    }
  }

  #changed(text: Text): Texts {
    this.#idle();
    const one = new Texts();
    one.add(text);
    return one;
  }

  #idle(): void {
    if (this.#isDisposed) this.#live();
    if (this.#isAdding) throw new SimileError('incomplete', 'addMany is still at work: wait for it');
  }

  #live(): TextEngine {
    if (this.#isDisposed) throw new SimileError('disposed', 'this index was disposed of');
    return this.#held.engine;
  }

  #call(...args: Parameters<TextEngine['call']>): Uint8Array {
    return this.#live().callWith(this.#held.rewrite, ...args);
  }

  #info(): DataView {
    return new DataView(this.#call('text_info', this.#held.handle).buffer);
  }
}

function rowNumber(row: number): number {
  if (typeof row !== 'number') throw invalid(`a row must be a number, not ${shown(row)}`);
  if (!Number.isInteger(row) || row < 0 || row > maxU32)
    throw new SimileError('out_of_range', `a row must be an integer from 0, not ${row}`);
  return row;
}
