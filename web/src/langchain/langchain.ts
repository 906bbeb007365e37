// SPDX-License-Identifier: Apache-2.0
import { Document, type DocumentInterface } from '@langchain/core/documents';
import type { EmbeddingsInterface } from '@langchain/core/embeddings';
import { maximalMarginalRelevance } from '@langchain/core/utils/math';
import { type MaxMarginalRelevanceSearchOptions, VectorStore } from '@langchain/core/vectorstores';
import {
  Collection,
  type CollectionResult,
  type Doc,
  type HybridFusion,
  type Schema,
  type Where,
} from '../collection/collection.js';
import type { Embedder, EmbedOptions } from '../embedders/embedder.js';
import { invalid, SimileError, shown } from '../errors.js';
import type { Codec, Similarity } from '../index.js';
import type { Limits } from '../loader.js';

/** Options of {@link SimileVectorStore}. */
export interface SimileVectorStoreOptions {
  /** Metadata that filters look at, such as `{ year: 'number', tags: 'string[]' }`; the rest is kept. Not `pageContent`, `metadata`. */
  readonly schema?: Schema;
  /**
   * What a query in words looks for: `vector`, its meaning; `hybrid`, its meaning and its words (BM25). Of `similaritySearch`,
   * `similaritySearchWithScore` and retrievers. @defaultValue 'vector'
   */
  readonly mode?: 'vector' | 'hybrid';
  /** How the lists of `hybrid` become one. */
  readonly fusion?: HybridFusion;
  /** The name of the model, which is kept in the file and compared. @defaultValue `embeddings.model` if that is a text */
  readonly model?: string;
  /** Numbers in a vector. @defaultValue told by the first vector */
  readonly dims?: number;
  /** @defaultValue 'cosine' */
  readonly similarity?: Similarity;
  /** @defaultValue 'planes' */
  readonly codec?: Codec;
}

/** Options of `SimileVectorStore.fromBytes`; the schema, similarity and codec are those of the file. */
export interface LoadVectorStoreOptions extends Pick<SimileVectorStoreOptions, 'mode' | 'fusion' | 'model'> {
  readonly limits?: Limits;
  /** Cancels with `cancelled`. */
  readonly signal?: AbortSignal;
}

/** How a LangChain document is kept. */
interface StoredDocument extends Doc {
  readonly id: string;
  readonly pageContent: string;
  /** What the schema does not name. */
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly vector?: readonly number[];
}

const taken = ['pageContent', 'metadata'];
const defaultK = 4; // LangChain's
const defaultFetchK = 20; // of the stores of LangChain

/**
 * A vector store of LangChain.js over a {@link Collection}: in memory, without a server, saved as one file.
 *
 * Filters are those of a collection, over the metadata fields that the schema names. Scores are larger for what is closer. Metadata are
 * kept as JSON keeps them. Methods reject with a `SimileError`, and with whatever the embeddings throw.
 *
 * @example
 * const store = await SimileVectorStore.fromDocuments(docs, embeddings, { schema: { year: 'number' }, mode: 'hybrid' });
 * const found = await store.similaritySearch('boat to the island', 4, { year: { gte: 2025 } });
 * const bytes = await store.toBytes();
 */
export class SimileVectorStore extends VectorStore implements Disposable {
  declare FilterType: Where;
  readonly #options: SimileVectorStoreOptions;
  #collection: Promise<Collection> | undefined;
  #opened: Collection | undefined;
  #isDisposed = false;

  /** @throws {SimileError} `invalid_argument` */
  constructor(embeddings: EmbeddingsInterface, options: SimileVectorStoreOptions = {}) {
    super(embeddings, {});
    const { mode = 'vector', schema = {} } = options;
    if (mode !== 'vector' && mode !== 'hybrid') throw invalid(`mode must be vector or hybrid, not ${shown(mode)}`);
    for (const name of taken)
      if (Object.hasOwn(schema, name)) throw invalid(`the schema is one of metadata, which has no field ${shown(name)}`);
    this.#options = options;
  }

  /** Embeds texts. @param metadatas - one for each text, or one for all */
  static override async fromTexts(
    texts: string[],
    metadatas: object[] | object,
    embeddings: EmbeddingsInterface,
    options: SimileVectorStoreOptions = {},
  ): Promise<SimileVectorStore> {
    if (Array.isArray(metadatas) && metadatas.length !== texts.length)
      throw invalid(`there are ${texts.length} texts and ${metadatas.length} metadatas`);
    const documents = texts.map(
      (pageContent, i) => new Document({ pageContent, metadata: { ...(Array.isArray(metadatas) ? metadatas[i] : metadatas) } }),
    );
    return SimileVectorStore.fromDocuments(documents, embeddings, options);
  }

