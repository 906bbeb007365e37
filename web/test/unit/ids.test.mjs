// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Index } from 'simile';

const edges = [0, 1, 63, 64, 8191, 8192, 2 ** 31, 2 ** 32, 2 ** 46, 2 ** 52, 2 ** 53 - 2, 2 ** 53 - 1];
const texts = ['', '1', 'ä', '\ufeffmarked', '\u0000', '🙂', '__proto__', 'constructor', 'x'.repeat(65_535)];

test('ids at every edge come back as they were, in the order of rows, also from a file', async () => {
  const ids = [...edges, ...texts];
  const index = await Index.create({ dims: 1, codec: 'f32', similarity: 'dot' });
  await index.addMany(
    ids,
    ids.map((_, i) => i),
  );
  assert.deepEqual(index.ids(), ids);
  const again = await Index.fromBytes(index.toBytes(), { verify: 'full' });
  assert.deepEqual(again.ids(), ids);
  for (const [row, id] of ids.entries()) {
    assert.equal(again.has(id), true);
    assert.deepEqual(again.get(id), Float32Array.of(row));
  }
  const hits = await again.search([1], { k: ids.length });
  assert.deepEqual(
    hits.map((hit) => hit.id),
    ids.toReversed(),
  );
});

test('the number 1 and the text 1 are two ids, and -0 is 0', async () => {
  const index = await Index.create({ dims: 1, codec: 'f32' });
  await index.addMany([1, '1'], [1, 2]);
  assert.equal(await index.delete('1'), true);
  assert.deepEqual(index.ids(), [1]);
  await index.add(-0, [1]);
  assert.equal(index.has(0), true);
  assert.equal(Object.is(index.ids()[1], 0), true);
});

test('any set of ids survives add, save and load', async () => {
  const id = fc.oneof(fc.maxSafeNat(), fc.nat(300), fc.string({ unit: 'binary', maxLength: 20 }));
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(id, { maxLength: 60, comparator: 'SameValueZero' }), async (ids) => {
      const index = await Index.create({ dims: 2, codec: 'int8' });
      await index.addMany(
        ids,
        ids.flatMap((_, i) => [1, i]),
      );
      const again = await Index.fromBytes(index.toBytes());
      assert.deepEqual(again.ids(), ids);
      assert.deepEqual((await again.search([1, 0], { filter: ids.slice(0, 3), k: 9 })).length, Math.min(3, ids.length));
      index.dispose();
      again.dispose();
    }),
    { numRuns: 300 },
  );
});
