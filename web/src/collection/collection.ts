/// <reference lib="esnext.disposable" preserve="true" />
// SPDX-License-Identifier: Apache-2.0
import { composeQuery, weightedSum } from '../compose.js';
import { checkEmbedder, type Embedder, type EmbedderInfo } from '../embedders/embedder.js';
import { invalid, SimileError, shown } from '../errors.js';
import type { Id } from '../ids.js';
import { type Codec, Index, type Similarity } from '../index.js';
import { checkSignal, type Progress, Slicer } from '../slices.js';
import { type Text, TextIndex, type TextOptions } from '../text/text.js';
import { checkNumbers, readVector, type Vector } from '../vectors.js';
import { type CollectionFile, checkKeys, corrupt, encodeFile, type LoadCollectionOptions, readFile } from './file.js';
import { type PassageOptions, type PassagePlan, passagePlan, Splitter } from './passages.js';
import {
  type CheckedOptions,
  type CollectionQuery,
  type CollectionResult,
  type CollectionSearchOptions,
  checkOptions,
  queryOf,
} from './query.js';
import { type DocRecord, keyOf, type Part, Records, type RowBits, type RowDraft, rowsOf, rowText } from './records.js';
import { type Doc, type Draft, type Schema, SchemaPlan, type StoredDoc } from './schema.js';
import {
  bestOfEach,
  type Candidate,
  candidates,
  diverse,
  facetOf,
  grouped,
  hitOf,
  type Indexes,
  type Sought,
} from './searching.js';
import { type Predicate, predicateOf } from './where.js';

export type { Embedder, EmbedderInfo, EmbedOptions } from '../embedders/embedder.js';
export type { LoadCollectionOptions } from './file.js';
export type { PassageOptions } from './passages.js';
export type {
  CollectionHit,
  CollectionQuery,
  CollectionResult,
  CollectionSearchOptions,
  FacetCount,
  HybridFusion,
  Passage,
} from './query.js';
export { type OpenCollectionOptions, openCollection, SavedCollection } from './saved.js';
export type { Doc, FieldType, Schema, TextFieldOptions } from './schema.js';
export type { Condition, Label, Where } from './where.js';

/** Options of `Collection.create`. */
export interface CollectionOptions {
  readonly schema: Schema;
  /** Makes the vectors of texts. Without it, documents and queries bring their own (`dims`), or are searched by words alone. */
  readonly embedder?: Embedder;
  /** Numbers in a vector; not needed with an embedder. */
  readonly dims?: number;
  /** @defaultValue 'cosine' */
  readonly similarity?: Similarity;
  /** @defaultValue 'planes' */
  readonly codec?: Codec;
  /** Of the texts, a BCP 47 tag: how sentences end. @defaultValue that of the runtime */
  readonly language?: string;
  /** How long texts are cut; `false` leaves them whole. @defaultValue { size: 1000, overlap: 0 } */
  readonly passages?: PassageOptions | false;
  /** How words are cut and weighed. */
  readonly text?: Omit<TextOptions, 'rewrite'>;
}

/** How far a batch has come, in documents. */
export interface CollectionProgress extends Progress {
  readonly stage: 'embedding' | 'indexing';
}

/** Options of `Collection.add`, `addMany` and `update`. */
export interface ChangeOptions {
  /** Cancels with `cancelled`. */
  readonly signal?: AbortSignal;
}

/** Options of `Collection.addMany`. */
export interface AddDocsOptions extends ChangeOptions {
  /** What to do when an id is there already. `skip` takes an interrupted job up again. @defaultValue 'refuse' */
  readonly onDuplicate?: 'refuse' | 'replace' | 'skip';
  /** Called as it goes on. What it throws ends the work and is passed on. */
  readonly onProgress?: (progress: CollectionProgress) => void;
}

