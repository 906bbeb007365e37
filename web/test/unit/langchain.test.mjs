// SPDX-License-Identifier: Apache-2.0
// The vector store against the real classes of LangChain.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Document } from '@langchain/core/documents';
import { Embeddings } from '@langchain/core/embeddings';
import { maximalMarginalRelevance } from '@langchain/core/utils/math';
import { VectorStore } from '@langchain/core/vectorstores';
import { SimileError } from 'simile';
import { Collection } from 'simile/collection';
import { SimileVectorStore } from 'simile/langchain';
import { wordEmbedder } from '../support/word-embedder.mjs';

/** Embeddings in which a boat is a ferry. */
class Words extends Embeddings {
  calls = 0;
  #embedder = wordEmbedder({
    dims: 48,
    groups: [
      ['boat', 'ferry', 'ship'],
      ['bread', 'loaf'],
    ],
  });

  constructor(model) {
    super({});
    if (model) this.model = model;
  }

  async embedDocuments(texts) {
    this.calls++;
    const flat = await this.#embedder.embed(texts, { kind: 'passage' });
    return texts.map((_, i) => Array.from(flat.subarray(i * 48, (i + 1) * 48)));
  }

  async embedQuery(text) {
    return (await this.embedDocuments([text]))[0];
  }
}

const schema = { year: 'number', tags: 'string[]' };
const texts = ['a ferry', 'a loaf', 'two ferries at night', 'one ship, one ferry', 'the moon'];
const metadatas = [
  { year: 2020, tags: ['sea'], page: 1 },
  { year: 2021, tags: ['food'] },
  { year: 2022, tags: ['sea', 'night'] },
  { year: 2023, tags: ['sea'], nested: { deep: [1, null] } },
  { tags: [] },
];
const store = () => SimileVectorStore.fromTexts(texts, metadatas, new Words(), { schema, codec: 'f32' });
const cosine = (a, b) => {
  const sum = (f) => a.reduce((all, _, i) => all + f(i), 0);
  return sum((i) => a[i] * b[i]) / Math.sqrt(sum((i) => a[i] ** 2) * sum((i) => b[i] ** 2));
};

test('it finds what cosines by definition find, with scores', async (t) => {
  const made = await store();
  t.after(() => made.dispose());
  const embeddings = new Words();
  const query = await embeddings.embedQuery('boat');
  const vectors = await embeddings.embedDocuments(texts);
  const expected = vectors.map((vector, i) => [texts[i], cosine(query, vector)]).sort((a, b) => b[1] - a[1]);
  const found = await made.similaritySearchWithScore('boat', 5);
  assert.deepEqual(
    found.map(([document]) => document.pageContent),
    expected.map(([text]) => text),
  );
  found.forEach(([document, score], i) => {
    assert.ok(document instanceof Document && typeof document.id === 'string');
    assert.ok(Math.abs(score - expected[i][1]) < 1e-6);
    const at = texts.indexOf(document.pageContent);
    assert.deepEqual(document.metadata, metadatas[at]);
  });
  assert.deepEqual(await made.similaritySearchVectorWithScore(query, 5), found);
  assert.equal((await made.similaritySearch('boat')).length, 4, "LangChain's default k");
  assert.ok(made instanceof VectorStore);
  assert.equal(made._vectorstoreType(), 'simile');
});

test('filters look at the metadata of the schema', async (t) => {
  const made = await store();
  t.after(() => made.dispose());
  const asked = async (filter) =>
    new Set((await made.similaritySearch('boat', 10, filter)).map((one) => texts.indexOf(one.pageContent)));
  assert.deepEqual(await asked({ year: { gte: 2021, lt: 2023 } }), new Set([1, 2]));
  assert.deepEqual(await asked({ and: [{ tags: 'sea' }, { not: { tags: 'night' } }] }), new Set([0, 3]));
  assert.deepEqual(await asked({ year: { exists: false } }), new Set([4]));
  assert.deepEqual(await asked({ year: 1 }), new Set());
  await assert.rejects(asked({ page: 1 }), { code: 'invalid_argument', message: /page/ });
});

