// SPDX-License-Identifier: Apache-2.0
// An index in workers gives the answers of one in the page. Here they are threads of Node; test/browser/worker.test.mjs has those of a page.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { Index, SimileError } from 'simile';
import { createWorkerIndex, WorkerIndex } from 'simile/worker';
import { vectors } from '../support/random.mjs';
import { startStaticServer } from '../support/static-server.mjs';

const dims = 8;
const row = (seed) => vectors(1, dims, seed);
const rejects = (promise, code, says = /./) =>
  assert.rejects(promise, (error) => {
    assert.ok(error instanceof SimileError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, says);
    return true;
  });

/** Both, with the same items. */
async function pair(options, n = 200) {
  const ids = Array.from({ length: n }, (_, i) => (i % 2 === 0 ? i : `item ${i}`));
  const data = vectors(n, dims, 3);
  const index = await Index.create({ dims, ...options });
  const worker = await createWorkerIndex({ dims, ...options });
  for (const one of [index, worker]) await one.addMany(ids, data);
  return { index, worker, ids, data };
}

for (const { workers, memory } of [
  { workers: 1, memory: 'separate' },
  { workers: 3, memory: 'separate' },
  { workers: 2, memory: 'shared' },
]) {
  const kind = { workers, memory };
  const isOne = workers === 1 || memory === 'shared';
  const title = workers === 1 ? '1 worker' : `${workers} workers with ${memory} memory`;

  test(`every method of an index in ${title} answers as in the page`, async () => {
    const { index, worker, ids } = await pair({ ...kind, codec: 'int8' });
    const query = row(99);
    for (const name of ['dims', 'similarity', 'codec', 'size', 'level', 'levels', 'bankSize', 'metadata', 'relevance'])
      assert.deepEqual(worker[name], index[name], name);
    assert.deepEqual([worker.workers, worker.memory], [workers, memory]);
    assert.ok(worker.byteLength > 0);
    const options = [
      {},
      { k: 3 },
      { k: 1000 },
      { minScore: 0.2 },
      { filter: ids.slice(5, 40) },
      { filter: [] },
      { filter: new Set([4, 'item 7', 'unknown']) },
      { ranges: [[10, 20], [190, 200]] }, // biome-ignore format: pairs
      { ranges: [[0, 100]], filter: ids.slice(90, 110) },
      { compose: { minus: [row(50)], without: [row(60)] } },
      { recall: 1 },
    ];
    const flat = vectors(20, dims, 5);
    for (const some of options) {
      assert.deepEqual(await worker.search(query, some), await index.search(query, some), JSON.stringify(some));
      assert.deepEqual(await worker.searchMany(flat, some), await index.searchMany(flat, some), JSON.stringify(some));
    }
    assert.deepEqual(await worker.scores(query), await index.scores(query));
    assert.deepEqual(await worker.get('item 1'), index.get('item 1'));
    assert.equal(await worker.get('nobody'), undefined);
    assert.deepEqual([await worker.has(2), await worker.has('2')], [true, false]);
    for (const one of [index, worker]) {
      await one.calibrate(vectors(30, dims, 8), { method: 'csls', k: 4 });
      await one.setRelevance({ method: 'sigmoid', scale: 9, offset: -2 });
    }
    assert.equal(worker.bankSize, 30);
    assert.deepEqual(worker.relevance, index.relevance);
    assert.deepEqual(await worker.search(query, { normalize: true }), await index.search(query, { normalize: true }));
    assert.deepEqual(await worker.search(query, { minRelevance: 0.3 }), await index.search(query, { minRelevance: 0.3 }));
    index.metadata = 'about';
    await worker.setMetadata('about');
    assert.equal(worker.metadata, 'about');
    for (const one of [index, worker]) {
      await one.update(4, row(1));
      assert.equal(await one.delete('item 1'), true);
      assert.equal(await one.delete('item 1'), false);
      assert.equal(await one.deleteMany([0, 2, 'item 199', 'nobody']), 3);
      await one.add('new', row(2));
      await one.add(4, row(3), { onDuplicate: 'replace' });
    }
    assert.deepEqual(await worker.ids(), index.ids());
    assert.equal(worker.size, index.size);
    const bytes = await worker.toBytes();
    if (isOne) assert.deepEqual(bytes, index.toBytes());
    const again = await Index.fromBytes(bytes);
    assert.deepEqual([again.ids(), again.metadata, again.bankSize], [index.ids(), 'about', 30]);
    const [mine, theirs] = [await again.search(query, { k: 500 }), await index.search(query, { k: 500 })];
    for (const [i, { score }] of mine.entries()) assert.ok(Math.abs(score - theirs[i].score) <= 3.3e-5);
    assert.ok(theirs.length > 100);
    worker.terminate();
  });

  test(`${title} load a file, from bytes or an address, and go on with it`, async () => {
    const { index, worker } = await pair({ workers: 1, codec: 'planes' });
    worker.dispose();
    index.metadata = 'kept';
    await index.setRelevance({ method: 'platt', a: -3, b: 1 });
    await index.calibrate(vectors(9, dims, 1));
    const bytes = index.toBytes();
    const server = await startStaticServer({}, { pages: { '/a.simile': Buffer.from(bytes) } });
    const progress = [];
    const onProgress = ({ loaded, total }) => progress.push([loaded, total]);
    const loaded = [
      await WorkerIndex.fromBytes(bytes, { ...kind, onProgress }),
      await WorkerIndex.fromURL(`${server.address}/a.simile`, kind),
      await WorkerIndex.fromBytes(bytes.slice().buffer, { ...kind, transfer: isOne, verify: 'full' }),
    ];
    assert.deepEqual(progress.at(-1), [bytes.length, bytes.length]);
    for (const one of loaded) {
      await one.complete;
      assert.deepEqual([one.size, one.metadata, one.bankSize, one.level], [200, 'kept', 9, 3]);
      assert.deepEqual(one.relevance, index.relevance);
      const options = { recall: 1, k: 200 };
      assert.deepEqual(await one.search(row(4), options), await index.search(row(4), options));
      await one.add('more', row(5));
      assert.deepEqual(await one.ids(), [...index.ids(), 'more']);
      one.terminate();
    }
    server.close();
    await rejects(WorkerIndex.fromBytes(bytes.slice(0, 300), kind), 'truncated_file');
    await rejects(WorkerIndex.fromBytes(bytes, { ...kind, limits: { maxRows: 10 } }), 'limit_exceeded');
    await rejects(WorkerIndex.fromURL('http://127.0.0.1:9/none', kind), 'io_failure');
    await rejects(WorkerIndex.fromBytes('text', kind), 'invalid_argument');
  });

  test(`${title} refuse what an index refuses, and stay as they are`, async () => {
    const { worker, ids } = await pair(kind);
    const two = vectors(2, dims, 7);
    const before = await worker.ids();
    await rejects(worker.add(0, row(1)), 'duplicate_id', /0 is there/);
    await rejects(worker.add('x', [1]), 'dimension_mismatch');
    await rejects(worker.addMany(['x'], two), 'dimension_mismatch', /1 ids and 2 vectors/);
    await rejects(worker.addMany(['x', 'x'], two), 'duplicate_id');
    await rejects(worker.addMany(['x', 0], two), 'duplicate_id');
    await rejects(worker.addMany(['x', -1], two), 'invalid_argument', /id is a string/);
    await rejects(worker.addMany(['x', 'y'], [row(1), row(1).fill(0)]), 'zero_norm', /vector 1/);
    await rejects(worker.addMany(['x', 'y'], [row(1), row(1).fill(Number.NaN)]), 'not_finite', /vector 1/);
    await rejects(worker.addMany(['x'], row(1), { onDuplicate: 'keep' }), 'invalid_argument');
    await rejects(worker.update('nobody', row(1)), 'unknown_id');
    await rejects(worker.search([1, 2]), 'dimension_mismatch');
    await rejects(worker.search(row(1).fill(0)), 'zero_norm');
    await rejects(worker.search(row(1), { k: 0 }), 'invalid_argument');
    await rejects(worker.search(row(1), { filter: () => true }), 'invalid_argument', /cannot be sent to a worker/);
    await rejects(worker.search(row(1), { ranges: [[0, 201]] }), 'out_of_range');
    await rejects(worker.search(row(1), { ranges: [[0, 20], [10, 30]] }), 'invalid_argument'); // biome-ignore format: one line
    await rejects(worker.deleteMany('text'), 'invalid_argument');
    await rejects(worker.deleteMany([{}]), 'invalid_argument');
    await rejects(worker.setMetadata('\ud800'), 'invalid_argument');
    assert.deepEqual(await worker.ids(), before);
    assert.equal((await worker.search(row(1))).length, 10);
    await worker.addMany([...ids, 'x', 'x'], [...ids, 1, 2].map((_, i) => row(i)), { onDuplicate: 'replace' }); // biome-ignore format: one line
    assert.equal((await worker.search(row(201), { k: 1 }))[0].id, 'x');
    assert.equal(worker.size, 201);
    worker.terminate();
    await rejects(worker.search(row(1)), 'disposed');
  });

  test(`${title} tell of progress, and stop when they are told to`, async () => {
    const worker = await createWorkerIndex({ dims, ...kind, codec: 'int8' });
    await worker.add('first', row(1));
    const n = 60_000;
    const data = vectors(n, dims, 1);
    const ids = [...Array(n).keys()];
    const told = [];
    const stop = new AbortController();
    const reason = new Error('enough');
    const onProgress = (progress) => {
      told.push(progress);
      if (progress.loaded > 0) stop.abort(reason);
    };
    await assert.rejects(worker.addMany(ids, data, { signal: stop.signal, onProgress }), (error) => {
      assert.deepEqual([error.code, error.cause], ['cancelled', reason]);
      return true;
    });
    assert.ok(told.length > 0 && told[0].total === n);
    assert.deepEqual(await worker.ids(), ['first']);
    const broken = () => {
      throw reason;
    };
    await assert.rejects(worker.addMany(ids, data, { onProgress: broken }), (error) => error === reason);
    assert.equal(worker.size, 1);
    const late = ({ loaded }) => {
      if (loaded === 2) throw reason;
    };
    const few = worker.addMany(['p', 'q'], vectors(2, dims, 1), { onProgress: late });
    await assert.rejects(few, (error) => error === reason);
    assert.deepEqual(await worker.ids(), ['first']);
    await rejects(worker.addMany(ids, data, { signal: AbortSignal.abort() }), 'cancelled');
    await rejects(worker.search(row(1), { signal: AbortSignal.abort() }), 'cancelled');
    const soon = new AbortController();
    const many = worker.searchMany(data, { signal: soon.signal });
    setTimeout(() => soon.abort(), 5);
    await rejects(many, 'cancelled');
    await worker.addMany(ids, data, { onProgress: (progress) => told.push(progress) });
    assert.deepEqual(told.at(-1), { loaded: n, total: n });
    assert.equal(worker.size, n + 1);
    worker.terminate();
  });
}

