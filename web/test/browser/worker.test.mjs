// SPDX-License-Identifier: Apache-2.0
// Indexes in workers of a real Chromium: the same answers, and a page that goes on.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { launchChromium, openPage } from '../support/chromium.mjs';
import { startStaticServer } from '../support/static-server.mjs';

const folder = (path) => fileURLToPath(new URL(path, import.meta.url));
const blank = '<!doctype html><meta charset="utf-8"><title>workers</title><link rel="icon" href="/test/support/none.svg">';
const pages = { '/': blank, '/test/support/none.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>' };
const types = { '.svg': 'image/svg+xml' };
const routes = { dist: folder('../../dist'), test: folder('..') };
const strict = ["default-src 'self'", "script-src 'self' 'wasm-unsafe-eval'", "worker-src 'self'", "connect-src 'self' blob:"];
const isolated = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };
const trusted = [...strict, "require-trusted-types-for 'script'", 'trusted-types simile'];

let browser;
before(async () => {
  browser = await launchChromium();
});
after(() => browser.close());

/** Calls a function of worker-page.mjs in a page that is served under a policy. */
async function inPage(name, argument, policy = strict, { missing = [], ...others } = {}) {
  const headers = { 'content-security-policy': policy.join('; '), ...others };
  const server = await startStaticServer(routes, { pages, types, headers, missing });
  const { page, complaints } = await openPage(browser, server.address);
  const result = await page.evaluate(
    async ([name, argument]) => (await import('/test/support/worker-page.mjs'))[name](argument),
    [name, argument],
  );
  await page.close();
  server.close();
  return { result, complaints };
}

for (const [title, policy] of [
  ['strict', strict],
  ['of trusted types', trusted],
]) {
  test(`under a policy that is ${title}, workers answer as the page does`, async () => {
    for (const workers of [1, 3]) {
      const { result, complaints } = await inPage('answersAlike', workers, policy);
      assert.deepEqual(result, { same: true, error: 'disposed', byWorkers: workers, memory: 'separate' });
      assert.deepEqual(complaints, []);
    }
  });
}

test('in a page that is isolated, workers have one memory and answer as the page does', async () => {
  const { result, complaints } = await inPage('answersAlike', 3, trusted, isolated);
  assert.deepEqual(result, { same: true, error: 'disposed', byWorkers: 3, memory: 'shared' });
  assert.deepEqual(complaints, []);
});

test('where the build for one memory is missing, each worker has its own', async () => {
  const { result } = await inPage('answersAlike', 2, strict, { ...isolated, missing: ['/dist/simile-shared.wasm'] });
  assert.deepEqual(result, { same: true, error: 'disposed', byWorkers: 2, memory: 'separate' });
});

test('a policy that names no such workers is told of by an error', async () => {
  const { result } = await inPage('withoutScript', undefined, trusted);
  assert.match(result, /^not_supported: no worker can be started here.*TrustedScriptURL/);
  const { result: missing } = await inPage('withoutScript');
  assert.match(missing, /^io_failure: the worker did not start/);
});

for (const [workers, headers] of [
  [1, {}],
  [2, {}],
  [2, isolated],
]) {
  const memory = headers === isolated ? 'shared' : 'separate';
  test(`the page goes on while ${workers} worker(s) with ${memory} memory add, search, save and load 20,000 vectors`, async () => {
    const rows = 20_000;
    // Other programs take their time of the processor too: one quiet run of three is enough, and pauses of slices are a few milliseconds.
    for (let attempts = 3, isQuiet = false; attempts > 0 && !isQuiet; attempts--) {
      const { result, complaints } = await inPage('pauses', { rows, dims: 384, workers }, strict, headers);
      assert.equal(result.memory, memory);
      assert.deepEqual(result.found, ['document 0', rows, rows, rows, 200]);
      const shown = Object.entries(result.longest).map(([name, ms]) => `${name} ${ms.toFixed(1)} ms`);
      console.log(`longest pauses of the page with ${workers} worker(s), ${memory} memory: ${shown.join(', ')}`);
      isQuiet = Object.values(result.longest).every((ms) => ms <= 150);
      assert.ok(isQuiet || attempts > 1, `the page stood still: ${shown.join(', ')}`);
      assert.deepEqual(complaints, []);
    }
  });
}
