// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Collection } from '../../dist/collection/collection.js';
import { Index } from '../../dist/simile.js';
import { wordEmbedder } from '../support/word-embedder.mjs';

const groups = [
  ['boat', 'ferry', 'ship'],
  ['vet', 'doctor'],
];
const embedder = wordEmbedder({ groups });
const schema = {
  title: { type: 'text', weight: 2 },
  body: 'text',
  year: 'number',
  tags: 'string[]',
  lang: 'string',
  draft: 'boolean',
  day: 'date',
  sizes: 'number[]',
};
const docs = [
  {
    id: 'ferry',
    title: 'Ferry',
    body: 'It leaves twice a day from the harbour.',
    year: 2026,
    tags: ['sea', 'travel'],
    lang: 'en',
    draft: false,
    day: '2026-03-01',
    sizes: [1, 5],
    extra: { any: ['json', null, 1] },
  },
  {
    id: 'bread',
    title: 'Bread',
    body: 'Flour and water, and a hot oven.',
    year: 2020,
    tags: ['food'],
    lang: 'en',
    draft: true,
    day: '2020-05-02',
  },
  { id: 7, title: 'Katze', body: 'Der doctor gab ihr Wasser.', year: 2021, tags: [], lang: 'de', draft: false, sizes: [9] },
  { id: 'empty' },
];

async function made(t, options = {}) {
  const collection = await Collection.create({ schema, embedder, ...options });
  t.after(() => collection.dispose());
  await collection.addMany(docs);
  return collection;
}
const idsOf = ({ hits }) => hits.map(({ id }) => id);

test('documents are found by meaning, by words, and by both', async (t) => {
  const collection = await made(t);
  assert.equal(collection.size, 4);
  const byMeaning = await collection.search('ship', { mode: 'vector' });
  assert.equal(byMeaning.hits[0].id, 'ferry');
  assert.equal(byMeaning.hits[0].textScore, undefined);
  assert.deepEqual(idsOf(await collection.search('ship', { mode: 'lexical' })), []);
  assert.deepEqual(idsOf(await collection.search('water oven', { mode: 'lexical' })), ['bread']);
  const both = await collection.search('ship with an oven');
  assert.deepEqual(new Set(idsOf(both).slice(0, 2)), new Set(['ferry', 'bread']));
  const bread = both.hits.find(({ id }) => id === 'bread');
  assert.ok(bread.textScore > 0 && bread.vectorScore > 0 && bread.vectorScore < 1);
  assert.ok(both.elapsed >= 0 && both.elapsed < 60_000);
});

test('a hit holds the document as it was added, frozen, and the places of words', async (t) => {
  const collection = await made(t);
  const { hits } = await collection.search('the FERRY leaves', { limit: 1 });
  assert.deepEqual(hits[0].document, docs[0]);
  assert.equal(hits[0].document, collection.get('ferry'));
  assert.ok(Object.isFrozen(hits[0].document.extra.any));
  assert.deepEqual(
    hits[0].ranges.body.map(({ start, end }) => docs[0].body.slice(start, end)),
    ['leaves', 'the'],
  );
  assert.deepEqual(hits[0].ranges.title, [{ start: 0, end: 5 }]);
  assert.deepEqual((await collection.search('ferry', { limit: 1, highlight: false })).hits[0].ranges, {});
});

const filters = [
  [{ lang: 'en' }, ['ferry', 'bread']],
  [{ lang: { ne: 'en' } }, [7, 'empty']],
  [{ lang: { in: ['de', 'fr'] } }, [7]],
  [{ year: { gt: 2020, lte: 2026 } }, ['ferry', 7]],
  [{ year: { gte: 2020, lt: 2021 } }, ['bread']],
  [{ draft: true }, ['bread']],
  [{ draft: { exists: false } }, ['empty']],
  [{ tags: { exists: true } }, ['ferry', 'bread']],
  [{ tags: 'sea' }, ['ferry']],
  [{ day: { gte: new Date('2026-01-01') } }, ['ferry']],
  [{ day: { lt: Date.UTC(2021, 0) } }, ['bread']],
  [{ sizes: { gt: 4, lt: 6 } }, ['ferry']],
  [{ sizes: { eq: 9 } }, [7]],
  [{ or: [{ year: 2020 }, { lang: 'de' }] }, ['bread', 7]],
  [{ and: [{ lang: 'en' }, { not: { draft: true } }] }, ['ferry']],
  [{ lang: 'en', draft: false }, ['ferry']],
  [{ or: [] }, []],
  [{ and: [] }, ['ferry', 'bread', 7, 'empty']],
  [{}, ['ferry', 'bread', 7, 'empty']],
];