  /** Embeds documents. */
  static override async fromDocuments(
    documents: DocumentInterface[],
    embeddings: EmbeddingsInterface,
    options: SimileVectorStoreOptions = {},
  ): Promise<SimileVectorStore> {
    const store = new SimileVectorStore(embeddings, options);
    try {
      await store.addDocuments(documents);
      return store;
    } catch (error) {
      store.dispose();
      throw error;
    }
  }

  /**
   * Reads what `toBytes` gave.
   * @throws {SimileError} as `Collection.fromBytes`; `invalid_argument` if the vectors are of another model, or the file is of no vector store
   */
  static async fromBytes(
    bytes: Uint8Array | ArrayBuffer,
    embeddings: EmbeddingsInterface,
    options: LoadVectorStoreOptions = {},
  ): Promise<SimileVectorStore> {
    const { limits, signal, mode, fusion } = options;
    const load = { ...(limits ? { limits } : {}), ...(signal ? { signal } : {}) };
    // The file tells how many dims there are, and an embedder has to tell before.
    const plain = await Collection.fromBytes(bytes, load);
    const { vectors, embedder: stored, schema } = plain;
    plain.dispose();
    if (!vectors || !stored || schema['pageContent'] !== 'text')
      throw invalid('the file is a collection, but not one of a SimileVectorStore: read it with Collection.fromBytes()');
    const { pageContent: _, ...fields } = schema;
    const store = new SimileVectorStore(embeddings, {
      schema: fields,
      ...(mode ? { mode } : {}),
      ...(fusion ? { fusion } : {}),
    });
    const embedder = embedderOf(embeddings, options.model, vectors.dims);
    store.#opened = await Collection.fromBytes(bytes, { ...load, embedder });
    store.#collection = Promise.resolve(store.#opened);
    return store;
  }

  _vectorstoreType(): string {
    return 'simile';
  }

  /** The collection itself; undefined before the first vector. */
  get collection(): Collection | undefined {
    return this.#opened;
  }

  /** Embeds documents and adds them. @returns their ids @throws {SimileError} as `addVectors` */
  async addDocuments(documents: DocumentInterface[], options: { readonly ids?: string[] } = {}): Promise<string[]> {
    const vectors = await this.embeddings.embedDocuments(documents.map(({ pageContent }) => pageContent));
    return this.addVectors(vectors, documents, options);
  }

