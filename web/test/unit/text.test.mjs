// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TextIndex } from 'simile/text';

async function indexOf(texts, options) {
  const index = await TextIndex.create(options);
  await index.addMany(texts);
  return index;
}
const rows = (hits) => hits.map(({ row }) => row);

test('the best texts for some words are found, best first, ties by row', async () => {
  const index = await indexOf(['a cat and a cat', 'a dog', 'the cat sat there on its mat', '', 'CAT!', 'cat']);
  assert.deepEqual(rows(index.search('cat')), [4, 5, 0, 2]);
  assert.deepEqual(rows(index.search('dog cat')), [1, 4, 5, 0, 2]);
  assert.deepEqual(rows(index.search('cat', { k: 2 })), [4, 5]);
  assert.deepEqual(index.search('bird'), []);
  assert.deepEqual(index.search(''), []);
  assert.equal(index.size, 6);
  assert.equal(index.count('cat'), 4);
  assert.equal(index.count('bird'), 0);
});
