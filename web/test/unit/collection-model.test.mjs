// SPDX-License-Identifier: Apache-2.0
// A collection against the plainest model of it: a Map, filters as sentences, cosines by definition.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Collection } from '../../dist/collection/collection.js';
import { letters } from '../support/letters-embedder.mjs';

const dims = 6;
const schema = { text: 'text', n: 'number', tags: 'string[]' };
const words = ['sea', 'bread', 'moon', 'cat', 'red', '__proto__', 'constructor'];
const options = { schema, dims, codec: 'f32', passages: { size: 32 } };

const id = fc.oneof(fc.integer({ min: 0, max: 12 }), fc.constantFrom('0', 'a', '__proto__', 'toString'));
const vector = fc
  .array(fc.integer({ min: -4, max: 4 }), { minLength: dims, maxLength: dims })
  .filter((v) => v.some((x) => x !== 0));
const text = fc.array(fc.constantFrom(...words), { maxLength: 6 }).map((list) => list.join(' '));
const doc = fc.record({
  id,
  text,
  vector,
  n: fc.option(fc.integer({ min: 0, max: 5 }), { nil: undefined }),
  tags: fc.uniqueArray(fc.constantFrom('x', 'y'), { maxLength: 2 }),
});
const filter = fc.constantFrom(
  [undefined, () => true],
  [{ n: { gte: 3 } }, ({ n }) => n !== undefined && n >= 3],
  [{ tags: 'x', n: { exists: true } }, ({ tags, n }) => tags.includes('x') && n !== undefined],
  [{ or: [{ n: 1 }, { not: { tags: { exists: true } } }] }, ({ tags, n }) => n === 1 || tags.length === 0],
  [{ n: { ne: 2 } }, ({ n }) => n !== 2],
);
const step = fc.oneof(
  fc.tuple(fc.constant('add'), doc),
  fc.tuple(fc.constant('addMany'), fc.tuple(fc.array(doc, { maxLength: 8 }), fc.constantFrom('refuse', 'replace', 'skip'))),
  fc.tuple(fc.constant('update'), doc),
  fc.tuple(fc.constant('delete'), id),
  fc.tuple(fc.constant('byMeaning'), fc.tuple(vector, filter)),
  fc.tuple(fc.constant('byWords'), fc.tuple(text, filter)),
  fc.tuple(fc.constant('reload'), fc.constant(undefined)),
);

const cosine = (a, b) => {
  const sum = (f) => a.reduce((all, _, i) => all + f(i), 0);
  return sum((i) => a[i] * b[i]) / Math.sqrt(sum((i) => a[i] ** 2) * sum((i) => b[i] ** 2));
};
const kept = ({ vector: _, ...rest }) => JSON.parse(JSON.stringify(rest));

const steps = {
  async add(state, one) {
    const isKnown = state.model.has(one.id);
    const adding = state.collection.add(one);
    if (isKnown) return assert.rejects(adding, { code: 'duplicate_id' });
    await adding;
    state.model.set(one.id, one);
  },
  async addMany(state, [docs, onDuplicate]) {
    const isTwice = new Set(docs.map((one) => one.id)).size < docs.length || docs.some((one) => state.model.has(one.id));
    const adding = state.collection.addMany(docs, { onDuplicate });
    if (onDuplicate === 'refuse' && isTwice) return assert.rejects(adding, { code: 'duplicate_id' });
    await adding;
    for (const one of docs) if (onDuplicate === 'replace' || !state.model.has(one.id)) state.model.set(one.id, one);
  },
  async update(state, one) {
    const updating = state.collection.update(one);
    if (!state.model.has(one.id)) return assert.rejects(updating, { code: 'unknown_id' });
    await updating;
    state.model.set(one.id, one);
  },
  async delete(state, one) {
    assert.equal(await state.collection.delete(one), state.model.delete(one));
  },
  async byMeaning({ collection, model }, [query, [where, passes]]) {
    const { hits } = await collection.search(query, { limit: 100, ...(where && { where }) });
    const expected = new Map([...model.values()].filter(passes).map((one) => [one.id, cosine(query, one.vector)]));
    assert.deepEqual(new Set(hits.map((hit) => hit.id)), new Set(expected.keys()));
    for (const hit of hits) assert.ok(Math.abs(hit.score - expected.get(hit.id)) < 1e-5);
    assert.ok(hits.every((hit, i) => i === 0 || hit.score <= hits[i - 1].score));
  },
  async byWords({ collection, model }, [query, [where, passes]]) {
    if (query === '') return;
    const { hits } = await collection.search(query, { mode: 'lexical', limit: 100, ...(where && { where }) });
    const asked = query.split(' ');
    const expected = [...model.values()].filter((one) => passes(one) && asked.some((word) => one.text.split(' ').includes(word)));
    assert.deepEqual(new Set(hits.map((hit) => hit.id)), new Set(expected.map((one) => one.id)));
    for (const hit of hits) {
      const marked = hit.ranges.text.flatMap(({ start, end }) => hit.document.text.slice(start, end).split(' '));
      assert.ok(marked.length > 0 && hit.score > 0);
    }
  },
  async reload(state) {
    const bytes = await state.collection.toBytes();
    state.collection.dispose();
    state.collection = await Collection.fromBytes(bytes);
    assert.deepEqual(await state.collection.toBytes(), bytes);
  },
};

