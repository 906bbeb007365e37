// SPDX-License-Identifier: Apache-2.0
// Files of every codec from a slow server, one that fails, and native files of fitted codecs.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { Index } from 'simile';
import { codecs } from '../known-answers.mjs';
import { refused } from '../support/expect.mjs';
import { startFaultyServer } from '../support/faulty-server.mjs';
import { vectors } from '../support/random.mjs';

const [rows, dims] = [4000, 64];
const data = vectors(rows, dims, 1);
const query = vectors(1, dims, 2);
const levelsOf = { planes: 3, planes2: 3, planes12: 4, 'planes+rotated': 3 };

const servers = [];
after(() => {
  for (const server of servers) server.close();
});
async function serve(file) {
  const server = await startFaultyServer(file);
  servers.push(server);
  return server.address;
}

for (const codec of codecs) {
  const levels = levelsOf[codec] ?? 1;

  test(`a file of ${levels} levels arrives in order, is resumed, and refused when damaged (${codec})`, async () => {
    for (const similarity of codec === 'planes' ? ['cosine', 'dot'] : ['dot']) {
      const index = await Index.create({ dims, codec, similarity });
      await index.addMany([...Array(rows).keys()], data);
      assert.equal(index.levels, levels);
      const [file, expected] = [index.toBytes(), await index.search(query)];
      const address = await serve(file);

      const early = [];
      const searches = [];
      const onProgress = ({ level }) => {
        if (early.at(-1) !== level) early.push(level);
        if (level > 0 && slow) searches.push(slow.search(query));
      };
      let slow;
      slow = await Index.fromURL(`${address}/slow`, { onProgress, verify: 'full' });
      assert.ok(levels === 1 || slow.level < levels, `level ${slow.level}`);
      await slow.complete;
      // From nothing to all, a level at a time; what has one level is there at once.
      assert.deepEqual(early, [...Array(levels + 1).keys()]);
      const seen = new Set();
      for (const hits of await Promise.all(searches)) {
        assert.equal(hits.length, 10);
        seen.add(hits[0].level);
      }
      if (levels > 1)
        assert.deepEqual(
          [...seen],
          [...Array(levels).keys()].map((level) => level + 1),
        );
      assert.deepEqual(await slow.search(query), expected);
      assert.deepEqual(slow.toBytes(), file);

      for (const path of ['/ranges', '/one-byte-pieces', '/broken-encoding']) {
        const again = await Index.fromURL(address + path);
        await again.complete;
        assert.deepEqual(await again.search(query), expected, path);
        again.dispose();
      }
      for (const [path, code] of [
        ['/damaged-end', 'corrupt_file'],
        ['/damaged-start', 'corrupt_file'],
        ['/cut', 'truncated_file'],
        ['/longer', 'corrupt_file'],
      ])
        await refused(code, async () => (await Index.fromURL(address + path)).complete, path);
      slow.dispose();
      index.dispose();
    }
  });
}

const folder = new URL('../../../conformance/files/', import.meta.url);
const { files } = JSON.parse(readFileSync(new URL('expected.json', folder), 'utf8'));
// 400 rows, then 5 queries of 24 components.
const asked = vectors(405, 24, 1).subarray(400 * 24);

for (const [name, { codec, hits: expected }] of Object.entries(files)) {
  test(`the native file ${name} gives the native answers, by download and from bytes`, async () => {
    const file = readFileSync(new URL(name, folder));
    const loaded = await Index.fromURL(`${await serve(file)}/slow`, { verify: 'full' });
    await loaded.complete;
    for (const index of [loaded, await Index.fromBytes(file, { verify: 'full' })]) {
      assert.equal(index.codec, codec);
      assert.equal(index.size, 400);
      const hits = (await index.searchMany(asked, { k: 3 })).flat();
      assert.deepEqual(
        hits.map(({ id, score }) => [String(id), score]),
        expected,
      );
      // It is an index as any other.
      const first = index.get(0);
      await index.add('copy', first);
      assert.equal(
        (await index.search(first, { k: 2 })).some(({ id }) => id === 'copy'),
        true,
      );
      assert.equal(await index.delete('copy'), true);
      index.dispose();
    }
    for (const at of [70, 200, Math.floor(file.length / 2), file.length - 70]) {
      const bad = Uint8Array.from(file);
      bad[at] ^= 1;
      await refused('corrupt_file', () => Index.fromBytes(bad), `byte ${at}`);
    }
  });
}
