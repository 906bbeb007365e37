// SPDX-License-Identifier: Apache-2.0
// A partitioned index on a static site: what a search finds, what it fetches, and what becomes of it when the server fails.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import fc from 'fast-check';
import { Index } from 'simile';
import { partition, RemoteIndex } from 'simile/remote';
import { embeddings } from '../support/embeddings.mjs';
import { refused } from '../support/expect.mjs';
import { SplitMix64, vectors } from '../support/random.mjs';
import { startRangeServer } from '../support/range-server.mjs';
import { startStaticServer } from '../support/static-server.mjs';
import { internals } from '../support/store-internals.mjs';

const numbered = (n) => [...Array(n).keys()];
const idsOf = (hits) => hits.map(({ id }) => id);
/** Serves the file until the test has ended. */
async function served(t, file) {
  const server = await startRangeServer(file);
  t.after(() => server.close());
  return server;
}
async function opened(t, address, options) {
  const index = await RemoteIndex.open(address, options);
  t.after(() => index.dispose());
  return index;
}

const dims = 64;
const rows = 600;
const data = vectors(rows, dims, 5);
const queryAt = (i) => data.subarray(i * dims, (i + 1) * dims);
const file = await partition({ ids: numbered(rows), vectors: data, dims }, { lists: 24, recall: 0.9 });

/** Bytes and recall of searches that each begin with nothing. */
async function measured(t, { data, queries, dims, count }) {
  const full = await Index.create({ dims });
  await full.addMany(numbered(data.length / dims), data);
  const expected = await full.searchMany(queries, { k: 10 });
  const parts = await partition(full);
  full.dispose();
  const server = await startStaticServer({}, { pages: { '/site.parts': parts }, ranges: true });
  t.after(() => server.close());
  let found = 0;
  const bytes = [];
  const requests = [];
  for (let i = 0; i < count; i++) {
    const index = await RemoteIndex.open(`${server.address}/site.parts`);
    const hits = await index.search(queries.subarray(i * dims, (i + 1) * dims));
    found += hits.filter(({ id }) => expected[i].some((hit) => hit.id === id)).length;
    bytes.push(index.bytesFetched);
    requests.push(index.requests);
    index.dispose();
  }
  const mean = (list) => list.reduce((a, b) => a + b, 0) / count;
  const recall = found / (10 * count);
  const says = `recall@10 ${recall.toFixed(4)} of the full index, ${(mean(bytes) / 1000).toFixed(0)} kB a first result`;
  console.log(`${says}, at most ${Math.max(...bytes) / 1000} kB, ${mean(requests).toFixed(0)} requests, ${count} queries`);
  return { recall, most: Math.max(...bytes) };
}

test('10,000 documents of 384 dims: the first result costs at most 300 kB at recall@10 of at least 0.9', async (t) => {
  const [count, dims] = [200, 384];
  const set = { data: embeddings(10_000, dims, 2), queries: embeddings(count, dims, 3), dims, count };
  const { recall, most } = await measured(t, set);
  assert.ok(most <= 300_000, `${most} bytes`);
  assert.ok(recall >= 0.9, `${recall}`);
});

const real = new URL('../../../../shared/data/minilm-real/minilm-pool4544.npy', import.meta.url);
test('real vectors of all-MiniLM-L6-v2: the same', { skip: existsSync(real) ? false : 'the vectors are not here' }, async (t) => {
  const bytes = readFileSync(real);
  const all = new Float32Array(bytes.buffer.slice(bytes.byteOffset + 10 + bytes.readUInt16LE(8)));
  const [count, dims] = [50, 384];
  // Every 88th asks, so that all of the sets in the pool do.
  const isQuery = (row) => row % 88 === 0 && row / 88 < count;
  const pick = (wanted) => {
    const chosen = numbered(all.length / dims).filter((row) => isQuery(row) === wanted);
    return Float32Array.from(chosen.flatMap((row) => [...all.subarray(row * dims, (row + 1) * dims)]));
  };
  const { recall, most } = await measured(t, { data: pick(false), queries: pick(true), dims, count });
  assert.ok(most <= 150_000, `${most} bytes for 4,494 documents`);
  assert.ok(recall >= 0.9, `${recall}`);
});

