// SPDX-License-Identifier: Apache-2.0
// What scores mean, the cut-off, the correction for hubs, "but not", sums of words, and "why".
import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { answered, ask, chooseFile, demo, embedded, Gate, open, ready, startBrowser, TestServer } from './support/browser.mjs';

/** @typedef {import('./support/browser.mjs').Page} Page */

const browser = await startBrowser();
const server = await TestServer.start();
const query = 'a person who studies insects';
/** @type {{ relevance: { strong: number, likely: number, cut: number } }} */
const { relevance: thresholds } = JSON.parse(readFileSync(demo('dist/data/manifest.json'), 'utf8'));

const notes = `The ferry to the island leaves twice a day from the old harbour, at nine in the morning and at four in the afternoon.

Bread needs flour, water, salt and yeast. Let the dough rest overnight in the fridge, and bake it in a very hot oven the next day.

Our cat was sick last week, so we took her to the vet, who gave her an injection and some pills against the infection.`;

const scores = (/** @type {Page} */ page) => page.locator('.number').evaluateAll((all) => all.map((one) => Number(one.textContent?.replace(/[^\d.]/g, ''))));
const names = (/** @type {Page} */ page) => page.locator('.word').allTextContents();
const kept = async (/** @type {Page} */ page) => Number(/Keeps ([\d,]+) of/.exec((await page.locator('#kept').textContent()) ?? '')?.[1].replace(',', ''));

/** @param {Page} page @param {number} score */
async function cutAt(page, score) {
  await page.locator('#cut').fill(String(score));
}

/** @param {Page} page @param {string} text @param {string} without */
async function askWithout(page, text, without) {
  await page.locator('#query').fill(text);
  await page.locator('#without').fill(without);
  await page.locator(`#results[data-query=${JSON.stringify(text)}][data-without=${JSON.stringify(without)}]`).waitFor();
}

it('says of each result how relevant it is, in a word, a bar and a number', async (t) => {
  const page = await open(t, browser, server.url);
  await ready(page);
  await ask(page, 'a zoologist who studies insects');
  await page.locator('.level').first().waitFor();
  const [words, numbers] = [await page.locator('.level').allTextContents(), await scores(page)];
  assert.equal(words[0], 'strong');
  assert.ok(words.includes('weak'));
  words.forEach((word, i) => {
    // The number is rounded to hundredths.
    if (numbers[i] >= thresholds.strong + 0.005) assert.equal(word, 'strong');
    else if (numbers[i] < thresholds.likely - 0.005) assert.equal(word, 'weak');
  });
  const bars = await page.locator('.bar').evaluateAll((all) => all.map((bar) => Number(/** @type {HTMLElement} */ (bar).style.getPropertyValue('--score'))));
  assert.ok(bars.every((bar, i) => bar > 0 && bar < 1 && (i === 0 || bar <= bars[i - 1])), String(bars));
  assert.ok(bars[0] > 0.5 && bars[9] < 0.2 && bars[9] !== numbers[9], 'the bar is the relevance, not the score');
});

