// SPDX-License-Identifier: Apache-2.0
// Long and only when asked for (./dev test --soak): that nothing grows, and nothing goes wrong, however long it runs.
// SIMILE_SOAK_SECONDS says how long; 600 if it is not set.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Collection, openCollection } from '../../dist/collection/collection.js';
import { init } from '../../dist/simile.js';
import { SplitMix64 } from '../support/random.mjs';
import { wordEmbedder } from '../support/word-embedder.mjs';

const seconds = Number(process.env.SIMILE_SOAK_SECONDS ?? 600);
const dims = 64;
const embedder = wordEmbedder({ dims });
const schema = { title: 'text', body: 'text', n: 'number', tags: 'string[]' };
const options = { schema, embedder, passages: { size: 120, overlap: 20 } };

test(`mixed operations for ${seconds} s under memory pressure`, async () => {
  const random = new SplitMix64(7);
  const core = await init();
  const start = performance.now();
  const [half, until] = [start + 500 * seconds, start + 1000 * seconds];
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
    if (performance.now() > half && settled === 0) settled = peak;
  }
  assert.deepEqual(new Set(saved.collection.ids()), new Set(model.keys()));
  console.log(
    `${steps} steps; ${model.size} documents; WebAssembly ${peak / 2 ** 20} MiB at most, ${settled / 2 ** 20} after the first half`,
  );
  assert.ok(settled > 0 && peak <= 1.5 * settled, 'memory grows');
  saved.close();
});