test('when a worker dies, all that waits for it and all that comes later is told', async () => {
  const script = new URL('../../dist/worker/worker-thread.js', import.meta.url);
  // As a page's worker, which breaks when it is told to.
  const raw = [];
  const worker = () => {
    const thread = new Worker(script);
    raw.push(thread);
    const target = { postMessage: (...args) => thread.postMessage(...args), terminate: () => thread.terminate() };
    // What it answers while it is being ended comes too late, however quick it is.
    thread.on('message', (data) => isEnding || target.onmessage({ data }));
    thread.on('exit', () => target.onerror({ message: 'out of luck' }));
    return target;
  };
  let isEnding = false;
  const index = await createWorkerIndex({ dims, worker });
  const waiting = [index.addMany([1, 2], vectors(2, dims, 1)), index.search(row(1)), index.toBytes()];
  isEnding = true;
  raw[0].terminate();
  for (const one of waiting) await rejects(one, 'disposed', /out of luck.*make or load it anew/);
  await rejects(index.has(1), 'disposed', /out of luck/);
  index.terminate();
  const missing = () => {
    const thread = new Worker(new URL('missing.js', script));
    const target = { postMessage: (...args) => thread.postMessage(...args), terminate: () => thread.terminate() };
    thread.on('error', ({ message }) => target.onerror({ message }));
    return target;
  };
  await rejects(createWorkerIndex({ dims, worker: missing }), 'io_failure', /did not start.*missing\.js/);
  const refused = () => {
    throw new TypeError('no worker for you');
  };
  await rejects(createWorkerIndex({ dims, worker: refused }), 'not_supported', /no worker for you/);
});

