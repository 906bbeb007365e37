// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { it } from 'node:test';
import { ask, chooseFile, damaged, demo, embedded, Gate, open, ready, startBrowser, TestServer } from './support/browser.mjs';

const browser = await startBrowser();
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const screenshots = demo('test/screenshots');
mkdirSync(screenshots, { recursive: true });

/** @typedef {import('./support/browser.mjs').Page} Page */

const pages = [
  'We left the harbour before sunrise, and a wind from the north drove the boat along the coast until the evening.',
  'The cook of the inn baked bread with rye and honey, and would not tell anybody how long the dough had to rest.',
  'An astronomer wrote that a comet with two tails had stood over the town for three nights, and that nobody could explain it.',
  'My horse went lame on the way down, so I walked beside it and carried the saddlebags myself.',
  'At the market they sold figs, olives and a hard white cheese that has to be eaten with pears.',
  'The old king died in the winter; his two sons have quarrelled ever since about who is to have the crown.',
  'A physician came with a case of small bottles, listened to my chest, and said that I had to stay in bed for a week.',
  'In the monastery they copy books by hand, and a monk who makes no mistake in a month may have a day to himself.',
  'The bridge was swept away by the flood, and we had to wait until a ferryman took pity on us.',
];
const diary = (/** @type {number} */ days) =>
  Array.from({ length: days }, (_, i) => `Day ${i + 1}. ${pages[i % pages.length]}`).join('\n\n');
const diaryName = 'diary-of-a-journey.txt';

/** @type {Record<string, (page: Page, server: TestServer) => Promise<void>>} */
const states = {
  loading: async (page, server) => {
    const gate = new Gate('model/group1-shard2of7');
    gate.allow(1e6);
    server.rules.set('/model/group1-shard2of7', gate.act);
    await page.reload();
    await page.locator('#status', { hasText: /: 2\d\.\d of/ }).waitFor();
  },
  empty: ready,
  results: async (page) => {
    await ready(page);
    await ask(page, 'a person who studies insects');
  },
  chosen: async (page) => {
    await states.results(page, /** @type {never} */ (undefined));
    for (let i = 0; i < 8; i++) await page.keyboard.press('ArrowDown');
  },
  entry: async (page) => {
    await ready(page);
    await ask(page, 'the whole of something');
    await page.keyboard.press('Enter');
  },
  nothing: async (page) => {
    await ready(page);
    await ask(page, 'hjkl hjkl hjkl');
  },
  changed: async (page) => {
    await ready(page);
    await ask(page, 'a musical instrument');
    await page.locator('#without').fill('strings');
    await page.locator('#results[data-without="strings"]').waitFor();
    await page.locator('#corrected-label').click();
    await page.waitForTimeout(300);
  },
  sum: async (page) => {
    await ready(page);
    await ask(page, 'zzyzx - man + woman');
  },
  why: async (page) => {
    await states.results(page, /** @type {never} */ (undefined));
    await page.keyboard.press('Enter');
    await page.locator('#why summary').click();
    await page.locator('.heated').first().waitFor();
  },
  'why-sum': async (page) => {
    await ready(page);
    await ask(page, 'waiter - man + woman');
    await page.keyboard.press('Enter');
    await page.locator('#why summary').click();
    await page.locator('.shares').waitFor();
  },
  reliability: async (page) => {
    await page.getByRole('link', { name: 'What the scores mean' }).click();
    await page.locator('.reliability').waitFor();
    await page.locator('summary').click();
  },
  'file-progress': async (page) => {
    await ready(page);
    await chooseFile(page, diaryName, diary(4000));
    await page.locator('#job-text', { hasText: /^Embedded \d{3,}/ }).waitFor();
    await ask(page, 'being ill');
  },
  'file-empty': async (page) => {
    await ready(page);
    await chooseFile(page, diaryName, diary(40));
    await page.locator('#job').waitFor({ state: 'hidden' });
  },
  'file-results': async (page) => {
    await ready(page);
    await chooseFile(page, diaryName, diary(pages.length));
    await embedded(page, pages.length);
    await ask(page, 'what did the doctor say');
  },
  'file-refused': async (page) => {
    await ready(page);
    await chooseFile(page, 'holiday.jpeg', 'x');
    await page.locator('#notice').waitFor();
  },
  error: async (page, server) => {
    server.rules.set('/data/words.simile', damaged('data/words.simile', 700_000));
    await page.reload();
    await page.locator('#notice').waitFor();
  },
};

