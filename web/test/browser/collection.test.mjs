// SPDX-License-Identifier: Apache-2.0
// Saved collections in a real Chromium: several parts are written for a save, and one manifest tells which of them count.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { launchChromium, spawnChromium } from '../support/chromium.mjs';
import { startStaticServer } from '../support/static-server.mjs';

const folder = (path) => fileURLToPath(new URL(path, import.meta.url));
const pages = { '/': '<!doctype html><meta charset="utf-8"><title>collection</title><link rel="icon" href="data:,">' };

let browser;
let server;
before(async () => {
  server = await startStaticServer({ dist: folder('../../dist'), test: folder('..') }, { pages });
  browser = await launchChromium();
});
after(async () => {
  await browser.close();
  server.close();
});

const places = [
  { kind: 'opfs-sync', backend: 'opfs', isWorker: true },
  { kind: 'opfs', backend: 'opfs', isWorker: false },
  { kind: 'indexeddb', backend: 'indexeddb', isWorker: false },
];

async function open(context) {
  const page = await context.newPage();
  await page.goto(server.address);
  return page;
}

/** Lets a task of store-page.mjs run in the page or in a worker of it. */
const run = (page, task, { backend, isWorker }, options) =>
  page.evaluate(
    async ([task, options, isWorker]) => {
      const { run } = await import('/test/support/store-page.mjs');
      return run(task, options, isWorker, window.tell);
    },
    [task, { backend, ...options }, isWorker],
  );

const databases = (page) => page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name));

for (const place of places) {
  test(`${place.kind}: of two tabs that add to one collection neither loses a document`, async () => {
    const context = await browser.newContext();
    const tabs = await Promise.all([open(context), open(context)]);
    const [name, times] = ['notes', 12];
    const conflicts = await Promise.all(tabs.map((tab) => run(tab, 'collectTogether', place, { name, times })));
    console.log(`${place.kind}: ${conflicts} conflicts`);
    assert.deepEqual(await run(await open(context), 'collected', place, { name }), { kind: place.kind, size: 2 * times });
    await context.close();
  });
}

test('a browser killed at any moment of a save leaves a collection with all that was acknowledged', async (t) => {
  const profile = mkdtempSync(join(tmpdir(), 'simile-profile-'));
  let chromium;
  t.after(async () => {
    await chromium?.kill();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  });
  const kills = 9;
  const acknowledged = places.map(() => 0);
  const found = places.map(() => 0);
  let thrownAway = 0;
  // Chromium throws away what a profile holds whose own records of it were never written, as it does at its end and now and then.
  chromium = await spawnChromium(profile);
  const first = await open(chromium.context);
  for (const place of places) await run(first, 'collected', place, { name: place.kind });
  await chromium.close();
  for (let kill = 0; kill < kills + places.length; kill++) {
    const number = kill % places.length;
    const place = places[number];
    chromium = await spawnChromium(profile);
    const page = await open(chromium.context);
    // After a kill Chromium now and then begins IndexedDB anew, the databases of all sites' pages gone: that nobody can mend from a page.
    const isGone = place.backend === 'indexeddb' && !(await databases(page)).includes('simile');
    if (isGone && acknowledged[number] > 0) {
      console.log(`Chromium has thrown IndexedDB away, ${acknowledged[number]} documents with it`);
      thrownAway++;
      acknowledged[number] = 0;
    }
    const { size, kind } = await run(page, 'collected', place, { name: place.kind });
    assert.equal(kind, place.kind);
    assert.ok(
      size >= acknowledged[number] && size % 4 === 0,
      `${kind}: ${size} documents, and ${acknowledged[number]} were acknowledged`,
    );
    found[number] = size;
    if (kill < kills) {
      let begin;
      const started = new Promise((resolve) => {
        begin = resolve;
      });
      await page.exposeFunction('tell', (count) => {
        acknowledged[number] = count;
        begin();
      });
      run(page, 'collectForEver', place, { name: place.kind }).catch(() => {});
      await started;
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 250));
    }
    await chromium.kill();
  }
  console.log(`killed ${kills} times; acknowledged ${acknowledged}, found ${found}`);
  assert.ok(acknowledged.every((count, i) => count > 0 || (places[i].backend === 'indexeddb' && thrownAway > 0)));
});
