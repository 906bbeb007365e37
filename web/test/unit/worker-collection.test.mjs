// SPDX-License-Identifier: Apache-2.0
// A collection in a worker answers as one in the page.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimileError } from 'simile';
import { Collection } from 'simile/collection';
import { createWorkerCollection, WorkerCollection } from 'simile/worker';
import { embedder, letters } from '../support/letters-embedder.mjs';

const rejects = (promise, code, says = /./) =>
  assert.rejects(promise, (error) => {
    assert.ok(error instanceof SimileError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, says);
    return true;
  });

const schema = { title: { type: 'text', weight: 2 }, text: 'text', price: 'number', tags: 'string[]' };
const words = ['apple', 'pear', 'quince', 'cherry', 'plum', 'fig', 'grape', 'lemon'];
const docs = Array.from({ length: 120 }, (_, i) => ({
  id: i % 3 === 0 ? `doc ${i}` : i,
  title: `${words[i % 8]} and ${words[(i * 3) % 8]}`,
  text: `Number ${i} of the orchard. A ${words[(i * 5) % 8]} stands beside it.`,
  price: i / 2,
  tags: [words[i % 4]],
  extra: { __proto__: null, deep: [i] },
}));
const module = new URL('../support/letters-embedder.mjs', import.meta.url);
const withoutTime = ({ elapsed, ...result }) => result;

const embedders = {
  none: [undefined, undefined],
  'of the page': [embedder, embedder],
  'of a module': [embedder, { module }],
  'made by a module': [letters({ scale: 3 }), { module, name: 'letters', options: { scale: 3 } }],
};

for (const [title, [own, given]] of Object.entries(embedders)) {
  test(`with an embedder ${title}, every method answers as in the page`, async () => {
    const here = await Collection.create({ schema, ...(own && { embedder: own }) });
    const workers = title === 'of a module' ? 3 : 1;
    const there = await createWorkerCollection({ schema, workers, ...(given && { embedder: given }) });
    assert.equal(there.workers, workers);
    const told = [];
    const both = async (work) => {
      const [a, b] = [await work(there), await work(here)];
      assert.deepEqual(a, b);
      return a;
    };
    await both((one) => one.addMany(docs.slice(0, 100), { onProgress: (progress) => told.push(progress) }));
    assert.deepEqual(told.at(-1), { loaded: 100, total: 100, stage: 'indexing' });
    await both((one) => one.add(docs[100]));
    await both((one) => one.addMany(docs, { onDuplicate: 'skip' }));
    await both((one) => one.update({ ...docs[4], title: 'walnut' }));
    await both((one) => one.delete(5));
    await both((one) => one.deleteMany([7, 'doc 9', 'nobody']));
    assert.deepEqual([there.size, there.passages, there.schema], [here.size, here.passages, here.schema]);
    for (const query of ['apple', 'walnut', { like: 8 }, { text: 'quince', not: 'pear', where: { price: { lt: 30 } } }]) {
      if (!own && typeof query === 'object') continue;
      const options = { limit: 7, facets: ['tags'], where: { tags: { in: ['apple', 'pear', 'quince'] } } };
      const { hits } = await both(async (one) => withoutTime(await one.search(query, options)));
      assert.ok(hits.length > 0, JSON.stringify(query));
    }
    await both((one) => one.get(8));
    await both((one) => one.get('nobody'));
    await both((one) => one.has('doc 3'));
    await both((one) => one.ids());
    const bytes = await both((one) => one.toBytes());
    const again = await WorkerCollection.fromBytes(bytes, given ? { embedder: given } : {});
    assert.deepEqual(withoutTime(await again.search('apple')), withoutTime(await here.search('apple')));
    for (const one of [there, again]) one.terminate();
    await rejects(there.search('apple'), 'disposed');
  });
}

test('a collection in a worker takes vectors, and refuses what it does in the page', async () => {
  const there = await createWorkerCollection({ schema: { title: 'text' }, dims: 2 });
  await there.addMany([
    { id: 'a', title: 'east', vector: [1, 0] },
    { id: 'b', title: 'north', vector: { data: Float32Array.of(0, 1), dims: [2], method() {} } },
  ]);
  assert.equal((await there.search([0.1, 1])).hits[0].id, 'b');
  assert.equal((await there.search({ vector: [1, 0.1] })).hits[0].id, 'a');
  await rejects(there.add({ id: 'a', title: 'again', vector: [1, 0] }), 'duplicate_id');
  await rejects(there.add({ id: 'c', title: 5, vector: [1, 0] }), 'invalid_argument');
  await rejects(there.add({ id: 'c', title: 'x', vector: [1], f: () => 0 }), 'invalid_argument', /cannot be sent to a worker/);
  await rejects(there.search([1, 2, 3]), 'dimension_mismatch');
  await rejects(there.search('x', { mode: 'psychic' }), 'invalid_argument');
  await rejects(there.addMany('text'), 'invalid_argument');
  await rejects(there.addMany([{ id: 'c', title: 'x', vector: [1, 0] }], { signal: AbortSignal.abort() }), 'cancelled');
  assert.equal(there.size, 2);
  there.terminate();
  await rejects(createWorkerCollection({ schema: {} }), 'invalid_argument');
  await rejects(WorkerCollection.fromBytes(new Uint8Array(9)), 'truncated_file');
  await rejects(
    createWorkerCollection({ schema, embedder: { module, name: 'nothing' } }),
    'invalid_argument',
    /exports no nothing/,
  );
});

test('what an embedder in the page throws arrives, and a batch that is cancelled leaves nothing', async () => {
  const there = await createWorkerCollection({ schema, embedder: letters({ failsAt: 'bad' }) });
  await assert.rejects(there.search('bad'), { message: 'no vector for bad' });
  const stop = new AbortController();
  const waiting = {
    info: embedder.info,
    embed: (_, { signal }) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('told to stop')))),
  };
  const stuck = await createWorkerCollection({ schema, embedder: waiting });
  const adding = stuck.addMany(docs, { signal: stop.signal });
  setTimeout(() => stop.abort(), 50);
  await assert.rejects(adding);
  assert.equal((await stuck.ids()).length, 0);
  for (const one of [there, stuck]) one.terminate();
});

test('several workers load a collection into one memory, a wrong number of them is refused, and the end of them is told', async () => {
  const dims = 64;
  const here = await Collection.create({ schema: { n: 'number' }, dims });
  await here.addMany(
    Array.from({ length: 3000 }, (_, id) => ({
      id,
      n: id % 10,
      vector: Float32Array.from({ length: dims }, (_, i) => Math.cos(id * (i + 1))),
    })),
  );
  const there = await WorkerCollection.fromBytes(await here.toBytes(), { workers: 2 });
  assert.equal(there.workers, 2);
  for (const id of [1, 70, 2999]) {
    const query = [
      { like: id, where: { n: { gte: 3 } } },
      { limit: 20, facets: ['n'] },
    ];
    assert.deepEqual(withoutTime(await there.search(...query)), withoutTime(await here.search(...query)));
  }
  await rejects(createWorkerCollection({ schema, workers: 65 }), 'invalid_argument', /1 to 64, not 65/);
  there.terminate();
  await rejects(there.search({ like: 1 }), 'disposed');
  here.dispose();
});
