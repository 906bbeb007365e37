// SPDX-License-Identifier: Apache-2.0
// The embedder for transformers.js, with a pipeline of the same shape; no model can be downloaded here.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { transformersEmbedder } from 'simile/embedders/transformers';
import { refused } from '../support/expect.mjs';

const passages = { kind: 'passage' };
const dims = 3;
const vectorOf = (text) => [text.length, text.charCodeAt(0), 1];

/** `pipeline` of a module whose calls are kept. */
function fakePipeline({ answer, events = [] } = {}) {
  const calls = { made: [], run: [], disposed: 0 };
  const pipeline = async (task, model, options) => {
    calls.made.push({ task, model, options });
    for (const event of events) options.progress_callback?.(event);
    const extractor = async (texts, how) => {
      calls.run.push({ texts, how });
      if (answer) return answer(texts);
      return { type: 'float32', data: Float32Array.from(texts.flatMap(vectorOf)), dims: [texts.length, dims] };
    };
    return Object.assign(extractor, { dispose: async () => calls.disposed++ });
  };
  return { pipeline, calls };
}

test('the model is loaded with what was asked for', async () => {
  const { pipeline, calls } = fakePipeline();
  const pipelineOptions = { local_files_only: true };
  const embedder = await transformersEmbedder({
    model: 'X/m',
    pipeline,
    dtype: 'q8',
    device: 'webgpu',
    revision: 'main',
    pipelineOptions,
  });
  assert.deepEqual(calls.made, [
    {
      task: 'feature-extraction',
      model: 'X/m',
      options: { local_files_only: true, dtype: 'q8', device: 'webgpu', revision: 'main' },
    },
  ]);
  assert.deepEqual(embedder.info, { model: 'X/m', dims, pooling: 'mean' });
  await embedder.dispose();
  assert.equal(calls.disposed, 1);
});

test('rows are in the order of the texts, though batches are of like length', async () => {
  const { pipeline, calls } = fakePipeline();
  const embedder = await transformersEmbedder({ model: 'm', pipeline, batchSize: 2, pooling: 'cls', normalize: false, dims });
  const texts = ['bb', 'a', 'dddd', 'ccc', 'e'];
  const seen = [];
  const vectors = await embedder.embed(texts, { kind: 'query', onProgress: ({ loaded, total }) => seen.push([loaded, total]) });
  assert.deepEqual([...vectors], texts.flatMap(vectorOf));
  assert.deepEqual(
    calls.run.map((call) => call.texts),
    [['dddd', 'ccc'], ['bb', 'a'], ['e']],
  );
  assert.deepEqual(calls.run[0].how, { pooling: 'cls', normalize: false });
  assert.deepEqual(seen, [
    [2, 5],
    [4, 5],
    [5, 5],
  ]);
  assert.equal(embedder.info.pooling, 'cls, not normalized');
});

test('prefixes are put before queries and passages', async () => {
  const { pipeline, calls } = fakePipeline();
  const embedder = await transformersEmbedder({
    model: 'e5',
    pipeline,
    dims,
    queryPrefix: 'query: ',
    passagePrefix: 'passage: ',
  });
  await embedder.embed(['a'], { kind: 'query' });
  await embedder.embed(['a'], passages);
  assert.deepEqual(
    calls.run.map(({ texts }) => texts),
    [['query: a'], ['passage: a']],
  );
  assert.deepEqual(embedder.info, { model: 'e5', dims, pooling: 'mean', queryPrefix: 'query: ', passagePrefix: 'passage: ' });
});