  /**
   * Adds documents with their vectors. One with a known id takes the place of the one before. All are checked before the first is added.
   *
   * @param options - `ids` instead of those of the documents; without either they get new ones
   * @returns the ids
   * @throws {SimileError} `invalid_argument` (also for metadata of another type than the schema's), `dimension_mismatch`, `not_finite`,
   *   `zero_norm`, `disposed`
   */
  async addVectors(
    vectors: number[][],
    documents: DocumentInterface[],
    { ids }: { readonly ids?: string[] } = {},
  ): Promise<string[]> {
    if (vectors.length !== documents.length || (ids && ids.length !== documents.length))
      throw invalid(`there are ${documents.length} documents, ${vectors.length} vectors${ids ? ` and ${ids.length} ids` : ''}`);
    const first = vectors[0];
    if (first === undefined) return [];
    const collection = await this.#open(first.length);
    const stored = documents.map((document, i) => this.#stored(document, ids?.[i], vectors[i] as number[]));
    await collection.addMany(stored, { onDuplicate: 'replace' });
    return stored.map(({ id }) => id);
  }

  /** Removes documents; unknown ids are ignored. @throws {SimileError} `invalid_argument`, `disposed` */
  override async delete(params: { readonly ids?: string[] } = {}): Promise<void> {
    if (!Array.isArray(params.ids)) throw invalid(`delete needs { ids }, not ${shown(params)}`);
    await (await this.#existing())?.deleteMany(params.ids);
  }

  /** @throws {SimileError} `invalid_argument`, `dimension_mismatch`, `not_finite`, `zero_norm`, `disposed` */
  async similaritySearchVectorWithScore(query: number[], k: number, filter?: Where): Promise<[Document, number][]> {
    return this.#search({ vector: query }, k, filter);
  }

  override async similaritySearchWithScore(query: string, k = defaultK, filter?: Where): Promise<[Document, number][]> {
    if (this.#options.mode === 'hybrid') return this.#search({ text: query }, k, filter);
    return this.#search({ vector: await this.embeddings.embedQuery(query) }, k, filter);
  }

  override async similaritySearch(query: string, k = defaultK, filter?: Where): Promise<Document[]> {
    return (await this.similaritySearchWithScore(query, k, filter)).map(([document]) => document);
  }

  /**
   * Documents close to the query and unlike each other: LangChain's own choice (`lambda` 1 is for closeness, 0 for difference) among the
   * `fetchK` closest. By meaning alone.
   */
  override async maxMarginalRelevanceSearch(
    query: string,
    { k, fetchK = defaultFetchK, lambda = 0.5, filter }: MaxMarginalRelevanceSearchOptions<Where>,
  ): Promise<Document[]> {
    const vector = await this.embeddings.embedQuery(query);
    const found = await this.#search({ vector }, Math.max(k, fetchK), filter);
    const vectors = found.map(([{ id }]) => Array.from(this.#opened?.vectors?.get(id as string) as Float32Array));
    return maximalMarginalRelevance(vector, vectors, lambda, k).map((i) => (found[i] as [Document, number])[0]);
  }

  /**
   * The store as one `.simile` file, which `fromBytes`, `Collection.fromBytes` and native programs read.
   * @throws {SimileError} `incomplete` before the first vector, unless `dims` was given; `disposed`
   */
  async toBytes(): Promise<Uint8Array> {
    const { dims } = this.#options;
    const collection = (await this.#existing()) ?? (dims === undefined ? undefined : await this.#open(dims));
    if (!collection) throw new SimileError('incomplete', 'nothing was added yet, and dims not given: it has no size');
    return collection.toBytes();
  }

  /** Frees the memory now. A second call does nothing. */
  dispose(): void {
    this.#isDisposed = true;
    this.#opened?.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  async #existing(): Promise<Collection | undefined> {
    if (this.#isDisposed) throw new SimileError('disposed', 'this vector store was disposed of');
    return this.#collection;
  }

  async #open(dims: number): Promise<Collection> {
    const existing = await this.#existing();
    if (existing) return existing;
    this.#collection ??= this.#create(this.#options.dims ?? dims);
    return this.#collection;
  }

  async #create(dims: number): Promise<Collection> {
    const { schema = {}, similarity, codec, model } = this.#options;
    try {
      this.#opened = await Collection.create({
        schema: { ...schema, pageContent: 'text' },
        embedder: embedderOf(this.embeddings, model, dims),
        passages: false, // LangChain has its own splitters
        ...(similarity ? { similarity } : {}),
        ...(codec ? { codec } : {}),
      });
    } catch (error) {
      this.#collection = undefined;
      throw error;
    }
    if (this.#isDisposed) this.#opened.dispose();
    return this.#opened;
  }

  #stored({ id, pageContent, metadata }: DocumentInterface, newId: string | undefined, vector: number[]): StoredDocument {
    const { schema = {} } = this.#options;
    const entries = Object.entries(metadata ?? {});
    const isField = ([name]: [string, unknown]): boolean => Object.hasOwn(schema, name);
    return {
      ...Object.fromEntries(entries.filter(isField)),
      id: newId ?? id ?? crypto.randomUUID(),
      pageContent,
      metadata: Object.fromEntries(entries.filter((entry) => !isField(entry))),
      vector,
    };
  }

  async #search(
    query: { vector: number[] } | { text: string },
    k: number,
    where: Where | undefined,
  ): Promise<[Document, number][]> {
    const collection = await this.#existing();
    if (!collection) return [];
    const { fusion } = this.#options;
    const found = await collection.search(query, {
      limit: k,
      highlight: false,
      mode: 'text' in query ? 'hybrid' : 'vector',
      ...(where ? { where } : {}),
      ...(fusion ? { fusion } : {}),
    });
    return documentsOf(found);
  }
}

function documentsOf({ hits }: CollectionResult): [Document, number][] {
  return hits.map(({ document, score }) => {
    // Those of the collection are frozen.
    const { id, pageContent, metadata, ...fields } = structuredClone(document) as unknown as StoredDocument;
    return [new Document({ id, pageContent, metadata: { ...metadata, ...fields } }), score];
  });
}

/** LangChain's embeddings as an embedder. */
function embedderOf(embeddings: EmbeddingsInterface, model: string | undefined, dims: number): Embedder {
  const { model: own } = embeddings as { readonly model?: unknown };
  return {
    info: { model: model ?? (typeof own === 'string' ? own : 'langchain'), dims },
    async embed(texts: readonly string[], { kind }: EmbedOptions): Promise<Float32Array> {
      const rows =
        kind === 'passage'
          ? await embeddings.embedDocuments([...texts])
          : await Promise.all(texts.map((text) => embeddings.embedQuery(text)));
      return Float32Array.from(rows.flat());
    },
  };
}