/** A change, as it is told to who keeps the collection. @internal */
export type Change = { readonly removed: readonly Id[]; readonly added: readonly AddedDoc[] };
/** @internal */
export interface AddedDoc {
  readonly document: StoredDoc;
  readonly own: boolean;
  readonly vectors: Float32Array | undefined;
}

// Embedded and indexed together: a search waits for no more than that.
const batchRows = 128;
const checkedDocs = 64;
const minDepth = 50;

/** A document and the rows that it becomes. */
interface PreparedDoc {
  readonly draft: Draft;
  readonly rows: readonly RowDraft[];
}

const maxNorm = 2 ** 60; // the core's own limit

/** @internal */
export interface Settings {
  readonly schema: Schema;
  readonly embedder: EmbedderInfo | undefined;
  readonly language: string | undefined;
  readonly passages: PassagePlan | undefined;
  readonly text: Omit<TextOptions, 'rewrite'>;
}

/**
 * Documents in, results out: searched by meaning and by words, filtered, counted, grouped. Owns WebAssembly memory: write
 * `using collection = …`, or call `dispose()` when you are done.
 *
 * Changes run one after the other in the order of the calls. Every method rejects with a `SimileError`: `disposed` after `dispose()`,
 * `out_of_memory` when there is no room, what is named below, and whatever an embedder of your own throws.
 *
 * @example
 * using notes = await Collection.create({ schema: { title: 'text', body: 'text', year: 'number' }, embedder });
 * await notes.addMany([{ id: 1, title: 'Ferry', body: 'It leaves twice a day.', year: 2026 }]);
 * const { hits } = await notes.search('boat to the island', { where: { year: { gte: 2025 } } });
 * hits[0].document.title; // 'Ferry'
 */
export class Collection<D extends Doc = Doc> implements Disposable {
  /** The index of the vectors, one for each passage; undefined in a collection without vectors. For `calibrate`, `hubness` and `setRelevance`: do not add to it or delete from it. */
  readonly vectors: Index | undefined;
  /** The model of the vectors, as it is stored in the file. */
  readonly embedder: EmbedderInfo | undefined;
  readonly #texts: TextIndex | undefined;
  readonly #schema: SchemaPlan;
  readonly #settings: Settings;
  readonly #embedder: Embedder | undefined;
  readonly #splitter: Splitter | undefined;
  readonly #records = new Records();
  #queue: Promise<void> = Promise.resolve();
  #isDisposed = false;
  #listener: ((change: Change) => void) | undefined;

  private constructor(
    settings: Settings,
    plan: SchemaPlan,
    vectors: Index | undefined,
    texts: TextIndex | undefined,
    embedder: Embedder | undefined,
  ) {
    this.#settings = settings;
    this.#schema = plan;
    this.vectors = vectors;
    this.#texts = texts;
    this.#embedder = embedder;
    this.embedder = settings.embedder;
    this.#splitter = settings.passages && new Splitter(settings.passages, settings.language);
  }

  /**
   * Makes an empty collection.
   * @throws {SimileError} `invalid_argument`, `out_of_range`, `dimension_mismatch` for wrong options; whatever `init` throws
   */
  static async create<D extends Doc = Doc>(options: CollectionOptions): Promise<Collection<D>> {
    if (typeof options !== 'object' || options === null) throw invalid(`the options must be an object, not ${shown(options)}`);
    const { embedder, language, similarity, codec, text = {} } = options;
    const plan = new SchemaPlan(options.schema);
    const passages = passagePlan(options.passages);
    if (embedder !== undefined) checkShape(embedder);
    if (embedder && options.dims !== undefined && options.dims !== embedder.info.dims)
      throw new SimileError(
        'dimension_mismatch',
        `dims is ${options.dims}, and the embedder makes vectors of ${embedder.info.dims}`,
      );
    const dims = embedder?.info.dims ?? options.dims;
    if (dims === undefined && plan.texts.length === 0)
      throw invalid('nothing could be searched: a field of type text, or an embedder or dims is needed');
    const settings: Settings = { schema: plan.source, embedder: embedder?.info, language, passages, text };
    const vectors =
      dims === undefined
        ? undefined
        : await Index.create({
            dims,
            zeroVectors: 'allow',
            ...(similarity === undefined ? {} : { similarity }),
            ...(codec === undefined ? {} : { codec }),
          });
    return Collection.#with(settings, plan, vectors, embedder);
  }

