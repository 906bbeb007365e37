// SPDX-License-Identifier: Apache-2.0
// The adapter simile.mjs in a page of a real Chromium, on the data of the web harness: build time, p50 and recall@10 of single searches.
//   DATA=FOLDER node bench/peers/chromium.mjs ROWS VARIANT[:SIMD]...      such as   50000 f32 int8 cascade cascade:simd128
// One line of JSON a variant. The page is cross-origin isolated, for then its clock has steps of 5 microseconds.
import { open, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launchChromium } from '../../web/test/support/chromium.mjs';

const [rows, ...variants] = process.argv.slice(2);
const folder = process.env.DATA;
if (!folder || !(Number(rows) > 0) || variants.length === 0) {
  console.error('usage: DATA=FOLDER node bench/peers/chromium.mjs ROWS VARIANT[:SIMD]...');
  process.exit(2);
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const types = { '.js': 'text/javascript', '.mjs': 'text/javascript', '.wasm': 'application/wasm' };
const isolated = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };

/** Part of a file of the data, as `?from=BYTE&bytes=N` says. */
async function dataPart(url) {
  const file = await open(join(folder, normalize(url.pathname.slice('/data/'.length))));
  try {
    const from = Number(url.searchParams.get('from') ?? 0);
    const length = Number(url.searchParams.get('bytes') ?? (await file.stat()).size - from);
    const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, from);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

const server = createServer(async (request, response) => {
  const url = new URL(request.url, 'http://x');
  try {
    const body =
      url.pathname === '/'
        ? '<!doctype html><meta charset="utf-8"><title>simile</title><link rel="icon" href="data:,">'
        : url.pathname.startsWith('/data/')
          ? await dataPart(url)
          : await readFile(join(root, normalize(url.pathname)));
    const type = url.pathname === '/' ? 'text/html' : (types[extname(url.pathname)] ?? 'application/octet-stream');
    response.writeHead(200, { 'content-type': type, ...isolated }).end(body);
  } catch {
    response.writeHead(404).end('not found');
  }
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

/** Runs in the page. */
async function measure({ rows, variant, simd }) {
  const dim = 384;
  const k = 10;
  const bytesOf = async (name, from, bytes) => (await fetch(`/data/${name}?from=${from}&bytes=${bytes}`)).arrayBuffer();
  const part = async (first, count) => new Float32Array(await bytesOf('base.f32', first * dim * 4, count * dim * 4));
  const queries = new Float32Array(await bytesOf('queries.f32', 0, 200 * dim * 4));
  const exact = new Int32Array(await bytesOf(`gt-${rows}.i32`, 0, 200 * k * 4));
  const { default: adapter } = await import('/bench/peers/simile.mjs');
  const options = adapter.variants[variant];
  if (!options) throw new Error(`no variant ${variant}`);
  const simile = await adapter.load({ simd });
  let fetching = 0;
  const timedPart = async (...range) => {
    const begin = performance.now();
    const values = await part(...range);
    fetching += performance.now() - begin;
    return values;
  };
  const begin = performance.now();
  const index = await adapter.build(simile, { n: rows, dim, part: timedPart }, options);
  const buildS = (performance.now() - begin - fetching) / 1000;
  const query = (i) => queries.subarray(i * dim, (i + 1) * dim);
  for (let i = 0; i < 20; i++) await adapter.search(index, query(i), k, options);
  const times = [];
  let hits = 0;
  for (let round = 0; round < 3; round++)
    for (let i = 0; i < 200; i++) {
      const start = performance.now();
      const ids = await adapter.search(index, query(i), k, options);
      times.push(performance.now() - start);
      if (round === 0) hits += ids.filter((id) => exact.subarray(i * k, (i + 1) * k).includes(id)).length;
    }
  times.sort((a, b) => a - b);
  const at = (share) => Number(times[Math.floor(share * times.length)].toPrecision(4));
  return {
    simd: simile.core.simd,
    relaxedDot: simile.core.relaxedDot,
    buildS: Number(buildS.toFixed(2)),
    bytesPerVec: Number((adapter.bytes(index) / rows).toFixed(1)),
    p10ms: at(0.1),
    p50ms: at(0.5),
    p99ms: at(0.99),
    recall10: hits / (200 * k),
  };
}

const browser = await launchChromium();
for (const wanted of variants) {
  const [variant, simd] = wanted.split(':');
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  const result = await page.evaluate(measure, { rows: Number(rows), variant, simd });
  console.log(JSON.stringify({ peer: 'simile', runtime: `Chromium ${browser.version()}`, variant, n: Number(rows), ...result }));
  await page.close();
}
await browser.close();
server.close();
