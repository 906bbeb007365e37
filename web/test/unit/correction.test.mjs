// SPDX-License-Identifier: Apache-2.0
// Banks of queries that correct for hubs, and what hubness() says of them.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { Index } from 'simile';
import { refused } from '../support/expect.mjs';
import { vectors } from '../support/random.mjs';

const [rows, dims, bankSize] = [500, 24, 60];

/** Queries and items lie about directions of their own, and some items lie in the middle of all queries: hubs. */
function hubbySet(seed) {
  const middle = vectors(1, dims, 77);
  const near = (values, share) => Float32Array.from(values, (v, i) => v + share * middle[i % dims]);
  const targets = vectors(rows, dims, seed);
  const asked = near(
    vectors(rows, dims, seed + 1).map((v, i) => 0.8 * v + targets[i]),
    1.2,
  );
  const items = Float32Array.from(targets);
  for (let hub = 0; hub < 10; hub++)
    for (let j = 0; j < dims; j++) items[hub * dims + j] = middle[j] + 0.2 * targets[hub * dims + j];
  return { items, asked };
}
const { items, asked } = hubbySet(1);
const bank = asked.subarray(100 * dims, (100 + bankSize) * dims);
const queryOf = (i) => asked.subarray(i * dims, (i + 1) * dims);
const corrections = [
  { method: 'inverted_softmax', beta: 30 },
  { method: 'inverted_softmax', dynamic: true, activeK: 2 },
  { method: 'nnn', k: 5, alpha: 1 },
  { method: 'csls' },
];

const alive = [];
const held = (index) => {
  alive.push(index);
  return index;
};
afterEach(() => {
  for (const index of alive.splice(0)) index.dispose();
});

async function filled(codec = 'int8', count = rows) {
  const index = await Index.create({ dims, codec });
  await index.addMany([...Array(count).keys()], items.subarray(0, count * dims));
  return index;
}
const found = (index, options) => index.searchMany(asked.subarray(200 * dims, 230 * dims), { k: 8, ...options });

for (const options of corrections) {
  const name = `${options.dynamic ? 'dynamic ' : ''}${options.method}`;

  test(`a correction follows changes and comes back from its file (${name})`, async () => {
    for (const codec of ['int8', 'planes']) {
      const index = held(await filled(codec, 300));
      const plain = await found(index);
      await index.calibrate(bank, options);
      assert.equal(index.bankSize, bankSize);
      assert.deepEqual(await found(index), plain, 'off by default');
      assert.notDeepEqual(await found(index, { normalize: true }), plain);
      const more = Array.from({ length: rows - 300 }, (_, i) => 300 + i);
      await index.addMany(more, items.subarray(300 * dims));
      await index.delete(17);
      await index.update(18, items.subarray(0, dims));
      // One that was made of what is left at once.
      const fresh = held(await Index.create({ dims, codec }));
      for (const id of index.ids())
        await fresh.add(id, id === 18 ? items.subarray(0, dims) : items.subarray(id * dims, (id + 1) * dims));
      await fresh.calibrate(bank, options);
      const corrected = await found(index, { normalize: true });
      assert.deepEqual(await found(fresh, { normalize: true }), corrected);
      const file = index.toBytes();
      assert.deepEqual(fresh.toBytes(), file);
      const loaded = held(await Index.fromBytes(file, { verify: 'full' }));
      assert.equal(loaded.bankSize, bankSize);
      assert.deepEqual(await found(loaded, { normalize: true }), corrected);
      assert.deepEqual(loaded.toBytes(), file);
      await loaded.calibrate([]);
      assert.equal(loaded.bankSize, 0);
      assert.deepEqual(await found(loaded, { normalize: true }), await found(index));
    }
  });
}