const sizes = { wide: { width: 1280, height: 800 }, phone: { width: 360, height: 740 } };

/** @param {Page} page */
async function violations(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => /** @type {typeof import('axe-core')} */ (Reflect.get(globalThis, 'axe')).run());
  return found.violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join('; ')}`,
  );
}

/** Elements that stick out of the window to the right. @param {Page} page */
const overflowing = (page) =>
  page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    return [...document.querySelectorAll('body *')]
      .filter(
        (element) =>
          element.checkVisibility() &&
          !element.closest('.unseen, [hidden], .synonyms, .wide') &&
          element.getBoundingClientRect().right > width + 0.5,
      )
      .map((element) => element.outerHTML.slice(0, 120));
  });

for (const [name, enter] of Object.entries(states)) {
  it(`${name}: nothing that axe-core objects to and nothing outside of the window, in light and dark, wide and on a phone`, async (t) => {
    const server = await TestServer.start(t);
    const page = await open(t, browser, server.url, { context: { reducedMotion: 'reduce' } });
    await enter(page, server);
    for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
      await page.emulateMedia({ colorScheme });
      for (const [size, viewport] of Object.entries(sizes)) {
        await page.setViewportSize(viewport);
        await page.screenshot({ path: `${screenshots}/${name}-${size}-${colorScheme}.png`, fullPage: name === 'reliability' });
        assert.deepEqual(await overflowing(page), []);
        assert.deepEqual(await violations(page), []);
      }
    }
  });
}

it('can be used at 200 % zoom and with text of twice the size', async (t) => {
  const server = await TestServer.start(t);
  // A window of 1280 x 800 at 200 %.
  const page = await open(t, browser, server.url, { context: { viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 } });
  await ready(page);
  await ask(page, 'a person who studies insects');
  assert.deepEqual(await overflowing(page), []);
  for (let i = 0; i < 6; i++) await page.keyboard.press('ArrowDown');
  const isCovered = await page.locator('[aria-selected=true]').evaluate((row) => {
    const { left, top, height } = row.getBoundingClientRect();
    return !row.contains(document.elementFromPoint(left + 20, top + height / 2));
  });
  assert.equal(isCovered, false, 'the chosen result is not below the box');
  await page.screenshot({ path: `${screenshots}/zoom-200.png` });

  await page.setViewportSize(sizes.wide);
  await page.evaluate(() => {
    document.documentElement.style.fontSize = '200%';
  });
  assert.deepEqual(await overflowing(page), []);
  await page.setViewportSize(sizes.phone);
  assert.deepEqual(await overflowing(page), []);
});

it('can be read in forced colours', async (t) => {
  const server = await TestServer.start(t);
  const page = await open(t, browser, server.url, { context: { forcedColors: 'active' } });
  await ready(page);
  await ask(page, 'a person who studies insects');
  await page.keyboard.press('ArrowDown');
  assert.notEqual(await page.locator('[aria-selected=true]').evaluate((row) => getComputedStyle(row).outlineStyle), 'none');
  await page.screenshot({ path: `${screenshots}/forced-colors.png` });
});

it('has a page about itself, and the licences', async (t) => {
  const server = await TestServer.start(t);
  const page = await open(t, browser, server.url);
  await page.getByRole('link', { name: 'How it works' }).click();
  await page.locator('h1').waitFor();
  assert.deepEqual(await violations(page), []);
  await page.screenshot({ path: `${screenshots}/about.png`, fullPage: true });
  const licences = await page.evaluate(async () => (await fetch('./licences.txt')).text());
  assert.match(licences, /WordNet 3\.1 Copyright 2011 by Princeton University/);
  assert.match(licences, /@energetic-ai\/model-embeddings-en/);
});
