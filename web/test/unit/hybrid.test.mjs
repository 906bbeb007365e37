// SPDX-License-Identifier: Apache-2.0
// The default fusion of meaning and words, by its formula in docs/hybrid.md.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Collection } from 'simile/collection';
import { TextIndex } from 'simile/text';

const texts = ['a red cat', 'a red dog', 'some old house', 'a small bird', 'a red red house', 'the quick fox'];
const angles = [0.1, 0.5, 1.4, 0.2, 2.5, 3];
const vectors = angles.map((angle) => [Math.cos(angle), Math.sin(angle)]);

async function collectionOf(order = [...texts.keys()]) {
  const collection = await Collection.create({ schema: { text: 'text' }, dims: 2, codec: 'f32' });
  await collection.addMany(order.map((i) => ({ id: i, text: texts[i], vector: vectors[i] })));
  return collection;
}

/** Of every document by definition: 1/4 of how far its cosine stands out, and 3/4 of how much of the query's words it covers. */
async function expectedScores(text, angle) {
  const words = await TextIndex.create();
  await words.addMany(texts);
  const cosines = angles.map((a) => Math.cos(a - angle));
  const mean = cosines.reduce((a, b) => a + b) / cosines.length;
  const deviation = Math.sqrt(cosines.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (cosines.length - 1));
  const covered = new Map(words.search(text, { minScore: 0 }).map(({ row, score }) => [row, score / words.scale(text)]));
  return cosines.map((x, i) => 0.25 * ((x - mean) / (deviation * Math.sqrt(2 * Math.log(6)))) + 0.75 * (covered.get(i) ?? 0));
}

test('hybrid scores are those of the formula, in every order of adding and for every number of hits', async () => {
  for (const [text, angle] of [
    ['red house', 0.3],
    ['red unknown words', 2],
    ['bird', 3],
  ]) {
    const expected = await expectedScores(text, angle);
    const best = expected.map((score, id) => ({ id, score })).sort((a, b) => b.score - a.score);
    for (const order of [undefined, [5, 3, 1, 0, 2, 4]]) {
      const collection = await collectionOf(order);
      for (const limit of [1, 3, 6]) {
        const { hits } = await collection.search({ text, vector: [Math.cos(angle), Math.sin(angle)] }, { limit });
        assert.deepEqual(
          hits.map(({ id }) => id),
          best.slice(0, limit).map(({ id }) => id),
          `${text}, ${limit} hits`,
        );
        for (const { id, score } of hits) assert.ok(Math.abs(score - expected[id]) < 1e-5, `${text}: ${id} ${score}`);
      }
      collection.dispose();
    }
  }
});

test('the weight of meaning goes from words alone to meaning alone', async () => {
  const collection = await collectionOf();
  const search = async (vectorWeight) => {
    const { hits } = await collection.search({ text: 'old house', vector: vectors[0] }, { fusion: { vectorWeight } });
    return hits[0].id;
  };
  assert.equal(await search(0), 2);
  assert.equal(await search(1), 0);
  assert.equal(await search(undefined), 2);
});

test('a single document, a query without words and one without direction are found as far as they go', async () => {
  const one = await Collection.create({ schema: { text: 'text' }, dims: 2 });
  await one.add({ id: 'a', text: 'cat', vector: [1, 0] });
  for (const query of [
    { text: 'cat', vector: [0, 1] },
    { text: '—', vector: [1, 0] },
    { text: 'dog', vector: [1, 0] },
  ]) {
    const { hits } = await one.search(query);
    assert.deepEqual(
      hits.map(({ id }) => id),
      ['a'],
    );
    assert.ok(Number.isFinite(hits[0].score));
  }
});
