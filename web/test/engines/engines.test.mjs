// SPDX-License-Identifier: Apache-2.0
// The built files in Firefox and in WebKitGTK, unbundled, from a plain static server under a strict policy. Those that are not here are skipped, aloud.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startStaticServer } from '../support/static-server.mjs';
import { missing, openFirefox, openWebKit, wait } from '../support/webdriver.mjs';

const folder = (path) => fileURLToPath(new URL(path, import.meta.url));
const document = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Garden</title><link rel="icon" href="data:,">
  <body><script type="module" src="/test/support/engines-page.mjs"></script></body></html>`;
const policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src data:";
const { expected } = JSON.parse(readFileSync(new URL('../../../conformance/determinism.json', import.meta.url), 'utf8'));

/** What engines differ in. */
const engines = [
  {
    name: 'Firefox',
    skip: missing.firefox(),
    open: openFirefox,
    simd: ['relaxed', 'simd128'],
    page: 'opfs',
    worker: 'opfs-sync',
  },
  { name: 'WebKitGTK', skip: missing.webkit(), open: openWebKit, simd: ['simd128'], page: 'indexeddb', worker: 'indexeddb' },
];

let server;
before(async () => {
  const headers = { 'content-security-policy': policy };
  server = await startStaticServer({ dist: folder('../../dist'), test: folder('..') }, { pages: { '/': document }, headers });
});
after(() => server.close());

const address = (task, options) => `${server.address}/?${new URLSearchParams({ task, options: JSON.stringify(options) })}`;

/** Does a task in a page of its own, which nothing may complain about. */
async function does(browser, task, options = {}) {
  await browser.go(address(task, options));
  const { value, error, complaints } = await browser.data('outcome');
  assert.equal(error, undefined);
  assert.deepEqual(complaints, []);
  return value;
}

for (const { name, skip, open, simd, page, worker } of engines) {
  if (skip) console.log(`NOT TESTED IN ${name.toUpperCase()}: ${skip}.`);
  describe(name, { skip }, () => {
    let browser;
    before(async () => {
      browser = await open();
      console.log(`tested in ${browser.version}`);
    });
    after(() => browser?.close());

    test('known answers hold in the page and in workers', async () => {
      assert.equal(await does(browser, 'answers'), 216);
      assert.equal(await does(browser, 'workers'), 'workers');
    });

    test('the best build is loaded, and the bits are those of the native program', async () => {
      for (const wanted of [undefined, ...simd]) {
        const bits = await does(browser, 'bits', { simd: wanted });
        assert.deepEqual(bits, { simd: wanted ?? simd[0], hashes: expected });
      }
    });

    test(`what a page stores another finds, by ${page}, and by ${worker} in a worker`, async () => {
      assert.equal(await does(browser, 'keep', { name: 'kept' }), page);
      const kept = { kind: page, generation: 1, recovered: false, id: 'y' };
      assert.deepEqual(await does(browser, 'kept', { name: 'kept' }), kept);
      const inWorker = (task, options) => does(browser, 'store', { task, options: { name: 'w', ...options }, isWorker: true });
      assert.equal(await inWorker('save', { number: 7, length: 1 << 20 }), 'done');
      const loaded = await inWorker('load');
      assert.deepEqual([loaded.kind, loaded.number, loaded.recovered], [worker, 7, false]);
      await inWorker('remove');
      assert.equal((await inWorker('load')).number, -1);
    });

    test('a page that is left in the middle of a save holds nothing up', async () => {
      for (const isWorker of [false, true]) {
        const named = { name: `left ${isWorker}`, from: 0, length: 1 << 20 };
        await browser.go(address('store', { task: 'saveForEver', options: named, isWorker }));
        const told = await browser.data('told');
        const then = (task, options) => does(browser, 'store', { task, options: { ...named, ...options }, isWorker });
        const { number } = await then('load');
        assert.ok(number >= told, `${number} is there, and ${told} was acknowledged`);
        assert.equal(await then('save', { number: 1000 }), 'done');
        assert.equal((await then('load')).number, 1000);
        await then('remove');
      }
    });

    test('a collection is kept, opened again and searched', async () => {
      assert.equal(await does(browser, 'collect', { name: 'notes' }), page);
      assert.deepEqual(await does(browser, 'collected', { name: 'notes' }), { kind: page, size: 3, ids: [0, 2] });
    });

    test('<simile-search> is typed into, moved in, and chosen from', async () => {
      assert.equal(await does(browser, 'element'), 'ready');
      const [down, enter, leave] = ['\uE015', '\uE007', '\uE00C'];
      await browser.type('tomatoes');
      const { options, marks, expanded } = await browser.data('state', ({ options }) => options.length > 1);
      assert.equal(expanded, 'true');
      assert.ok(options.includes('Growing tomatoes'), options.join());
      assert.ok(marks.length > 0 && marks.every((mark) => /^tomato/i.test(mark)), marks.join());
      await browser.type(down);
      const { active } = await browser.data('state', (state) => state.active !== '');
      assert.equal(active, options[0]);
      await browser.type(enter);
      const { chosen } = await browser.data('state', (state) => state.chosen.length > 0);
      assert.equal(chosen.length, 1);
      await browser.type(leave);
      await browser.data('state', (state) => !state.isOpen);
    });
  });
}

test('Firefox, killed while it saves, has lost nothing that was acknowledged', { skip: missing.firefox() }, async (t) => {
  const profile = mkdtempSync(join(tmpdir(), 'simile-firefox-'));
  let browser = await openFirefox(profile);
  t.after(async () => {
    await browser.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 3 });
  });
  const acknowledged = { page: -1, worker: -1 };
  for (const [round, place] of ['worker', 'page', 'worker', 'page'].entries()) {
    const isWorker = place === 'worker';
    const options = { name: place, backend: 'opfs', from: acknowledged[place] + 1, length: 1 << 20 };
    await browser.go(address('store', { task: 'saveForEver', options, isWorker }));
    await browser.data('told');
    await wait(100 * round);
    const told = await browser.data('told');
    await browser.kill();
    browser = await openFirefox(profile);
    const { number } = await does(browser, 'store', { task: 'load', options, isWorker });
    assert.ok(number >= told && told > acknowledged[place], `${number} is there, and ${told} was acknowledged in a ${place}`);
    acknowledged[place] = number;
  }
});