test('filters say what they mean, under every mode', async (t) => {
  const collection = await made(t);
  for (const [where, expected] of filters) {
    const found = await collection.search('a', { mode: 'vector', where });
    assert.deepEqual(new Set(idsOf(found)), new Set(expected), JSON.stringify(where));
    const inQuery = await collection.search({ text: 'a', where }, { mode: 'vector' });
    assert.deepEqual(idsOf(inQuery), idsOf(found));
    const byWords = await collection.search('ferry flour doctor', { mode: 'lexical', where });
    assert.deepEqual(new Set(idsOf(byWords)), new Set(expected.filter((id) => id !== 'empty')), JSON.stringify(where));
  }
  assert.deepEqual(
    idsOf(await collection.search({ text: 'a', where: { lang: 'en' } }, { mode: 'vector', where: { draft: true } })),
    ['bread'],
  );
});

test('facets count the documents that may be found', async (t) => {
  const collection = await made(t);
  const { facets } = await collection.search('ferry', { facets: ['lang', 'tags', 'draft', 'year'] });
  assert.deepEqual(facets.lang, [
    { value: 'en', count: 2 },
    { value: 'de', count: 1 },
  ]);
  assert.deepEqual(
    facets.tags.map(({ value }) => value),
    ['food', 'sea', 'travel'],
  );
  assert.deepEqual(facets.draft, [
    { value: false, count: 2 },
    { value: true, count: 1 },
  ]);
  const some = await collection.search('ferry bread', { mode: 'lexical', where: { year: { lt: 2025 } }, facets: ['lang'] });
  assert.deepEqual(some.facets.lang, [{ value: 'en', count: 1 }]);
});

test('pages, groups and diversity', async (t) => {
  const collection = await made(t);
  const all = idsOf(await collection.search('boat', { mode: 'vector', limit: 4 }));
  const pages = [];
  for (let offset = 0; offset < 4; offset += 2) {
    const page = await collection.search('boat', { mode: 'vector', limit: 2, offset });
    assert.equal(page.hasMore, offset === 0);
    pages.push(...idsOf(page));
  }
  assert.deepEqual(pages, all);
  const grouped = idsOf(await collection.search('boat oven', { mode: 'vector', group: 'lang' }));
  assert.equal(grouped.filter((id) => id === 'ferry' || id === 'bread').length, 1);
  assert.equal(idsOf(await collection.search('boat oven', { mode: 'vector', group: { field: 'lang', size: 2 } })).length, 4);

  const near = await Collection.create({ schema: {}, dims: 2, codec: 'f32' });
  t.after(() => near.dispose());
  await near.addMany([
    { id: 'a', vector: [1, 0] },
    { id: 'b', vector: [1, 0.01] },
    { id: 'c', vector: [0.7, -0.7] },
  ]);
  assert.deepEqual(idsOf(await near.search([1, 0], { limit: 2 })), ['a', 'b']);
  assert.deepEqual(idsOf(await near.search([1, 0], { limit: 2, diversity: 0.9 })), ['a', 'c']);
});

test('like, not, and vectors', async (t) => {
  const collection = await made(t);
  const like = await collection.search({ like: 'ferry' });
  assert.ok(!idsOf(like).includes('ferry') && like.hits.length === 3);
  const [boat] = (await collection.search('boat doctor', { mode: 'vector', limit: 2 })).hits;
  assert.ok(boat.vectorScore > 0.3);
  const without = await collection.search({ text: 'boat doctor', not: 'doctor' }, { mode: 'vector' });
  assert.equal(without.hits[0].id, 'ferry');
  const scoreOf7 = ({ hits }) => hits.find(({ id }) => id === 7).vectorScore;
  assert.ok(scoreOf7(without) < scoreOf7(await collection.search('boat doctor', { mode: 'vector' })) - 0.1);
  assert.deepEqual(idsOf(await collection.search({ text: 'water wasser', not: 'oven' }, { mode: 'lexical' })), [7]);
  const vector = await embedder.embed(['boat'], { kind: 'query' });
  assert.deepEqual(idsOf(await collection.search(vector)), idsOf(await collection.search('boat', { mode: 'vector' })));
});

