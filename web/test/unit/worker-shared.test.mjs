// SPDX-License-Identifier: Apache-2.0
// Several workers with one memory are one index. Here they are threads of Node; test/browser/worker.test.mjs has those of an isolated page.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { Index } from 'simile';
import { createWorkerIndex, WorkerIndex } from 'simile/worker';
import { vectors } from '../support/random.mjs';

const dims = 8;
// From 4,096 rows on a search is parted among two workers, from 6,144 on among three.
const n = 6500;
const data = vectors(n, dims, 3);
const ids = Array.from({ length: n }, (_, i) => (i % 2 === 0 ? i : `item ${i}`));
const row = (seed) => vectors(1, dims, seed);
const shared = (workers) => ({ workers, memory: 'shared' });
const rejects = (promise, code, says = /./) => assert.rejects(promise, { name: 'SimileError', code, message: says });

async function pair(options) {
  const index = await Index.create({ dims, ...options });
  const worker = await createWorkerIndex({ dims, ...options });
  for (const one of [index, worker]) await one.addMany(ids, data);
  return { index, worker };
}

/** Workers as a page makes them, and the threads behind them. */
function threads() {
  const raw = [];
  const worker = () => {
    const thread = new Worker(new URL('../../dist/worker/worker-thread.js', import.meta.url));
    const target = { postMessage: (...args) => thread.postMessage(...args), terminate: () => thread.terminate() };
    thread.on('message', (data) => target.onmessage({ data }));
    thread.on('error', ({ message }) => target.onerror({ message }));
    thread.ended = new Promise((resolve) => {
      thread.on('exit', () => {
        target.onerror({ message: 'out of luck' });
        resolve();
      });
    });
    raw.push(thread);
    return target;
  };
  return { raw, worker };
}

for (const codec of ['planes', 'f32', 'rabitq4']) {
  test(`workers with one memory give the bits of one index, in any order of changes, with ${codec}`, async () => {
    const id = fc.oneof(fc.nat({ max: n + 20 }), fc.constantFrom('a', 'item 1', '__proto__'));
    const seed = fc.nat({ max: 1000 });
    const step = fc.oneof(
      fc.record({ do: fc.constant('add'), ids: fc.uniqueArray(id, { maxLength: 12 }), seed, onDuplicate: fc.constantFrom('refuse', 'replace') }),
      fc.record({ do: fc.constant('delete'), ids: fc.array(id, { maxLength: 40 }) }),
      fc.record({ do: fc.constant('search'), seed, k: fc.integer({ min: 1, max: 300 }), recall: fc.constantFrom(0.9, 0.99, 1), minScore: fc.constantFrom(undefined, 0.5) }),
      fc.record({ do: fc.constant('ranges'), seed, first: fc.nat({ max: 1000 }), filter: fc.option(fc.array(id), { nil: undefined }) }),
      fc.record({ do: fc.constant('searchMany'), seed, normalize: fc.boolean() }),
      fc.record({ do: fc.constant('calibrate'), seed, method: fc.constantFrom('nnn', 'csls', 'inverted_softmax'), dynamic: fc.boolean() }),
      fc.record({ do: fc.constant('save') }),
    ); // biome-ignore format: a line for each
    const doing = {
      add: (one, { ids, seed, onDuplicate }) => one.addMany(ids, vectors(ids.length, dims, seed), { onDuplicate }),
      delete: (one, { ids }) => one.deleteMany(ids),
      search: (one, { seed, k, recall, minScore }) => one.search(row(seed), { k, recall, ...(minScore && { minScore }) }),
      ranges: (one, { seed, first, filter }) => one.search(row(seed), { ranges: [[first, 6000]], ...(filter && { filter }) }),
      searchMany: (one, { seed, normalize }) => one.searchMany(vectors(21, dims, seed), { normalize }),
      calibrate: (one, { seed, method, dynamic }) => one.calibrate(vectors(9, dims, seed), { method, dynamic, k: 3 }),
      save: async (one) => one.toBytes(),
    };
    const outcome = (promise) => promise.catch(({ code, message }) => ({ code, message }));
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 3 }),
        fc.array(step, { minLength: 5, maxLength: 14 }),
        async (workers, steps) => {
          let { index, worker } = await pair({ codec, ...shared(workers) });
          try {
            for (const one of steps) {
              const got = await outcome(doing[one.do](worker, one));
              assert.deepEqual(got, await outcome(doing[one.do](index, one)));
              assert.deepEqual([worker.size, worker.bankSize], [index.size, index.bankSize]);
              if (one.do !== 'save') continue;
              worker.terminate();
              worker = await WorkerIndex.fromBytes(got, shared(workers));
            }
            assert.deepEqual(await worker.toBytes(), index.toBytes());
          } finally {
            worker.terminate();
            index.dispose();
          }
        },
      ),
      { numRuns: 3 },
    );
  });
}