test('relevance is told by the similarity, whatever the correction makes of ranks', async () => {
  const index = held(await filled());
  await index.calibrate(bank, { method: 'nnn', k: 5 });
  await index.setRelevance({ method: 'platt', a: -10, b: 3 });
  const plain = new Map((await index.search(queryOf(201), { k: rows })).map(({ id, relevance }) => [id, relevance]));
  const hits = await index.search(queryOf(201), { k: 20, normalize: true });
  for (const { id, relevance } of hits) assert.ok(Math.abs(relevance - plain.get(id)) < 1e-5);
  const least = hits[9].relevance;
  const kept = await index.search(queryOf(201), { k: 20, normalize: true, minRelevance: least });
  assert.deepEqual(
    kept.map(({ id }) => id),
    hits.filter(({ relevance }) => relevance >= least).map(({ id }) => id),
  );
});

test('calibrate tells of its progress, and a stop changes nothing', async () => {
  const index = held(await filled());
  const seen = [];
  await index.calibrate(bank, { onProgress: ({ loaded, total }) => seen.push([loaded, total]) });
  assert.deepEqual(seen.at(-1), [rows, rows]);
  const before = index.toBytes();
  const stop = new AbortController();
  const late = { signal: stop.signal, onProgress: () => stop.abort() };
  await refused('cancelled', () => index.calibrate(bank.subarray(0, dims), late));
  const thrown = new Error('mine');
  await assert.rejects(
    index.calibrate(bank, {
      onProgress: () => {
        throw thrown;
      },
    }),
    thrown,
  );
  assert.deepEqual(index.toBytes(), before);
});

test('an index that is disposed of meanwhile ends its work, and a new one works', async () => {
  const works = [
    (index, onProgress) => index.calibrate(bank, { onProgress }),
    (index, onProgress) => index.hubness(asked, { onProgress }),
    (index, onProgress) => index.setRelevance({ method: 'surprise' }, { onProgress }),
  ];
  for (const work of works) {
    const index = await filled();
    await refused('disposed', () => work(index, () => index.dispose()));
    await refused('disposed', () => work(index));
  }
  const index = held(await filled());
  await index.calibrate(bank);
  assert.equal(index.bankSize, bankSize);
});

test('a batch that is cancelled leaves the correction as it was', async () => {
  const index = held(await filled('planes', 300));
  await index.calibrate(bank, { dynamic: true });
  const before = index.toBytes();
  const stop = new AbortController();
  const more = Array.from({ length: 200 }, (_, i) => 300 + i);
  const options = { signal: stop.signal, onProgress: () => stop.abort() };
  await refused('cancelled', () => index.addMany(more, items.subarray(300 * dims), options));
  assert.deepEqual(index.toBytes(), before);
});

test('bad banks and options are refused, and the correction stays', async () => {
  const index = held(await filled());
  await index.calibrate(bank);
  const before = index.toBytes();
  await refused('dimension_mismatch', () => index.calibrate([[1, 2]]));
  await refused('not_finite', () => index.calibrate([Float32Array.from({ length: dims }, () => Number.NaN)]));
  await refused('zero_norm', () => index.calibrate([new Float32Array(dims)]));
  await refused('invalid_argument', () => index.calibrate(bank, { method: 'magic' }));
  await refused('invalid_argument', () => index.calibrate(bank, { k: 0 }));
  await refused('invalid_argument', () => index.calibrate(bank, { activeK: 0.5 }));
  await refused('invalid_argument', () => index.calibrate(bank, { method: 'inverted_softmax', beta: 0 }));
  await refused('not_finite', () => index.calibrate(bank, { method: 'inverted_softmax', beta: Number.POSITIVE_INFINITY }));
  await refused('invalid_argument', () => index.calibrate(bank, { alpha: -1 }));
  await refused('invalid_argument', () => index.calibrate(bank, { dynamic: 'yes' }));
  await refused('invalid_argument', () => index.search(queryOf(0), { normalize: 'yes' }));
  assert.deepEqual(index.toBytes(), before);
});