  static async #with<D extends Doc>(
    settings: Settings,
    plan: SchemaPlan,
    vectors: Index | undefined,
    embedder: Embedder | undefined,
  ): Promise<Collection<D>> {
    let texts: TextIndex | undefined;
    try {
      if (plan.texts.length > 0) texts = await TextIndex.create(settings.text);
      return new Collection<D>(settings, plan, vectors, texts, embedder);
    } catch (error) {
      vectors?.dispose();
      texts?.dispose();
      throw error;
    }
  }

  /**
   * Reads what `toBytes` gave. The words are indexed anew, in slices.
   * @throws {SimileError} `corrupt_file`, `truncated_file`, `unsupported_version`, `limit_exceeded`, `cancelled`; `invalid_argument` if
   *   the file is no collection, or its vectors are of another model than the `embedder`
   */
  static async fromBytes<D extends Doc = Doc>(
    bytes: Uint8Array | ArrayBuffer,
    options: LoadCollectionOptions = {},
  ): Promise<Collection<D>> {
    const { embedder } = options;
    if (embedder !== undefined) checkShape(embedder);
    const index = await Index.fromBytes(bytes, options);
    let collection: Collection<D> | undefined;
    try {
      const file = readFile(index);
      if (embedder && file.settings.embedder) checkEmbedder(file.settings.embedder, embedder.info);
      else if (embedder && file.hasVectors && embedder.info.dims !== index.dims)
        throw new SimileError(
          'dimension_mismatch',
          `the embedder makes vectors of ${embedder.info.dims} dims, the collection has ${index.dims}`,
        );
      const plan = new SchemaPlan(file.settings.schema);
      collection = await Collection.#with<D>(file.settings, plan, file.hasVectors ? index : undefined, embedder);
      await collection.#fill(file, index, options);
      if (file.hasVectors) index.metadata = '';
      else index.dispose();
      return collection;
    } catch (error) {
      collection?.dispose();
      index.dispose();
      throw error;
    }
  }

  /** Number of documents. */
  get size(): number {
    return this.#records.docs.length;
  }

  /** Number of passages: of vectors, and of texts. */
  get passages(): number {
    return this.#records.rows.length;
  }

  get schema(): Schema {
    return this.#schema.source;
  }

  /** Bytes of WebAssembly memory that the indexes hold; documents are beside them. */
  get byteLength(): number {
    this.#live();
    return (this.vectors?.byteLength ?? 0) + (this.#texts?.byteLength ?? 0);
  }

  /** All ids. */
  ids(): Id[] {
    return this.#records.docs.map(({ id }) => id);
  }

  /** Whether there is a document with this id. */
  has(id: Id): boolean {
    return this.#records.get(id) !== undefined;
  }

  /** The document with this id as it was added, without its vector; frozen. @returns undefined if there is none */
  get(id: Id): Omit<D, 'vector'> | undefined {
    return this.#records.get(id)?.document as Omit<D, 'vector'> | undefined;
  }

  /**
   * Adds a document. For many, `addMany` is faster.
   * @throws {SimileError} `duplicate_id`, `invalid_argument` (a field of another type, an id that is none), `not_finite`,
   *   `dimension_mismatch`, `zero_norm`, `limit_exceeded`, `cancelled`; nothing is changed then
   */
  async add(doc: D, options: ChangeOptions = {}): Promise<void> {
    await this.addMany([doc], options);
  }

  /**
   * Adds many documents. All are checked before the first is added; then they are embedded and indexed batch by batch, and searches
   * find what is done. Cancelled, or with an embedder that fails, it keeps the batches that are done: go on with `onDuplicate: 'skip'`.
   *
   * @returns how many were added or replaced
   * @throws {SimileError} as `add`
   */
  async addMany(docs: Iterable<D>, options: AddDocsOptions = {}): Promise<number> {
    this.#live();
    const { signal, onProgress, onDuplicate = 'refuse' } = options;
    if (!['refuse', 'replace', 'skip'].includes(onDuplicate))
      throw invalid(`onDuplicate must be refuse, replace or skip, not ${shown(onDuplicate)}`);
    if (typeof docs !== 'object' || docs === null || !(Symbol.iterator in docs))
      throw invalid(`documents must come in a list, not ${shown(docs)}`);
    const slicer = new Slicer(signal, 'addMany');
    const drafts = await this.#drafts(docs, onDuplicate, slicer);
    const tell = (stage: CollectionProgress['stage'], loaded: number): void =>
      onProgress?.({ loaded, total: drafts.length, stage });
    for (let first = 0; first < drafts.length; ) {
      const batch: PreparedDoc[] = [];
      let rows = 0;
      for (; first + batch.length < drafts.length && rows < batchRows; rows += (batch.at(-1) as PreparedDoc).rows.length) {
        const draft = drafts[first + batch.length] as Draft;
        batch.push({ draft, rows: rowsOf(draft, this.#schema, this.#splitter) });
      }
      tell('embedding', first);
      const vectors = await this.#embedded(batch, signal);
      await slicer.pause();
      await this.#inTurn(() => this.#commit(batch, vectors, onDuplicate));
      first += batch.length;
      tell('indexing', first);
      await slicer.pause();
    }
    return drafts.length;
  }

  /**
   * Puts a document in the place of the one with its id.
   * @throws {SimileError} `unknown_id`, and as `add`; nothing is changed then
   */
  async update(doc: D, options: ChangeOptions = {}): Promise<void> {
    const id: unknown = (doc as unknown as { id?: Id } | null)?.id;
    if (!this.has(id as Id)) throw new SimileError('unknown_id', `id ${shown(id)} is not in the collection`);
    await this.addMany([doc], { ...options, onDuplicate: 'replace' });
  }

  /** Removes a document. @returns whether it was there */
  async delete(id: Id): Promise<boolean> {
    return (await this.deleteMany([id])) === 1;
  }

  /** Removes documents; unknown ids are ignored. @returns how many were there */
  async deleteMany(ids: Iterable<Id>): Promise<number> {
    this.#live();
    const list = Array.from(ids);
    return this.#inTurn(async () => {
      let count = 0;
      for (const id of list) if (await this.#remove(id)) count++;
      if (count > 0) this.#listener?.({ removed: list.filter((id) => !this.has(id)), added: [] });
      return count;
    });
  }

  /**
   * The documents that fit best, best first; of a document that was cut, its best passage. Waits for changes that are at work, not for
   * embedding.
   *
   * @param query - a text, a vector, or several things together
   * @throws {SimileError} `invalid_argument` (also a mode that the collection or the query does not serve), `dimension_mismatch`,
   *   `not_finite`, `zero_norm`, `unknown_id` for `like`, `cancelled`
   */
  async search(query: string | Vector | CollectionQuery, options: CollectionSearchOptions = {}): Promise<CollectionResult<D>> {
    this.#live();
    const begin = performance.now();
    const checked = checkOptions(options);
    const asked = queryOf(query);
    const { signal } = options;
    checkSignal(signal, 'the search');
    const mode = this.#mode(asked, options, checked);
    const tests = [asked.where, options.where]
      .filter((where) => where !== undefined)
      .map((where) => predicateOf(where, this.#schema));
    for (const field of checked.facets) this.#schema.placeOf(field, 'facets');
    if (checked.group) this.#schema.placeOf(checked.group.field, 'group');
    const [text, not] = mode === 'lexical' ? [] : await this.#queryVectors(asked, signal);
    checkSignal(signal, 'the search');
    const found = await this.#inTurn(() => {
      const vector = mode === 'lexical' ? undefined : this.#queryVector(asked, text, not);
      const words = mode === 'vector' ? undefined : asked.text;
      const rows = this.#allowed(tests, asked, words);
      return this.#find({ vector, text: words, rows, options: checked }, asked);
    });
    return { ...found, elapsed: performance.now() - begin } as CollectionResult<D>;
  }

  /**
   * The `.simile` file of this collection. A program that knows no collections reads an index of its vectors, in which a document that
   * was not cut has its own id. The same documents in the same order give the same bytes everywhere.
   * Waits for changes that are at work.
   */
  toBytes(): Promise<Uint8Array> {
    return this.fileWith(() => {});
  }

  /** Frees the memory now. A second call does nothing. */
  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.vectors?.dispose();
    this.#texts?.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** @param onTaken - called once the bytes are made, before any other change @internal */
  fileWith(onTaken: () => void): Promise<Uint8Array> {
    return this.#inTurn(async () => {
      const bytes = await encodeFile(this.#settings, this.#records, this.vectors);
      onTaken();
      return bytes;
    });
  }

  /** Told of every change while it is made, by one listener. @internal */
  listen(listener: ((change: Change) => void) | undefined): void {
    this.#listener = listener;
  }

  /** Makes a change again that a listener was told of. @internal */
  async replay({ removed, added }: Change): Promise<void> {
    await this.#inTurn(async () => {
      for (const id of removed) await this.#remove(id);
      for (const { document, own, vectors } of added) {
        const draft = { ...this.#schema.draft(document, 'a stored document'), vector: own ? vectors : undefined };
        await this.#commit([{ draft, rows: rowsOf(draft, this.#schema, this.#splitter) }], vectors, 'refuse');
      }
    });
  }

  #live(): void {
    if (this.#isDisposed) throw new SimileError('disposed', 'this collection was disposed of');
  }

  #inTurn<T>(work: () => T | Promise<T>): Promise<T> {
    const result = this.#queue.then(() => {
      this.#live();
      return work();
    });
    this.#queue = result.then(
      () => {},
      () => {},
    );
    return result;
  }

  async #drafts(docs: Iterable<D>, onDuplicate: AddDocsOptions['onDuplicate'], slicer: Slicer): Promise<Draft[]> {
    const drafts = new Map<Id, Draft>();
    let n = 0;
    for (const doc of docs) {
      const draft = this.#schema.draft(doc, `document ${n}`);
      this.#checkVector(draft);
      const isKnown = drafts.has(draft.id) || this.has(draft.id);
      if (isKnown && onDuplicate === 'refuse') throw duplicate(draft.id);
      if (!isKnown || onDuplicate === 'replace') {
        drafts.delete(draft.id);
        drafts.set(draft.id, draft);
      }
      if (++n % checkedDocs === 0) await slicer.pause();
    }
    return [...drafts.values()];
  }

  #checkVector({ id, vector }: Draft): void {
    const { vectors } = this;
    if (!vectors) {
      if (vector)
        throw invalid(`document ${shown(id)} has a vector, and the collection has none: create it with dims or an embedder`);
      return;
    }
    if (!vector) {
      if (!this.#embedder) throw invalid(`document ${shown(id)} has no vector, and the collection no embedder`);
      return;
    }
    if (vector.length !== vectors.dims)
      throw new SimileError(
        'dimension_mismatch',
        `the vector of document ${shown(id)} has ${vector.length} dims, the collection ${vectors.dims}`,
      );
    const bad = vector.findIndex((x) => !Number.isFinite(x));
    if (bad >= 0)
      throw new SimileError('not_finite', `component ${bad} of the vector of document ${shown(id)} is ${vector[bad]}`);
    if (vectors.similarity === 'cosine' && vector.every((x) => x === 0))
      throw new SimileError('zero_norm', `the vector of document ${shown(id)} is zero`);
  }

  /** The vectors of all rows of a batch, in order. */
  async #embedded(batch: readonly PreparedDoc[], signal: AbortSignal | undefined): Promise<Float32Array | undefined> {
    if (!this.vectors) return undefined;
    const { dims } = this.vectors;
    const texts = batch.flatMap(({ draft, rows }) => (draft.vector ? [] : rows.map(({ embedded }) => embedded)));
    const made = texts.length > 0 ? await this.#embed(texts, 'passage', signal) : new Float32Array();
    const out = new Float32Array(batch.reduce((sum, { rows }) => sum + rows.length, 0) * dims);
    let [to, from] = [0, 0];
    for (const { draft, rows } of batch) {
      const size = rows.length * dims;
      if (draft.vector) out.set(draft.vector, to);
      else {
        out.set(made.subarray(from, from + size), to);
        from += size;
      }
      to += size;
    }
    return out;
  }

  async #embed(texts: readonly string[], kind: 'query' | 'passage', signal: AbortSignal | undefined): Promise<Float32Array> {
    const dims = this.vectors?.dims ?? 0;
    if (!this.#embedder) throw invalid('the collection was opened without an embedder: give it one, or vectors');
    const made = await this.#embedder.embed(texts, { kind, ...(signal ? { signal } : {}) }).catch((error: unknown) => {
      checkSignal(signal, 'embedding');
      throw error;
    });
    checkSignal(signal, 'embedding');
    if (made.length !== texts.length * dims)
      throw new SimileError(
        'dimension_mismatch',
        `the embedder gave ${made.length} numbers for ${texts.length} texts of ${dims} dims`,
      );
    return made;
  }

  /** Into both indexes, or into none. */
  async #commit(
    batch: readonly PreparedDoc[],
    vectors: Float32Array | undefined,
    onDuplicate: AddDocsOptions['onDuplicate'],
  ): Promise<void> {
    const dims = this.vectors?.dims ?? 0;
    // Another batch may have brought an id since this one was checked.
    const known = batch.filter(({ draft }) => this.has(draft.id));
    if (known.length > 0 && onDuplicate === 'refuse') throw duplicate((known[0] as PreparedDoc).draft.id);
    const skipped = new Set(onDuplicate === 'skip' ? known : []);
    const keys: Id[] = [];
    const texts: Text[] = [];
    const kept: Float32Array[] = [];
    const added: AddedDoc[] = [];
    let at = 0;
    for (const one of batch) {
      const size = one.rows.length * dims;
      const own = vectors?.subarray(at, at + size);
      at += size;
      if (skipped.has(one)) continue;
      one.rows.forEach(({ part }, i) => {
        keys.push(keyOf(one.draft.id, i));
        texts.push(rowText(one.draft.document, part, isCutIn(one.rows), this.#schema));
      });
      if (own) kept.push(own);
      added.push({ document: one.draft.document, own: one.draft.vector !== undefined, vectors: own });
    }
    if (keys.length === 0) return;
    if (this.vectors)
      checkNumbers(joined(kept), 0, dims, {
        refusesZero: false,
        maxNorm: this.vectors.similarity === 'cosine' ? Number.POSITIVE_INFINITY : maxNorm,
      });
    const removed = onDuplicate === 'replace' ? known.map(({ draft }) => draft.id) : [];
    for (const id of removed) await this.#remove(id);
    await this.vectors?.addMany(keys, joined(kept));
    if (this.#texts) await this.#addTexts(texts, keys);
    for (const one of batch)
      if (!skipped.has(one))
        this.#records.add(
          one.draft,
          one.rows.map(({ part }) => part),
        );
    this.#listener?.({ removed, added });
  }

  async #addTexts(rows: readonly Text[], keys: readonly Id[]): Promise<void> {
    const texts = this.#texts as TextIndex;
    const { size } = texts;
    try {
      for (const text of rows) texts.add(text);
    } catch (error) {
      while (texts.size > size) texts.remove(texts.size - 1);
      await this.vectors?.deleteMany(keys);
      throw error;
    }
  }

  async #remove(id: Id): Promise<boolean> {
    const record = this.#records.get(id);
    if (!record) return false;
    await this.vectors?.deleteMany(record.rows.map(({ key }) => key));
    this.#records.remove(record, (at) => this.#texts?.remove(at));
    return true;
  }

  async #fill({ documents, order, hasVectors }: CollectionFile, index: Index, options: LoadCollectionOptions): Promise<void> {
    const slicer = new Slicer(options.signal, 'loading');
    for (const [i, { document, parts }] of documents.entries()) {
      const draft = this.#schema.draft(document, `document ${i}`);
      if (this.has(draft.id)) throw corrupt(`two documents have the id ${shown(draft.id)}`);
      this.#records.add(draft, parts);
      if (i % checkedDocs === 0) await slicer.pause();
    }
    if (order && !this.#records.reorder(order)) throw corrupt('the order of its passages is none');
    if (hasVectors) checkKeys(index.ids(), this.#records);
    const texts = this.#records.rows.map(({ record, part }) =>
      rowText(record.document, part, isCutIn(record.rows), this.#schema),
    );
    await this.#texts?.addMany(texts, options.signal ? { signal: options.signal } : {});
  }

  #mode(
    { text, vector, like }: CollectionQuery,
    { mode }: CollectionSearchOptions,
    { minRelevance }: CheckedOptions,
  ): 'vector' | 'lexical' | 'hybrid' {
    const hasWords = this.#texts !== undefined && text !== undefined;
    const hasVector =
      this.vectors !== undefined &&
      (vector !== undefined || like !== undefined || (text !== undefined && this.#embedder !== undefined));
    const chosen = mode ?? (hasWords && hasVector ? 'hybrid' : hasVector ? 'vector' : 'lexical');
    if (chosen !== 'vector' && !hasWords)
      throw invalid(`${chosen} search needs a text${this.#texts ? '' : ', and the schema a field of type text'}`);
    if (chosen !== 'lexical' && !hasVector) throw invalid(`${chosen} search needs a vector, or a text and an embedder`);
    if (chosen === 'lexical' && minRelevance > 0) throw invalid('minRelevance is told by vectors: lexical search has none');
    return chosen;
  }

  /** The vectors of the query's text and of what it is not, where they have to be made. */
  async #queryVectors({ text, not }: CollectionQuery, signal: AbortSignal | undefined): Promise<(Float32Array | undefined)[]> {
    const isMade = text !== undefined && this.#embedder !== undefined;
    const wanted = [...(isMade ? [text] : []), ...(typeof not === 'string' ? [not] : [])];
    if (wanted.length === 0) return [];
    const { dims } = this.vectors as Index;
    const made = await this.#embed(wanted, 'query', signal);
    const at = (i: number): Float32Array => made.subarray(i * dims, (i + 1) * dims);
    return [isMade ? at(0) : undefined, typeof not === 'string' ? at(isMade ? 1 : 0) : undefined];
  }

  /** Everything that the query says, as one vector. */
  #queryVector(
    { vector, like, not }: CollectionQuery,
    text: Float32Array | undefined,
    notText: Float32Array | undefined,
  ): Float32Array {
    const given = vector === undefined ? undefined : readVector(vector, 'the vector of the query');
    if (given?.every((x) => x === 0) && this.vectors?.similarity === 'cosine')
      throw new SimileError('zero_norm', 'the vector of the query is zero, which has no direction to compare by cosine');
    const parts = [text, given].filter((part) => part !== undefined);
    if (like !== undefined) parts.push(this.#meaningOf(like));
    const sum = parts.length === 1 ? (parts[0] as Float32Array) : weightedSum(parts);
    const without = notText ?? (not === undefined ? undefined : readVector(not as Vector, 'the vector of not'));
    return without ? composeQuery(sum, { without: [without] }) : sum;
  }

  #known(id: Id): DocRecord {
    const record = this.#records.get(id);
    if (!record) throw new SimileError('unknown_id', `id ${shown(id)} is not in the collection`);
    return record;
  }

  /** The mean direction of a document's passages. */
  #meaningOf(id: Id): Float32Array {
    return weightedSum(this.#known(id).rows.map(({ key }) => this.vectors?.get(key) as Float32Array));
  }

  /** The rows that may be found; undefined for all. */
  #allowed(tests: readonly Predicate[], { like, not }: CollectionQuery, words: string | undefined): RowBits | undefined {
    const without = new Set<DocRecord>();
    if (like !== undefined) without.add(this.#known(like));
    if (words !== undefined && typeof not === 'string' && this.#texts)
      for (const { row } of this.#texts.search(not, { k: Math.max(1, this.passages) }))
        without.add((this.#records.rows[row] as { record: DocRecord }).record);
    if (tests.length === 0 && without.size === 0) return undefined;
    return this.#records.bits((record) => !without.has(record) && tests.every((test) => test(record.labels)));
  }

  async #find(sought: Sought, { text }: CollectionQuery): Promise<Omit<CollectionResult, 'elapsed'>> {
    const { options } = sought;
    const indexes: Indexes = { vectors: this.vectors, texts: this.#texts, records: this.#records };
    const wanted = options.offset + options.limit + 1;
    const place = options.group && this.#schema.placeOf(options.group.field, 'group');
    const all = sought.rows?.count ?? this.passages;
    let list: Candidate[] = [];
    // Several passages of a document, or documents of a group, may take places: then more are asked for.
    for (let depth = Math.max(minDepth, 2 * wanted); ; depth *= 4) {
      const found = await candidates(indexes, sought, depth);
      list = bestOfEach(found);
      if (options.group && place !== undefined) list = grouped(list, place, options.group.size);
      if (list.length >= wanted || depth >= all || found.length < depth) break;
    }
    if (options.diversity > 0 && this.vectors)
      list = diverse(list.slice(0, Math.max(2 * minDepth, 2 * wanted)), this.vectors, options.diversity, wanted);
    const words = options.highlight ? text : undefined;
    const page = list.slice(options.offset, options.offset + options.limit);
    return {
      hits: page.map((one) => hitOf(one, this.#schema, this.#texts, words)),
      hasMore: list.length >= wanted,
      facets: Object.fromEntries(options.facets.map((field) => [field, this.#facet(field, sought)])),
    };
  }

  #facet(field: string, { rows, text, vector }: Sought): ReturnType<typeof facetOf> {
    const { rows: known } = this.#records;
    const hits =
      vector === undefined && text !== undefined ? this.#texts?.search(text, { k: Math.max(1, known.length) }) : undefined;
    const asked = hits ? hits.map(({ row }) => known[row] as (typeof known)[number]) : known;
    const counted = new Set(asked.filter(({ at }) => rows?.has(at) ?? true).map(({ record }) => record));
    return facetOf(counted, this.#schema.placeOf(field, 'facets'), this.#schema.typeOf(field) === 'boolean');
  }
}

/** Fields that a document's rows are passages of. */
const isCutIn =
  (rows: readonly { readonly part: Part | undefined }[]): ((field: string) => boolean) =>
  (field) =>
    rows.some(({ part }) => part?.field === field);

function joined(parts: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function checkShape(embedder: Embedder): void {
  const { info, embed } = (embedder ?? {}) as Partial<Embedder>;
  if (typeof embed !== 'function' || typeof info?.model !== 'string' || !Number.isInteger(info.dims) || info.dims < 1)
    throw invalid('an embedder is { info: { model, dims }, embed(texts, options) }, such as those of simile/embedders');
}

const duplicate = (id: Id): SimileError => new SimileError('duplicate_id', `id ${shown(id)} is in the collection already`);