test('long texts are found passage by passage', async (t) => {
  const collection = await Collection.create({
    schema: { title: 'text', body: 'text' },
    embedder,
    passages: { size: 80, overlap: 30 },
  });
  t.after(() => collection.dispose());
  const body = `${'Nothing happened on this day at all. '.repeat(6)}Then a ferry came. ${'And it was quiet again for long. '.repeat(6)}`;
  await collection.addMany([
    { id: 'long', title: 'Diary', body },
    { id: 'short', title: 'Note', body: 'oven' },
  ]);
  assert.ok(collection.passages > 5 && collection.size === 2);
  const { hits } = await collection.search('ferry');
  assert.deepEqual(
    hits.map(({ id }) => id),
    ['long', 'short'],
  );
  const { passage, ranges } = hits[0];
  assert.equal(passage.text, body.slice(passage.start, passage.end));
  assert.match(passage.text, /Then a ferry came\./);
  assert.deepEqual(
    ranges.body.map(({ start, end }) => body.slice(start, end)),
    ['ferry'],
  );
  assert.equal(idsOf(await collection.search('diary', { mode: 'lexical' }))[0], 'long', 'the title belongs to each passage');
  const before = collection.passages;
  await collection.update({ id: 'long', title: 'Diary', body: 'short now' });
  assert.equal(collection.passages, 2);
  await collection.update({ id: 'long', title: 'Diary', body });
  assert.equal(collection.passages, before);
  assert.equal(await collection.delete('long'), true);
  assert.deepEqual([collection.passages, collection.size, await collection.delete('long')], [1, 1, false]);
});

test('a book is cut into passages in a time that goes with its length', async (t) => {
  const collection = await Collection.create({ schema: { text: 'text' } });
  t.after(() => collection.dispose());
  const book = 'The ferry leaves twice a day, e.g. at nine, from the old harbour of Mr. Smith. '.repeat(13_000);
  await collection.add({ id: 1, text: book });
  // Whole sentences, without a gap or an overlap; over a minute when the segmenter was given all of it.
  const { hits } = await collection.search('ferry', { limit: 1 });
  const { passage } = hits[0];
  assert.ok(passage.text.length <= 1000 && passage.text.endsWith('Smith. '));
  assert.ok(collection.passages >= book.length / 1000 && collection.passages < book.length / 700);
});

test('a text without a known word is found by words, and finds nothing by meaning', async (t) => {
  const collection = await made(t);
  await collection.add({ id: 'stars', title: '***' });
  assert.equal(collection.size, 5);
  assert.deepEqual((await collection.search('***', { mode: 'vector' })).hits, []);
  assert.deepEqual((await collection.search('***')).hits, []);
  assert.ok((await collection.search('ferry')).hits.length > 0);
});

test('the ways to fuse differ, and weights choose a list', async (t) => {
  const collection = await made(t);
  const query = 'ship with flour';
  const byMeaning = idsOf(await collection.search(query, { mode: 'vector' }));
  for (const method of ['surprise', 'relative_score', 'distribution', 'rrf']) {
    assert.deepEqual(idsOf(await collection.search(query, { fusion: { method, vectorWeight: 1 } })), byMeaning, method);
    assert.equal(idsOf(await collection.search(query, { fusion: { method, vectorWeight: 0 } }))[0], 'bread', method);
  }
  const [best] = (await collection.search('ferry harbour')).hits;
  assert.ok(best.id === 'ferry' && best.score > 0.5, 'about all of the words are there');
});

test('a collection by words alone needs no embedder', async (t) => {
  const collection = await Collection.create({ schema: { text: 'text' } });
  t.after(() => collection.dispose());
  await collection.addMany([
    { id: 1, text: 'one two' },
    { id: 2, text: 'two three' },
  ]);
  assert.deepEqual(idsOf(await collection.search('three')), [2]);
  assert.equal(collection.vectors, undefined);
  const again = await Collection.fromBytes(await collection.toBytes());
  t.after(() => again.dispose());
  assert.deepEqual(await again.search('two').then(idsOf), [1, 2]);
  await assert.rejects(collection.search('two', { mode: 'vector' }), { code: 'invalid_argument', message: /needs a vector/ });
});

