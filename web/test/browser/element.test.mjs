// SPDX-License-Identifier: Apache-2.0
// <simile-search> in a real Chromium, under a strict policy with trusted types.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { launchChromium } from '../support/chromium.mjs';
import { startStaticServer } from '../support/static-server.mjs';

const folder = (path) => fileURLToPath(new URL(path, import.meta.url));
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const style =
  ':root{color-scheme:light dark}body{margin:0;font-family:system-ui}main{max-width:40rem;margin:0 auto;padding:1rem}h1{margin:0 0 1rem}';
const document = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Garden</title>
  <link rel="icon" href="/icon.svg"><link rel="stylesheet" href="/page.css"><body></body></html>`;
const pages = { '/': document, '/page.css': style, '/icon.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>' };
const types = { '.svg': 'image/svg+xml', '.css': 'text/css' };
const policy =
  "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; require-trusted-types-for 'script'; trusted-types 'none'";
const headers = { 'content-security-policy': policy };
const second = 3000;

let browser;
let server;
before(async () => {
  server = await startStaticServer({ dist: folder('../../dist'), test: folder('..') }, { pages, types, headers });
  browser = await launchChromium();
});
after(async () => {
  await browser.close();
  server.close();
});

/** A page with the element in it, and what can be done with it. */
async function opened(options = {}, look = {}) {
  const context = await browser.newContext(look);
  const page = await context.newPage();
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  await page.goto(server.address);
  await page.evaluate(async (options) => {
    window.support = await import('/test/support/element-page.mjs');
    await window.support.start(options);
  }, options);
  const state = () => page.evaluate(() => window.support.state());
  const until = async (is) => {
    const end = Date.now() + 5 * second;
    for (;;) {
      const now = await state();
      if (is(now)) return now;
      if (Date.now() > end) assert.fail(`it stays as ${JSON.stringify(now)}`);
      await page.waitForTimeout(30);
    }
  };
  const type = (text) => page.keyboard.type(text);
  const press = async (...keys) => {
    for (const key of keys) await page.keyboard.press(key);
  };
  return { context, page, complaints, state, until, type, press };
}

test('it is used with the keyboard alone', async () => {
  const { context, complaints, state, until, type, press, page } = await opened();
  await press('Control+k');
  assert.equal((await state()).isFocused, true);
  await type('tomatoes');
  let now = await until(({ isOpen }) => isOpen);
  assert.deepEqual([now.expanded, now.options.length, now.active, now.isFocused], ['true', 3, '', true]);
  assert.ok(now.marks.every((mark) => /^tomatoes$/i.test(mark)) && now.marks.length >= 3, `${now.marks}`);
  assert.equal(now.status, '3 results');
  await press('ArrowDown');
  assert.equal((await state()).active, now.options[0]);
  await press('ArrowDown', 'ArrowDown', 'ArrowDown');
  assert.equal((await state()).active, now.options[0], 'after the last comes the first');
  await press('ArrowUp');
  now = await state();
  assert.deepEqual([now.active, now.selected], [now.options[2], 1]);
  await press('Home');
  now = await state();
  assert.deepEqual([now.caret, now.active], [0, '']);
  await press('End');
  assert.equal((await state()).caret, 8);
  await press('Escape');
  now = await state();
  assert.deepEqual([now.isOpen, now.value, now.expanded, now.isFocused], [false, 'tomatoes', 'false', true]);
  await press('ArrowUp');
  now = await state();
  assert.deepEqual([now.isOpen, now.active], [true, now.options[2]]);
  await press('Enter');
  assert.equal((await state()).isOpen, false);
  assert.equal((await page.evaluate(() => window.selected)).length, 1);
  await press('Escape');
  now = await state();
  assert.deepEqual([now.value, now.isOpen, now.options.length, now.status], ['', false, 0, '']);
  await type('x'.repeat(3));
  now = await until(({ isOpen }) => isOpen);
  assert.deepEqual([now.message, now.expanded, now.options.length], ['Nothing is close enough to “xxx”.', 'false', 0]);
  await press('Enter', 'ArrowDown', 'Tab');
  now = await state();
  assert.deepEqual([now.isFocused, now.isOpen], [false, false], 'the button to clear has the focus');
  await type('k');
  await press('Control+k');
  now = await state();
  assert.deepEqual([now.isFocused, now.value], [true, 'xxx']);
  assert.deepEqual(complaints, []);
  await context.close();
});

test('with a pointer a result is chosen, and its address is gone to, but never to a script', async () => {
  const { context, page, complaints, until, type } = await opened();
  await page.evaluate(() => {
    window.element.focus();
    window.element.addEventListener(
      'simile-select',
      (event) => Object.defineProperty(event, 'preventDefault', { value() {} }),
      true,
    );
  });
  await type('roses');
  await until(({ isOpen }) => isOpen);
  await page.locator('simile-search [role=option]').first().click();
  await page.waitForTimeout(100);
  assert.deepEqual(await page.evaluate(() => [window.selected, window.ran]), [[3], undefined]);
  assert.deepEqual(complaints, []);
  assert.equal(new URL(page.url()).pathname, '/');
  await page.evaluate(() => {
    window.element.value = '';
    window.element.focus();
  });
  await type('frost');
  await until(({ options }) => options[0] === 'Growing tomatoes');
  await page.locator('simile-search [part=clear]').click();
  const cleared = await until(({ value }) => value === '');
  assert.equal(cleared.isFocused, true);
  await type('frost');
  await until(({ isOpen }) => isOpen);
  const going = page.waitForURL('**/tomatoes');
  await page.locator('simile-search [role=option]').first().click();
  await going;
  await context.close();
});

test('whatever fails is said, and the next search works', async () => {
  const { context, page, until, type, press } = await opened();
  await page.evaluate(() => {
    window.element.collection = undefined;
    window.element.focus();
  });
  await type('beans');
  assert.equal((await until(({ isOpen }) => isOpen)).message, 'There is nothing to search in yet.');
  await page.evaluate(() => {
    let searches = 0;
    window.element.collection = {
      async search(query, { limit, signal }) {
        searches++;
        if (query === 'throw') throw new Error('out of order');
        if (query === 'slow') return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
        if (query === 'odd')
          return { hits: [{ id: 'only an id' }, { id: 7, document: null ?? {}, ranges: { title: [{ start: -5, end: 99 }] } }] };
        return Array.from({ length: 50 }, (_, i) => ({ id: i, document: { title: `${query} ${i} of ${limit}, ${searches}` } }));
      },
    };
  });
  assert.equal((await until(({ options }) => options.length > 0)).options.length, 8);
  const asked = async (text) => {
    await press('Control+a');
    await type(text);
  };
  await asked('throw');
  const failed = await until(({ message }) => message !== '');
  assert.deepEqual([failed.message, failed.expanded], ['The search failed. Please try again.', 'false']);
  assert.deepEqual(await page.evaluate(() => window.failures), ['Error: out of order']);
  await asked('slow');
  assert.equal((await until(({ message }) => message.startsWith('Load'))).message, 'Loading …');
  await asked('odd');
  assert.deepEqual((await until(({ options }) => options.length === 2)).options, ['only an id', '7']);
  await asked('quick');
  const quick = await until(({ options }) => options[0]?.startsWith('quick'));
  assert.match(quick.options[0], /^quick 0 of 8, (\d+)$/);
  assert.ok(Number(/, (\d+)$/.exec(quick.options[0])[1]) <= 8, 'one search for a word that is typed at once');
  assert.equal((await page.evaluate(() => window.failures)).length, 1);
  await page.evaluate(() => {
    window.element.texts = { nothing: () => 'Nichts', label: 'Suche' };
    window.element.setAttribute('limit', '3');
    window.element.collection = { search: async () => [] };
  });
  assert.equal((await until(({ message }) => message !== '')).message, 'Nichts');
  await context.close();
});

test('a file is loaded at the first focus, and again after it could not be', async () => {
  const { context, page, until, type, press } = await opened({ attributes: { src: 'garden.simile' } });
  let tries = 0;
  const bytes = Buffer.from(await page.evaluate(async () => [...(await window.collection.toBytes())]));
  await page.route('**/garden.simile', (route) =>
    tries++ < 2 ? route.fulfill({ status: 503 }) : route.fulfill({ body: bytes }),
  );
  assert.equal(tries, 0);
  await press('Control+k');
  await type('roses');
  assert.match((await until(({ message }) => message !== '')).message, /failed/);
  await press('Enter');
  assert.deepEqual((await until(({ options }) => options.length > 0)).options, ['Roses']);
  assert.equal(tries, 3);
  await context.close();
});

for (const where of ['titles', 'texts', 'ids']) {
  test(`of a hundred scripts as ${where} and queries none runs`, async () => {
    const { context, page, complaints, state } = await opened();
    const shown = await page.evaluate(async (where) => {
      const { Collection } = await import('/dist/collection/collection.js');
      const texts = window.support.payloads();
      const clean = texts.map((text) => text.replaceAll('\ud800', ''));
      const docs = clean.map((text, i) => ({
        id: where === 'ids' ? text.slice(0, 2000) : i,
        title: where === 'titles' ? text : where === 'ids' ? '' : 'Title',
        text: where === 'texts' ? text : 'window ran true',
        url: text,
      }));
      const collection = await Collection.create({ schema: { title: 'text', text: 'text' } });
      await collection.addMany(docs);
      const { element } = window;
      element.setAttribute('limit', '100');
      element.collection = collection;
      element.focus();
      const root = element.shadowRoot;
      let shown = 0;
      for (const query of ['window ran true', ...texts]) {
        element.value = query;
        await new Promise((resolve) => setTimeout(resolve, 4));
        shown = Math.max(shown, root.querySelectorAll('[role=option]').length);
        root.querySelector('[role=option]')?.click();
      }
      const names = new Set(Array.from(root.querySelectorAll('*'), ({ localName }) => localName));
      return { count: texts.length, shown, names: [...names].sort() };
    }, where);
    await page.waitForTimeout(200);
    assert.equal(shown.count, 100);
    assert.ok(shown.shown >= 90, `${shown.shown} results`);
    const known = ['button', 'div', 'input', 'kbd', 'mark', 'p', 'path', 'svg'];
    assert.deepEqual(
      shown.names.filter((name) => !known.includes(name)),
      [],
    );
    assert.equal(await page.evaluate(() => window.ran), undefined);
    assert.equal(new URL(page.url()).pathname, '/');
    assert.deepEqual(complaints, []);
    assert.equal((await state()).isFocused, true);
    await context.close();
  });
}

/** In screenshots if SIMILE_SCREENSHOTS names a folder. */
async function shoot(page, name) {
  const target = process.env.SIMILE_SCREENSHOTS;
  if (!target) return;
  mkdirSync(target, { recursive: true });
  await page.screenshot({ path: join(target, `${name}.png`) });
}

async function axeFinds(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run());
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id} ${target}: ${failureSummary}`));
}

