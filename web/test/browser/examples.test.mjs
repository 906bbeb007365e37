// SPDX-License-Identifier: Apache-2.0
// examples/search.html, as anyone would open it: no bundler, a plain server.
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Index } from 'simile';
import { launchChromium, openPage } from '../support/chromium.mjs';
import { startStaticServer } from '../support/static-server.mjs';

const root = fileURLToPath(new URL('../../../', import.meta.url));

async function colors() {
  const lines = readFileSync(join(root, 'examples/colors.csv'), 'utf8').trim().split('\n');
  const rows = lines.map((line) => line.split(','));
  const index = await Index.create({ dims: 3, similarity: 'squared_l2', codec: 'f32' });
  await index.addMany(
    rows.map(([name]) => name),
    rows.flatMap(([, ...rgb]) => rgb.map(Number)),
  );
  return index.toBytes();
}

test('the page without a bundler names the colour that is picked', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'simile-examples-'));
  cpSync(join(root, 'examples/search.html'), join(folder, 'search.html'));
  writeFileSync(join(folder, 'colors.simile'), await colors());
  const server = await startStaticServer({ web: join(root, 'web'), examples: folder });
  const browser = await launchChromium();
  t.after(async () => {
    await browser.close();
    server.close();
    rmSync(folder, { recursive: true });
  });
  const { page, complaints } = await openPage(browser, `${server.address}/examples/search.html`);
  const shown = () => page.locator('#names li').allTextContents();
  await page.locator('#names li').first().waitFor();
  assert.deepEqual(await shown(), ['red', 'brown', 'maroon']);
  await page.locator('#color').fill('#0505f0');
  await page.waitForFunction(() => document.querySelector('#names li')?.textContent === 'blue');
  assert.deepEqual(complaints, []);
});
