// SPDX-License-Identifier: Apache-2.0
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import { env, ready, setBackend, tensor1d, tensor2d } from '@tensorflow/tfjs-core';
import { Tokenizer } from './tokenizer.js';

/** Numbers in a vector. */
export const dims = 512;

/** The graph ignores whatever follows the 128th token. */
export const maxTokens = 128;

/** Names the weights: vectors of different ids must never meet in one index. */
export const modelId = 'use-lite-en-512';

/**
 * Rows and padded tokens of one run of the graph. It pads every text to the longest of the batch, so a batch holds
 * texts of like length. 256 tokens are as fast as 2,048 and make a query typed meanwhile wait an eighth as long.
 */
const batchLimits = { rows: 32, tokens: 256 };

/** All weights are float32 or int32. */
const bytesPerWeight = 4;

/**
 * @typedef {import('@tensorflow/tfjs-converter').GraphModel} GraphModel
 * @typedef {(name: string, signal?: AbortSignal) => Promise<ArrayBuffer>} ReadFile  reads one file of the model's folder
 * @typedef {{ done: number, total: number }} Progress
 *
 * @typedef {object} EncoderOptions
 * @property {string | URL} [modelUrl]  folder with model.json, vocab.json and the weights; or give `files`
 * @property {ReadFile} [files]
 * @property {string} wasmPaths  folder with tfjs-backend-wasm-simd.wasm, ending in a slash
 * @property {AbortSignal} [signal]
 * @property {(progress: Progress) => void} [onProgress]  bytes of the weights, which are nearly all there is to load
 *
 * @typedef {object} EmbedOptions
 * @property {AbortSignal} [signal]
 * @property {(progress: Progress) => void} [onProgress]  texts
 *
 * @typedef {object} Encoder
 * @property {number} dims
 * @property {string} id
 * @property {(texts: readonly string[], options?: EmbedOptions) => Promise<Float32Array>} embed
 *   texts.length * dims numbers, each row of length 1
 * @property {() => void} dispose
 */

/**
 * Loads the sentence encoder. In a page call it from a worker: a run of the graph blocks its thread.
 * @param {EncoderOptions} options
 * @returns {Promise<Encoder>}
 */
export async function createEncoder(options) {
  const { wasmPaths, signal, onProgress } = options;
  const read = options.files ?? filesAt(options.modelUrl);
  const [vocabulary, artifacts] = await Promise.all([
    readJson(read, 'vocab.json', signal),
    readModel(read, signal, onProgress),
    startBackend(wasmPaths),
  ]);
  return new GraphEncoder(new Tokenizer(vocabulary), await loadGraphModel({ load: async () => artifacts }));
}

/** @param {string | URL | undefined} folder @returns {ReadFile} */
function filesAt(folder) {
  if (!folder) throw new TypeError('the encoder needs modelUrl or files');
  const base = String(folder).replace(/\/?$/, '/');
  return async (name, signal) => {
    const response = await fetch(base + name, { signal });
    if (!response.ok) throw new Error(`could not load ${name} of the sentence encoder: HTTP ${response.status}`);
    return response.arrayBuffer();
  };
}

/** @param {ReadFile} read @param {string} name @param {AbortSignal} [signal] */
async function readJson(read, name, signal) {
  return JSON.parse(new TextDecoder().decode(await read(name, signal)));
}

/**
 * One thread: the threaded binary was not faster at these sizes, and needs a cross-origin isolated page.
 * @param {string} wasmPaths
 */
async function startBackend(wasmPaths) {
  env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  if (!(await env().getAsync('WASM_HAS_SIMD_SUPPORT'))) {
    throw new Error('the sentence encoder needs WebAssembly SIMD, which this browser lacks');
  }
  setWasmPaths(wasmPaths);
  if (!(await setBackend('wasm'))) throw new Error(`could not start the sentence encoder from ${wasmPaths}`);
  await ready();
}

