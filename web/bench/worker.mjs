// SPDX-License-Identifier: Apache-2.0
// node bench/worker.mjs [rows] [workers]: the longest pause of a page in Chromium while an index of so many vectors lives in workers.
import { fileURLToPath } from 'node:url';
import { launchChromium } from '../test/support/chromium.mjs';
import { startStaticServer } from '../test/support/static-server.mjs';

const [rows = 100_000, workers] = process.argv.slice(2).map(Number);
const target = 5; // milliseconds

const folder = (path) => fileURLToPath(new URL(path, import.meta.url));
const pages = { '/': '<!doctype html><title>workers</title><link rel="icon" href="data:,">' };
const server = await startStaticServer({ dist: folder('../dist'), test: folder('../test') }, { pages });
const browser = await launchChromium();
for (const n of workers ? [workers] : [1, 2]) {
  const page = await browser.newPage();
  await page.goto(server.address);
  const { longest } = await page.evaluate(async (options) => (await import('/test/support/worker-page.mjs')).pauses(options), {
    rows,
    dims: 384,
    workers: n,
  });
  for (const [name, ms] of Object.entries(longest))
    console.log(
      `worker/pause/${name}/${rows}x384/workers${n}  ${ms.toFixed(2)} ms  ${ms <= target ? 'within' : 'above'} ${target} ms`,
    );
  await page.close();
}
await browser.close();
server.close();