test('a retriever asks it, also for different documents', async (t) => {
  const made = await store();
  t.after(() => made.dispose());
  const [first] = await made.asRetriever({ k: 1, filter: { year: { gt: 2020 } } }).invoke('ferry ship');
  assert.equal(first.pageContent, 'one ship, one ferry');
  const different = await made.asRetriever({ k: 3, searchType: 'mmr', searchKwargs: { fetchK: 5, lambda: 0 } }).invoke('a ferry');
  const embeddings = new Words();
  const query = await embeddings.embedQuery('a ferry');
  const ranked = (await made.similaritySearch('a ferry', 5)).map((one) => one.pageContent);
  const chosen = maximalMarginalRelevance(query, await embeddings.embedDocuments(ranked), 0, 3).map((i) => ranked[i]);
  assert.deepEqual(
    different.map((one) => one.pageContent),
    chosen,
  );
  assert.notDeepEqual(chosen, ranked.slice(0, 3), 'it makes a difference');
  const byDefault = await made.maxMarginalRelevanceSearch('boat', { k: 2, filter: { tags: 'food' } });
  assert.deepEqual(
    byDefault.map((one) => one.pageContent),
    ['a loaf'],
  );
});

test('hybrid search finds the word, and filters too', async () => {
  const made = new SimileVectorStore(new Words(), { mode: 'hybrid', schema, fusion: { vectorWeight: 0.2 } });
  assert.deepEqual(await made.similaritySearch('boat'), []);
  await made.addDocuments(texts.map((pageContent, i) => new Document({ pageContent, metadata: metadatas[i] })));
  assert.equal((await made.similaritySearch('two boats at night', 1))[0].pageContent, 'two ferries at night');
  assert.equal((await made.similaritySearch('moon', 1, { tags: 'sea' }))[0].metadata.tags.includes('sea'), true);
  const [[, score]] = await made.similaritySearchWithScore('moon', 1);
  const { hits } = await made.collection.search('moon', { limit: 1, fusion: { vectorWeight: 0.2 } });
  assert.equal(score, hits[0].score);
  made.dispose();
});

test('documents are added under ids, replaced and removed', async () => {
  const made = new SimileVectorStore(new Words(), { schema });
  assert.deepEqual(await made.addDocuments([]), []);
  const [own, given] = await made.addDocuments([
    new Document({ pageContent: 'a ferry', id: 'x' }),
    new Document({ pageContent: 'bread' }),
  ]);
  assert.equal(own, 'x');
  assert.match(given, /^[\da-f-]{36}$/);
  assert.deepEqual(await made.addVectors([Array(48).fill(1)], [{ pageContent: 'ones', metadata: { year: 1 } }], { ids: ['x'] }), [
    'x',
  ]);
  assert.equal(made.collection.size, 2);
  const [[ones, score]] = await made.similaritySearchVectorWithScore(Array(48).fill(2), 1);
  assert.deepEqual([ones.id, ones.pageContent, ones.metadata], ['x', 'ones', { year: 1 }]);
  assert.ok(score > 0.99);
  ones.metadata.year = 2; // belongs to the caller
  await made.delete({ ids: ['x', 'unknown'] });
  assert.deepEqual(made.collection.ids(), [given]);
  await assert.rejects(made.delete(), { code: 'invalid_argument' });
  made.dispose();
  made.dispose();
  await assert.rejects(made.similaritySearch('a'), { code: 'disposed' });
  await assert.rejects(made.addDocuments([new Document({ pageContent: 'a' })]), { code: 'disposed' });
});

