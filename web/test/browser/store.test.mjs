// SPDX-License-Identifier: Apache-2.0
// The store in a real Chromium: what is acknowledged stays, through new pages, other tabs, full disks and killed browsers.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { launchChromium, spawnChromium } from '../support/chromium.mjs';
import { startStaticServer } from '../support/static-server.mjs';

const folder = (path) => fileURLToPath(new URL(path, import.meta.url));
const pages = { '/': '<!doctype html><meta charset="utf-8"><title>store</title><link rel="icon" href="data:,">' };

// A sandboxed frame is of no origin, so that its modules come from another.
const headers = { 'access-control-allow-origin': '*' };

let browser;
let server;
before(async () => {
  server = await startStaticServer({ dist: folder('../../dist'), test: folder('..') }, { pages, headers });
  browser = await launchChromium();
});
after(async () => {
  await browser.close();
  server.close();
});

/** `kind`: what the store says; `isWorker`: where it is opened. */
const places = [
  { kind: 'opfs-sync', backend: 'opfs', isWorker: true },
  { kind: 'opfs', backend: 'opfs', isWorker: false },
  { kind: 'indexeddb', backend: 'indexeddb', isWorker: false },
  { kind: 'indexeddb', backend: 'indexeddb', isWorker: true },
];
const titled = ({ kind, isWorker }) => `${kind} in a ${isWorker ? 'worker' : 'page'}`;

async function open(context, script) {
  const page = await context.newPage();
  if (script) await page.addInitScript(script);
  await page.goto(server.address);
  return page;
}

/** Lets a task of store-page.mjs run in the page or in a worker of it. */
const run = (page, task, { backend, isWorker = false }, options) =>
  page.evaluate(
    async ([task, options, isWorker]) => {
      const { run } = await import('/test/support/store-page.mjs');
      return run(task, options, isWorker);
    },
    [task, { backend, ...options }, isWorker],
  );

test('IndexedDB: a page that is left ends its save, and goes on when it is come back to', async () => {
  const context = await browser.newContext();
  const page = await open(context);
  const place = { backend: 'indexeddb' };
  assert.equal(await run(page, 'save', place, { name: 'l', number: 1, length: 8 }), 'done');
  const { code } = await run(page, 'saveAndLeave', place, { name: 'l', number: 2, length: 16 << 20 });
  assert.equal(code, 'io_failure');
  assert.equal((await run(page, 'load', place, { name: 'l' })).number, 1);
  await context.close();
});

test('the browser is asked to keep what is stored, where it can be', async () => {
  const context = await browser.newContext();
  const page = await open(context);
  const closed = { code: 'disposed', message: 'this store was closed' };
  const said = [
    { answers: [true, false], isKept: true },
    { answers: [false, true], isKept: true },
    { answers: [false, false], isKept: false },
    { answers: [false], isKept: false },
    { answers: [true, true], backend: 'memory', isKept: false },
    { answers: null, isKept: false },
  ];
  for (const { answers, backend = 'opfs', isKept } of said) {
    const options = { name: 'kept', answers };
    assert.deepEqual(await run(page, 'persist', { backend }, options), [isKept, closed], JSON.stringify(answers));
  }
  await context.close();
});

for (const place of places) {
  test(`${titled(place)}: what is saved is there in a new page`, async () => {
    const context = await browser.newContext();
    let page = await open(context);
    const name = 'notes/__proto__ \ud800';
    assert.deepEqual(await run(page, 'load', place, { name }), { kind: place.kind, number: -1, generation: 0, recovered: false });
    for (const [number, length] of [3_000_004, 4, 1 << 20].entries()) {
      assert.equal(await run(page, 'save', place, { name, number, length }), 'done');
      await page.close();
      page = await open(context);
      const found = await run(page, 'load', place, { name });
      assert.deepEqual(found, { kind: place.kind, number, generation: number + 1, recovered: false });
    }
    assert.equal(await run(page, 'index', place, { name: 'i'.repeat(10_000) }), 'y');
    assert.equal((await run(page, 'load', place, { name: '/'.repeat(10_000) })).number, -1);
    await run(page, 'save', place, { name: '/'.repeat(10_000), number: 5, length: 8 });
    assert.equal((await run(page, 'load', place, { name: '/'.repeat(10_000) })).number, 5);
    await run(page, 'remove', place, { name });
    assert.equal((await run(page, 'load', place, { name })).number, -1);
    await context.close();
  });
}

