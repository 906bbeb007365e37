// SPDX-License-Identifier: Apache-2.0
// What an index says of its scores' meaning: models, minRelevance, and nothing relevant.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { fitRelevance, Index, relevanceOf } from 'simile';
import { refused } from '../support/expect.mjs';
import { vectors } from '../support/random.mjs';

const [rows, dims] = [600, 32];
const data = vectors(rows, dims, 1);
const queries = vectors(20, dims, 2);
const queryOf = (i) => queries.subarray(i * dims, (i + 1) * dims);

const models = [
  { method: 'sigmoid', scale: 12, offset: -4 },
  { method: 'platt', a: -20, b: 6 },
  { method: 'beta', a: 3, b: 0.5, c: -1 },
  {
    method: 'isotonic',
    steps: [
      [-0.5, -0.25, 0.125],
      [0.1, 0.2, 0.5],
      [0.4, 0.4, 1],
    ],
  },
];

const alive = [];
const held = (index) => {
  alive.push(index);
  return index;
};
afterEach(() => {
  for (const index of alive.splice(0)) index.dispose();
});

async function filled(codec = 'planes', similarity = 'cosine') {
  const index = await Index.create({ dims, codec, similarity });
  await index.addMany([...Array(rows).keys()], data);
  return index;
}

for (const model of models) {
  test(`hits tell their relevance by the model of the index (${model.method})`, async () => {
    const index = held(await filled());
    assert.equal(index.relevance, undefined);
    const plain = await index.search(queryOf(0));
    assert.ok(plain.every((hit) => !('relevance' in hit)));
    await index.setRelevance(model);
    assert.deepEqual(index.relevance, model);
    const found = await index.search(queryOf(0));
    assert.deepEqual(
      found.map(({ relevance, ...hit }) => hit),
      plain,
    );
    for (const { score, relevance } of found) assert.ok(Math.abs(relevance - relevanceOf(model, score)) < 1e-6);
    // The file keeps it, and what reads without it is the same file as before.
    const loaded = held(await Index.fromBytes(index.toBytes(), { verify: 'full' }));
    assert.deepEqual(loaded.relevance, model);
    assert.deepEqual(await loaded.search(queryOf(0)), found);
    await index.setRelevance(undefined);
    assert.deepEqual(await index.search(queryOf(0)), plain);
  });
}

test('minRelevance keeps exactly what is relevant enough, and nothing at all is an answer', async () => {
  for (const codec of ['f32', 'int8', 'planes']) {
    const index = held(await filled(codec));
    await index.setRelevance(models[1]);
    for (let i = 0; i < 5; i++) {
      const all = await index.search(queryOf(i), { k: rows, recall: 1 });
      for (const minRelevance of [0.05, 0.5, 0.9, 1]) {
        const kept = all.filter(({ relevance }) => relevance >= minRelevance);
        assert.deepEqual(await index.search(queryOf(i), { k: rows, recall: 1, minRelevance }), kept);
      }
    }
    const many = await index.searchMany(queries, { minRelevance: 0.3 });
    for (let i = 0; i < many.length; i++) assert.deepEqual(many[i], await index.search(queryOf(i), { minRelevance: 0.3 }));
    await index.setRelevance({ method: 'platt', a: -100, b: 500 });
    assert.deepEqual(await index.search(queryOf(0), { minRelevance: 0.5 }), []);
  }
});

test('without a model, minRelevance says what stands out: an item itself does, noise does not', async () => {
  const index = held(await filled('int8'));
  const [best, ...others] = await index.search(data.subarray(0, dims), { minRelevance: 0.9 });
  assert.equal(best.id, 0);
  assert.ok(best.relevance > 0.99, `${best.relevance}`);
  assert.ok(others.length < 3);
  let none = 0;
  for (let i = 0; i < 20; i++) none += (await index.search(queryOf(i), { minRelevance: 0.9 })).length === 0 ? 1 : 0;
  assert.ok(none >= 15, `${none} of 20 queries without a match found nothing relevant`);
  assert.equal(index.relevance, undefined);
  assert.deepEqual(
    (await index.search(queryOf(0))).filter((hit) => 'relevance' in hit),
    [],
  );
  // Grown to more than the double, what stands out is learnt anew.
  await index.addMany(
    Array.from({ length: 700 }, (_, i) => `more ${i}`),
    vectors(700, dims, 9),
  );
  assert.equal((await index.search(data.subarray(0, dims), { minRelevance: 0.9 }))[0].id, 0);
  const empty = held(await Index.create({ dims }));
  assert.deepEqual(await empty.search(queryOf(0), { minRelevance: 0.5 }), []);
  const far = held(await filled('f32', 'squared_l2'));
  await refused('invalid_argument', () => far.search(queryOf(0), { minRelevance: 0.5 }));
});

