// SPDX-License-Identifier: Apache-2.0
// Collections that are kept under a name: what is written, what is found again, and what two of them do to each other.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openCollection } from '../../dist/collection/collection.js';
import { openStore } from '../../dist/store/store.js';
import { wordEmbedder } from '../support/word-embedder.mjs';

const embedder = wordEmbedder({ dims: 48 });
const options = { backend: 'memory', schema: { text: 'text', n: 'number' }, embedder, passages: { size: 40 } };
const doc = (id) => ({ id, text: `Word${id % 50} and word${id % 7}. ${id % 5 === 0 ? 'A long one. '.repeat(8) : ''}`, n: id });
const docs = (from, count) => Array.from({ length: count }, (_, i) => doc(from + i));

async function opened(t, name, more = {}) {
  const saved = await openCollection(name, { ...options, ...more });
  t.after(() => saved.close());
  return saved;
}
const same = async (a, b) => assert.deepEqual(await a.collection.toBytes(), await b.collection.toBytes());

/** Bytes of a part, 0 if there is none. */
async function partBytes(name, part) {
  const store = await openStore(`${name}\u0000part ${part}`, { backend: 'memory' });
  const bytes = await store.load();
  store.close();
  return bytes?.length ?? 0;
}

test('what was saved is there again, to the bit', async (t) => {
  const a = await opened(t, 'again');
  assert.deepEqual([a.kind, a.generation, a.hasChanges, a.collection.size], ['memory', undefined, false, 0]);
  await a.collection.addMany(docs(0, 300));
  assert.equal(a.hasChanges, true);
  await a.save();
  assert.deepEqual([a.hasChanges, a.generation], [false, 1]);
  const b = await opened(t, 'again');
  await same(a, b);
  const [x, y] = [await a.collection.search('word3'), await b.collection.search('word3')];
  assert.deepEqual({ ...x, elapsed: 0 }, { ...y, elapsed: 0 });
  await a.save();
  assert.equal(a.generation, 1, 'nothing to do');
});

test('a small change writes little, many make the file anew, and old parts go', async (t) => {
  const a = await opened(t, 'little', { embedder: wordEmbedder({ dims: 384 }) });
  await a.collection.addMany(docs(0, 3000));
  await a.save();
  const whole = await partBytes('little', 0);
  await a.collection.addMany(docs(3000, 10));
  await a.collection.delete(7);
  await a.save();
  const journal = await partBytes('little', 1);
  assert.ok(journal > 0 && journal < whole / 50, `${journal} bytes for 10 documents, the whole has ${whole}`);
  const b = await opened(t, 'little', { embedder: wordEmbedder({ dims: 384 }) });
  await same(a, b);
  assert.equal(b.collection.size, 3009);

  await a.collection.addMany(docs(4000, 1500));
  await a.save();
  assert.ok((await partBytes('little', 2)) > whole, 'the whole again');
  assert.ok((await partBytes('little', 1)) > 0, 'the save before can still be read');
  await a.collection.add(doc(9999));
  await a.save();
  assert.deepEqual([await partBytes('little', 0), await partBytes('little', 1)], [0, 0]);
  await b.reload();
  await same(a, b);
});

test('many small saves become one', async (t) => {
  const a = await opened(t, 'many');
  for (let i = 0; i < 80; i++) {
    await a.collection.add(doc(i));
    await a.save();
  }
  const parts = await Promise.all(Array.from({ length: 120 }, (_, part) => partBytes('many', part)));
  assert.ok(parts.filter((bytes) => bytes > 0).length <= 70);
  await same(a, await opened(t, 'many'));
});

test('a save over one that this tab does not know is a conflict, and loses nothing', async (t) => {
  const [a, b] = [await opened(t, 'two'), await opened(t, 'two')];
  const told = [];
  b.onChange((change) => told.push(change));
  await a.collection.add(doc(1));
  await b.collection.add(doc(2));
  await a.save();
  await assert.rejects(b.save(), { code: 'conflict' });
  assert.equal(b.hasChanges, true);
  await b.reload();
  assert.deepEqual([b.collection.ids(), b.hasChanges], [[1], false]);
  await b.collection.add(doc(2));
  await b.save();
  await a.collection.add(doc(3));
  await assert.rejects(a.save(), { code: 'conflict' });
  await a.save({ overwrite: true });
  const c = await opened(t, 'two');
  assert.deepEqual(c.collection.ids(), [1, 3]);
  for (let i = 0; i < 50 && told.length === 0; i++) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.ok(told.length > 0);
});

test('a save that fails leaves what was there, and the next one has everything', async (t) => {
  const a = await opened(t, 'fails');
  await a.collection.addMany(docs(0, 20));
  await a.save();
  await a.collection.add(doc(100));
  const { save } = Object.getPrototypeOf(await openStore('any', { backend: 'memory' }));
  const prototype = Object.getPrototypeOf(await openStore('any', { backend: 'memory' }));
  for (const failing of [1, 2]) {
    let calls = 0;
    prototype.save = function (...args) {
      calls++;
      if (calls === failing) return Promise.reject(new Error('no room'));
      return save.apply(this, args);
    };
    await assert.rejects(a.save(), /no room/);
    prototype.save = save;
    assert.equal(a.hasChanges, true);
    assert.equal((await opened(t, 'fails')).collection.size, 20);
  }
  await a.save();
  await same(a, await opened(t, 'fails'));
});