test('workers with one memory look at all items together', async () => {
  const { index, worker } = await pair(shared(2));
  assert.deepEqual([worker.memory, worker.workers], ['shared', 2]);
  const sample = vectors(40, dims, 1);
  const bank = { bank: vectors(9, dims, 2), methods: [{ method: 'csls', k: 3 }] };
  assert.deepEqual(await worker.hubness(sample, bank), await index.hubness(sample, bank));
  assert.deepEqual(await worker.search(row(1), { minRelevance: 0.5 }), await index.search(row(1), { minRelevance: 0.5 }));
  for (const one of [index, worker]) {
    await one.calibrate(vectors(20, dims, 1), { method: 'inverted_softmax', dynamic: true });
    await one.setRelevance({ method: 'surprise' });
  }
  assert.deepEqual(worker.relevance, index.relevance);
  assert.deepEqual(await worker.search(row(1), { normalize: true }), await index.search(row(1), { normalize: true }));
  assert.deepEqual(await worker.scores(row(1)), await index.scores(row(1)));
  worker.terminate();
});

test('many searches at once, and changes between them, are answered in the order of the calls', async () => {
  const { worker } = await pair({ codec: 'f32', ...shared(3) });
  const far = row(1).map((x) => 100 * x);
  const asked = [];
  for (let i = 0; i < 60; i++) {
    if (i % 2 === 0) asked.push(worker.add(`new ${i}`, far).then(() => undefined));
    else asked.push(worker.deleteMany([`new ${i - 1}`]));
    asked.push(worker.search(row(i)), worker.searchMany(vectors(5, dims, i)));
  }
  await Promise.all(asked);
  assert.equal(worker.size, n);
  worker.terminate();
});

test('the end of one of several workers is the end of all', async () => {
  for (const which of [0, 2]) {
    const { raw, worker } = threads();
    const index = await createWorkerIndex({ dims, worker, ...shared(3) });
    await index.addMany(ids, data);
    assert.equal(raw.length, 3);
    const asked = Array.from({ length: 50 }, (_, i) => index.searchMany(vectors(100, dims, i)));
    raw[which].terminate();
    const ends = await Promise.allSettled(asked);
    for (const { reason } of ends) if (reason) assert.equal(reason.code, 'disposed');
    assert.equal(ends.at(-1).status, 'rejected');
    await rejects(index.has(1), 'disposed', /out of luck.*make or load it anew/);
    await Promise.all(raw.map(({ ended }) => ended));
  }
});

test('dispose ends all of the workers', async () => {
  const { raw, worker } = threads();
  const index = await createWorkerIndex({ dims, worker, ...shared(3) });
  await index.addMany(ids, data);
  await index.search(row(1));
  index.dispose();
  await Promise.all(raw.map(({ ended }) => ended));
  await rejects(index.search(row(1)), 'disposed');
});

test('one memory is taken where it can be had, and must be where it is asked for', async () => {
  const kinds = [];
  for (const options of [{ workers: 2 }, { workers: 1 }, { workers: 2, memory: 'separate' }, { workers: 1, memory: 'shared' }]) {
    const index = await createWorkerIndex({ dims, ...options });
    kinds.push(index.memory);
    index.terminate();
  }
  assert.deepEqual(kinds, ['shared', 'separate', 'separate', 'separate']);
  const plain = new URL('../../dist/simile.wasm', import.meta.url);
  const build = new URL('../../dist/simile-shared.wasm', import.meta.url);
  const own = await createWorkerIndex({ dims, workers: 2, wasm: plain });
  assert.equal(own.memory, 'separate');
  own.terminate();
  const given = await createWorkerIndex({ dims, memory: 'shared', workers: 2, wasm: build });
  assert.equal(given.memory, 'shared');
  given.terminate();
  await rejects(createWorkerIndex({ dims, memory: 'shared', workers: 2, wasm: plain }), 'not_supported', /simile-shared\.wasm/);
  await rejects(createWorkerIndex({ dims, memory: 'shared', workers: 2, wasm: new URL('none.wasm', build) }), 'io_failure');
  // A page that is not isolated.
  globalThis.Worker = class {};
  try {
    await rejects(createWorkerIndex({ dims, memory: 'shared', workers: 2 }), 'not_supported', /Cross-Origin-Opener-Policy/);
  } finally {
    delete globalThis.Worker;
  }
});