it('cuts off what is not close enough by a slider that can be used with the keyboard, and remembers it', async (t) => {
  const page = await open(t, browser, server.url);
  await ready(page);
  await ask(page, query);
  const slider = page.getByRole('slider', { name: 'Cut-off' });
  assert.ok(Math.abs(Number(await slider.inputValue()) - thresholds.cut) <= 0.005, 'it begins where the build says');
  const [all, first] = [await kept(page), await names(page)];
  assert.ok(all > 10 && first.length === 10);
  assert.match((await page.locator('#kept').textContent()) ?? '', /^Keeps \d+ of 20,000 meanings · score 0\.\d\d or more · the best 10 are shown$/);

  await page.keyboard.press('Tab'); // the button that clears the box
  for (let stop = 0; stop < 8 && !(await slider.evaluate((element) => element === document.activeElement)); stop++) await page.keyboard.press('Tab');
  assert.ok(await slider.evaluate((element) => element === document.activeElement), 'the slider is in the order of Tab');
  for (let i = 0; i < 14; i++) await page.keyboard.press('ArrowRight');
  const fewer = await kept(page);
  assert.ok(fewer < all && fewer > 0);
  assert.equal((await names(page)).length, Math.min(fewer, 10));
  const said = Number(/score (0\.\d\d)/.exec((await slider.getAttribute('aria-valuetext')) ?? '')?.[1]);
  assert.ok((await scores(page)).every((score) => score >= said));
  assert.match((await slider.getAttribute('aria-valuetext')) ?? '', new RegExp(`keeps ${fewer} of 20,000$`));

  await ask(page, 'a place where wine is made');
  assert.ok(Number(await slider.inputValue()) > thresholds.cut + 0.05, 'it stays while one types');

  await slider.focus();
  await page.keyboard.press('End');
  assert.equal(await kept(page), 0);
  await page.getByRole('heading', { name: 'Nothing close enough' }).waitFor();
  assert.match((await page.locator('#nothing-text').textContent()) ?? '', /^The closest is winery, with a score of 0\.\d\d; the cut-off is 1\.00\.$/);
  await page.locator('#announcer', { hasText: 'Nothing close enough.' }).waitFor();
  await page.getByRole('button', { name: 'Lower the cut-off' }).focus();
  await page.keyboard.press('Enter');
  assert.deepEqual(await names(page), ['winery']);
  assert.ok(await page.locator('#nothing').isHidden());
  assert.ok(await slider.evaluate((element) => element === document.activeElement), 'the focus goes to the slider, as the button is gone');
});

it('draws the scores of the whole dictionary, and says in words what can be seen', async (t) => {
  const page = await open(t, browser, server.url);
  await ready(page);
  await ask(page, query);
  const text = (await page.locator('#plot-text').textContent()) ?? '';
  const [, low, high, hundredth, best] = (/between (\S+) and (\S+), one in a hundred is above (\S+), the best is (\S+)\.$/.exec(text) ?? []).map(Number);
  assert.ok(low < high && high < hundredth && hundredth < best, text);
  assert.equal(best, (await scores(page))[0]);
  assert.equal(await page.locator('#cut').getAttribute('aria-describedby'), 'plot-text');
  const bars = await page.locator('#histogram rect').evaluateAll((all) => all.map((bar) => ({ height: Number(bar.getAttribute('height')), isIn: bar.classList.contains('in') })));
  assert.equal(Math.max(...bars.map(({ height }) => height)), 1);
  const last = bars.findLastIndex(({ height }) => height > 0);
  assert.equal(last, Math.floor(best * bars.length));
  const cut = Number(await page.locator('#cut').inputValue());
  assert.deepEqual(
    bars.map(({ isIn }) => isIn),
    bars.map((_, i) => (i + 0.5) / bars.length >= cut),
  );
});

it('corrects ranks for hubs on demand, and shows how they change', async (t) => {
  const page = await open(t, browser, server.url);
  await ready(page);
  await ask(page, query);
  const before = await names(page);
  assert.equal(await page.locator('.change').count(), 0);
  const toggle = page.getByRole('switch', { name: 'hub-corrected' });
  await toggle.focus();
  await page.keyboard.press('Space');
  await page.locator('.change').first().waitFor();
  const rows = await page.locator('.result').evaluateAll((all) =>
    all.map((row) => ({ word: row.querySelector('.word')?.textContent ?? '', change: row.querySelector('.change .unseen')?.textContent ?? '' })));
  assert.notDeepEqual(rows.map(({ word }) => word), before);
  for (const [place, { word, change }] of rows.entries()) {
    const was = before.indexOf(word);
    const expected = was < 0 ? 'new, ' : was === place ? 'same place, ' : was > place ? `up ${was - place}, ` : `down ${place - was}, `;
    assert.equal(change, expected, word);
  }
  await page.keyboard.press('Space');
  await page.locator('.change').first().waitFor({ state: 'detached' });
  assert.deepEqual(await names(page), before);
});