test('relevance is told by vectors, and nothing relevant is an answer', async (t) => {
  const collection = await made(t);
  await collection.vectors.setRelevance({ method: 'sigmoid', scale: 20, offset: -8 });
  const { hits } = await collection.search('ferry harbour');
  assert.ok(hits[0].relevance > 0.5 && hits.every(({ relevance }) => relevance >= 0 && relevance <= 1));
  assert.deepEqual((await collection.search('quite another thing', { minRelevance: 0.9 })).hits, []);
  const few = await collection.search('ferry harbour oven', { minRelevance: 0.3 });
  assert.ok(few.hits.length > 0 && few.hits.every(({ relevance }) => relevance >= 0.3));
});

test('a file is read by the same package, by an index, and only by the right embedder', async (t) => {
  const collection = await made(t);
  const bytes = await collection.toBytes();
  assert.deepEqual(await collection.toBytes(), bytes);
  const again = await Collection.fromBytes(bytes, { embedder });
  t.after(() => again.dispose());
  assert.deepEqual(again.ids(), collection.ids());
  assert.deepEqual(again.schema, schema);
  assert.deepEqual(await again.toBytes(), bytes);
  for (const query of ['boat', 'the oven', 'wasser']) {
    const [a, b] = [await collection.search(query, { facets: ['lang'] }), await again.search(query, { facets: ['lang'] })];
    assert.deepEqual({ ...b, elapsed: 0 }, { ...a, elapsed: 0 });
  }
  const index = await Index.fromBytes(bytes);
  t.after(() => index.dispose());
  assert.deepEqual(
    index.ids(),
    docs.map(({ id }) => id),
  );
  await assert.rejects(Collection.fromBytes(bytes, { embedder: wordEmbedder({ model: 'another' }) }), {
    code: 'invalid_argument',
    message: /another/,
  });
  // A forged description with right checksums: passages of no length would never end.
  const forged = await Index.fromBytes(bytes);
  t.after(() => forged.dispose());
  const described = JSON.parse(forged.metadata);
  forged.metadata = JSON.stringify({ ...described, settings: { ...described.settings, passages: { size: 0, overlap: 0 } } });
  await assert.rejects(Collection.fromBytes(forged.toBytes()), { code: 'invalid_argument', message: /size of passages/ });
  const plain = await Index.create({ dims: 4 });
  t.after(() => plain.dispose());
  await assert.rejects(Collection.fromBytes(plain.toBytes()), { code: 'invalid_argument', message: /plain index/ });
});

test('progress is told, and a stopped job is taken up', async (t) => {
  const collection = await Collection.create({ schema: { text: 'text' }, embedder });
  t.after(() => collection.dispose());
  const many = Array.from({ length: 600 }, (_, id) => ({ id, text: `text number ${id}` }));
  const stop = new AbortController();
  const seen = [];
  const stopped = collection.addMany(many, {
    signal: stop.signal,
    onProgress: (progress) => {
      seen.push(progress);
      if (progress.stage === 'indexing' && progress.loaded >= 256) stop.abort();
    },
  });
  await assert.rejects(stopped, { code: 'cancelled' });
  assert.equal(collection.size, 256);
  assert.deepEqual(seen[0], { loaded: 0, total: 600, stage: 'embedding' });
  assert.equal(await collection.addMany(many, { onDuplicate: 'skip' }), 344);
  assert.equal(collection.size, 600);
  assert.equal((await collection.search('number 599', { mode: 'lexical' })).hits[0].id, 599);
});

const refusals = [
  [{ id: 'ferry' }, 'duplicate_id', /ferry/],
  [{ id: -1 }, 'invalid_argument', /-1/],
  [{ title: 'no id' }, 'invalid_argument', /id/],
  [{ id: 'a\u001fb' }, 'invalid_argument', /U\+001F/],
  [{ id: 'a', title: 5 }, 'invalid_argument', /title.*string.*5/],
  [{ id: 'a', year: '2020' }, 'invalid_argument', /year.*number.*2020/],
  [{ id: 'a', year: Number.NaN }, 'not_finite', /NaN/],
  [{ id: 'a', tags: 'sea' }, 'invalid_argument', /tags.*string\[\]/],
  [{ id: 'a', tags: ['sea', 1] }, 'invalid_argument', /tags/],
  [{ id: 'a', day: 'yesterday' }, 'invalid_argument', /day.*date/],
  [{ id: 'a', big: 1n }, 'invalid_argument', /JSON/],
  [{ id: 'a', vector: [1, 2] }, 'dimension_mismatch', /2 dims.*64/],
  [{ id: 'a', vector: new Array(64).fill(0) }, 'zero_norm', /zero/],
  [{ id: 'a', vector: new Array(64).fill(Number.POSITIVE_INFINITY) }, 'not_finite', /Infinity/],
  [null, 'invalid_argument', /null/],
];

