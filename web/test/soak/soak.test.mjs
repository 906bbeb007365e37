// SPDX-License-Identifier: Apache-2.0
// Long and only when asked for (./dev test --soak): that nothing grows, and nothing goes wrong, however long it runs.
// SIMILE_SOAK_SECONDS says how long; 600 if it is not set.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Collection, openCollection } from '../../dist/collection/collection.js';
import { Index, init } from '../../dist/simile.js';
import { TextIndex } from '../../dist/text/text.js';
import { SplitMix64 } from '../support/random.mjs';
import { wordEmbedder } from '../support/word-embedder.mjs';

const seconds = Number(process.env.SIMILE_SOAK_SECONDS ?? 600);
const dims = 64;
const embedder = wordEmbedder({ dims });
const schema = { title: 'text', body: 'text', n: 'number', tags: 'string[]' };
const options = { schema, embedder, passages: { size: 120, overlap: 20 } };

test('100,000 indexes made, used and disposed of leave the memory as it was', async () => {
  const core = await init();
  const vector = Float32Array.from({ length: 32 }, (_, i) => i + 1);
  const cycle = async () => {
    const index = await Index.create({ dims: 32 });
    await index.add('a', vector);
    assert.equal((await index.search(vector))[0].id, 'a');
    index.dispose();
    const texts = await TextIndex.create();
    texts.add('a word');
    assert.equal(texts.search('word').length, 1);
    texts.dispose();
  };
  for (let i = 0; i < 1000; i++) await cycle();
  const before = core.memoryBytes;
  const { rss } = process.memoryUsage();
  for (let i = 0; i < 100_000; i++) await cycle();
  assert.equal(core.memoryBytes, before);
  const more = process.memoryUsage().rss - rss;
  console.log(`the process has grown by ${Math.round(more / 2 ** 20)} MiB`);
  assert.ok(more < 256 * 2 ** 20, 'of which the module of texts cannot have much');
});

test(`mixed operations for ${seconds} s under memory pressure`, async () => {
  const random = new SplitMix64(7);
  const core = await init();
  const until = performance.now() + 1000 * seconds;
  const model = new Map();
  const words = Array.from({ length: 400 }, (_, i) => `word${i}`);
  const pick = (list) => list[random.below(list.length)];
  const sentence = () => `${Array.from({ length: 3 + random.below(12) }, () => pick(words)).join(' ')}.`;
  const made = (id) => ({
    id,
    title: sentence(),
    body: Array.from({ length: random.below(6) }, sentence).join(' '),
    n: random.below(100),
    tags: [pick(['x', 'y', 'z'])],
  });
  let saved = await openCollection('soak', { ...options, backend: 'memory' });
  let peak = 0;
  let settled = 0;
  let steps = 0;
  for (; performance.now() < until; steps++) {
    // Held for a step: the garbage collector has to work.
    const ballast = Array.from({ length: random.below(8) }, () => new Float64Array(1 << 18).fill(steps));
    const { collection } = saved;
    const id = random.below(3000);
    const kind = random.below(10);
    if (kind < 3) {
      const batch = Array.from({ length: 20 }, (_, i) => made((id + i) % 3000));
      await collection.addMany(batch, { onDuplicate: 'replace' });
      for (const doc of batch) model.set(doc.id, doc);
    } else if (kind < 5) {
      assert.equal(await collection.delete(id), model.delete(id));
    } else if (kind < 8) {
      const least = random.below(100);
      const { hits } = await collection.search(sentence(), {
        where: { n: { gte: least } },
        facets: ['tags'],
        mode: pick(['hybrid', 'vector', 'lexical']),
      });
      for (const hit of hits) assert.ok(model.get(hit.id).n >= least && hit.document.title === model.get(hit.id).title);
    } else if (kind === 8) {
      await saved.save();
      if (random.below(10) === 0) {
        saved.close();
        saved = await openCollection('soak', { ...options, backend: 'memory' });
      }
    } else {
      const stop = new AbortController();
      const adding = saved.collection.addMany([made(5000)], { signal: stop.signal });
      stop.abort();
      await assert.rejects(adding, { code: 'cancelled' });
      const bytes = await saved.collection.toBytes();
      bytes[random.below(bytes.length)] ^= 1 << random.below(8);
      await assert.rejects(Collection.fromBytes(bytes), (error) => typeof error.code === 'string');
    }
    assert.equal(saved.collection.size, model.size);
    assert.ok(ballast.length < 8);
    peak = Math.max(peak, core.memoryBytes);
    if (performance.now() > until - 500 * seconds /* half of it */ && settled === 0) settled = peak;
  }
  assert.deepEqual(new Set(saved.collection.ids()), new Set(model.keys()));
  console.log(
    `${steps} steps; ${model.size} documents; WebAssembly ${peak / 2 ** 20} MiB at most, ${settled / 2 ** 20} after the first half`,
  );
  assert.ok(settled > 0 && peak <= 1.5 * settled, 'memory grows');
  saved.close();
});