it('says why hubs cannot be corrected yet, and tells no relevance, while the dictionary is loading', async (t) => {
  const own = await TestServer.start(t);
  const gate = new Gate('data/words.simile');
  gate.allow(statSync(demo('dist/data/words.simile')).size - 2_000_000);
  own.rules.set('/data/words.simile', gate.act);
  const page = await open(t, browser, own.url);
  await ask(page, query);
  const toggle = page.getByRole('switch', { name: 'hub-corrected' });
  assert.ok(await toggle.isDisabled());
  assert.match((await page.locator('#corrected-why').textContent()) ?? '', /still loading/);
  assert.equal(await page.locator('.level').count(), 0);
  gate.allow(Number.POSITIVE_INFINITY);
  await page.locator('.level').first().waitFor();
  assert.ok(await toggle.isEnabled());
});

it('leaves out what is not wanted', async (t) => {
  const page = await open(t, browser, server.url);
  await ready(page);
  await ask(page, 'a musical instrument');
  const before = await names(page);
  await askWithout(page, 'a musical instrument', 'strings');
  const placeOf = (/** @type {string[]} */ list) => (list.includes('stringed instrument') ? list.indexOf('stringed instrument') : 99);
  assert.ok(placeOf(await names(page)) > placeOf(before));
  assert.equal((await names(page))[0], 'keyboard instrument');
  assert.ok((await page.locator('.change').count()) > 0, 'what has moved is marked');

  await page.locator('#without').focus();
  await page.keyboard.press('Escape');
  await page.locator('#results[data-without=""]').waitFor();
  assert.deepEqual(await names(page), before);
  assert.ok(await page.locator('#query').evaluate((element) => element === document.activeElement));
});

it('adds and takes away words', async (t) => {
  const page = await open(t, browser, server.url);
  await ready(page);
  await page.waitForLoadState('networkidle'); // all words are there
  await ask(page, 'waiter - man + woman');
  assert.equal((await names(page))[0], 'waitress');
  const chips = page.getByRole('list', { name: 'Read as a sum of words' }).getByRole('listitem');
  assert.deepEqual(await chips.evaluateAll((all) => all.map((chip) => chip.textContent)), ['waiter', '−minus man', '+plus woman']);
  assert.equal(await page.locator('.term.unknown').count(), 0);
  assert.ok(!(await names(page)).some((word) => ['waiter', 'man', 'woman'].includes(word)), 'its own terms are no answers');
  assert.equal(await page.locator('.level').count(), 0, 'nobody has measured what the score of a sum means');
  assert.ok(await page.locator('#cut').isDisabled());

  await page.keyboard.press('Enter');
  await page.locator('#why summary').click();
  const shares = page.locator('.shares tr');
  await shares.first().waitFor();
  const values = await shares.evaluateAll((all) => all.map((row) => Number(row.querySelector('td')?.textContent?.replace('−', '-'))));
  const score = values.pop() ?? 0;
  assert.ok(Math.abs(values.reduce((sum, share) => sum + share, 0) - score) <= 0.021, `${values} are not ${score}`);
  assert.ok(values[0] > 0 && values[1] < 0 && values[2] > 0);
  await page.keyboard.press('Escape');

  await ask(page, 'zzyzx - cat + dog');
  assert.deepEqual(await page.locator('.term.unknown').allTextContents(), ['zzyzx']);
  await page.locator('#query').fill('king - king');
  await page.locator('#hint', { hasText: 'These words take each other away' }).waitFor();
  assert.equal(await page.locator('[role=option]').count(), 0);
  assert.ok((await page.locator('#sift').isHidden()) && (await page.locator('#nothing').isHidden()) && (await page.locator('#notice').isHidden()));
  await ask(page, query);
  assert.ok(await page.locator('#terms').isHidden());
});