test('an index that is left alone does not keep the program running', () => {
  const script = `import { createWorkerIndex } from 'simile/worker';
    const index = await createWorkerIndex({ dims: 2 });
    await index.add('a', [1, 2]);
    console.log((await index.search([1, 2]))[0].id);`;
  const options = { cwd: new URL('.', import.meta.url), encoding: 'utf8', timeout: 20_000 };
  assert.equal(execFileSync(process.execPath, ['--input-type=module', '-e', script], options), 'a\n');
});

test('changes are made in the order of the calls', async () => {
  for (const workers of [1, 2]) {
    const worker = await createWorkerIndex({ dims, workers });
    // More than the page sends in one slice of its time.
    const n = 100_000;
    await Promise.all([
      worker.addMany([...Array(n).keys()], vectors(n, dims, 1)),
      worker.add('after', row(1)),
      worker.update(7, row(2)),
      worker.deleteMany([3, 'after']),
      worker.add('last', row(3)),
    ]);
    assert.deepEqual([worker.size, (await worker.ids()).at(-1)], [n, 'last']);
    assert.equal((await worker.search(row(2), { k: 1 }))[0].id, 7);
    worker.terminate();
  }
});

test('vectors are copied, unless they may be moved', async () => {
  const worker = await createWorkerIndex({ dims });
  const data = vectors(10, dims, 1);
  await worker.addMany([...Array(10).keys()], data);
  assert.equal(data.length, 80);
  const ids = ['a', 'b'];
  const moved = vectors(2, dims, 2);
  await worker.addMany(ids, moved, { transfer: true });
  assert.equal(moved.length, 0);
  const part = vectors(3, dims, 3).subarray(dims);
  await worker.addMany(['c', 'd'], part, { transfer: true });
  assert.equal(part.length, 16);
  assert.deepEqual([worker.size, (await worker.ids()).slice(10)], [14, ['a', 'b', 'c', 'd']]);
  worker.terminate();
});