test('a page and its worker share what is in the private file system', async () => {
  const context = await browser.newContext();
  const page = await open(context);
  const [inWorker, inPage] = places;
  await run(page, 'save', inWorker, { name: 'both', number: 1, length: 100 });
  assert.equal((await run(page, 'load', inPage, { name: 'both' })).number, 1);
  await run(page, 'save', inPage, { name: 'both', number: 2, length: 100 });
  assert.equal((await run(page, 'load', inWorker, { name: 'both' })).number, 2);
  await context.close();
});

for (const place of places.slice(0, 3)) {
  test(`${titled(place)}: of four tabs two write and two follow, and no update is lost`, async () => {
    const context = await browser.newContext();
    const tabs = await Promise.all(Array.from({ length: 4 }, () => open(context)));
    const [times, name] = [8, 'shared'];
    const [one, two, ...followers] = await Promise.all([
      ...tabs.slice(0, 2).map((tab) => run(tab, 'count', place, { name, times, length: 400_000 })),
      ...tabs.slice(2).map((tab) => run(tab, 'follow', place, { name, last: 2 * times - 1 })),
    ]);
    console.log(`${titled(place)}: ${one + two} conflicts, followed ${JSON.stringify(followers)}`);
    const end = await run(tabs[3], 'load', place, { name });
    assert.deepEqual([end.number, end.generation], [2 * times - 1, 2 * times]);
    for (const { changes } of followers) assert.ok(changes > 0);
    await context.close();
  });

  test(`${titled(place)}: without room a save is refused, and what was stored stays`, async () => {
    const context = await browser.newContext();
    const page = await open(context);
    const name = 'full';
    const save = (number) => run(page, 'save', place, { name, number, length: number << 20 });
    const refused = async (says) => {
      const { code, message } = await save(16);
      assert.equal(code, 'quota_exceeded');
      assert.match(message, says);
      const found = await run(page, 'load', place, { name });
      assert.deepEqual(found, { kind: place.kind, number: 1, generation: 1, recovered: false });
    };
    assert.equal(await save(1), 'done');
    if (place.backend === 'opfs') {
      const devtools = await context.newCDPSession(page);
      await devtools.send('Storage.overrideQuotaForOrigin', { origin: server.address, quotaSize: 6 << 20 });
      await refused(/no room left/);
      await devtools.send('Storage.overrideQuotaForOrigin', { origin: server.address });
    } else {
      // Chromium lets IndexedDB write more than that: here its refusal is played, in the middle of the pieces.
      await page.evaluate(() => {
        const { put } = IDBObjectStore.prototype;
        let left = 5;
        IDBObjectStore.prototype.put = function (...args) {
          if (left-- === 0) throw new DOMException('full', 'QuotaExceededError');
          return put.apply(this, args);
        };
      });
      await refused(/no room left \(full\)/);
    }
    if (!place.isWorker) {
      // Chromium does not tell how little there is; other browsers do.
      await page.evaluate(() => {
        StorageManager.prototype.estimate = async () => ({ quota: window.quota ?? 6e6, usage: 2e6 });
      });
      await refused(/needs 18\.5 MB, the browser has \d\.\d MB of 6\.0 MB/);
      await page.evaluate(() => {
        window.quota = 60e6;
      });
    }
    assert.equal(await save(16), 'done');
    assert.equal((await run(page, 'load', place, { name })).number, 16);
    await context.close();
  });
}

