// SPDX-License-Identifier: Apache-2.0
// The sentence encoder, with a small model and a TensorFlow.js of the same shape; web/demo/test runs the real ones.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { energeticEmbedder } from 'simile/embedders/energetic';
import { refused } from '../support/expect.mjs';
import { startStaticServer } from '../support/static-server.mjs';

const passages = { kind: 'passage' };
const vocabulary = [
  ['\ufffd', 0],
  ...Array(5).fill(['<control>', 0]),
  ['\u2581', -4],
  ['a', -3],
  ['b', -3],
  ['ab', -2],
  ['\u2581ab', -1],
];
const manifest = {
  modelTopology: { node: [] },
  weightsManifest: [{ paths: ['shard1', 'shard2'], weights: [{ name: 'w', shape: [2, 3], dtype: 'float32' }] }],
};
const files = new Map([
  ['vocab.json', JSON.stringify(vocabulary)],
  ['model.json', JSON.stringify(manifest)],
  ['shard1', new Uint8Array(16)],
  ['shard2', new Uint8Array(8)],
]);
const bytesOf = (value) => (typeof value === 'string' ? new TextEncoder().encode(value) : value).slice().buffer;
const read = async (name) => bytesOf(files.get(name));

/** Gives row i of a batch its tokens, then zeros. */
function fakeTf({ answer } = {}) {
  const seen = { batches: [], tensors: 0, models: 0, artifacts: undefined };
  const tensor = (values) => {
    seen.tensors++;
    return { values, data: async () => values, dispose: () => seen.tensors-- };
  };
  const executeAsync = async ({ indices, values }) => {
    const rows = [];
    values.values.forEach((id, i) => {
      const [row, position] = indices.values.slice(2 * i, 2 * i + 2);
      rows[row] ??= [];
      rows[row][position] = id;
    });
    seen.batches.push(rows);
    return tensor(
      answer ? answer(rows) : Float32Array.from(rows.flatMap((ids) => Array.from({ length: 512 }, (_, i) => ids[i] ?? 0))),
    );
  };
  const tf = {
    tensor1d: tensor,
    tensor2d: tensor,
    loadGraphModel: async ({ load }) => {
      seen.artifacts = await load();
      seen.models++;
      return { executeAsync, dispose: () => seen.models-- };
    },
  };
  return { tf, seen };
}
const tokens = (vectors, row) => [...vectors.subarray(512 * row, 512 * (row + 1))].filter((id) => id > 0);

test('texts are cut into the best pieces, and rows are in their order', async () => {
  const { tf, seen } = fakeTf();
  const progress = [];
  const embedder = await energeticEmbedder({ files: read, tf, onProgress: (p) => progress.push(p) });
  assert.deepEqual(embedder.info, { model: 'use-lite-en-512', dims: 512, pooling: 'mean' });
  assert.deepEqual(progress.at(-1), { loaded: 24, total: 24 });
  assert.equal(seen.artifacts.weightData.byteLength, 24);
  const vectors = await embedder.embed(['a', 'ab ab', 'aab', 'b?!b'], passages);
  assert.deepEqual(
    [0, 1, 2].map((row) => tokens(vectors, row)),
    [
      [6, 7],
      [10, 10],
      [6, 7, 9],
    ],
  );
  // Unknown characters are number 0, a run of them once.
  assert.deepEqual(
    seen.batches[0].find((ids) => ids.includes(0)),
    [6, 8, 0, 8],
  );
  assert.equal(seen.tensors, 0, 'every tensor is freed');
  embedder.dispose();
  assert.equal(seen.models, 0);
});

test('batches hold at most 256 tokens and 32 texts, a text 128 tokens', async () => {
  const { tf, seen } = fakeTf();
  const embedder = await energeticEmbedder({ files: read, tf });
  const texts = [...Array(40).fill('a'), 'b '.repeat(500)];
  const loaded = [];
  const vectors = await embedder.embed(texts, { kind: 'query', onProgress: (p) => loaded.push(p.loaded) });
  assert.equal(tokens(vectors, 40).length, 128);
  assert.deepEqual(
    seen.batches.map((rows) => rows.length),
    [2, 32, 7],
  );
  assert.deepEqual(loaded, [2, 34, 41]);
});

test('the model is read from disk and over HTTP', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'simile-model-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const [name, value] of files) writeFileSync(join(folder, name), value);
  const server = await startStaticServer({ model: folder });
  t.after(server.close);
  for (const modelUrl of [pathToFileURL(folder), `${server.address}/model/`]) {
    const { tf } = fakeTf();
    const embedder = await energeticEmbedder({ modelUrl, tf });
    assert.deepEqual(tokens(await embedder.embed(['ab'], passages), 0), [10]);
  }
  for (const modelUrl of [pathToFileURL(join(folder, 'none')), `${server.address}/none`]) {
    const error = await refused('io_failure', () => energeticEmbedder({ modelUrl, tf: fakeTf().tf }));
    assert.match(error.message, /could not load (vocab|model)\.json/);
  }
});

test('the vector of an empty text is zeros', async () => {
  const embedder = await energeticEmbedder({ files: read, tf: fakeTf().tf });
  const loaded = [];
  const vectors = await embedder.embed(['', 'ab', ''], { ...passages, onProgress: (p) => loaded.push(p.loaded) });
  assert.deepEqual(
    [0, 1, 2].map((row) => tokens(vectors, row)),
    [[], [10], []],
  );
  assert.deepEqual(loaded, [3]);
  assert.equal((await embedder.embed([''], passages)).length, 512);
});

test('what is damaged or cancelled is refused', async () => {
  const { tf } = fakeTf();
  const without = (name, value) => async (file) => (file === name ? bytesOf(value) : read(file));
  await refused('io_failure', () => energeticEmbedder({ files: without('shard2', new Uint8Array(7)), tf }));
  await refused('io_failure', () => energeticEmbedder({ files: without('vocab.json', '[['), tf }));
  await refused('cancelled', () => energeticEmbedder({ files: read, tf, signal: AbortSignal.abort() }));
  const embedder = await energeticEmbedder({ files: read, tf });
  const stop = new AbortController();
  const how = { ...passages, signal: stop.signal, onProgress: () => stop.abort() };
  await refused('cancelled', () => embedder.embed(Array(100).fill('a'), how));
  const nan = await energeticEmbedder({ files: read, tf: fakeTf({ answer: () => new Float32Array(512).fill(Number.NaN) }).tf });
  await refused('not_finite', () => nan.embed(['a'], passages));
  const short = await energeticEmbedder({ files: read, tf: fakeTf({ answer: () => new Float32Array(511) }).tf });
  await refused('dimension_mismatch', () => short.embed(['a'], passages));
});

test('a query during a long job waits for a batch, not for the job', async () => {
  const { tf, seen } = fakeTf();
  const embedder = await energeticEmbedder({ files: read, tf });
  let isDone = false;
  const job = embedder.embed(Array(320).fill('a'), passages).then(() => (isDone = true));
  await embedder.embed(['b'], { kind: 'query' });
  assert.equal(isDone, false);
  await job;
  assert.ok(seen.batches.findIndex((rows) => rows.length === 1) <= 2);
});

test('without TensorFlow.js the error says what to install', async () => {
  const isThere = await import('@tensorflow/tfjs-core').then(() => true).catch(() => false);
  if (isThere) return;
  const error = await refused('not_supported', () => energeticEmbedder({ files: read }));
  assert.match(error.message, /install @tensorflow\/tfjs-core/);
  await refused('invalid_argument', () => energeticEmbedder());
});
