// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { answered, ask, open, ready, startBrowser, TestServer } from './support/browser.mjs';

const browser = await startBrowser();
const server = await TestServer.start();
const query = 'a person who studies insects';

/** @param {import('./support/browser.mjs').Page} page */
const focused = (page) => page.evaluate(() => document.activeElement?.id || document.activeElement?.textContent);
/** @param {import('./support/browser.mjs').Page} page */
const active = (page) => page.locator('#query').getAttribute('aria-activedescendant');

it('can be used by keyboard alone', async (t) => {
  const page = await open(t, browser, server.url, { context: { permissions: ['clipboard-read', 'clipboard-write'] } });
  await ready(page);
  assert.equal(await focused(page), 'query', 'the box has the focus at load');
  assert.equal(await page.locator('#query').getAttribute('aria-expanded'), 'false');

  await page.keyboard.type(query);
  await answered(page, query);
  assert.equal(await page.locator('#query').getAttribute('aria-expanded'), 'true');
  assert.equal(await active(page), null);

  await page.keyboard.press('ArrowDown');
  assert.equal(await active(page), 'result-0');
  await page.keyboard.press('ArrowDown');
  assert.equal(await active(page), 'result-1');
  assert.equal(await page.locator('[aria-selected=true]').getAttribute('id'), 'result-1');
  assert.equal(await focused(page), 'query', 'the focus stays in the box');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowUp');
  assert.equal(await active(page), null, 'above the first result is the box');
  await page.keyboard.press('ArrowUp');
  assert.equal(await active(page), 'result-9', 'and above the box the last result');
  assert.ok(
    await page.locator('#result-9').evaluate((row) => {
      const { top, bottom } = row.getBoundingClientRect();
      return top >= 0 && bottom <= innerHeight;
    }),
    'the active result is on the screen',
  );

  await page.keyboard.press('Home');
  assert.equal(await page.locator('#query').evaluate((/** @type {HTMLInputElement} */ box) => box.selectionStart), 0);
  await page.keyboard.press('End');
  assert.equal(await page.locator('#query').evaluate((/** @type {HTMLInputElement} */ box) => box.selectionStart), query.length);

  await page.keyboard.press('Escape');
  assert.equal(await active(page), null, 'the first Escape leaves the list');
  assert.equal(await page.locator('#query').inputValue(), query);

  await page.keyboard.press('Enter');
  assert.ok(await page.locator('#entry').isVisible());
  assert.equal(await page.locator('#entry-title').textContent(), 'entomologist');
  assert.match(
    (await page.locator('#entry-body').textContent()) ?? '',
    /a zoologist who studies insects.*bugologist, bug-hunter/s,
  );
  assert.equal(await focused(page), 'entry-copy');
  await page.keyboard.press('Enter');
  await page.locator('#entry-copy', { hasText: 'Copied' }).waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), 'entomologist');
  await page.keyboard.press('Escape');
  assert.ok(await page.locator('#entry').isHidden());
  assert.equal(await focused(page), 'query', 'the focus comes back to the box');

  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await answered(page, 'a zoologist who studies insects');
  await page.locator('#query').focus();

  await page.keyboard.press('Escape');
  assert.equal(await page.locator('#query').inputValue(), '', 'the second Escape clears the box');
  assert.equal(await page.locator('[role=option]').count(), 0);
  assert.equal(await page.locator('#query').getAttribute('aria-expanded'), 'false');

  const stops = [];
  for (let i = 0; i < 4; i++) {
    await page.keyboard.press('Tab');
    stops.push(await focused(page));
  }
  assert.equal(stops[0], 'without');
  assert.deepEqual(stops.slice(2), ['pick', query], 'the source, the file button, then the examples');
  assert.notEqual(
    await page.evaluate(() => getComputedStyle(/** @type {Element} */ (document.activeElement)).outlineStyle),
    'none',
  );
  await page.keyboard.press('Enter');
  await answered(page, query);
  assert.equal(await focused(page), 'query');
});

it('can be used by pointer alone', async (t) => {
  const page = await open(t, browser, server.url);
  await ready(page);
  await page.locator('#examples button').nth(1).click();
  await answered(page, 'afraid of heights');
  await page.locator('[role=option]').nth(2).click();
  assert.ok(await page.locator('#entry').isVisible());
  await page.mouse.click(5, 5);
  assert.ok(await page.locator('#entry').isHidden(), 'a click beside the entry closes it');
  await page.locator('#clear').click();
  assert.equal(await page.locator('#query').inputValue(), '');
  assert.equal(await focused(page), 'query');
});

/** From now on, what a screen reader is told. @param {import('./support/browser.mjs').Page} page */
async function listening(page) {
  await page.evaluate(() => {
    const said = /** @type {string[]} */ ([]);
    Object.assign(globalThis, { said });
    const region = /** @type {HTMLElement} */ (document.getElementById('announcer'));
    new MutationObserver(() => said.push(region.textContent ?? '')).observe(region, {
      childList: true,
      characterData: true,
      subtree: true,
    });
  });
  return () => page.evaluate(() => /** @type {unknown} */ (Reflect.get(globalThis, 'said')));
}

/** From now on time passes in steps, however busy the machine is. @param {import('./support/browser.mjs').Page} page */
const stopClock = (page) => page.clock.pauseAt(Date.now() + 60_000);

/** @param {import('./support/browser.mjs').Page} page @param {string} text @param {number} pause  milliseconds after each letter */
async function typeSlowly(page, text, pause) {
  for (const letter of text) {
    await page.keyboard.type(letter);
    await page.clock.runFor(pause);
  }
}

it('tells a screen reader of results once, when typing has stopped', async (t) => {
  const page = await open(t, browser, server.url, { hasOwnClock: true });
  await ready(page);
  await stopClock(page);
  const said = await listening(page);
  // Longer than the pause after which a query is sent.
  await typeSlowly(page, query, 140);
  await answered(page, query);
  assert.deepEqual(await said(), []);
  await page.clock.runFor(5000);
  assert.deepEqual(await said(), ['10 results, the best is entomologist.']);
});

it('does not talk into what is typed after results have come', async (t) => {
  const page = await open(t, browser, server.url, { hasOwnClock: true });
  await ready(page);
  await stopClock(page);
  const said = await listening(page);
  await typeSlowly(page, 'a place where', 10);
  await page.clock.runFor(200);
  await answered(page, 'a place where');
  // Quicker than the pause after which a query is sent, and in all longer than the one after which results are told.
  await typeSlowly(page, ' wine is made by many people', 60);
  await page.clock.runFor(200);
  await answered(page, 'a place where wine is made by many people');
  await page.clock.runFor(5000);
  assert.deepEqual(await said(), ['10 results, the best is winery.']);
});

it('says what to do with a query that holds no word, and with one that nothing is close to', async (t) => {
  const page = await open(t, browser, server.url);
  await ready(page);
  await page.locator('#query').fill('?! …');
  await page.locator('#hint', { hasText: 'There is nothing to look up yet' }).waitFor();
  assert.equal(await page.locator('[role=option]').count(), 0);
  await ask(page, 'hjkl hjkl hjkl');
  await page.getByRole('heading', { name: 'Nothing close enough' }).waitFor();
  assert.equal(await page.locator('[role=option]').count(), 0);
  await ask(page, query);
  assert.ok(await page.locator('#nothing').isHidden());
  assert.ok(await page.locator('#hint').isHidden());
});
