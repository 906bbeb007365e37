// SPDX-License-Identifier: Apache-2.0
// recall, minScore, ranges and batches, for every codec.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Index } from 'simile';
import { codecs, similarities } from '../known-answers.mjs';
import { refused } from '../support/expect.mjs';
import { vectors } from '../support/random.mjs';

const [rows, dims, queryCount] = [1000, 48, 37];
const data = vectors(rows, dims, 1);
const queries = vectors(queryCount, dims, 2);
const queryOf = (i) => queries.subarray(i * dims, (i + 1) * dims);

async function filled(codec, similarity = 'cosine') {
  const index = await Index.create({ dims, codec, similarity });
  await index.addMany([...Array(rows).keys()], data);
  return index;
}

for (const codec of codecs) {
  test(`a batch finds what single searches find (${codec})`, async () => {
    for (const similarity of similarities) {
      const index = await filled(codec, similarity);
      const options = { k: 7, filter: (id) => id % 3 !== 0 };
      const together = await index.searchMany(queries, options);
      assert.equal(together.length, queryCount);
      for (let i = 0; i < queryCount; i++) assert.deepEqual(together[i], await index.search(queryOf(i), options));
      index.dispose();
    }
  });

  test(`minScore gives all that score enough, and k the best of them (${codec})`, async () => {
    for (const similarity of similarities) {
      const index = await filled(codec, similarity);
      for (let i = 0; i < 5; i++) {
        const all = await index.search(queryOf(i), { k: rows, recall: 1 });
        assert.equal(all.length, rows);
        const minScore = all[29].score;
        const enough = all.filter(({ score }) => score >= minScore);
        assert.deepEqual(await index.search(queryOf(i), { minScore, recall: 1 }), enough);
        assert.deepEqual(await index.search(queryOf(i), { minScore, recall: 1, k: 4 }), enough.slice(0, 4));
        // Between two floats: what lies below in double precision is not enough.
        const above = minScore + 1e-12 * Math.abs(minScore);
        const better = all.filter(({ score }) => score >= above);
        assert.deepEqual(await index.search(queryOf(i), { minScore: above, recall: 1 }), better);
        const [best] = all;
        assert.deepEqual(await index.search(queryOf(i), { minScore: best.score + 1 }), []);
        assert.equal((await index.search(queryOf(i), { minScore: Number.NEGATIVE_INFINITY })).length, rows);
        assert.deepEqual(await index.search(queryOf(i), { minScore: Number.POSITIVE_INFINITY }), []);
      }
      index.dispose();
    }
  });

  test(`ranges give what a filter of the same items gives (${codec})`, async () => {
    const index = await filled(codec);
    for (const ranges of [
      [[0, rows]],
      [[5, 6]],
      [
        [100, 164],
        [164, 300],
        [999, 1000],
      ],
      [
        [31, 33],
        [40, 40],
      ],
    ]) {
      const isInside = (id) => ranges.some(([first, end]) => id >= first && id < end);
      for (let i = 0; i < 5; i++) {
        // All candidates are looked at, because of how many there are depends what the first plane keeps.
        const options = { k: 9, recall: 1 };
        const expected = await index.search(queryOf(i), { ...options, filter: isInside });
        assert.deepEqual(await index.search(queryOf(i), { ...options, ranges }), expected);
        const words = new Uint32Array(Math.ceil(rows / 32));
        for (let id = 0; id < rows; id++) if (isInside(id)) words[id >>> 5] |= 1 << (id & 31);
        assert.deepEqual(await index.search(queryOf(i), { ...options, rows: words }), expected);
        const odd = expected.filter(({ id }) => id % 2 === 1);
        const both = await index.search(queryOf(i), { k: rows, recall: 1, rows: words, filter: (id) => id % 2 === 1 });
        assert.deepEqual(both.slice(0, odd.length), odd);
        const found = await index.search(queryOf(i), { k: rows, recall: 1, ranges, filter: (id) => id % 2 === 1 });
        assert.deepEqual(found.slice(0, odd.length), odd);
      }
    }
    for (const ranges of [[], [[7, 7]]]) assert.deepEqual(await index.search(queryOf(0), { ranges }), []);
    assert.deepEqual(await index.searchMany(queries, { ranges: [] }), Array(queryCount).fill([]));
    index.dispose();
  });
}

test('with recall 1 a cascade gives what all of its bits give; with less it looks at less', async () => {
  for (const [cascade, whole] of [
    ['planes', 'int8'],
    ['planes2', 'int8'],
  ]) {
    const [index, exhaustive] = [await filled(cascade), await filled(whole)];
    const plain = (hits) => hits.map(({ id, score }) => [id, score]);
    let right = 0;
    for (let i = 0; i < queryCount; i++) {
      const expected = plain(await exhaustive.search(queryOf(i)));
      assert.deepEqual(plain(await index.search(queryOf(i), { recall: 1 })), expected);
      const found = new Set((await index.search(queryOf(i), { recall: 0.5 })).map(({ id }) => id));
      right += expected.filter(([id]) => found.has(id)).length;
    }
    assert.ok(right >= 5 * queryCount && right < 10 * queryCount, `${right} of ${10 * queryCount}`);
  }
});

test('what the core refuses is refused with the numbers', async () => {
  const index = await filled('planes');
  const messageOf = async (code, options) => (await refused(code, () => index.search(queryOf(0), options))).message;
  assert.match(await messageOf('invalid_argument', { recall: 1.5 }), /1\.5/);
  assert.match(await messageOf('invalid_argument', { minScore: Number.NaN }), /NaN/);
  assert.match(await messageOf('out_of_range', { ranges: [[990, 1001]] }), /990 \.\. 1001.*1000 rows/);
  assert.match(
    await messageOf('invalid_argument', {
      ranges: [
        [0, 9],
        [8, 20],
      ],
    }),
    /8 \.\. 20/,
  );
});

test('a fitted codec cannot be made, but its name can be asked of an index', async () => {
  for (const codec of codecs) {
    const index = await filled(codec);
    assert.equal(index.codec, codec);
    const again = await Index.fromBytes(index.toBytes());
    assert.equal(again.codec, codec);
  }
  const message = /there is no codec "product96"/;
  assert.match((await refused('invalid_argument', () => Index.create({ dims, codec: 'product96' }))).message, message);
});