test('with all lists and all candidates it finds what a full index finds', async (t) => {
  const cases = fc.record({
    n: fc.integer({ min: 1, max: 60 }),
    width: fc.integer({ min: 1, max: 40 }),
    lists: fc.integer({ min: 1, max: 60 }),
    bits: fc.constantFrom(1, 2, 4),
    similarity: fc.constantFrom('cosine', 'dot', 'squared_l2'),
    seed: fc.integer({ min: 0, max: 1e6 }),
    k: fc.integer({ min: 1, max: 12 }),
  });
  const server = await served(t, new Uint8Array(0));
  await fc.assert(
    fc.asyncProperty(cases, async ({ n, width, lists, bits, similarity, seed, k }) => {
      const x = vectors(n, width, seed);
      const query = vectors(1, width, seed + 1);
      const ids = numbered(n).map((i) => (i % 3 === 0 ? `text ${i} é` : i));
      server.file = await partition({ ids, vectors: x, dims: width, similarity }, { lists, bits, rows: 'f32' });
      server.etag = undefined;
      const full = await Index.create({ dims: width, similarity, codec: 'f32' });
      await full.addMany(ids, x);
      const expected = await full.search(query, { k });
      const scores = await full.scores(query);
      const index = await RemoteIndex.open(server.address);
      const hits = await index.search(query, { k, probes: n, candidates: n });
      assert.equal(hits.length, expected.length);
      for (const [i, { id, score }] of hits.entries()) {
        assert.ok(Math.abs(score - expected[i].score) <= 1e-4 * (1 + Math.abs(score)), `${score} ${expected[i].score}`);
        assert.ok(Math.abs(score - scores[ids.indexOf(id)]) <= 1e-4 * (1 + Math.abs(score)), 'the score of its id');
      }
      assert.equal(new Set(idsOf(hits)).size, hits.length);
      for (const each of [index, full]) each.dispose();
    }),
    { numRuns: 60 },
  );
});

test('the same input gives the same bytes, and another seed others', async () => {
  const small = { ids: numbered(200), vectors: data.subarray(0, 200 * dims), dims };
  const [one, again, other] = [await partition(small), await partition(small), await partition(small, { seed: 2 })];
  assert.deepEqual(one, again);
  assert.notDeepEqual(one, other);
});

test('an index is partitioned with its ids, its similarity and its metadata', async (t) => {
  const source = await Index.create({ dims: 3, similarity: 'squared_l2', codec: 'f32' });
  await source.addMany(['a', 7, 'ü'], [0, 0, 0, 1, 1, 1, 9, 9, 9]);
  source.metadata = '{"of":"colours"}';
  const index = await opened(t, (await served(t, await partition(source, { rows: 'f32' }))).address);
  const { size, dims, similarity, metadata, byteLength } = index;
  assert.deepEqual(
    { size, dims, similarity, metadata },
    { size: 3, dims: 3, similarity: 'squared_l2', metadata: '{"of":"colours"}' },
  );
  assert.ok(byteLength > 100);
  const hits = await index.search([1, 1, 2], { k: 2, probes: 3 });
  assert.deepEqual(idsOf(hits), [7, 'a']);
  assert.ok(Math.abs(hits[0].score + 1) < 1e-4 && Math.abs(hits[1].score + 6) < 1e-4, JSON.stringify(hits));
  assert.deepEqual(idsOf(await index.search([1, 1, 2], { probes: 3, minScore: -2 })), [7]);
});

test('zero vectors of an index that allows them score 0', async (t) => {
  const source = await Index.create({ dims: 2, zeroVectors: 'allow' });
  await source.addMany(['zero', 'east'], [0, 0, 1, 0]);
  const index = await opened(t, (await served(t, await partition(source))).address);
  const hits = await index.search([1, 0], { probes: 2 });
  assert.deepEqual(
    hits.map(({ id, score }) => [id, Math.round(score * 1000) / 1000]),
    [
      ['east', 1],
      ['zero', 0],
    ],
  );
});