test('bad documents are refused, and nothing is changed', async (t) => {
  const collection = await made(t);
  const before = await collection.toBytes();
  for (const [doc, code, message] of refusals) {
    await assert.rejects(collection.add(doc), { code, message }, JSON.stringify(doc?.id));
    await assert.rejects(collection.addMany([{ id: 'fine', title: 'a' }, doc]), { code });
  }
  await assert.rejects(collection.addMany([{ id: 'a' }, { id: 'a' }]), { code: 'duplicate_id' });
  await assert.rejects(collection.update({ id: 'nobody' }), { code: 'unknown_id' });
  const failing = await Collection.fromBytes(before, {
    embedder: { info: embedder.info, embed: async () => new Float32Array(3) },
  });
  t.after(() => failing.dispose());
  await assert.rejects(failing.add({ id: 'a', title: 'x' }), { code: 'dimension_mismatch', message: /3 numbers for 1 texts/ });
  const infinite = { info: embedder.info, embed: async (texts) => new Float32Array(texts.length * 64).fill(Number.NaN) };
  const other = await Collection.fromBytes(before, { embedder: infinite });
  t.after(() => other.dispose());
  await assert.rejects(other.update({ id: 'ferry', title: 'x' }), { code: 'not_finite' });
  assert.deepEqual(await other.toBytes(), before);
  assert.deepEqual(await collection.toBytes(), before);
});

test('a batch that fails while it replaces documents leaves them as they were', async (t) => {
  const options = { schema: { text: 'text' }, dims: 2, similarity: 'dot' };
  const collection = await Collection.create(options);
  t.after(() => collection.dispose());
  await collection.addMany([
    { id: 'a', text: 'sea', vector: [1, 0] },
    { id: 'b', text: 'moon', vector: [0, 1] },
  ]);
  const before = await collection.toBytes();
  const batch = [
    { id: 'c', text: 'new', vector: [1, 1] },
    { id: 'a', text: 'longer than the index takes', vector: [2 ** 61, 0] },
  ];
  await assert.rejects(collection.addMany(batch, { onDuplicate: 'replace' }), { code: 'out_of_range', message: /2\^60/ });
  assert.deepEqual(await collection.toBytes(), before);
  assert.deepEqual(
    (await collection.search('sea', { mode: 'lexical' })).hits.map(({ id }) => id),
    ['a'],
  );
  assert.deepEqual((await collection.search('new longer', { mode: 'lexical' })).hits, []);
  await collection.addMany(
    batch.map((one) => ({ ...one, vector: [3, 3] })),
    { onDuplicate: 'replace' },
  );
  assert.deepEqual(collection.ids(), ['a', 'b', 'c'], 'a document keeps its place');
});

