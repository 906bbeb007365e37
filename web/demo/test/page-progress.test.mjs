// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { answered, ask, demo, Gate, open, ready, startBrowser, TestServer } from './support/browser.mjs';

const browser = await startBrowser();
const indexPath = 'data/words.simile';
const query = 'a person who studies insects';

/** How full each plane is drawn, from 0 to 1. @param {import('./support/browser.mjs').Page} page */
const planes = (page) =>
  page
    .locator('.plane')
    .evaluateAll((all) => all.map((plane) => Number(/** @type {HTMLElement} */ (plane).style.getPropertyValue('--done'))));

it('answers with the first plane, and more sharply with each that follows', async (t) => {
  const server = await TestServer.start(t);
  const gate = new Gate(indexPath);
  server.rules.set(`/${indexPath}`, gate.act);
  const page = await open(t, browser, server.url);
  await page.locator('#query').fill(query);
  await page.locator('#status', { hasText: 'Loading the dictionary' }).waitFor();
  assert.equal(await page.locator('[role=option]').count(), 0);

  // The planes of 20,000 rows of 512 numbers end at 1.4, 5.3 and 10.4 MB.
  gate.allow(2.4e6);
  await answered(page, query);
  assert.equal(await page.locator('#sharpness').getAttribute('data-level'), '1');
  assert.equal(await page.locator('#sharpness-text').textContent(), 'sharper: 1 of 3');
  const [full, part, none] = await planes(page);
  assert.ok(full === 1 && part > 0 && part < 1 && none === 0, `planes ${full} ${part} ${none}`);
  const first = await page.locator('[role=option]').allTextContents();
  await page.keyboard.press('ArrowDown');

  gate.allow(6.4e6);
  await page.locator('#sharpness[data-level="2"]').waitFor();
  assert.equal(await page.locator('#sharpness-text').textContent(), 'sharper: 2 of 3');

  gate.allow(Number.POSITIVE_INFINITY);
  await ready(page);
  assert.deepEqual(await planes(page), [1, 1, 1]);
  assert.equal(await page.locator('#sharpness-text').textContent(), 'fully sharp');
  await page.locator('[role=option]', { hasText: 'entomologist' }).first().waitFor();
  const last = await page.locator('[role=option]').allTextContents();
  assert.notDeepEqual(last, first, 'the answers of one bit and of eight bits are the same');
  assert.equal(await page.locator('#query').inputValue(), query);
  assert.equal(await page.locator('[aria-selected=true]').count(), 1, 'what was chosen stays chosen');
});

it('takes a query while the model is loading, and answers it when it is there', async (t) => {
  const server = await TestServer.start(t);
  const shard = 'model/group1-shard3of7';
  const gate = new Gate(shard);
  server.rules.set(`/${shard}`, gate.act);
  gate.allow(2e6);
  const page = await open(t, browser, server.url);
  await page.keyboard.type('afraid of heights');
  await page.locator('#status', { hasText: /Loading the model: 2\d\.\d of 28\.\d MB · your query runs/ }).waitFor();
  assert.ok(await page.locator('#loading').isVisible());
  gate.allow(Number.POSITIVE_INFINITY);
  await answered(page, 'afraid of heights');
  assert.ok(await page.locator('#loading').isHidden());
});

it('does not wait for definitions that it does not show', async (t) => {
  const server = await TestServer.start(t);
  const page = await open(t, browser, server.url);
  await ready(page);
  await ask(page, query);
  const shown = await page.locator('.gloss').allTextContents();
  /** @type {{ chunkRows: number }} */
  const { chunkRows } = JSON.parse(readFileSync(demo('dist/data/manifest.json'), 'utf8'));
  /** @type {{ definition: string[] }} */
  const { definition } = JSON.parse(readFileSync(demo('.cache/corpus-default/entries.json'), 'utf8'));
  const used = new Set(shown.map((gloss) => Math.floor(definition.indexOf(gloss) / chunkRows)));
  const unused = Array.from({ length: Math.ceil(definition.length / chunkRows) }, (_, n) => n).find((n) => !used.has(n));

  server.rules.set(`/data/entries-${unused}.json`, () => {}); // never answered
  await page.reload();
  await ready(page);
  await ask(page, query);
  assert.deepEqual(await page.locator('.gloss').allTextContents(), shown);
});

for (const [device, viewport] of Object.entries({
  'a desktop': { width: 1280, height: 800 },
  'a phone': { width: 360, height: 740 },
}))
  it(`keeps the page in place from the first byte to the results on ${device}`, async (t) => {
    const server = await TestServer.start(t);
    const gate = new Gate('model/group1-shard1of7');
    server.rules.set('/model/group1-shard1of7', gate.act);
    const page = await open(t, browser, server.url, { context: { viewport } });
    await page.locator('#status', { hasText: 'MB' }).waitFor();
    const places = () =>
      page.evaluate(() =>
        ['query', 'status', 'tabs', 'pick'].map((id) => document.getElementById(id)?.getBoundingClientRect().top),
      );
    const loading = await places();
    gate.allow(Number.POSITIVE_INFINITY);
    await ready(page);
    assert.deepEqual(await places(), loading);
    await ask(page, query);
    assert.deepEqual(await places(), loading);
  });

it('answers the last of many quick queries', async (t) => {
  const server = await TestServer.start(t);
  const page = await open(t, browser, server.url);
  await ready(page);
  // Longer than the pause after which a query is sent, so that every letter is one.
  await page.locator('#query').pressSequentially('a place where wine', { delay: 130 });
  await page.locator('#query').pressSequentially(' is made', { delay: 5 });
  await answered(page, 'a place where wine is made');
  assert.equal(await page.locator('.word').first().textContent(), 'winery');
});