test('what partition refuses', async () => {
  const good = { ids: ['a', 'b'], vectors: [1, 0, 0, 1], dims: 2 };
  await refused('invalid_argument', () => partition({ ids: [], vectors: [], dims: 2 }));
  await refused('dimension_mismatch', () => partition({ ...good, ids: ['a'] }));
  await refused('duplicate_id', () => partition({ ...good, ids: ['a', 'a'] }));
  await refused('not_finite', () => partition({ ...good, vectors: [1, 0, Number.NaN, 1] }));
  await refused('zero_norm', () => partition({ ...good, vectors: [1, 0, 0, 0] }));
  await refused('limit_exceeded', () => partition({ ...good, ids: ['x'.repeat(65_535), 'b'] }));
  await refused('invalid_argument', () => partition({ ...good, ids: 'ab' }));
  for (const wrong of [
    undefined,
    null,
    'text',
    {},
    { ...good, dims: 0 },
    { ...good, similarity: 'l1' },
    { ...good, metadata: 1 },
  ])
    await refused('invalid_argument', () => partition(wrong));
  for (const wrong of [{ lists: 0 }, { bits: 3 }, { rows: 'int4' }, { recall: 0 }, { recall: 1.1 }, { seed: -1 }, { seed: 0.5 }])
    await refused('invalid_argument', () => partition(good, wrong), JSON.stringify(wrong));
  await refused('cancelled', () => partition(good, { signal: AbortSignal.abort() }));
  const stop = new AbortController();
  const progress = [];
  await refused('cancelled', () =>
    partition(
      { ids: numbered(rows), vectors: data, dims },
      {
        signal: stop.signal,
        onProgress: ({ loaded, total }) => {
          progress.push([loaded, total]);
          if (progress.length === 2) stop.abort();
        },
      },
    ),
  );
  assert.equal(progress.length, 2);
  assert.ok(progress[0][0] < progress[1][0] && progress[0][1] === rows);
});

test('what open and search refuse', async (t) => {
  const server = await served(t, file);
  const index = await opened(t, server.address);
  await refused('dimension_mismatch', () => index.search([1, 2]));
  await refused('not_finite', () => index.search(new Float32Array(dims).fill(Number.NaN)));
  await refused('zero_norm', () => index.search(new Float32Array(dims)));
  for (const options of [{ k: 0 }, { probes: 0 }, { candidates: 0.5 }, { minScore: Number.NaN }])
    await refused('invalid_argument', () => index.search(queryAt(0), options), JSON.stringify(options));
  await refused('cancelled', () => index.search(queryAt(0), { signal: AbortSignal.abort() }));
  for (const wrong of [undefined, null, 5, {}]) await refused('invalid_argument', () => RemoteIndex.open(wrong));
  for (const options of [{ cache: 'disk' }, { cache: true }, { timeout: 0 }, { maxBytes: 0 }])
    await refused('invalid_argument', () => RemoteIndex.open(server.address, options), JSON.stringify(options));
  await refused('cancelled', () => RemoteIndex.open(server.address, { signal: AbortSignal.abort() }));
  await refused('not_supported', () => RemoteIndex.open(server.address, { cache: 'opfs' }));
  index.dispose();
  index.dispose();
  await refused('disposed', () => index.search(queryAt(0)));
  await refused('disposed', () => index.flush());
});

test('only what is probed is fetched, and only once', async (t) => {
  const server = await served(t, file);
  const index = await opened(t, server.address);
  assert.equal(index.requests, 1);
  const small = await partition({ ids: numbered(rows), vectors: data, dims }, { lists: 24, bits: 4, rows: 'f32' });
  server.file = small;
  server.etag = '"two"';
  const other = await opened(t, server.address);
  const before = other.bytesFetched;
  const hits = await other.search(queryAt(3), { probes: 4 });
  assert.equal(hits[0].id, 3);
  assert.ok(other.bytesFetched - before < small.length / 3, `${other.bytesFetched - before} of ${small.length}`);
  const after = other.bytesFetched;
  assert.deepEqual(await other.search(queryAt(3), { probes: 4 }), hits);
  assert.equal(other.bytesFetched, after);
  for (const { headers } of server.requests) assert.match(headers.range, /^bytes=\d+-\d+$/);
});