/** @param {ReadFile} read @param {AbortSignal} [signal] @param {(progress: Progress) => void} [onProgress] */
async function readModel(read, signal, onProgress) {
  const { modelTopology, weightsManifest } = await readJson(read, 'model.json', signal);
  /** @type {{ paths: string[], weights: import('@tensorflow/tfjs-core').io.WeightsManifestEntry[] }[]} */
  const groups = weightsManifest;
  const weightSpecs = groups.flatMap((group) => group.weights);
  const total = weightSpecs.reduce((sum, { shape }) => sum + bytesPerWeight * shape.reduce((a, b) => a * b, 1), 0);
  let done = 0;
  const parts = await Promise.all(groups.flatMap((group) => group.paths).map(async (name) => {
    const part = await read(name, signal);
    done += part.byteLength;
    onProgress?.({ done, total });
    return part;
  }));
  if (done !== total) throw new Error(`the sentence encoder's weights have ${done} bytes, expected ${total}`);
  const weightData = await new Blob(parts).arrayBuffer();
  return { modelTopology, weightSpecs, weightData };
}

/** @implements {Encoder} */
class GraphEncoder {
  dims = dims;
  id = modelId;
  #tokenizer;
  #model;
  /** The graph runs one batch at a time; a query typed during a long job waits for one batch. */
  #turn = Promise.resolve();

  /** @param {Tokenizer} tokenizer @param {GraphModel} model */
  constructor(tokenizer, model) {
    this.#tokenizer = tokenizer;
    this.#model = model;
  }

  /** @type {Encoder['embed']} */
  async embed(texts, { signal, onProgress } = {}) {
    const rows = texts.map((text) => this.#tokenizer.encode(text).slice(0, maxTokens));
    const empty = rows.findIndex((tokens) => tokens.length === 0);
    if (empty >= 0) throw new RangeError(`text ${empty} of ${texts.length} is empty`);
    const vectors = new Float32Array(texts.length * dims);
    let done = 0;
    for (const batch of batchesOf(rows)) {
      if (done > 0) await nextTask();
      signal?.throwIfAborted();
      const values = await this.#takeTurn(() => run(this.#model, batch.map((row) => rows[row])));
      batch.forEach((row, i) => vectors.set(values.subarray(i * dims, (i + 1) * dims), row * dims));
      done += batch.length;
      onProgress?.({ done, total: texts.length });
    }
    return vectors;
  }

  dispose() {
    this.#model.dispose();
  }

  /** @template T @param {() => Promise<T>} job @returns {Promise<T>} */
  #takeTurn(job) {
    const result = this.#turn.then(job);
    this.#turn = result.then(() => undefined, () => undefined);
    return result;
  }
}

/** Lets messages in, such as a wish to cancel. */
const nextTask = () => new Promise((resolve) => setTimeout(resolve));

/**
 * Rows in falling order of length, cut into batches.
 * @param {readonly (readonly number[])[]} rows
 */
function* batchesOf(rows) {
  const order = rows.map((_, row) => row).sort((a, b) => rows[b].length - rows[a].length || a - b);
  for (let start = 0; start < order.length; ) {
    const fitting = Math.max(1, Math.floor(batchLimits.tokens / rows[order[start]].length));
    const batch = order.slice(start, start + Math.min(batchLimits.rows, fitting));
    yield batch;
    start += batch.length;
  }
}

/**
 * The graph takes the tokens of all texts in one list, and for each its (text, position).
 * @param {GraphModel} model
 * @param {readonly (readonly number[])[]} rows
 */
async function run(model, rows) {
  const places = rows.flatMap((tokens, row) => tokens.flatMap((_, position) => [row, position]));
  const indices = tensor2d(places, [places.length / 2, 2], 'int32');
  const values = tensor1d(rows.flat(), 'int32');
  try {
    const output = /** @type {import('@tensorflow/tfjs-core').Tensor} */ (await model.executeAsync({ indices, values }));
    const vectors = /** @type {Float32Array} */ (await output.data());
    output.dispose();
    return vectors;
  } finally {
    indices.dispose();
    values.dispose();
  }
}
