/// <reference lib="esnext.disposable" preserve="true" />
// SPDX-License-Identifier: Apache-2.0
import { checkEmbedder, type Embedder, type EmbedderInfo } from '../embedders/embedder.js';
import { invalid, SimileError, shown } from '../errors.js';
import type { Id } from '../ids.js';
import { type Codec, Index, type Similarity } from '../index.js';
import { checkSignal, type Progress, Slicer } from '../slices.js';
import { TextIndex, type TextOptions } from '../text/text.js';
import { Turns } from '../turns.js';
import type { Vector } from '../vectors.js';
import { askedOf, madeVectors, soughtOf } from './asking.js';
import { type Change, Contents, duplicate, type PreparedDoc } from './contents.js';
import { checkShape, Embedding } from './embedding.js';
import { encodeFile, type LoadCollectionOptions, readFile } from './file.js';
import { type PassageOptions, type PassagePlan, passagePlan, Splitter } from './passages.js';
import { type CollectionQuery, type CollectionResult, type CollectionSearchOptions, checkOptions, queryOf } from './query.js';
import { type AnyDoc, type Doc, type Draft, type Schema, SchemaPlan } from './schema.js';
import { found } from './searching.js';

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
export type { AnyDoc, Doc, FieldType, Schema, TextFieldOptions } from './schema.js';
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

// Embedded and indexed together: a search waits for no more than that.
const batchRows = 128;
const checkedDocs = 64;
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
export class Collection<D extends AnyDoc = Doc> implements Disposable {
  /** The index of the vectors, one for each passage; undefined in a collection without vectors. For `calibrate`, `hubness` and `setRelevance`: do not add to it or delete from it. */
  readonly vectors: Index | undefined;
  /** The model of the vectors, as it is stored in the file. */
  readonly embedder: EmbedderInfo | undefined;
  readonly #contents: Contents;
  readonly #settings: Settings;
  readonly #embedding: Embedding | undefined;
  readonly #turns = new Turns();
  #isDisposed = false;
  #listener: ((change: Change) => void) | undefined;

  private constructor(settings: Settings, contents: Contents, embedder: Embedder | undefined) {
    this.#settings = settings;
    this.#contents = contents;
    this.vectors = contents.vectors;
    this.embedder = settings.embedder;
    this.#embedding = contents.vectors && new Embedding(contents.vectors, embedder);
  }

  /**
   * Makes an empty collection.
   * @throws {SimileError} `invalid_argument`, `out_of_range`, `dimension_mismatch` for wrong options; whatever `init` throws
   */
  static async create<D extends AnyDoc = Doc>(options: CollectionOptions): Promise<Collection<D>> {
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

  static async #with<D extends AnyDoc>(
    settings: Settings,
    plan: SchemaPlan,
    vectors: Index | undefined,
    embedder: Embedder | undefined,
  ): Promise<Collection<D>> {
    let texts: TextIndex | undefined;
    try {
      if (plan.texts.length > 0) texts = await TextIndex.create(settings.text);
      const splitter = settings.passages && new Splitter(settings.passages, settings.language);
      return new Collection<D>(settings, new Contents(plan, vectors, texts, splitter), embedder);
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
  static async fromBytes<D extends AnyDoc = Doc>(
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
      await collection.#contents.fill(file, index, options.signal);
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
    return this.#contents.records.docs.length;
  }

  /** Number of passages: of vectors, and of texts. */
  get passages(): number {
    return this.#contents.records.rows.length;
  }

  get schema(): Schema {
    return this.#contents.schema.source;
  }

  /** Bytes of WebAssembly memory that the indexes hold; documents are beside them. */
  get byteLength(): number {
    this.#live();
    return this.#contents.byteLength;
  }

  /** All ids. */
  ids(): Id[] {
    return this.#contents.records.docs.map(({ id }) => id);
  }

  /** Whether there is a document with this id. */
  has(id: Id): boolean {
    return this.#contents.records.get(id) !== undefined;
  }

  /** The document with this id as it was added, without its vector; frozen. @returns undefined if there is none */
  get(id: Id): Omit<D, 'vector'> | undefined {
    return this.#contents.records.get(id)?.document as Omit<D, 'vector'> | undefined;
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
        batch.push(this.#contents.prepare(drafts[first + batch.length] as Draft));
      }
      tell('embedding', first);
      const vectors = await this.#embedding?.ofRows(batch, signal);
      await slicer.pause();
      await this.#inTurn(async () => {
        const change = await this.#contents.commit(batch, vectors, onDuplicate);
        if (change) this.#listener?.(change);
      });
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
      const removed: Id[] = [];
      for (const id of list) if (await this.#contents.remove(id)) removed.push(id);
      if (removed.length > 0) this.#listener?.({ removed, added: [] });
      return removed.length;
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
    const { signal } = options;
    const asked = askedOf(this.#contents, this.#embedding, queryOf(query), options, checkOptions(options));
    checkSignal(signal, 'the search');
    const made = await madeVectors(asked, this.#embedding, signal);
    checkSignal(signal, 'the search');
    const answer = await this.#inTurn(() => found(this.#contents, soughtOf(this.#contents, asked, made)));
    return { ...answer, elapsed: performance.now() - begin } as CollectionResult<D>;
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
    this.#contents.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** @param onTaken - called once the bytes are made, before any other change @internal */
  fileWith(onTaken: () => void): Promise<Uint8Array> {
    return this.#inTurn(async () => {
      const bytes = await encodeFile(this.#settings, this.#contents.records, this.vectors);
      onTaken();
      return bytes;
    });
  }

  /** Told of every change while it is made, by one listener. @internal */
  listen(listener: ((change: Change) => void) | undefined): void {
    this.#listener = listener;
  }

  /** Makes a change again that a listener was told of. @internal */
  async replay(change: Change): Promise<void> {
    await this.#inTurn(() => this.#contents.replay(change));
  }

  #live(): void {
    if (this.#isDisposed) throw new SimileError('disposed', 'this collection was disposed of');
  }

  #inTurn<T>(work: () => T | Promise<T>): Promise<T> {
    return this.#turns.take(() => {
      this.#live();
      return work();
    });
  }

  async #drafts(docs: Iterable<D>, onDuplicate: AddDocsOptions['onDuplicate'], slicer: Slicer): Promise<Draft[]> {
    const drafts = new Map<Id, Draft>();
    let n = 0;
    for (const doc of docs) {
      const draft = this.#contents.schema.draft(doc, `document ${n}`);
      if (this.#embedding) this.#embedding.check(draft);
      else if (draft.vector)
        throw invalid(
          `document ${shown(draft.id)} has a vector, and the collection has none: create it with dims or an embedder`,
        );
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
}