test('searches at the same time share their requests, and one that is aborted leaves the others alone', async (t) => {
  const server = await served(t, file);
  const alone = await opened(t, server.address);
  const expected = await alone.search(queryAt(1), { probes: 24 });
  const needed = server.requests.length;
  server.requests.length = 0;
  server.fault = async () => {
    await wait(20);
    return false;
  };
  const index = await opened(t, server.address);
  const stop = new AbortController();
  const search = (signal) => index.search(queryAt(1), { probes: 24, ...(signal && { signal }) });
  const [first, ...others] = [search(stop.signal), search(), search()];
  const lost = refused('cancelled', () => first);
  await wait(5);
  stop.abort();
  await lost;
  for (const hits of await Promise.all(others)) assert.deepEqual(hits, expected);
  assert.equal(server.requests.length, needed);
});

test('a request that nobody waits for any more is ended, and a later search asks again', async (t) => {
  const server = await served(t, file);
  const index = await opened(t, server.address);
  let isClosed = false;
  server.fault = (_, response) => {
    response.on('close', () => {
      isClosed = true;
    });
    return true; // no answer
  };
  const stop = new AbortController();
  const lost = refused('cancelled', () => index.search(queryAt(400), { probes: 24, signal: stop.signal }));
  await wait(30);
  stop.abort(new Error('enough'));
  assert.equal((await lost).cause.message, 'enough');
  for (let i = 0; i < 100 && !isClosed; i++) await wait(10);
  assert.ok(isClosed, 'the connection is closed');
  server.fault = () => false;
  assert.equal((await index.search(queryAt(400), { probes: 24 }))[0].id, 400);
});

test('a search that is under way ends with dispose', async (t) => {
  const server = await served(t, file);
  const index = await opened(t, server.address);
  server.fault = () => true;
  const lost = refused('disposed', () => index.search(queryAt(400), { probes: 24 }));
  await wait(20);
  index.dispose();
  await lost;
});

test('a server without ranges sends the file once, and that is enough', async (t) => {
  const server = await served(t, file);
  server.fault = (_, response) => {
    response.setHeader('content-length', file.length).end(file);
    return true;
  };
  const index = await opened(t, server.address);
  assert.equal((await index.search(queryAt(9), { probes: 24 }))[0].id, 9);
  assert.equal(server.requests.length, 1);
  assert.equal(index.bytesFetched, file.length);

  const seen = [];
  await opened(t, server.address, { onProgress: ({ loaded, total }) => seen.push([loaded, total]) });
  assert.deepEqual(seen.at(-1), [file.length, file.length]);
  const onProgress = () => {
    throw new RangeError('mine');
  };
  await assert.rejects(RemoteIndex.open(server.address, { onProgress }), /^RangeError: mine$/);
});

test('whatever the server does and whoever gives up: every search ends, with the right hits or an error of the package', async (t) => {
  const server = await served(t, file);
  const plain = await opened(t, server.address);
  const expected = await Promise.all(numbered(8).map((i) => plain.search(queryAt(60 * i), { probes: 5 })));
  const random = new SplitMix64(4);
  server.fault = async (_, response, part) => {
    const choice = random.below(10);
    await wait(random.below(6));
    if (choice > 3) return false;
    if (choice === 0) response.destroy();
    else if (choice === 1) response.writeHead(503).end();
    else response.writeHead(206, { etag: server.etag }).end(choice === 2 ? part.subarray(1) : part.map((byte) => byte ^ 1));
    return true;
  };
  const outcomes = new Map();
  const searches = [];
  for (let i = 0; i < 60; i++) {
    const index = i % 10 === 0 ? undefined : searches.at(-1).index;
    const visitor = index ?? RemoteIndex.open(server.address, { maxBytes: 20_000 });
    const stop = new AbortController();
    const ask = async () => {
      const row = random.below(8);
      const hits = await (await visitor).search(queryAt(60 * row), { probes: 5, signal: stop.signal });
      assert.deepEqual(hits, expected[row]);
      return 'hits';
    };
    if (random.below(3) === 0) setTimeout(() => stop.abort(), random.below(40));
    searches.push({ index: visitor, result: ask().catch((error) => error.code ?? error) });
  }
  for (const { result } of searches) outcomes.set(await result, (outcomes.get(await result) ?? 0) + 1);
  const allowed = ['hits', 'cancelled', 'io_failure', 'corrupt_file', 'truncated_file'];
  assert.deepEqual(
    [...outcomes.keys()].filter((outcome) => !allowed.includes(outcome)),
    [],
  );
  assert.ok(outcomes.size > 1, JSON.stringify([...outcomes]));
  server.fault = () => false;
  for (const { index } of searches) (await index.catch(() => undefined))?.dispose();
  const after = await opened(t, server.address);
  assert.deepEqual(await after.search(queryAt(60), { probes: 5 }), expected[1]);
});