test('a wrong batch changes nothing', async (t) => {
  const made = await store();
  t.after(() => made.dispose());
  const one = (metadata) => [{ pageContent: 'b', metadata }];
  const refused = (work, code) => assert.rejects(work, (error) => error instanceof SimileError && error.code === code);
  await refused(made.addVectors([Array(47).fill(1)], one({})), 'dimension_mismatch');
  await refused(made.addVectors([Array(48).fill(Number.NaN)], one({})), 'not_finite');
  await refused(made.addVectors([Array(48).fill(0)], one({})), 'zero_norm');
  await refused(made.addVectors([Array(48).fill(1)], one({ year: 'old' })), 'invalid_argument');
  await refused(made.addVectors([], one({})), 'invalid_argument');
  await refused(made.addVectors([Array(48).fill(1)], one({}), { ids: [] }), 'invalid_argument');
  await refused(SimileVectorStore.fromTexts(['a'], [], new Words()), 'invalid_argument');
  assert.equal(made.collection.size, texts.length);
  assert.throws(() => new SimileVectorStore(new Words(), { schema: { pageContent: 'text' } }), { code: 'invalid_argument' });
  assert.throws(() => new SimileVectorStore(new Words(), { mode: 'lexical' }), { code: 'invalid_argument' });
});

test('metadata with names such as __proto__ come back', async (t) => {
  const metadata = JSON.parse(
    '{"__proto__": {"a": 1}, "constructor": "c", "id": 7, "pageContent": "p", "metadata": "m", "vector": [1]}',
  );
  const made = await SimileVectorStore.fromTexts(['a'], metadata, new Words());
  t.after(() => made.dispose());
  const [found] = await made.similaritySearch('a', 1);
  assert.equal(JSON.stringify(found.metadata), JSON.stringify(metadata));
  assert.equal(found.pageContent, 'a');
});

test('it is saved as bytes, and knows its model', async () => {
  const made = await SimileVectorStore.fromTexts(texts, metadatas, new Words('words-1'), { schema });
  const bytes = await made.toBytes();
  const before = await made.similaritySearchWithScore('boat', 5, { tags: 'sea' });
  made.dispose();
  const again = await SimileVectorStore.fromBytes(bytes, new Words('words-1'));
  assert.deepEqual(await again.similaritySearchWithScore('boat', 5, { tags: 'sea' }), before);
  await again.addDocuments([new Document({ pageContent: 'new', metadata: { year: 5, other: true } })]);
  assert.deepEqual((await again.similaritySearch('new', 1, { year: 5 }))[0].metadata, { other: true, year: 5 });
  again.dispose();
  await assert.rejects(SimileVectorStore.fromBytes(bytes, new Words('words-2')), {
    code: 'invalid_argument',
    message: /words-1/,
  });
  await assert.rejects(SimileVectorStore.fromBytes(new Uint8Array(9), new Words()), SimileError);
  const hybrid = await SimileVectorStore.fromBytes(bytes, new Words('words-1'), { mode: 'hybrid' });
  assert.equal((await hybrid.similaritySearch('moon', 1))[0].pageContent, 'the moon');
  hybrid.dispose();
  // Anyone else reads a collection.
  const collection = await Collection.fromBytes(bytes);
  assert.equal((await collection.search('moon', { mode: 'lexical' })).hits[0].document.pageContent, 'the moon');
  collection.dispose();
  const other = await Collection.create({ schema: { a: 'text' }, dims: 2 });
  await assert.rejects(SimileVectorStore.fromBytes(await other.toBytes(), new Words()), { code: 'invalid_argument' });
  other.dispose();
  const empty = new SimileVectorStore(new Words());
  await assert.rejects(empty.toBytes(), { code: 'incomplete' });
  const sized = new SimileVectorStore(new Words(), { dims: 48 });
  const reread = await SimileVectorStore.fromBytes(await sized.toBytes(), new Words());
  assert.deepEqual(await reread.similaritySearch('a'), []);
  reread.dispose();
});

test('two first additions at once make one collection', async () => {
  const made = new SimileVectorStore(new Words());
  await Promise.all(texts.map((pageContent) => made.addDocuments([new Document({ pageContent })])));
  assert.equal(made.collection.size, texts.length);
  made.dispose();
});
