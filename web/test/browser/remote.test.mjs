// SPDX-License-Identifier: Apache-2.0
// A partitioned index in a real Chromium: what a second visit fetches, without a connection, from another origin, after a deployment.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Index } from 'simile';
import { partition } from 'simile/remote';
import { launchChromium } from '../support/chromium.mjs';
import { vectors } from '../support/random.mjs';
import { startStaticServer } from '../support/static-server.mjs';

const folder = (path) => fileURLToPath(new URL(path, import.meta.url));
const routes = { dist: folder('../../dist'), test: folder('..') };
const [rows, dims] = [3000, 64];
const data = vectors(rows, dims, 5);
const query = [...data.subarray(7 * dims, 8 * dims)];
const ids = [...Array(rows).keys()];

let browser;
let file;
before(async () => {
  browser = await launchChromium();
  file = await partition({ ids, vectors: data, dims, metadata: 'first' }, { lists: 60, recall: 0.3 });
});
after(() => browser.close());

/** A site with the file, and how many bytes of it were sent. */
async function site(t, headers = {}) {
  const html = '<!doctype html><meta charset="utf-8"><title>site</title><link rel="icon" href="data:,">';
  const pages = { '/': html, '/docs.parts': file };
  const seen = { sent: 0, pages };
  const onAnswer = (path, _, bytes) => {
    if (path === '/docs.parts') seen.sent += bytes;
  };
  const server = await startStaticServer(routes, { pages, headers, ranges: true, onAnswer });
  t.after(() => server.close());
  return Object.assign(seen, { address: server.address });
}

async function visitor(t) {
  const context = await browser.newContext();
  t.after(() => context.close());
  return context;
}

async function visit(context, { address }, options, { isWorker = false, file = '/docs.parts' } = {}) {
  const page = await context.newPage();
  await page.goto(address);
  const found = await run(page, { address: new URL(file, address).href, query, options }, isWorker);
  await page.close();
  return found;
}

const run = (page, data, isWorker = false) =>
  page.evaluate(
    async ([data, isWorker]) => {
      const { visit, visitInWorker } = await import('/test/support/remote-page.mjs');
      return (isWorker ? visitInWorker : visit)(data);
    },
    [data, isWorker],
  );

for (const [kind, cache, isWorker] of [
  ['opfs', 'auto', false],
  ['opfs-sync', 'opfs', true],
  ['indexeddb', 'indexeddb', false],
]) {
  test(`${kind}: the second visit fetches nothing but an answer that nothing has changed`, async (t) => {
    const [context, own] = [await visitor(t), await site(t)];
    const first = await visit(context, own, { cache }, { isWorker });
    assert.equal(first.hits?.[0]?.id, 7, JSON.stringify(first));
    assert.equal(first.kind, kind);
    assert.ok(first.bytesFetched > first.headBytes && first.bytesFetched < file.length / 2, `${first.bytesFetched}`);
    assert.equal(own.sent, first.bytesFetched);
    const second = await visit(context, own, { cache }, { isWorker });
    assert.deepEqual(second.hits, first.hits);
    assert.deepEqual([second.bytesFetched, second.requests], [0, 1]);
    assert.equal(own.sent, first.bytesFetched);
  });
}

test('without a connection the cache is enough', async (t) => {
  const [context, own] = [await visitor(t), await site(t)];
  const first = await visit(context, own, { cache: 'auto' });
  const page = await context.newPage();
  await page.goto(own.address);
  await page.evaluate(() => import('/test/support/remote-page.mjs'));
  await context.setOffline(true);
  const address = new URL('/docs.parts', own.address).href;
  const offline = await run(page, { address, query, options: { cache: 'auto' } });
  assert.deepEqual(offline.hits, first.hits);
  assert.equal(offline.bytesFetched, 0);
});

test('after a deployment only what is new is fetched', async (t) => {
  const [context, own] = [await visitor(t), await site(t)];
  const first = await visit(context, own, { cache: 'auto' });
  own.pages['/docs.parts'] = await partition({ ids, vectors: data, dims, metadata: 'second' }, { lists: 60, recall: 0.3 });
  const second = await visit(context, own, { cache: 'auto' });
  assert.equal(second.metadata, 'second');
  assert.deepEqual(second.hits, first.hits);
  assert.equal(second.bytesFetched, second.headBytes, 'all lists are as they were');
});

test('a site on another origin needs to allow no more than to be read', async (t) => {
  const context = await visitor(t);
  const own = await site(t);
  const other = await site(t, { 'access-control-allow-origin': '*' });
  for (const cache of ['auto', false]) {
    const found = await visit(context, own, { cache }, { file: `${other.address}/docs.parts` });
    assert.equal(found.hits[0].id, 7);
  }
  const again = await visit(context, own, { cache: 'auto' }, { file: `${other.address}/docs.parts` });
  assert.equal(again.bytesFetched, again.headBytes, 'no lists');
});

test('a whole index that is kept is not sent a second time', async (t) => {
  const [context, own] = [await visitor(t), await site(t)];
  const index = await Index.create({ dims });
  await index.addMany(ids, data);
  own.pages['/docs.parts'] = index.toBytes();
  const found = [];
  for (let i = 0; i < 2; i++) {
    const page = await context.newPage();
    await page.goto(own.address);
    const visit = { address: new URL('/docs.parts', own.address).href, query, options: { cache: 'opfs' } };
    const hits = await page.evaluate(async (visit) => (await import('/test/support/remote-page.mjs')).load(visit), visit);
    found.push(hits);
    await page.close();
  }
  assert.equal(found[0][0].id, 7);
  assert.deepEqual(found[1], found[0]);
  assert.equal(own.sent, own.pages['/docs.parts'].length);
});
