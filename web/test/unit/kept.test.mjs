// SPDX-License-Identifier: Apache-2.0
// Files of fromURL that are kept for later visits: what is asked of the server then, and what it may answer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Index } from 'simile';
import { openStore } from 'simile/store';
import { refused } from '../support/expect.mjs';
import { vectors } from '../support/random.mjs';
import { startStaticServer } from '../support/static-server.mjs';

const [rows, dims] = [9000, 384];
async function fileOf(seed) {
  const index = await Index.create({ dims });
  await index.addMany([...Array(rows).keys()], vectors(rows, dims, seed));
  const bytes = index.toBytes();
  index.dispose();
  return bytes;
}
const file = await fileOf(1);
const query = vectors(1, dims, 1);
let addresses = 0;

/**
 * A server that is a function. `cutAt`: how many bytes of an answer come before the connection breaks, and it stays broken;
 * `stallAt`: before nothing more comes.
 */
function server(file, etag = '"one"') {
  const asked = [];
  const state = { url: `https://example.org/${addresses++}.simile`, file, etag, asked, sent: 0, isDown: false };
  Object.assign(state, { cutAt: Infinity, stallAt: Infinity });
  state.fetch = async (_, { headers, signal }) => {
    asked.push(Object.fromEntries(headers));
    if (state.isDown) throw new TypeError('no connection');
    const range = /^bytes=(\d+)-$/.exec(headers.get('range') ?? '');
    if (headers.get('if-none-match') === state.etag) return new Response(null, { status: 304 });
    const isPart = range && (state.ignoresIfRange || headers.get('if-range') === state.etag);
    const first = isPart ? Number(range[1]) : 0;
    if (first >= state.file.length) return new Response(null, { status: 416 });
    const bytes = state.file.subarray(first);
    const { stallAt } = state;
    let at = 0;
    const body = new ReadableStream({
      pull: async (controller) => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        if (signal.aborted) return controller.error(signal.reason);
        if (at >= stallAt) return new Promise((resolve) => signal.addEventListener('abort', resolve));
        if (at >= state.cutAt) {
          state.isDown = true;
          return controller.error(new TypeError('broken'));
        }
        const piece = bytes.slice(at, at + 300_000);
        at += piece.length;
        state.sent += piece.length;
        if (piece.length > 0) controller.enqueue(piece);
        else controller.close();
      },
    });
    const own = { 'content-length': String(bytes.length), ...(state.etag && { etag: state.etag }) };
    if (!isPart) return new Response(body, { headers: own });
    return new Response(body, { status: 206, headers: { ...own, 'content-range': `bytes ${first}-/${state.file.length}` } });
  };
  return state;
}

/** One visit: the first hit of the complete index. */
async function visit({ url, fetch }, options = {}) {
  const index = await Index.fromURL(url, { fetch, cache: 'memory', ...options });
  try {
    await index.complete;
    return (await index.search(query, { k: 1 }))[0];
  } finally {
    index.dispose();
  }
}

test('the second visit only asks whether the file is the same', async () => {
  const site = server(file);
  const first = await visit(site);
  assert.equal(first.id, 0);
  assert.equal(site.sent, file.length);
  const seen = [];
  assert.deepEqual(await visit(site, { onProgress: ({ loaded, total }) => seen.push([loaded, total]) }), first);
  assert.equal(site.sent, file.length);
  assert.equal(site.asked.at(-1)['if-none-match'], '"one"');
  assert.deepEqual(seen.at(-1), [file.length, file.length]);
  site.isDown = true;
  assert.deepEqual(await visit(site), first, 'without a connection');
});

test('a file that is another one by now is loaded and takes its place', async () => {
  const site = server(file);
  await visit(site);
  site.file = await fileOf(2);
  site.etag = '"two"';
  const hit = await visit(site);
  assert.equal(site.sent, file.length + site.file.length);
  site.isDown = true;
  assert.deepEqual(await visit(site), hit);
});