test('the progress of the files becomes one', async () => {
  const events = [
    { status: 'initiate', file: 'a' },
    { status: 'progress', file: 'a', progress: 50, loaded: 5, total: 10 },
    { status: 'progress', file: 'b', progress: 1, loaded: 1, total: 100 },
    { status: 'progress_total', loaded: 6, total: 110 },
    { status: 'progress', file: 'a', progress: 100, loaded: 10, total: 10 },
    { status: 'progress', file: 'c', loaded: 7 },
    { status: 'ready' },
  ];
  const { pipeline } = fakePipeline({ events });
  const seen = [];
  await transformersEmbedder({ model: 'm', pipeline, onProgress: ({ loaded, total }) => seen.push([loaded, total]) });
  assert.deepEqual(seen, [
    [5, 10],
    [6, 110],
    [11, 110],
    [18, 117],
  ]);
});

test('a signal ends the wait for the model, and the work after the batch', async () => {
  const loading = new AbortController();
  const never = () => new Promise(() => setTimeout(() => loading.abort()));
  await refused('cancelled', () => transformersEmbedder({ model: 'm', pipeline: never, signal: loading.signal }));
  await refused('cancelled', () => transformersEmbedder({ model: 'm', pipeline: never, signal: AbortSignal.abort() }));

  let finish;
  const { pipeline, calls } = fakePipeline();
  const late = new AbortController();
  const slow = async (...args) => {
    await new Promise((resolve) => (finish = resolve));
    return pipeline(...args);
  };
  const waiting = refused('cancelled', () => transformersEmbedder({ model: 'm', pipeline: slow, signal: late.signal }));
  late.abort();
  await waiting;
  finish();
  await new Promise((resolve) => setTimeout(resolve));
  assert.equal(calls.disposed, 1, 'a model that comes too late is freed');

  const stop = new AbortController();
  const embedder = await transformersEmbedder({ model: 'm', pipeline, batchSize: 1, dims });
  const run = calls.run.length;
  const how = { ...passages, signal: stop.signal, onProgress: () => stop.abort() };
  await refused('cancelled', () => embedder.embed(['a', 'b', 'c'], how));
  assert.equal(calls.run.length, run + 1);
});

test('what is no vector is refused', async () => {
  const cases = [
    ['dimension_mismatch', (texts) => ({ data: new Float32Array(texts.length * 2), dims: [texts.length, 2] })],
    ['dimension_mismatch', (texts) => ({ data: new Float32Array(texts.length * 6), dims: [texts.length, 2, 3] })],
    ['dimension_mismatch', () => ({ data: new Float32Array(3), dims: [1, 3] })],
    ['not_finite', (texts) => ({ data: new Float32Array(texts.length * 3).fill(Number.NaN), dims: [texts.length, 3] })],
    ['io_failure', () => ({ data: new Float32Array(5), dims: [2, 3] })],
    ['io_failure', () => undefined],
    ['io_failure', async () => Promise.reject(new Error('out of memory'))],
  ];
  for (const [code, answer] of cases) {
    const embedder = await transformersEmbedder({ model: 'm', pipeline: fakePipeline({ answer }).pipeline, dims });
    await refused(code, () => embedder.embed(['a', 'b'], passages), answer);
  }
});

test('a model that cannot be loaded says why', async () => {
  const fails = async () => Promise.reject(new Error('Unauthorized access to file'));
  const error = await refused('io_failure', () => transformersEmbedder({ model: 'X/none', pipeline: fails }));
  assert.match(error.message, /X\/none could not be loaded: Unauthorized/);
  for (const options of [
    { model: '' },
    { batchSize: 0 },
    { dims: 1.5 },
    { queryPrefix: 5 },
    { pipeline: 'p' },
    { pipeline: async () => 7 },
  ])
    await refused('invalid_argument', () => transformersEmbedder({ model: 'm', pipeline: fakePipeline().pipeline, ...options }));
});

test('without transformers.js the error says what to install', async () => {
  const isThere = await import('@huggingface/transformers').then(() => true).catch(() => false);
  if (isThere) return;
  const error = await refused('not_supported', () => transformersEmbedder({ model: 'm' }));
  assert.match(error.message, /install @huggingface\/transformers/);
});