test('hubness counts hubs as a naive count does, and says whether a correction is worth it', async () => {
  const index = held(await filled('f32'));
  const before = index.toBytes();
  const seen = [];
  const report = await index.hubness(asked, {
    answers: [...Array(rows).keys()],
    onProgress: ({ loaded, total }) => seen.push([loaded, total]),
  });
  assert.deepEqual(index.toBytes(), before);
  assert.equal(index.bankSize, 0);
  assert.deepEqual([report.k, report.queries, report.bank], [10, rows / 2, rows / 2]);
  assert.deepEqual(seen.at(-1), [5 * 250 + 4 * rows, 5 * 250 + 4 * rows]);
  const [raw, ...tried] = report.methods;
  assert.deepEqual(
    report.methods.map(({ name }) => name),
    ['raw', 'inverted_softmax', 'dynamic inverted_softmax', 'nnn', 'csls'],
  );
  // By definition.
  const counts = new Float64Array(rows);
  let quality = 0;
  for (let i = 0; i < rows; i += 2) {
    const hits = await index.search(queryOf(i), { k: 10 });
    for (const { id } of hits) counts[id]++;
    const rank = hits.findIndex(({ id }) => id === i);
    quality += rank < 0 ? 0 : 1 / (rank + 1) / 250;
  }
  const mean = counts.reduce((a, b) => a + b) / rows;
  const moment = (p) => counts.reduce((sum, n) => sum + (n - mean) ** p, 0) / rows;
  assert.ok(Math.abs(raw.skewness - moment(3) / moment(2) ** 1.5) < 1e-9);
  assert.ok(Math.abs(raw.antihubs - counts.filter((n) => n === 0).length / rows) < 1e-12);
  assert.ok(Math.abs(raw.quality - quality) < 1e-9);
  assert.ok(raw.skewness > 2, `${raw.skewness}`);
  for (const { name, skewness, pValue } of tried) {
    assert.ok(name.startsWith('dynamic') || skewness < raw.skewness, `${name}: ${skewness}`);
    assert.ok(pValue > 0 && pValue <= 1);
  }
  assert.ok(report.best, report.advice);
  assert.match(report.advice, /^Use /);
  // What it advises is what it does.
  await index.calibrate(
    asked.filter((_, i) => Math.floor(i / dims) % 2 === 1),
    report.best.method,
  );
  const hit = async (options) => {
    let right = 0;
    for (let i = 0; i < rows; i += 2) right += (await index.search(queryOf(i), { k: 1, ...options }))[0].id === i ? 1 : 0;
    return right;
  };
  assert.ok((await hit({ normalize: true })) > (await hit({})));
});

test('hubness advises to leave it off where there are no hubs, and refuses what it cannot measure', async () => {
  const index = held(await Index.create({ dims, codec: 'f32' }));
  await index.addMany([...Array(rows).keys()], vectors(rows, dims, 5));
  const sample = vectors(200, dims, 6);
  const report = await index.hubness(sample, { bank, methods: [{ method: 'csls' }] });
  assert.deepEqual([report.queries, report.bank, report.best], [200, bankSize, undefined]);
  assert.match(report.advice, /^Leave it off: there are few hubs/);
  assert.equal(report.methods[0].quality, undefined);
  await refused('invalid_argument', () => index.hubness(sample.subarray(0, dims)));
  await refused('invalid_argument', () => index.hubness([], { bank }));
  await refused('invalid_argument', () => index.hubness(sample, { k: 0 }));
  await refused('dimension_mismatch', () => index.hubness(sample, { answers: [1] }));
  await refused('dimension_mismatch', () => index.hubness(sample, { bank: [[1]] }));
  await refused('invalid_argument', () => index.hubness(sample, { methods: [{ method: 'magic' }] }));
  const stop = new AbortController();
  await refused('cancelled', () => index.hubness(sample, { signal: stop.signal, onProgress: () => stop.abort() }));
  const empty = held(await Index.create({ dims }));
  await refused('invalid_argument', () => empty.hubness(sample));
});