test('without the private file system it is IndexedDB, and without that memory', async () => {
  const context = await browser.newContext();
  const kindWith = async (script, backend = 'auto') => {
    const page = await open(context, script);
    return run(page, 'kind', { backend }, { name: 'any' }).catch((error) => error.message.match(/SimileError: (.*)/)[1]);
  };
  const missing = () => delete StorageManager.prototype.getDirectory;
  const blocked = () => {
    StorageManager.prototype.getDirectory = () => Promise.reject(new DOMException('blocked', 'SecurityError'));
  };
  const nothing = () => {
    delete StorageManager.prototype.getDirectory;
    IDBFactory.prototype.open = () => {
      throw new DOMException('blocked', 'SecurityError');
    };
  };
  assert.equal(await kindWith(), 'opfs');
  assert.equal(await kindWith(missing), 'indexeddb');
  assert.equal(await kindWith(blocked), 'indexeddb');
  assert.equal(await kindWith(nothing), 'memory');
  assert.match(await kindWith(missing, 'opfs'), /no opfs here/);
  assert.match(await kindWith(nothing, 'indexeddb'), /no indexeddb here/);
  await context.close();
});

for (const place of places.slice(0, 3)) {
  test(`${titled(place)}: the page goes on living while 64 MB are saved and loaded`, async () => {
    const context = await browser.newContext();
    const page = await open(context);
    const longest = await run(page, 'longestPause', place, { name: 'large', length: 64 << 20 });
    console.log(`${titled(place)}: at most ${longest.toFixed(1)} ms`);
    assert.ok(longest < 250, `${longest} ms`);
    await context.close();
  });
}

test('a frame without an origin has a store too', async () => {
  const context = await browser.newContext();
  const page = await open(context);
  const kind = await page.evaluate(async () => {
    const frame = document.createElement('iframe');
    frame.sandbox = 'allow-scripts';
    frame.srcdoc = `<script type="module">
      import { openStore } from '${location.origin}/dist/store/store.js';
      const store = await openStore('x');
      await store.save(new Uint8Array(3));
      parent.postMessage(store.kind + (await store.load()).length, '*');
    </script>`;
    const answer = new Promise((resolve) => addEventListener('message', ({ data }) => resolve(data), { once: true }));
    document.body.append(frame);
    return answer;
  });
  assert.equal(kind, 'memory3');
  await context.close();
});

test('a browser killed at any moment of a save has lost nothing that was acknowledged, and torn nothing', async (t) => {
  const profile = mkdtempSync(join(tmpdir(), 'simile-profile-'));
  let chromium;
  t.after(async () => {
    await chromium?.kill();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  });
  const kills = 20;
  const acknowledged = new Map();
  const written = new Map();
  let begun = 0;
  /** What a new browser finds of a place is what was acknowledged last, or one save later. */
  const check = async (page, place) => {
    const key = titled(place);
    const { number, kind } = await run(page, 'load', place, { name: key });
    assert.equal(kind, place.kind);
    const last = acknowledged.get(key) ?? -1;
    assert.ok(number >= last, `${key}: ${number}, and ${last} was acknowledged`);
    written.set(key, number);
  };
  for (let kill = 0; kill <= kills; kill++) {
    chromium = await spawnChromium(profile);
    const page = await open(chromium.context);
    if (kill > 0) await check(page, places[(kill - 1) % 3]);
    if (kill === kills) {
      for (const place of places.slice(0, 3)) await check(page, place);
      await chromium.kill();
      break;
    }
    const place = places[kill % 3];
    const key = titled(place);
    let first;
    const started = new Promise((resolve) => {
      first = resolve;
    });
    await page.exposeFunction('tell', (number) => {
      acknowledged.set(key, number);
      first();
    });
    page
      .evaluate(
        async ([options, isWorker]) => {
          const { run } = await import('/test/support/store-page.mjs');
          return run('saveForEver', options, isWorker, window.tell);
        },
        [{ name: key, backend: place.backend, from: (written.get(key) ?? -1) + 1, length: 8 << 20 }, place.isWorker],
      )
      .catch(() => {});
    await started;
    begun++;
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 250));
    await chromium.kill();
  }
  console.log(`killed ${begun} times; acknowledged ${JSON.stringify([...acknowledged])}, found ${JSON.stringify([...written])}`);
  assert.equal(begun, kills);
});