test('what several workers cannot say of all items they do not say', async () => {
  const { worker, index } = await pair({ workers: 2, memory: 'separate' });
  await rejects(worker.hubness(vectors(20, dims, 1)), 'not_supported', /one worker or one memory, this has 2/);
  await rejects(worker.setRelevance({ method: 'surprise' }), 'not_supported');
  await rejects(worker.calibrate(vectors(20, dims, 1), { dynamic: true }), 'not_supported');
  await rejects(worker.search(row(1), { minRelevance: 0.5 }), 'not_supported');
  const { worker: coarse } = await pair({ workers: 2, memory: 'separate', codec: 'rabitq4' });
  await rejects(coarse.toBytes(), 'not_supported', /rabitq4/);
  coarse.terminate();
  worker.terminate();
  const { worker: one } = await pair({});
  assert.deepEqual(await one.hubness(vectors(40, dims, 1)), await index.hubness(vectors(40, dims, 1)));
  const bank = { bank: vectors(9, dims, 2), methods: [{ method: 'csls', k: 3 }] };
  assert.deepEqual(await one.hubness(vectors(40, dims, 1), bank), await index.hubness(vectors(40, dims, 1), bank));
  await one.setRelevance({ method: 'surprise' });
  assert.equal(one.relevance.method, 'surprise');
  one.terminate();
  for (const workers of [0, 1.5, 65, '2']) await rejects(createWorkerIndex({ dims, workers }), 'invalid_argument');
  await rejects(createWorkerIndex({ dims, workers: 2, memory: 'common' }), 'invalid_argument', /auto, shared, separate/);
  await rejects(createWorkerIndex({ dims: 0 }), 'invalid_argument');
  await rejects(createWorkerIndex({ dims, wasm: 'file:///nowhere.wasm' }), 'io_failure');
});