test('what the scores mean is saved too, and stays through journals', async (t) => {
  const a = await opened(t, 'meaning');
  await a.collection.addMany(docs(0, 60));
  await a.save();
  await a.collection.vectors.setRelevance({ method: 'sigmoid', scale: 10, offset: -4 });
  await a.collection.vectors.calibrate(await embedder.embed(['word1', 'word2', 'word3'], { kind: 'query' }));
  assert.equal(a.hasChanges, true);
  await a.save();
  await a.collection.add(doc(77));
  await a.save();
  const b = await opened(t, 'meaning');
  assert.deepEqual(b.collection.vectors.relevance, a.collection.vectors.relevance);
  assert.equal(b.collection.vectors.bankSize, 3);
  await same(a, b);
});

test('another schema, another model and other contents are refused, and delete makes an end', async (t) => {
  const a = await opened(t, 'refused');
  await a.collection.add(doc(1));
  await a.save();
  const wrong = [
    [{ schema: { text: 'text' } }, /another|schema/],
    [{ embedder: wordEmbedder({ dims: 48, model: 'other' }) }, /other/],
  ];
  for (const [more, message] of wrong)
    await assert.rejects(openCollection('refused', { ...options, ...more }), { code: 'invalid_argument', message });
  const store = await openStore('bytes', { backend: 'memory' });
  for (const text of ['{}', 'null', 'no JSON']) {
    await store.save(new TextEncoder().encode(text));
    await assert.rejects(openCollection('bytes', options), { code: 'invalid_argument' });
  }
  await a.delete();
  assert.equal(await partBytes('refused', 0), 0);
  const b = await opened(t, 'refused', { schema: { text: 'text' } });
  assert.equal(b.collection.size, 0);
});

test('one that was closed still says whether there was something to save', async (t) => {
  const [left, saved] = [await opened(t, 'left'), await opened(t, 'kept')];
  await left.collection.add(doc(1));
  await saved.save();
  left.close();
  saved.close();
  assert.deepEqual([left.hasChanges, saved.hasChanges], [true, false]);
  await assert.rejects(left.collection.search('x'), { code: 'disposed' });
});

test('damaged parts are refused', async (t) => {
  const a = await opened(t, 'damaged');
  await a.collection.addMany(docs(0, 5));
  await a.save();
  await a.collection.add(doc(50));
  await a.save();
  const part = await openStore('damaged\u0000part 1', { backend: 'memory' });
  const right = await part.load();
  for (let at = 0; at < right.length; at += 7) {
    const bytes = right.slice();
    bytes[at] ^= 1 << (at % 8);
    await part.save(bytes, { overwrite: true });
    const loading = openCollection('damaged', options);
    // A part that was replaced as a whole has a right checksum: what it says is refused, or is another change.
    await loading.then(
      (saved) => saved.close(),
      (error) =>
        assert.ok(
          [
            'corrupt_file',
            'invalid_argument',
            'not_finite',
            'dimension_mismatch',
            'out_of_range',
            'zero_norm',
            'duplicate_id',
          ].includes(error.code),
          error,
        ),
    );
  }
  for (const length of [0, 3, 4, 20, right.length - 1, right.length - 4]) {
    await part.save(right.slice(0, length), { overwrite: true });
    await assert.rejects(openCollection('damaged', options), { code: 'corrupt_file' });
  }
  await part.delete();
  await assert.rejects(openCollection('damaged', options), { code: 'corrupt_file', message: /1 of 2 parts/ });
});

test('any sequence of changes and saves is found again', async () => {
  let n = 0;
  const step = fc.oneof(
    fc.tuple(fc.constant('add'), fc.integer({ min: 0, max: 30 })),
    fc.tuple(fc.constant('delete'), fc.integer({ min: 0, max: 30 })),
    fc.tuple(fc.constant('save'), fc.boolean()),
    fc.tuple(fc.constant('open'), fc.constant(0)),
  );
  const run = fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (sequence) => {
    const name = `sequence ${n++}`;
    let saved = await openCollection(name, options);
    for (const [what, argument] of sequence) {
      if (what === 'add') await saved.collection.addMany([doc(argument), doc(argument + 31)], { onDuplicate: 'replace' });
      else if (what === 'delete') await saved.collection.delete(argument);
      else if (what === 'save') await saved.save();
      else {
        await saved.save();
        const again = await openCollection(name, options);
        await same(saved, again);
        saved.close();
        saved = again;
      }
    }
    await saved.delete();
    saved.close();
  });
  await fc.assert(run, { numRuns: 60 });
});
