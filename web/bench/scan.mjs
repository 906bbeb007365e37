// SPDX-License-Identifier: Apache-2.0
// Whole searches in WebAssembly, one at a time, beside the read bandwidth of the same machine measured in the same run, and plain JavaScript.
//   npm run bench [-- --n ROWS] [--dims DIMS] [--seconds SECONDS a line] [--only WORD] [--simd relaxed|simd128] [--chromium] [--plain]
// In Node relaxed SIMD needs `node --experimental-wasm-relaxed-simd bench/scan.mjs`. --chromium measures in a page of a real Chromium.
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as simile from 'simile';
import wabt from 'wabt';
import { launchChromium, openPage } from '../test/support/chromium.mjs';
import { startStaticServer } from '../test/support/static-server.mjs';
import { exactNeighbours, forms, measure, timePlainScan } from './measure.mjs';

const { values: options } = parseArgs({
  options: {
    n: { type: 'string', default: '50000' },
    dims: { type: 'string', default: '384' },
    seconds: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
    simd: { type: 'string' },
    chromium: { type: 'boolean', default: false },
    plain: { type: 'boolean', default: false },
  },
});
const [rows, dims, seconds] = [options.n, options.dims, options.seconds].map(Number);
const chosen = forms.filter(({ name }) => name.includes(options.only));

/** GB (10^9 bytes) a second of reading 256 MiB of WebAssembly memory, 64 bytes a step: the best of some runs. */
async function readBandwidth() {
  const load = (i) => `(local.set $s${i} (i64x2.add (local.get $s${i}) (v128.load offset=${16 * i} (local.get $at))))`;
  const text = `(module
    (memory 4096)
    (func (export "read") (result i64) (local $at i32) ${[0, 1, 2, 3].map((i) => `(local $s${i} v128)`).join(' ')}
      (loop $next
        ${[0, 1, 2, 3].map(load).join('\n')}
        (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 64))) (i32.const 0x10000000))))
      (i64x2.extract_lane 0 (i64x2.add (i64x2.add (local.get $s0) (local.get $s1)) (i64x2.add (local.get $s2) (local.get $s3)))))
    (func (export "fill") (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x10000000))))`;
  const { parseWat } = await wabt();
  const { buffer } = parseWat('read.wat', text, { simd: true, bulk_memory: true }).toBinary({});
  const { exports } = (await WebAssembly.instantiate(buffer)).instance;
  exports.fill(); // pages that were never written are not in memory
  let best = 0;
  for (let run = 0; run < 9; run++) {
    const start = performance.now();
    exports.read();
    best = Math.max(best, 2 ** 28 / 1e6 / (performance.now() - start));
  }
  return best;
}

async function inNode() {
  const core = await simile.init(options.simd ? { simd: options.simd } : {});
  const lines = [];
  const exact = await exactNeighbours(simile, rows, dims);
  for (const form of chosen) lines.push(await measure(simile, form, rows, dims, exact, seconds));
  return { where: `Node ${process.versions.node}`, simd: core.simd, relaxedDot: core.relaxedDot, lines };
}

async function inChromium() {
  const folder = (path) => fileURLToPath(new URL(path, import.meta.url));
  const pages = { '/': '<!doctype html><meta charset="utf-8"><title>simile</title><link rel="icon" href="data:,">' };
  // Only then does the clock of a page have steps of 5 microseconds.
  const headers = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };
  const server = await startStaticServer({ dist: folder('../dist'), bench: folder('.') }, { pages, headers });
  const browser = await launchChromium();
  const { page } = await openPage(browser, server.address);
  page.setDefaultTimeout(0);
  const found = await page.evaluate(
    async ({ chosen, rows, dims, seconds, simd }) => {
      const simile = await import('/dist/simile.js');
      const { exactNeighbours, measure } = await import('/bench/measure.mjs');
      const core = await simile.init(simd ? { simd } : {});
      const exact = await exactNeighbours(simile, rows, dims);
      const lines = [];
      for (const form of chosen) lines.push(await measure(simile, form, rows, dims, exact, seconds));
      return { simd: core.simd, relaxedDot: core.relaxedDot, lines };
    },
    { chosen, rows, dims, seconds, simd: options.simd ?? '' },
  );
  const where = `Chromium ${browser.version()}`;
  await browser.close();
  server.close();
  return { where, ...found };
}

const bandwidth = await readBandwidth();
const { where, simd, relaxedDot, lines } = await (options.chromium ? inChromium() : inNode());
console.log(`${cpus()[0].model}, ${where}, build ${simd}, relaxed dot ${relaxedDot}`);
console.log(
  `${rows} x ${dims}, one thread, single searches, k = 10; read bandwidth in WebAssembly (Node): ${bandwidth.toFixed(1)} GB/s`,
);
if (options.plain) {
  const ms = timePlainScan(rows, dims);
  lines.push({ name: 'plain JavaScript', bytes: 4 * dims, build: 0, p50: ms, p95: Number.NaN, recall: 1 });
}
console.table(
  lines.map(({ name, bytes, build, p50, p95, recall }) => ({
    search: name,
    'bytes/item': bytes.toFixed(0),
    'build s': build.toFixed(2),
    'p50 ms': p50.toFixed(3),
    'p95 ms': p95.toFixed(3),
    'recall@10': recall.toFixed(4),
    // A cascade does not read all of its bytes.
    'of bandwidth': name.startsWith('planes') ? '' : `${((100 * rows * bytes) / 1e6 / p50 / bandwidth).toFixed(0)} %`,
  })),
);