test('a download that broke off goes on where it was, on another visit', async () => {
  for (const stopped of ['the connection', 'a signal']) {
    const site = server(file);
    const stop = new AbortController();
    if (stopped === 'the connection') site.cutAt = 1_500_000;
    const onProgress = ({ loaded }) => stopped === 'a signal' && loaded > 1_500_000 && stop.abort();
    const code = stopped === 'the connection' ? 'io_failure' : 'cancelled';
    await refused(code, () => visit(site, { signal: stop.signal, onProgress }), stopped);
    const before = site.sent;
    assert.ok(before > 1e6 && before < file.length, `${before}`);
    Object.assign(site, { cutAt: Infinity, isDown: false });
    assert.equal((await visit(site)).id, 0);
    assert.match(site.asked.at(-1).range, /^bytes=\d{7}-$/);
    assert.ok(site.sent < file.length + 700_000, `${site.sent} for ${file.length}, ${before} of them before`);
    const sent = site.sent;
    assert.equal((await visit(site)).id, 0);
    assert.equal(site.sent, sent);
  }
});

test('a page that just ends has kept what had come by then', async (t) => {
  const site = server(file);
  const stop = new AbortController();
  t.after(() => stop.abort());
  let goOn;
  const arrived = new Promise((resolve) => {
    goOn = resolve;
  });
  site.stallAt = 2_400_000;
  const lost = visit(site, { onProgress: ({ loaded }) => loaded >= 2_400_000 && goOn(), signal: stop.signal });
  lost.catch(() => {});
  await arrived;
  Object.assign(site, { stallAt: Infinity, sent: 0 });
  assert.equal((await visit(site)).id, 0);
  assert.ok(Number(/\d+/.exec(site.asked.at(-1).range)[0]) >= 1 << 20);
  assert.ok(site.sent < file.length - (1 << 20));
});

/** A visit that is broken off after so many bytes. */
async function brokenOff(site, bytes) {
  const stop = new AbortController();
  const onProgress = ({ loaded }) => loaded >= bytes && stop.abort();
  await refused('cancelled', () => visit(site, { signal: stop.signal, onProgress }));
}

test('a part of a file that has changed since is not continued', async () => {
  const site = server(file);
  await brokenOff(site, 1_500_000);
  const next = await fileOf(2);
  Object.assign(site, { file: next, etag: '"two"', sent: 0 });
  const plain = await Index.fromBytes(next);
  assert.deepEqual(await visit(site), (await plain.search(query, { k: 1 }))[0]);
  assert.equal(site.sent, next.length);

  const careless = server(file);
  await brokenOff(careless, 1_500_000);
  Object.assign(careless, { file: next, etag: '"two"', ignoresIfRange: true });
  assert.deepEqual(await visit(careless), (await plain.search(query, { k: 1 }))[0], 'a part of another file');

  const shorter = server(file);
  await brokenOff(shorter, 3_000_000);
  const small = await Index.create({ dims });
  await small.add('small', query);
  shorter.file = small.toBytes();
  assert.equal((await visit(shorter)).id, 'small', 'even under the same tag');
});

test('a damaged file is not kept', async () => {
  // The second one is noticed when a part with the damage has been kept.
  for (const at of [file.length - 1000, 900_000]) {
    const bad = file.slice();
    bad[at] ^= 1;
    const site = server(bad);
    await refused('corrupt_file', () => visit(site));
    site.file = file;
    assert.equal((await visit(site)).id, 0);
    assert.deepEqual([site.asked.at(-1)['if-none-match'], site.asked.at(-1).range], [undefined, undefined]);
  }
});

test('a server that says nothing to tell files apart is asked for the whole file', async () => {
  const site = server(file, '');
  await visit(site);
  await visit(site);
  assert.equal(site.sent, 2 * file.length);
});

test('a plain static server', async (t) => {
  let sent = 0;
  const onAnswer = (_path, _status, bytes) => {
    sent += bytes;
  };
  const { address, close } = await startStaticServer({}, { pages: { '/x.simile': file }, ranges: true, onAnswer });
  t.after(close);
  for (let i = 0; i < 2; i++) assert.equal((await visit({ url: `${address}/x.simile`, fetch })).id, 0);
  assert.equal(sent, file.length);
  const store = await openStore(`file ${address}/x.simile`, { backend: 'memory' });
  assert.ok((await store.load()).length > file.length);
});

test('what the option may be', async () => {
  const site = server(file);
  for (const cache of ['disk', true, 1]) await refused('invalid_argument', () => visit(site, { cache }));
  await refused('not_supported', () => visit(site, { cache: 'opfs' }));
  await visit(site, { cache: false });
  await visit(site, { cache: false });
  assert.equal(site.sent, 2 * file.length);
});