test('the surprise model is kept when one asks for it, with progress, and can be stopped', async () => {
  const index = held(await filled());
  const seen = [];
  await index.setRelevance({ method: 'surprise' }, { onProgress: ({ loaded, total }) => seen.push([loaded, total]) });
  assert.deepEqual(seen.at(-1), [rows, rows]);
  assert.deepEqual(index.relevance, { method: 'surprise' });
  const found = await index.search(data.subarray(0, dims), { k: 3 });
  assert.ok(found[0].relevance > 0.99 && found[2].relevance < found[0].relevance);
  const loaded = held(await Index.fromBytes(index.toBytes(), { verify: 'full' }));
  assert.deepEqual(await loaded.search(data.subarray(0, dims), { k: 3 }), found);
  const stop = new AbortController();
  stop.abort();
  await index.setRelevance(models[0]);
  await refused('cancelled', () => index.setRelevance({ method: 'surprise' }, { signal: stop.signal }));
  await refused('invalid_argument', () => index.setRelevance({ method: 'surprise', sample: 0 }));
  assert.deepEqual(index.relevance, models[0]);
});

test('a model is learnt from labels, and rises as they do', async () => {
  const scores = Array.from({ length: 2000 }, (_, i) => -0.2 + i / 2000);
  // The chance of being relevant is the score's logistic.
  const noise = vectors(1, scores.length, 5);
  const labels = scores.map((s, i) => ((noise[i] + 1) / 2 < 1 / (1 + Math.exp(-12 * (s - 0.3))) ? 1 : 0));
  for (const method of ['platt', 'beta', 'isotonic']) {
    const model = await fitRelevance(scores, labels, { method });
    assert.equal(model.method, method);
    for (const s of [0, 0.2, 0.3, 0.4, 0.6]) {
      const expected = 1 / (1 + Math.exp(-12 * (s - 0.3)));
      assert.ok(Math.abs(relevanceOf(model, s) - expected) < 0.1, `${method} at ${s}: ${relevanceOf(model, s)}, not ${expected}`);
    }
    const index = held(await filled());
    await index.setRelevance(model);
    assert.deepEqual(index.relevance, model);
  }
  assert.deepEqual(
    await fitRelevance(Float32Array.from(scores), labels.map(Boolean), { method: 'platt' }),
    await fitRelevance(Float32Array.from(scores), Uint8Array.from(labels), { method: 'platt' }),
  );
});

test('bad models, labels and relevances are refused, and nothing changes', async () => {
  const index = held(await filled());
  await index.setRelevance(models[0]);
  const bad = [
    ['invalid_argument', { method: 'magic' }],
    ['invalid_argument', { method: 'platt', a: 1, b: 0 }],
    ['invalid_argument', { method: 'sigmoid', scale: -1, offset: 0 }],
    ['not_finite', { method: 'platt', a: Number.NaN, b: 0 }],
    ['invalid_argument', { method: 'platt', a: '1', b: 0 }],
    ['invalid_argument', { method: 'isotonic', steps: [[0, 1, 2]] }],
    ['invalid_argument', null],
  ];
  for (const [code, model] of bad) await refused(code, () => index.setRelevance(model), JSON.stringify(model));
  for (const minRelevance of [-0.1, 1.1, Number.NaN, '0.5'])
    await refused('invalid_argument', () => index.search(queryOf(0), { minRelevance }));
  assert.deepEqual(index.relevance, models[0]);
  const dot = held(await filled('f32', 'dot'));
  await refused('invalid_argument', () => dot.setRelevance(models[2]));
  const method = 'platt';
  await refused('dimension_mismatch', () => fitRelevance([1, 2], [1], { method }));
  await refused('invalid_argument', () => fitRelevance([1, 2], [1, 1], { method: 'beta' }));
  await refused('invalid_argument', () => fitRelevance([], [], { method }));
  await refused('invalid_argument', () => fitRelevance([1, 2], [0, 2], { method }));
  await refused('not_finite', () => fitRelevance([Number.NaN, 2], [0, 1], { method }));
  await refused('invalid_argument', () => fitRelevance([1, 2], [0, 1], { method: 'sigmoid' }));
  // Larger scores are the less relevant.
  await refused('invalid_argument', () => fitRelevance([1, 2, 3, 4], [1, 1, 0, 0], { method }));
});

test('scores() are those of a search over everything', async () => {
  for (const codec of ['f32', 'planes', 'rabitq4']) {
    const index = held(await filled(codec));
    const scores = await index.scores(queryOf(3));
    assert.equal(scores.length, rows);
    for (const { id, score } of await index.search(queryOf(3), { k: rows, recall: 1 })) assert.equal(scores[id], score);
  }
  const empty = held(await Index.create({ dims }));
  assert.equal((await empty.scores(queryOf(0))).length, 0);
  await refused('dimension_mismatch', () => empty.scores([1, 2]));
});

test('compose makes the query that composeQuery makes', async () => {
  const { composeQuery } = await import('simile');
  const index = held(await filled('f32'));
  const compose = { plus: [queryOf(1)], minus: [{ vector: queryOf(2), weight: 0.5 }], without: [queryOf(3)] };
  const expected = await index.search(composeQuery(queryOf(0), compose), { k: 5 });
  assert.deepEqual(await index.search(queryOf(0), { k: 5, compose }), expected);
  assert.deepEqual((await index.searchMany(queries, { k: 5, compose }))[0], expected);
  await refused('dimension_mismatch', () => index.search(queryOf(0), { compose: { plus: [[1]] } }));
});