test('any sequence of changes leaves what the model has', async () => {
  const run = fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (sequence) => {
    const state = { collection: await Collection.create(options), model: new Map() };
    try {
      for (const [name, argument] of sequence) {
        await steps[name](state, argument);
        assert.equal(state.collection.size, state.model.size);
      }
      assert.deepEqual(new Set(state.collection.ids()), new Set(state.model.keys()));
      for (const [known, one] of state.model) assert.deepEqual(state.collection.get(known), kept(one));
      // The history leaves no trace in the scores.
      const fresh = await Collection.create(options);
      await fresh.addMany(state.model.values());
      const scores = async (collection) =>
        new Map(
          (await collection.search('sea moon cat', { mode: 'lexical', limit: 100 })).hits.map((hit) => [hit.id, hit.score]),
        );
      assert.deepEqual(await scores(state.collection), await scores(fresh));
      fresh.dispose();
    } finally {
      state.collection.dispose();
    }
  });
  await fc.assert(run, { numRuns: 150 });
});

test('documents of several passages, put in the place of others, leave what fresh ones would', async () => {
  const options = { schema: { text: 'text' }, embedder: letters(), codec: 'f32', passages: { size: 32 } };
  const long = fc.array(fc.constantFrom(...words), { maxLength: 30 }).map((list) => list.join(' '));
  const one = fc.record({ id: fc.integer({ min: 0, max: 5 }), text: long });
  const change = fc.oneof(
    fc.record({ docs: fc.array(one, { minLength: 1, maxLength: 5 }), onDuplicate: fc.constantFrom('replace', 'skip') }),
    fc.record({ gone: fc.integer({ min: 0, max: 5 }) }),
  );
  const answers = async (collection) => {
    const found = async (query, mode) =>
      (await collection.search(query, { mode, limit: 100 })).hits
        .map(({ id, score }) => `${id} ${score.toFixed(4)}`) // of two passages that score the same, either may be told
        .sort();
    return [await found('sea moon', 'vector'), await found('sea moon cat', 'lexical'), await found('red bread', 'hybrid')];
  };
  const run = fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 12 }), async (changes) => {
    const [collection, fresh] = [await Collection.create(options), await Collection.create(options)];
    const told = [];
    collection.listen((change) => told.push(change));
    try {
      for (const { docs, onDuplicate, gone } of changes)
        if (docs) await collection.addMany(docs, { onDuplicate });
        else await collection.delete(gone);
      await fresh.addMany(collection.ids().map((id) => collection.get(id)));
      assert.equal(collection.passages, fresh.passages);
      assert.deepEqual(await answers(collection), await answers(fresh));
      const [again, loaded] = [await Collection.create(options), await Collection.fromBytes(await collection.toBytes(), options)];
      for (const change of told) await again.replay(change);
      assert.deepEqual(await again.toBytes(), await collection.toBytes());
      assert.deepEqual(await answers(loaded), await answers(fresh));
      again.dispose();
      loaded.dispose();
    } finally {
      collection.dispose();
      fresh.dispose();
    }
  });
  await fc.assert(run, { numRuns: 100 });
});