const wide = { width: 900, height: 560 };
const phone = { width: 360, height: 640 };
for (const colorScheme of ['light', 'dark']) {
  for (const [size, viewport] of [
    ['wide', wide],
    ['phone', phone],
  ]) {
    test(`${size}, ${colorScheme}: axe finds nothing, and nothing is outside of the window`, async () => {
      const { context, page, until, type, press } = await opened({}, { viewport, colorScheme, reducedMotion: 'reduce' });
      const look = async (name) => {
        await shoot(page, `${size}-${colorScheme}-${name}`);
        assert.deepEqual(await axeFinds(page), [], name);
        const { scroll, low } = await page.evaluate(() => {
          const small = [...window.element.shadowRoot.querySelectorAll('[role=option], [part=box], [part=clear]')];
          const heights = small.filter(({ hidden }) => !hidden).map((one) => one.getBoundingClientRect().height);
          return { scroll: document.documentElement.scrollWidth - innerWidth, low: Math.min(...heights.filter((h) => h > 0)) };
        });
        assert.ok(scroll <= 0 && low >= 42, `${name}: ${scroll}, ${low}`);
      };
      await look('closed');
      await press('Control+k');
      await type('tomatoes');
      await until(({ isOpen }) => isOpen);
      await press('ArrowDown');
      await look('open');
      await press('Control+a');
      await type('xylophone');
      await until(({ message }) => message !== '');
      await look('nothing');
      await page.evaluate(() => document.documentElement.setAttribute('dir', 'rtl'));
      await press('Control+a');
      await type('tomatoes');
      await until(({ options }) => options.length === 3);
      await look('rtl');
      await context.close();
    });
  }
}

test('in forced colours the active result can be told apart', async () => {
  const { context, page, until, type, press } = await opened({}, { forcedColors: 'active' });
  await press('Control+k');
  await type('tomatoes');
  await until(({ isOpen }) => isOpen);
  await press('ArrowDown');
  await shoot(page, 'forced');
  const outlines = await page.evaluate(() =>
    [...window.element.shadowRoot.querySelectorAll('[role=option]')].map((one) => getComputedStyle(one).outlineStyle),
  );
  assert.deepEqual(outlines, ['solid', 'none', 'none']);
  await context.close();
});
