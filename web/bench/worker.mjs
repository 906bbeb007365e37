// SPDX-License-Identifier: Apache-2.0
// node bench/worker.mjs [rows] [workers]: how long a page in Chromium is held up while an index of so many vectors lives in workers, with
// and without a shared memory.
// The processor's time of the longest task of the page's thread, which other programs do not add to, and beside it the longest pause.
import { fileURLToPath } from 'node:url';
import { launchChromium } from '../test/support/chromium.mjs';
import { startStaticServer } from '../test/support/static-server.mjs';

const [rows = 100_000, workers] = process.argv.slice(2).map(Number);
const target = 5; // milliseconds

const folder = (path) => fileURLToPath(new URL(path, import.meta.url));
const pages = { '/': '<!doctype html><title>workers</title><link rel="icon" href="data:,">' };
const categories = ['toplevel', 'blink.user_timing'];
const isolated = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };
const serve = (headers) => startStaticServer({ dist: folder('../dist'), test: folder('../test') }, { pages, headers });
const servers = { separate: await serve({}), shared: await serve(isolated) };
const browser = await launchChromium('--js-flags=--expose-gc');

const thread = ({ pid, tid }) => `${pid}/${tid}`;

/** Milliseconds of the processor in the longest task between two marks of a trace. */
function longestTask(events, name) {
  const mark = (text) => events.find((event) => event.name === `${text} ${name}` && event.cat.includes('user_timing'));
  const [begin, end] = [mark('begin'), mark('end')];
  const tasks = events.filter(
    (event) => /RunTask$/.test(event.name) && thread(event) === thread(begin) && event.ts > begin.ts && event.ts < end.ts,
  );
  return tasks.reduce((longest, { tdur }) => Math.max(longest, tdur / 1000), 0);
}

/** All parts of an index's life. */
async function live(page, memory, options) {
  await page.goto(servers[memory].address);
  const { longest } = await page.evaluate(async (options) => (await import('/test/support/worker-page.mjs')).pauses(options), {
    rows,
    dims: 384,
    ...options,
  });
  return longest;
}

const kinds = (workers ? [workers] : [1, 2]).flatMap((n) =>
  (n === 1 ? ['separate'] : ['separate', 'shared']).map((memory) => [n, memory]),
);
for (const [n, memory] of kinds) {
  const page = await browser.newPage();
  const pauses = await live(page, memory, { workers: n });
  await browser.startTracing(page, { categories });
  await live(page, memory, { workers: n, ticks: false });
  const { traceEvents } = JSON.parse(String(await browser.stopTracing()));
  for (const [name, pause] of Object.entries(pauses)) {
    const ms = longestTask(traceEvents, name);
    const verdict = ms <= target ? 'within' : 'above';
    console.log(
      `worker/${name}/${rows}x384/workers${n}/${memory}  task ${ms.toFixed(2)} ms, ${verdict} ${target} ms; pause ${pause.toFixed(1)} ms`,
    );
  }
  await page.close();
}
await browser.close();
for (const server of Object.values(servers)) server.close();