test('a deployment between two searches, or within one, is noticed: nothing is mixed', async (t) => {
  const source = { ids: numbered(rows).map((i) => `new ${i}`), vectors: data, dims };
  const next = await partition(source, { lists: 20, recall: 0.9 });
  for (const hasTag of [true, false]) {
    for (const at of [2, 3, 4]) {
      const server = await served(t, file);
      if (!hasTag) server.etag = undefined;
      // The request number `at` and all later ones see the new file.
      server.fault = ({ count }) => {
        if (count < at) return false;
        server.file = next;
        if (hasTag) server.etag = '"two"';
        return false;
      };
      const index = await opened(t, server.address);
      const hits = await index.search(queryAt(33), { k: 5, probes: 24 });
      assert.equal(hits[0].id, server.requests.length < at ? 33 : 'new 33', `${at} ${hasTag}`);
      assert.equal(new Set(hits.map(({ id }) => typeof id)).size, 1, 'all of one file');
    }
  }
});

test('mirrors with tags of their own for the same file are one', async (t) => {
  const server = await served(t, file);
  const ask = async () => {
    server.requests.length = 0;
    const index = await opened(t, server.address);
    for (const row of [5, 50, 500]) assert.equal((await index.search(queryAt(row), { probes: 24 }))[0].id, row);
    return server.requests.length;
  };
  const plain = await ask();
  server.fault = ({ count }) => {
    server.etag = `"mirror ${count % 3}"`;
    return false;
  };
  const mirrored = await ask();
  // Each tag is new once: the head is looked at, and what was under way is asked for again.
  assert.ok(mirrored <= 2 * plain + 4, `${mirrored} requests instead of ${plain}`);
});

test('a file that never stays the same is given up', async (t) => {
  const files = [file, await partition({ ids: numbered(rows), vectors: data, dims }, { lists: 20 })];
  const server = await served(t, file);
  let isOpen = false;
  server.fault = ({ count }) => {
    if (isOpen) {
      server.file = files[count % 2];
      server.etag = `"${count}"`;
    }
    return false;
  };
  const index = await opened(t, server.address);
  isOpen = true;
  const { message } = await refused('io_failure', () => index.search(queryAt(500), { probes: 24 }));
  assert.match(message, /changed/);
});

test('every flipped byte is noticed', async (t) => {
  const server = await served(t, file);
  const step = Math.floor(file.length / 40);
  let noticed = 0;
  for (let at = 0; at < file.length; at += step) {
    const bad = file.slice();
    bad[at] ^= 1 << (at % 8);
    server.file = bad;
    const error = await RemoteIndex.open(server.address)
      .then((index) => index.complete().finally(() => index.dispose()))
      .then(
        () => undefined,
        (reason) => reason,
      );
    assert.ok(['corrupt_file', 'unsupported_version', 'truncated_file'].includes(error?.code), `byte ${at}: ${error?.message}`);
    noticed++;
  }
  assert.ok(noticed >= 40);
});