test('bad queries and options are refused with what would do', async (t) => {
  const collection = await made(t);
  const bad = [
    [{}, {}, /needs a text/],
    [5, {}, /query/],
    ['a', { mode: 'magic' }, /magic/],
    ['a', { limit: 0 }, /limit/],
    ['a', { offset: -1 }, /offset/],
    ['a', { diversity: 2 }, /diversity/],
    ['a', { where: { title: 'x' } }, /text, which cannot be filtered/],
    ['a', { where: { nothing: 1 } }, /not in the schema/],
    ['a', { where: { year: { between: 1 } } }, /between/],
    ['a', { where: { year: '5' } }, /number/],
    ['a', { where: { or: { year: 1 } } }, /list/],
    ['a', { where: [] }, /object/],
    ['a', { facets: ['body'] }, /body/],
    ['a', { group: 'nothing' }, /nothing/],
    ['a', { mode: 'lexical', minRelevance: 0.5 }, /lexical/],
    ['a', { fusion: { method: 'sum' } }, /sum/],
    ['a', { fusion: { vectorWeight: 3 } }, /vectorWeight/],
  ];
  for (const [query, options, message] of bad)
    await assert.rejects(collection.search(query, options), { code: 'invalid_argument', message });
  await assert.rejects(collection.search({ like: 'nobody' }), { code: 'unknown_id' });
  await assert.rejects(collection.search([1, 2]), { code: 'dimension_mismatch' });
  await assert.rejects(collection.search(new Array(64).fill(0)), { code: 'zero_norm' });
  let deep = { year: 1 };
  for (let i = 0; i < 100; i++) deep = { not: deep };
  await assert.rejects(collection.search('a', { where: deep }), { code: 'invalid_argument', message: /deep/ });
  const schemas = [{ id: 'text' }, { and: 'number' }, { a: 'varchar' }, { a: { type: 'text', weight: 0 } }, null, {}];
  for (const wrong of schemas) await assert.rejects(Collection.create({ schema: wrong }), { code: 'invalid_argument' });
  for (const passages of [{ size: 10 }, { size: 100, overlap: 50 }, { overlap: -1 }])
    await assert.rejects(Collection.create({ schema, passages }), { code: 'invalid_argument' });
  await assert.rejects(Collection.create({ schema, embedder: {} }), { code: 'invalid_argument', message: /embedder/ });
  collection.dispose();
  collection.dispose();
  await assert.rejects(collection.search('a'), { code: 'disposed' });
});

test('names that objects have already are names like others', async (t) => {
  const collection = await Collection.create({
    schema: JSON.parse('{"__proto__":"text","constructor":"string","toString":"number"}'),
  });
  t.after(() => collection.dispose());
  await collection.addMany([
    JSON.parse('{"id":"__proto__","__proto__":"hasOwnProperty constructor","constructor":"prototype","toString":3}'),
    { id: 'constructor' },
  ]);
  const { hits, facets } = await collection.search('constructor', {
    where: { constructor: 'prototype', toString: { gt: 2 } },
    facets: ['constructor'],
  });
  assert.deepEqual(
    hits.map(({ id }) => id),
    ['__proto__'],
  );
  assert.deepEqual(Object.keys(hits[0].ranges), ['__proto__']);
  assert.deepEqual(Object.getOwnPropertyDescriptor(facets, 'constructor')?.value, [{ value: 'prototype', count: 1 }]);
  assert.equal({}.polluted, undefined);
  assert.ok(collection.has('__proto__') && collection.has('constructor') && !collection.has('toString'));
});

test('texts of any kind take linear time, and keep their places', async (t) => {
  const collection = await Collection.create({ schema: { text: 'text' }, embedder: wordEmbedder({ dims: 8 }) });
  t.after(() => collection.dispose());
  const hostile = [
    'x'.repeat(1_000_000),
    'a\u0301'.repeat(500_000),
    '\ud800 lone \udc00',
    '👩‍👩‍👧'.repeat(1000),
    '\n'.repeat(3000),
  ];
  await collection.addMany(hostile.map((text, id) => ({ id, text })));
  const { hits } = await collection.search('lone', { mode: 'lexical' });
  assert.deepEqual(
    hits.map(({ id }) => id),
    [2],
  );
  assert.equal(hits[0].document.text, hostile[2]);
  assert.deepEqual(
    hits[0].ranges.text.map(({ start, end }) => hostile[2].slice(start, end)),
    ['lone'],
  );
  const again = await Collection.fromBytes(await collection.toBytes());
  t.after(() => again.dispose());
  assert.equal(again.get(2).text, hostile[2]);
});

test('what is done at once is done in order', async (t) => {
  const collection = await Collection.create({ schema: { text: 'text' }, embedder });
  t.after(() => collection.dispose());
  const many = (from) => Array.from({ length: 200 }, (_, i) => ({ id: from + i, text: `word${(from + i) % 7}` }));
  const work = [
    collection.addMany(many(0)),
    collection.addMany(many(200)),
    collection.search('word3'),
    collection.delete(3),
    collection.toBytes(),
  ];
  const results = await Promise.allSettled(work);
  assert.deepEqual(
    results.map(({ status }) => status),
    new Array(5).fill('fulfilled'),
  );
  assert.equal(new Set(collection.ids()).size, collection.size);
  const both = await Promise.allSettled([collection.add({ id: 'same', text: 'a' }), collection.add({ id: 'same', text: 'b' })]);
  assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  assert.equal(both.find(({ reason }) => reason).reason.code, 'duplicate_id');
});