test('equal scores are in the order of rows, whichever worker they come from', async () => {
  const index = await Index.create({ dims, codec: 'f32' });
  const worker = await createWorkerIndex({ dims, codec: 'f32', workers: 3, memory: 'separate' });
  const ids = Array.from({ length: 40 }, (_, i) => `id ${i}`);
  for (const one of [index, worker]) {
    await one.addMany(
      ids,
      ids.map((_, i) => row(i % 4)),
    );
    await one.deleteMany(['id 0', 'id 5', 'id 38']);
    await one.add('id 5', row(1));
  }
  for (const k of [1, 7, 13, 40])
    assert.deepEqual(await worker.search(row(1), { k }), await index.search(row(1), { k }), `k ${k}`);
  worker.terminate();
});

test('over any number of workers the answers are those of one index', async () => {
  const id = fc.oneof(fc.nat({ max: 30 }), fc.constantFrom('a', 'b', '__proto__'));
  // Few directions, so that many scores are equal and only the order of rows tells them apart.
  const direction = fc.nat({ max: 5 }).map((i) => Float32Array.from({ length: dims }, (_, j) => (j === i ? 2 : 0.5)));
  const step = fc.oneof(
    fc.record({ do: fc.constant('add'), items: fc.uniqueArray(fc.tuple(id, direction), { maxLength: 12, selector: ([id]) => id }), onDuplicate: fc.constantFrom('refuse', 'replace') }),
    fc.record({ do: fc.constant('delete'), ids: fc.array(id, { maxLength: 4 }) }),
    fc.record({ do: fc.constant('search'), query: direction, k: fc.integer({ min: 1, max: 40 }), filter: fc.option(fc.array(id), { nil: undefined }) }),
    fc.record({ do: fc.constant('save') }),
  ); // biome-ignore format: a line for each
  const outcome = (promise) => promise.catch((error) => error.code);
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 2, max: 3 }), fc.array(step, { minLength: 6, maxLength: 12 }), async (workers, steps) => {
      const index = await Index.create({ dims, codec: 'f32' });
      const own = { workers, memory: 'separate' };
      let worker = await createWorkerIndex({ dims, codec: 'f32', ...own });
      try {
        for (const one of steps) {
          const did = async (target) => {
            if (one.do === 'add') {
              const [ids, rows] = [one.items.map(([id]) => id), one.items.map(([, vector]) => vector)];
              return outcome(target.addMany(ids, rows, { onDuplicate: one.onDuplicate }));
            }
            if (one.do === 'delete') return target.deleteMany(one.ids);
            if (one.do === 'save') return target.toBytes();
            return target.search(one.query, { k: one.k, ...(one.filter && { filter: one.filter }) });
          };
          const got = await did(worker);
          assert.deepEqual(got, await did(index));
          assert.deepEqual(await worker.ids(), index.ids());
          if (one.do !== 'save') continue;
          worker.terminate();
          worker = await WorkerIndex.fromBytes(got, own);
        }
      } finally {
        worker.terminate();
        index.dispose();
      }
    }),
    { numRuns: 7 },
  );
});