it('tells which words carry a score', async (t) => {
  const page = await open(t, browser, server.url);
  await ready(page);
  await ask(page, query);
  await page.locator('.level').first().waitFor();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Enter');
  await page.locator('.heated').first().waitFor();
  const [own, entry] = await page.locator('.heated').evaluateAll((all) =>
    all.map((line) => [...line.querySelectorAll('.heat')].map((word) => [(word.firstChild?.textContent ?? ''), Number(/\(([^)]+)\)/.exec(word.textContent ?? '')?.[1].replace('−', '-'))])));
  assert.equal(own.map(([word]) => word).join(' '), query);
  const strongest = own.reduce((a, b) => (b[1] > a[1] ? b : a));
  assert.equal(strongest[0], 'insects');
  assert.equal(entry.map(([word]) => word).join(' '), 'a zoologist who studies insects; entomologist, bugologist, bug-hunter');
  assert.match((await page.locator('.level-text').textContent()) ?? '', /^(strong|likely|weak): .+ score 0\.\d\d, it was \d+ %\./);
  assert.match((await page.locator('.why-rest').textContent()) ?? '', /of a score of 0\.\d\d/);
  await page.getByRole('link', { name: 'How this was measured' }).click();
  await page.getByRole('heading', { name: 'What the scores mean' }).waitFor();
});

it("does not pretend to know what the scores of the visitor's file mean", async (t) => {
  const page = await open(t, browser, server.url);
  await ready(page);
  await chooseFile(page, 'notes.txt', notes);
  await embedded(page, 3);
  await ask(page, 'a boat');
  assert.equal(await page.locator('[role=option]').count(), 3, 'nothing is cut off unasked');
  assert.equal(await page.locator('.level').count(), 0);
  assert.ok(await page.locator('#corrected-label').isHidden());
  assert.match((await page.locator('#kept').textContent()) ?? '', /^Keeps all 3 passages$/);
  await cutAt(page, 0.9);
  await page.getByRole('heading', { name: 'Nothing close enough' }).waitFor();
  await page.getByRole('radio', { name: 'WordNet' }).click();
  await answered(page, 'a boat');
  assert.ok(Number(await page.locator('#cut').inputValue()) < 0.8, 'the dictionary has a cut-off of its own');
});

it('has a page about what the scores mean, with the numbers of the build', async (t) => {
  /** @type {import('../tools/calibrate.mjs').Calibration} */
  const calibration = JSON.parse(readFileSync(demo('dist/data/calibration.json'), 'utf8'));
  const page = await open(t, browser, server.url);
  await page.getByRole('link', { name: 'What the scores mean' }).click();
  assert.equal(await page.locator('#ece').textContent(), calibration.error.value.toFixed(3));
  assert.equal(await page.locator('.reliability circle').count(), calibration.bins.length);
  const diagram = page.getByRole('img', { name: 'Reliability diagram' });
  assert.ok(await diagram.isVisible());
  for (const word of /** @type {const} */ (['strong', 'likely']))
    assert.ok(await page.getByRole('row', { name: word }).getByText(`from ${calibration.words[word].score.toFixed(3)}`).isVisible());
});

it('reads sums, and leaves sentences with a dash alone', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'simile-sum-'));
  t.after(() => rm(folder, { recursive: true }));
  const outfile = join(folder, 'sum.mjs');
  await build({ entryPoints: [demo('src/worker/sum.ts')], outfile, format: 'esm', logLevel: 'error' });
  /** @type {typeof import('../src/worker/sum.ts')} */
  const { parseSum } = await import(pathToFileURL(outfile).href);
  const shown = (/** @type {string} */ text) => parseSum(text)?.map(({ sign, text: term }) => `${sign > 0 ? '+' : '-'}${term}`).join(' ');
  assert.equal(shown('king - man + woman'), '+king -man +woman');
  assert.equal(shown('  ice cream +  hot   − cold '), '+ice cream +hot -cold');
  assert.equal(shown('Paris – France'), '+Paris -France');
  for (const text of ['king', 'well-known', 'a+b', '- man + woman', 'king -', 'king - + man', 'a fruit that is red - and grows on trees everywhere', ''])
    assert.equal(shown(text), undefined, text);
});
