// SPDX-License-Identifier: Apache-2.0
// Any sequence of operations leaves an index equal to a naive model: a Map and a scan in doubles.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Index } from 'simile';
import { codecs, similarities } from '../known-answers.mjs';
import { nearest, scores } from '../support/oracle.mjs';

const dims = 5;
const seed = Number(process.env.SIMILE_SEED ?? Date.now() % 2 ** 31);

const component = fc.integer({ min: -64, max: 64 }).map((x) => x / 16);
const vector = fc.array(component, { minLength: dims, maxLength: dims }).filter((x) => x.some((y) => y !== 0));
const id = fc.oneof(fc.nat(25), fc.constantFrom('a', 'b', 'ü', ''));
const item = fc.tuple(id, vector);
const items = fc.uniqueArray(item, { maxLength: 70, selector: ([key]) => key });

const operation = fc.oneof(
  fc.record({ kind: fc.constant('add'), item }),
  fc.record({ kind: fc.constant('addMany'), items, onDuplicate: fc.constantFrom('refuse', 'replace') }),
  fc.record({ kind: fc.constant('update'), item }),
  fc.record({ kind: fc.constant('delete'), id }),
  fc.record({ kind: fc.constant('deleteMany'), ids: fc.array(id, { maxLength: 9 }) }),
  fc.record({ kind: fc.constant('search'), query: vector, k: fc.integer({ min: 1, max: 40 }), filter: fc.option(fc.array(id)) }),
  fc.record({ kind: fc.constant('reload'), verify: fc.constantFrom('structure', 'checksum', 'full') }),
);

/** What a codec may lose: of a score, of the cosine between a vector and its code, and of a component in units of the largest one. */
const losses = (codec) => {
  if (codec.endsWith('1')) return { score: 2, angle: 0.6, component: 2.5 };
  if (codec.endsWith('4')) return { score: 0.32, angle: 0.05, component: 0.2 };
  return { score: codec === 'f16' ? 0.02 : 0.04, angle: 0.01, component: 0.02 };
};

/** How far a score may be from the exact one: floats for f32; for the others by their bits, of vectors up to |x| = 9. */
const tolerance = (codec, similarity) => {
  if (codec === 'f32') return 1e-4;
  const largest = 4 * Math.sqrt(dims);
  return (similarity === 'cosine' ? 1 : 2 * largest ** 2) * losses(codec).score;
};

class Pair {
  constructor(index, codec, similarity) {
    Object.assign(this, { index, codec, similarity, items: new Map() });
  }

  async add({ item: [key, x] }) {
    await this.#both(
      this.items.has(key) ? 'duplicate_id' : undefined,
      () => this.index.add(key, x),
      () => this.items.set(key, x),
    );
  }

  async addMany({ items, onDuplicate }) {
    const keys = items.map(([key]) => key);
    const isRefused = onDuplicate === 'refuse' && keys.some((key) => this.items.has(key));
    const add = () =>
      this.index.addMany(
        keys,
        items.flatMap(([, x]) => x),
        { onDuplicate },
      );
    await this.#both(isRefused ? 'duplicate_id' : undefined, add, () => {
      for (const [key, x] of items) this.items.set(key, x);
    });
  }

  async update({ item: [key, x] }) {
    await this.#both(
      this.items.has(key) ? undefined : 'unknown_id',
      () => this.index.update(key, x),
      () => this.items.set(key, x),
    );
  }

  async delete({ id }) {
    assert.equal(await this.index.delete(id), this.items.delete(id));
  }

  async deleteMany({ ids }) {
    assert.equal(await this.index.deleteMany(ids), ids.filter((key) => this.items.delete(key)).length);
  }

  async search({ query, k, filter }) {
    const wanted = filter ? new Map([...this.items].filter(([key]) => filter.includes(key))) : this.items;
    const found = await this.index.search(query, { k, ...(filter && { filter }) });
    const exact = nearest(wanted, query, this.similarity, k);
    const bound = tolerance(this.codec, this.similarity);
    assert.equal(found.length, exact.length);
    assert.equal(new Set(found.map((hit) => hit.id)).size, found.length);
    for (const [rank, hit] of found.entries()) {
      const own = scores[this.similarity](wanted.get(hit.id), query);
      assert.ok(Math.abs(hit.score - own) <= bound, `score of ${hit.id}: ${hit.score}, exactly ${own}`);
      assert.ok(Math.abs(hit.score - exact[rank][1]) <= bound, `rank ${rank}: ${hit.score}, exactly ${exact[rank][1]}`);
      assert.ok(rank === 0 || found[rank - 1].score >= hit.score);
    }
  }

  async reload({ verify }) {
    const bytes = this.index.toBytes();
    const again = await Index.fromBytes(bytes, { verify });
    assert.deepEqual(again.toBytes(), bytes);
    this.index.dispose();
    this.index = again;
  }

  check() {
    assert.equal(this.index.size, this.items.size);
    assert.deepEqual(new Set(this.index.ids()), new Set(this.items.keys()));
    for (const [key, x] of this.items) {
      const kept = this.index.get(key);
      const { angle, component } = losses(this.codec);
      const bound = this.codec === 'f32' ? 0 : component * Math.max(...x.map(Math.abs));
      const isClose =
        this.similarity === 'cosine' ? scores.cosine(x, kept) > 1 - angle : kept.every((y, i) => Math.abs(y - x[i]) <= bound);
      assert.ok(isClose, `${key}: ${kept}, was ${x}`);
    }
  }

  async #both(code, real, model) {
    if (code === undefined) {
      await real();
      model();
    } else {
      await assert.rejects(real, { code });
    }
  }
}

for (const codec of codecs) {
  for (const similarity of similarities) {
    test(`any sequence of operations equals the model (${codec}, ${similarity}), seed ${seed}`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(operation, { maxLength: 25 }), async (operations) => {
          const pair = new Pair(await Index.create({ dims, codec, similarity }), codec, similarity);
          try {
            for (const step of operations) {
              await pair[step.kind](step);
              pair.check();
            }
          } finally {
            pair.index.dispose();
          }
        }),
        { seed, numRuns: 60 },
      );
    });
  }
}