test('a file with a wrong content under right checksums is refused or searched, and nothing else', async (t) => {
  const small = await partition(
    { ids: numbered(40), vectors: data.subarray(0, 40 * dims), dims, metadata: 'words' },
    { lists: 4 },
  );
  const server = await served(t, small);
  server.etag = undefined;
  const headBytes = new DataView(small.buffer).getUint32(12, true);
  const sign = (bytes, fields, start, end, at) =>
    fields.setBigUint64(at, new internals.Checksum().update(bytes.subarray(start, end)).digest(), true);
  const random = new SplitMix64(9);
  const seen = new Set();
  for (let round = 0; round < 400; round++) {
    const bytes = small.slice();
    const fields = new DataView(bytes.buffer);
    const isHead = round % 2 === 0;
    // The first list follows the head; its entry of the table follows the metadata.
    const [from, length] = isHead ? [8, headBytes - 16] : [headBytes, 400];
    for (let i = random.below(3); i >= 0; i--) bytes[from + random.below(length)] = [0, 1, 127, 128, 255, 64][random.below(6)];
    const rows = fields.getUint32(72, true);
    if (!isHead) sign(bytes, fields, headBytes, headBytes + rows * (10 + dims / 4), 80);
    sign(bytes, fields, 0, headBytes - 8, headBytes - 8);
    server.file = bytes;
    const outcome = await RemoteIndex.open(server.address)
      .then(async (index) => {
        const hits = await index.search(queryAt(3), { probes: 4 }).finally(() => index.dispose());
        assert.ok(hits.every(({ id }) => id !== undefined));
        return 'hits';
      })
      .catch((error) => error.code ?? error);
    seen.add(outcome);
  }
  const allowed = ['hits', 'corrupt_file', 'truncated_file', 'unsupported_version', 'dimension_mismatch'];
  assert.deepEqual(
    [...seen].filter((outcome) => !allowed.includes(outcome)),
    [],
  );
  assert.ok(seen.has('hits') && seen.has('corrupt_file'));
});

test('a damaged answer is asked for once more, past the caches', async (t) => {
  const server = await served(t, file);
  const index = await opened(t, server.address);
  let spoilt = 0;
  server.fault = ({ first, headers }, response, part) => {
    if (first === 0 || headers['cache-control'] === 'no-cache') return false;
    spoilt++;
    const bad = part.slice();
    bad[3] ^= 1;
    response.writeHead(206, { 'content-length': bad.length, etag: server.etag }).end(bad);
    return true;
  };
  assert.equal((await index.search(queryAt(500), { probes: 24 }))[0].id, 500);
  assert.ok(spoilt > 0);
});

test('what is cut short is fetched again; what stays away is an io_failure that says what was there', async (t) => {
  const server = await served(t, file);
  const index = await opened(t, server.address);
  const broken = new Set();
  server.fault = ({ first }, response, part) => {
    if (broken.has(first)) return false;
    broken.add(first);
    response.writeHead(206, { 'content-length': part.length, etag: server.etag });
    response.write(part.subarray(0, part.length / 2), () => setTimeout(() => response.destroy(), 5));
    return true;
  };
  assert.equal((await index.search(queryAt(500), { probes: 24 }))[0].id, 500);
  assert.ok(broken.size > 0);

  const down = await opened(t, server.address);
  server.fault = (_, response) => {
    response.writeHead(503).end();
    return true;
  };
  const { message } = await refused('io_failure', () => down.search(queryAt(500), { probes: 24 }));
  assert.match(message, /503.*there were \d+ of \d+ (lists|candidates)/);
  server.fault = (_, response) => {
    response.writeHead(404).end();
    return true;
  };
  assert.match((await refused('io_failure', () => RemoteIndex.open(server.address))).message, /404/);
});

test('a silent server is given up in time', async (t) => {
  const server = await served(t, file);
  const index = await opened(t, server.address, { timeout: 60 });
  server.fault = () => true;
  const start = performance.now();
  const { message } = await refused('io_failure', () => index.search(queryAt(500), { probes: 24 }));
  assert.match(message, /silent for 60 ms/);
  assert.ok(performance.now() - start < 5000);
});

test('other files are refused', async (t) => {
  const index = await Index.create({ dims: 3 });
  await index.add('a', [1, 2, 3]);
  const server = await served(t, index.toBytes());
  await refused('corrupt_file', () => RemoteIndex.open(server.address));
  server.file = new TextEncoder().encode(`<!doctype html>${' '.repeat(200)}`);
  await refused('corrupt_file', () => RemoteIndex.open(server.address));
  server.file = file.subarray(0, 30);
  await refused('truncated_file', () => RemoteIndex.open(server.address));
  const newer = file.slice();
  newer[8] = 2;
  server.file = newer;
  await refused('unsupported_version', () => RemoteIndex.open(server.address));
});

