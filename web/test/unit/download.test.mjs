// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Index, SimileError } from 'simile';
import { refused } from '../support/expect.mjs';
import { startFaultyServer } from '../support/faulty-server.mjs';
import { vectors } from '../support/random.mjs';

const dims = 128;
const rows = 8000;
const query = vectors(1, dims, 2);
let server;
let file;
let expected;

before(async () => {
  const index = await Index.create({ dims, codec: 'planes' });
  index.metadata = 'about it';
  await index.addMany(
    Array.from({ length: rows }, (_, i) => `id ${i}`),
    vectors(rows, dims, 1),
  );
  file = index.toBytes();
  expected = await index.search(query);
  server = await startFaultyServer(file);
});
after(() => server.close());

const load = (path, options) => Index.fromURL(server.address + path, options);

async function isWhole(index) {
  await index.complete;
  assert.deepEqual(await index.search(query), expected);
  assert.deepEqual(index.toBytes(), file);
}

test('a plain file arrives whole, with rising progress', async () => {
  const seen = [];
  const index = await load('/plain', { onProgress: (progress) => seen.push(progress), verify: 'full' });
  await isWhole(index);
  assert.deepEqual(seen.at(-1), { loaded: file.length, total: file.length, level: 3, levels: 3, rows });
  assert.ok(seen.every((p, i) => i === 0 || (p.loaded > seen[i - 1].loaded && p.level >= seen[i - 1].level)));
  assert.equal(server.asked('/plain').length, 1);
});

test('any way of cutting the stream does', async () => {
  for (const path of ['/unknown-length', '/one-byte-pieces']) await isWhole(await load(path));
});

test('the address may be a URL, and the request the caller’s own', async () => {
  const urls = [];
  const mine = (url, init) => {
    urls.push(url);
    return fetch(url, init);
  };
  await isWhole(await Index.fromURL(new URL('/plain', server.address), { fetch: mine, headers: { 'x-key': 'secret' } }));
  assert.equal(urls.length, 1);
  assert.equal(server.asked('/plain').at(-1).headers['x-key'], 'secret');
});

test('a slow file is searched at every level on its way, and cannot be changed meanwhile', async () => {
  const seen = [];
  const index = await load('/slow', { onProgress: ({ level }) => seen.push(level) });
  assert.ok(index.level >= 1 && index.level < 3, `level ${index.level}`);
  assert.equal(index.size, rows);
  assert.equal(index.metadata, 'about it');
  const early = await index.search(query);
  assert.equal(early.length, 10);
  assert.equal(early[0].level, index.level);
  const first = query.map((x) => -x);
  for (const change of [
    () => index.add('x', first),
    () => index.addMany(['x'], first),
    () => index.update('id 1', first),
    () => index.delete('id 1'),
    () => index.toBytes(),
  ]) {
    await refused('incomplete', change, String(change));
  }
  await isWhole(index);
  for (const level of [0, 1, 2, 3]) assert.ok(seen.includes(level), `level ${level} in ${seen}`);
  await index.add('x', first);
  assert.equal(index.size, rows + 1);
});

test('a broken connection is taken up with a Range request', async () => {
  await isWhole(await load('/ranges'));
  const [first, second, third] = server.asked('/ranges').map(({ headers }) => headers);
  assert.equal(first.range, undefined);
  assert.match(second.range, /^bytes=[1-9]\d*-$/);
  assert.equal(second['if-range'], '"v1"');
  assert.ok(Number(third.range.slice(6, -1)) > Number(second.range.slice(6, -1)));
});

test('a server that ignores Range sends everything again, and what is there is skipped', async () => {
  await isWhole(await load('/no-ranges'));
  assert.equal(server.asked('/no-ranges').length, 2);
});

test('a server that is being restarted is asked once more', async () => {
  await isWhole(await load('/restarted'));
  assert.equal(server.asked('/restarted').length, 3);
});

test('an encoded answer is taken up without Range', async () => {
  await isWhole(await load('/broken-encoding'));
  assert.ok(server.asked('/broken-encoding').every(({ headers }) => headers.range === undefined));
});

test('a connection that breaks again and again is given up', async () => {
  await refused('io_failure', () => load('/always-broken'));
  assert.equal(server.asked('/always-broken').length, 4);
});

test('a file that changes on the way is not put together from two', async () => {
  const error = await refused('io_failure', async () => (await load('/changed')).complete);
  assert.match(error.message, /changed/);
});

test('HTTP errors name the status and are not repeated', async () => {
  for (const [path, status] of [
    ['/missing', 404],
    ['/forbidden', 403],
    ['/down', 503],
  ]) {
    const error = await refused('io_failure', () => load(path));
    assert.match(error.message, new RegExp(`${status}`));
    assert.equal(server.asked(path).length, 1);
  }
  const nobody = await refused('io_failure', () => Index.fromURL('http://127.0.0.1:9/'));
  assert.ok(nobody.cause instanceof Error);
  await refused('io_failure', () => Index.fromURL('not an address'));
});

test('what is no file, or not a whole one, is refused', async () => {
  await refused('corrupt_file', () => load('/page'));
  await refused('truncated_file', () => load('/empty'));
  await refused('truncated_file', () => load('/cut-early'));
  await refused('truncated_file', async () => (await load('/cut')).complete);
  await refused('corrupt_file', async () => (await load('/longer')).complete);
  await refused('corrupt_file', () => load('/damaged-start'));
  await refused('limit_exceeded', () => load('/plain', { limits: { maxRows: rows - 1 } }));
});

test('damage in a late plane stops the load; what was handed out goes on at its level', async () => {
  const index = await load('/damaged-end');
  await refused('corrupt_file', () => index.complete);
  assert.ok(index.level >= 1 && index.level < 3);
  assert.equal((await index.search(query)).length, 10);
  await refused('incomplete', () => index.toBytes());
});

test('the signal stops the download before and after the index was handed out', async () => {
  const reason = new Error('enough');
  const early = new AbortController();
  const loading = load('/slow', { signal: early.signal, onProgress: () => early.abort(reason) });
  const error = await refused('cancelled', () => loading);
  assert.equal(error.cause, reason);

  const late = new AbortController();
  const index = await load('/slow', { signal: late.signal });
  late.abort();
  await refused('cancelled', () => index.complete);
  assert.ok(index.level >= 1 && index.level < 3);
  assert.equal((await index.search(query)).length, 10);
});

test('the signal also ends the wait between two attempts', async () => {
  const start = performance.now();
  await refused('cancelled', () => load('/always-broken', { signal: AbortSignal.timeout(150) }));
  assert.ok(performance.now() - start < 1000);
});

test('dispose stops the download', async () => {
  const index = await load('/slow');
  index.dispose();
  await refused('disposed', () => index.complete);
  await refused('disposed', () => index.search(query));
});

test('what onProgress throws comes out', async () => {
  const mine = new TypeError('mine');
  const onProgress = () => {
    throw mine;
  };
  await assert.rejects(load('/plain', { onProgress }), mine);
  assert.equal(mine instanceof SimileError, false);
});

test('a failed download that nobody waits for is no unhandled rejection', async () => {
  const unhandled = [];
  const note = (error) => unhandled.push(error);
  process.on('unhandledRejection', note);
  const index = await load('/damaged-end');
  while (
    await Promise.race([
      index.complete.then(
        () => false,
        () => false,
      ),
      new Promise((r) => setTimeout(r, 5, true)),
    ])
  );
  const other = await load('/slow');
  other.dispose();
  await new Promise((resolve) => setTimeout(resolve, 50));
  process.off('unhandledRejection', note);
  assert.deepEqual(unhandled, []);
});
