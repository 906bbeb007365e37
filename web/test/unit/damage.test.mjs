// SPDX-License-Identifier: Apache-2.0
// A damaged file is refused, always, and refusing it costs the instance nothing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Index, init } from 'simile';
import { TextIndex } from 'simile/text';
import { codecs, similarities } from '../known-answers.mjs';
import { refusal, refused } from '../support/expect.mjs';
import { vectors } from '../support/random.mjs';

const dims = 3;

async function smallFile(codec, similarity) {
  const index = await Index.create({ dims, codec, similarity });
  index.metadata = '{"a":1}';
  await index.addMany([7, 'b', 'ä'], vectors(3, dims, 1));
  const bytes = index.toBytes();
  index.dispose();
  return bytes;
}

/** Bytes 8 and 9 are the version; it may be looked at before the hash of the header. */
const isVersion = (at) => at === 8 || at === 9;

// To read the file of an encoder with a scale of its own takes milliseconds, in which that is found anew: rabitq1 has none.
for (const codec of codecs.filter((name) => name !== 'rabitq4')) {
  for (const similarity of similarities) {
    test(`every flipped bit and every truncation of a small file is refused (${codec}, ${similarity})`, async () => {
      const good = await smallFile(codec, similarity);
      for (let at = 0; at < good.length; at++) {
        for (let bit = 0; bit < 8; bit++) {
          const bad = good.slice();
          bad[at] ^= 1 << bit;
          const { code } = await refusal(() => Index.fromBytes(bad));
          const isRight = code === 'corrupt_file' || (isVersion(at) && code === 'unsupported_version');
          assert.ok(isRight, `bit ${bit} of byte ${at} gave ${code}`);
        }
      }
      for (let length = 0; length < good.length; length++) {
        await refused('truncated_file', () => Index.fromBytes(good.subarray(0, length)), `${length} bytes:`);
      }
      for (const more of [1, 63, 64, 1000]) {
        const longer = new Uint8Array(good.length + more);
        longer.set(good);
        await refused('corrupt_file', () => Index.fromBytes(longer), `${more} bytes too many:`);
      }
      const index = await Index.fromBytes(good, { verify: 'full' });
      assert.deepEqual(index.toBytes(), good);
      index.dispose();
    });
  }
}

test('10,000 refused loads leave a right search and no more than 1 MiB of memory', async () => {
  const core = await init();
  const index = await Index.create({ dims: 64, codec: 'planes' });
  await index.addMany(
    Array.from({ length: 1000 }, (_, i) => i),
    vectors(1000, 64, 2),
  );
  const good = index.toBytes();
  const query = vectors(1, 64, 3);
  const expected = await index.search(query);
  const refuse = async (round) => {
    const cut = good.slice(0, round % 3 === 0 ? good.length - 1 - (round % 40_000) : good.length);
    cut[(round * 7919) % cut.length] ^= 1 << (round % 8);
    await refusal(() => Index.fromBytes(cut));
  };
  for (let round = 0; round < 20; round++) await refuse(round);
  const before = core.memoryBytes;
  for (let round = 0; round < 10_000; round++) await refuse(round);
  const grown = core.memoryBytes - before;
  assert.ok(grown <= 1 << 20, `memory has grown by ${grown} bytes`);
  const again = await Index.fromBytes(good);
  assert.deepEqual(await again.search(query), expected);
});

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
  assert.ok(more < 256 * 2 ** 20, `the process has grown by ${Math.round(more / 2 ** 20)} MiB, the module of texts with it`);
});