test('complete fetches the rest, and then no connection is needed', async (t) => {
  const server = await served(t, file);
  const index = await opened(t, server.address);
  const expected = await index.search(queryAt(77), { probes: 24 });
  const seen = [];
  await index.complete({ onProgress: ({ loaded, total }) => seen.push([loaded, total]) });
  assert.deepEqual(seen.at(-1), [file.length, file.length]);
  server.fault = (_, response) => {
    response.destroy();
    return true;
  };
  const sent = index.requests;
  assert.deepEqual(await index.search(queryAt(77), { probes: 24 }), expected);
  for (let row = 0; row < rows; row += 50) assert.equal((await index.search(queryAt(row), { probes: 24 }))[0].id, row);
  assert.equal(index.requests, sent);
  const { message } = await refused('limit_exceeded', async () => {
    server.fault = () => false;
    const narrow = await opened(t, server.address, { maxBytes: 1000 });
    assert.equal((await narrow.search(queryAt(3), { probes: 24 }))[0].id, 3, 'a small memory is slow and right');
    await narrow.complete();
  });
  assert.match(message, /1000/);
});

test('prefetch brings the lists', async (t) => {
  const big = await partition({ ids: numbered(rows), vectors: data, dims }, { lists: 24, bits: 4, rows: 'f32', recall: 0.5 });
  const server = await served(t, big);
  const index = await opened(t, server.address);
  await index.prefetch(queryAt(590));
  const before = server.requests.length;
  await index.search(queryAt(590));
  const lists = server.requests.slice(before).filter(({ first }) => first < big.length - rows * 4 * dims - 4 * rows);
  assert.deepEqual(lists, [], 'only rows are asked for');
});

test('a cache brings back what was fetched, with nothing but a question whether it is still the same', async (t) => {
  const server = await served(t, file);
  const first = await RemoteIndex.open(server.address, { cache: 'auto' });
  assert.equal(first.cacheKind, 'memory');
  const hits = await first.search(queryAt(70), { probes: 24 });
  await first.flush();
  first.dispose();
  const second = await opened(t, server.address, { cache: 'auto' });
  assert.deepEqual(await second.search(queryAt(70), { probes: 24 }), hits);
  assert.equal(second.bytesFetched, 0);
  assert.equal(second.requests, 1);
  assert.equal(server.requests.at(-1).headers['if-none-match'], '"one"');

  // Without a connection the cache is believed.
  server.fault = (_, response) => {
    response.destroy();
    return true;
  };
  const offline = await opened(t, server.address, { cache: 'memory' });
  assert.deepEqual(await offline.search(queryAt(70), { probes: 24 }), hits);
  const { message } = await refused('io_failure', () => offline.complete());
  assert.match(message, /there were \d+ of \d+ rows/);

  // A new file in its place, of which most lists are as they were: only the others are fetched.
  server.fault = () => false;
  server.file = await partition({ ids: numbered(rows), vectors: data, dims, metadata: 'second' }, { lists: 24, recall: 0.9 });
  server.etag = '"two"';
  const third = await opened(t, server.address, { cache: 'auto' });
  assert.equal(third.metadata, 'second');
  assert.deepEqual(await third.search(queryAt(70), { probes: 24 }), hits);
  assert.equal(third.requests, 1, 'lists of the same checksum are not fetched again');
});

test('two that keep at the same time keep both', async (t) => {
  const server = await served(t, file);
  const open = () => RemoteIndex.open(server.address, { cache: 'memory' });
  const [a, b] = [await open(), await open()];
  const [one, two] = [await a.search(queryAt(1), { probes: 2 }), await b.search(queryAt(2), { probes: 2 })];
  await Promise.all([a.flush(), b.flush()]);
  for (const each of [a, b]) each.dispose();
  const index = await opened(t, server.address, { cache: 'memory' });
  const before = index.bytesFetched;
  assert.deepEqual([await index.search(queryAt(1), { probes: 2 }), await index.search(queryAt(2), { probes: 2 })], [one, two]);
  assert.equal(index.bytesFetched, before);
});
