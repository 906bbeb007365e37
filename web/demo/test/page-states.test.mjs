// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { it } from 'node:test';
import {
  ask,
  chooseFile,
  damaged,
  demo,
  embedded,
  Gate,
  hangUp,
  open,
  ready,
  startBrowser,
  status,
  TestServer,
} from './support/browser.mjs';

const browser = await startBrowser();
const query = 'afraid of heights';

/** @param {import('./support/browser.mjs').Page} page */
async function notice(page) {
  await page.locator('#notice').waitFor();
  return page.locator('#notice-title').textContent();
}

/** @param {import('./support/browser.mjs').Page} page */
async function works(page) {
  const [best = ''] = await ask(page, query);
  assert.match(best, /^acrophobia/);
}

/** [what, path that fails, how, what the visitor is told] */
const failures = /** @type {const} */ ([
  ['the worker is not answered', '/worker.js', hangUp, 'The server does not answer'],
  ['the description of the data is missing', '/data/manifest.json', status(404), 'The server does not answer'],
  ['the model is not answered', '/model/group1-shard4of7', hangUp, 'The server does not answer'],
  ['the server has an error', '/model/vocab.json', status(503), 'The server does not answer'],
  ['the index is missing', '/data/words.simile', status(404), 'The server does not answer'],
  ['the tensor library is missing', '/tfjs/', status(404), 'The server does not answer'],
  [
    'the first plane of the index is damaged',
    '/data/words.simile',
    damaged('data/words.simile', 700_000),
    'The dictionary arrived damaged',
  ],
  [
    'the header of the index is damaged',
    '/data/words.simile',
    damaged('data/words.simile', 20),
    'The dictionary arrived damaged',
  ],
]);

for (const [what, path, act, title] of failures) {
  it(`has a message and a way on when ${what}`, async (t) => {
    const server = await TestServer.start(t);
    server.rules.set(path, act);
    const page = await open(t, browser, server.url, { failsToLoad: true });
    await page.locator('#query').fill(query);
    assert.equal(await notice(page), title);
    assert.equal(await page.locator('[role=option]').count(), 0);
    assert.equal(await page.locator('#status').textContent(), '');

    // Once more in vain, then with success.
    await page.getByRole('button', { name: 'Try again' }).click();
    assert.equal(await notice(page), title);
    server.rules.clear();
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.locator('#notice').waitFor({ state: 'hidden' });
    await ready(page);
    await page.locator('[role=option]').first().waitFor();
    await works(page);
  });
}

it('does not load once more what is still on its way when the visitor tries again', async (t) => {
  const server = await TestServer.start(t);
  const index = new Gate('data/words.simile');
  index.allow(2_000_000); // the first plane and some more
  let requests = 0;
  server.rules.set('/data/words.simile', (request, response) => {
    requests++;
    return index.act(request, response);
  });
  server.rules.set('/model/vocab.json', status(503));
  const page = await open(t, browser, server.url, { failsToLoad: true });
  await page.locator('#query').fill(query);
  assert.equal(await notice(page), 'The server does not answer');
  server.rules.delete('/model/vocab.json');
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.locator('[role=option]').first().waitFor(); // the model has arrived, and the first plane answers
  index.allow(Number.POSITIVE_INFINITY);
  await ready(page);
  await works(page);
  assert.equal(await page.locator('#notice').isVisible(), false);
  assert.equal(requests, 1);
});

it('goes on with the planes that are right when a later one is damaged', async (t) => {
  const server = await TestServer.start(t);
  // Behind the last plane lies the bank of the correction for hubs.
  const { size } = statSync(demo('dist/data/words.simile'));
  server.rules.set('/data/words.simile', damaged('data/words.simile', size - 2_000_000));
  const page = await open(t, browser, server.url, { failsToLoad: true });
  assert.equal(await notice(page), 'Part of the dictionary arrived damaged');
  await works(page);
  assert.equal(await page.locator('#sharpness').getAttribute('data-level'), '2');
  server.rules.clear();
  await page.getByRole('button', { name: 'Try again' }).click();
  await ready(page);
  assert.ok(await page.locator('#notice').isHidden());
  await works(page);
});

it('goes on without the server once everything is loaded', async (t) => {
  const server = await TestServer.start(t);
  const page = await open(t, browser, server.url);
  await ready(page);
  await works(page);
  await page.waitForFunction(() => performance.getEntriesByType('resource').length > 0);
  await page.waitForTimeout(1000); // the definitions that no query has asked for
  server.stop();
  await page.context().setOffline(true);
  await page.locator('#status', { hasText: 'Offline: everything goes on working' }).waitFor();
  const [best = ''] = await ask(page, 'a place where wine is made');
  assert.match(best, /^winery/);
  await chooseFile(page, 'notes.txt', 'The ferry leaves twice a day from the old harbour of the town.');
  await embedded(page, 1);
  const [own = ''] = await ask(page, 'a boat');
  assert.match(own, /ferry/);
  await page.context().setOffline(false);
  await page.locator('#status', { hasNotText: 'Offline' }).waitFor();
});

it('says that it is offline before everything is loaded, and loads by itself when it is back', async (t) => {
  const server = await TestServer.start(t);
  server.rules.set('/model/', hangUp);
  const page = await open(t, browser, server.url, {
    failsToLoad: true,
    init: () => Object.defineProperty(navigator, 'onLine', { get: () => !Reflect.get(globalThis, 'isOffline') }),
  });
  await page.locator('#notice').waitFor();
  await page.evaluate(() => Reflect.set(globalThis, 'isOffline', true));
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.locator('#notice-title', { hasText: 'You are offline' }).waitFor();
  server.rules.clear();
  await page.evaluate(() => {
    Reflect.set(globalThis, 'isOffline', false);
    dispatchEvent(new Event('online'));
  });
  await ready(page);
  await works(page);
});

it('says what is missing in a browser without WebAssembly SIMD', async (t) => {
  const server = await TestServer.start(t);
  const page = await open(t, browser, server.url, {
    init: () => {
      WebAssembly.validate = () => false;
    },
  });
  assert.equal(await notice(page), 'This browser cannot run the search');
  assert.match((await page.locator('#notice-text').textContent()) ?? '', /WebAssembly SIMD/);
  assert.ok(await page.locator('#notice-action').isHidden());
  assert.ok(await page.locator('#query').isDisabled());
  assert.equal(await page.locator('#status').textContent(), '');
});

it('works from a server without ranges, entity tags or types for data, and keeps to its policy without headers', async (t) => {
  const server = await TestServer.start(t);
  const { readFile } = await import('node:fs/promises');
  server.rules.set('/', async (request, response) => {
    const path = request.url === '/' ? '/index.html' : (request.url ?? '');
    const bytes = await readFile(demo(`dist${path}`)).catch(() => undefined);
    const type = { html: 'text/html', js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml', wasm: 'application/wasm' }[
      /[a-z]+$/.exec(path)?.[0] ?? ''
    ];
    response.writeHead(bytes ? 200 : 404, type ? { 'Content-Type': type } : {}).end(bytes);
  });
  const page = await open(t, browser, server.url);
  await ready(page);
  await works(page);
});
