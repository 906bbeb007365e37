// SPDX-License-Identifier: Apache-2.0
// Texts that would run as scripts if anything took them for markup or an address.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { payloads } from '../../test/support/payloads.mjs';
import { answered, ask, chooseFile, embedded, open, ready, startBrowser, TestServer } from './support/browser.mjs';

const browser = await startBrowser();

it('runs no script of a hundred payloads, as queries, as passages, as titles and as the name of a file', async (t) => {
  const server = await TestServer.start(t);
  const page = await open(t, browser, server.url);
  page.on('dialog', (dialog) => assert.fail(`a dialog says ${dialog.message()}`));
  await ready(page);
  const all = payloads();
  assert.ok(all.length >= 100);
  for (const [i, text] of all.entries()) {
    await page.locator('#query').fill(text);
    // No selector knows a text with U+0000.
    if (i % 10 === 0 && !text.includes('\0')) await answered(page, await page.locator('#query').inputValue());
  }
  const lines = all.map((text) => JSON.stringify({ title: text, text: `${text} is what passage says about boats` })).join('\n');
  await chooseFile(page, `<img src=x onerror='window.ran=true'>.jsonl`, lines);
  await embedded(page, all.length);
  for (const query of ['boats', 'script', 'image onerror']) {
    await ask(page, query);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.locator('#entry').waitFor();
    await page.keyboard.press('Escape');
  }
  assert.match((await page.locator('#results').textContent()) ?? '', /onerror|script|javascript/, 'payloads are shown as what they are');
  assert.equal(await page.evaluate(() => Reflect.get(globalThis, 'ran')), undefined);
  assert.equal(await page.locator('#results script, #results img, #results iframe, #results svg script').count(), 0);
});
