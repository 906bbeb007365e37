// SPDX-License-Identifier: Apache-2.0
// Whole searches in WebAssembly against the read bandwidth of the same machine, measured in the same run, and against plain JavaScript.
//   npm run bench [-- rows dims]

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Index, init } from 'simile';
import wabt from 'wabt';

const [rows = 50_000, dims = 384] = process.argv.slice(2).map(Number);
const rounds = 15;
const queryCount = 100;
const k = 10;

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** Milliseconds: the median and the spread (largest minus smallest) of `rounds` runs, after two that do not count. */
async function timed(run) {
  const times = [];
  for (let round = -2; round < rounds; round++) {
    const start = performance.now();
    await run(round + 2);
    if (round >= 0) times.push(performance.now() - start);
  }
  return { ms: median(times), spread: Math.max(...times) - Math.min(...times) };
}

/** A function that reads 256 MiB of WebAssembly memory, 64 bytes a step. */
async function readerOf256MiB() {
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
  return exports.read;
}

/** The k best by inner product, as one would write it without a library. */
function plainScan(data, query) {
  const best = [];
  for (let row = 0; row < rows; row++) {
    let score = 0;
    for (let i = 0, at = row * dims; i < dims; i++) score += data[at + i] * query[i];
    if (best.length === k && score <= best[k - 1].score) continue;
    best.push({ row, score });
    best.sort((a, b) => b.score - a.score);
    best.length = Math.min(best.length, k);
  }
  return best;
}

/** Uniform in (0, 1): a multiplicative generator will do here, for 64-bit integers are slow in JavaScript. */
let state = 1;
function uniform() {
  state = (Math.imul(state, 48271) >>> 0) | 1;
  return (state >>> 0) / 2 ** 32;
}
const gaussian = () => Math.sqrt(-2 * Math.log(uniform() || 2 ** -33)) * Math.cos(2 * Math.PI * uniform());

function normalize(row) {
  const length = Math.hypot(...row);
  for (let i = 0; i < row.length; i++) row[i] /= length;
}

/** Unit vectors around 500 centres, as embeddings lie, with noise of 0.9 of the centres' length that falls along the axes. */
function clusteredRows(centres, count) {
  const spread = Float64Array.from({ length: dims }, (_, i) => (i + 1) ** -0.35);
  const scale = 0.9 / Math.hypot(...spread);
  const out = new Float32Array(count * dims);
  for (let r = 0; r < count; r++) {
    const row = out.subarray(r * dims, (r + 1) * dims);
    const centre = Math.floor(uniform() * 500) * dims;
    for (let i = 0; i < dims; i++) row[i] = centres[centre + i] + scale * spread[i] * gaussian();
    normalize(row);
  }
  return out;
}

const centres = Float32Array.from({ length: 500 * dims }, gaussian);
for (let c = 0; c < 500; c++) normalize(centres.subarray(c * dims, (c + 1) * dims));
const allQueries = clusteredRows(centres, queryCount);
const data = clusteredRows(centres, rows);
const queryOf = (round) => allQueries.subarray((round % queryCount) * dims, ((round % queryCount) + 1) * dims);

const read = await readerOf256MiB();
const bandwidth = 2 ** 28 / 1e6 / (await timed(read)).ms;
const core = await init();
console.log(`${cpus()[0].model}, Node ${process.versions.node}, build ${core.simd}, relaxed dot ${core.relaxedDot}`);
console.log(`${rows} x ${dims}, one thread, medians of ${rounds * queryCount} searches; GB = 10^9 bytes`);
console.log(`read bandwidth in WebAssembly: ${bandwidth.toFixed(1)} GB/s`);
const native = fileURLToPath(new URL('../../build/release/bench/read_bandwidth', import.meta.url));
if (existsSync(native)) console.log(`read bandwidth natively: ${execFileSync(native, { encoding: 'utf8' }).trim()}`);

/** Milliseconds of each search, the hits of the first round, and the median. */
async function searches(search) {
  const times = [];
  const found = [];
  for (let i = 0; i < 20; i++) await search(queryOf(i));
  for (let round = 0; round < rounds; round++)
    for (let i = 0; i < queryCount; i++) {
      const start = performance.now();
      const ids = await search(queryOf(i));
      times.push(performance.now() - start);
      if (round === 0) found.push(ids);
    }
  return { ms: median(times), found };
}

let exact;
const lines = [];
function report(name, bytes, build, { ms, found }) {
  exact ??= found;
  const right = found.reduce((sum, ids, i) => sum + ids.filter((id) => exact[i].includes(id)).length, 0);
  lines.push({
    search: name,
    'bytes/row': bytes.toFixed(0),
    'build s': build.toFixed(2),
    'p50 ms': ms.toFixed(3),
    'recall@10': (right / (k * queryCount)).toFixed(4),
    'of bandwidth': `${((100 * rows * bytes) / 1e6 / ms / bandwidth).toFixed(0)} %`,
  });
}

for (const codec of ['f32', 'f16', 'int8', 'planes']) {
  const index = await Index.create({ dims, codec });
  const start = performance.now();
  await index.addMany(
    Array.from({ length: rows }, (_, i) => i),
    data,
  );
  const build = (performance.now() - start) / 1000;
  const bytes = index.byteLength / rows;
  report(
    `simile ${codec}`,
    bytes,
    build,
    await searches(async (query) => (await index.search(query, { k })).map(({ id }) => id)),
  );
  index.dispose();
}
const plain = await timed((round) => plainScan(data, queryOf(round)));
const plainFound = Array.from({ length: queryCount }, (_, i) => plainScan(data, queryOf(i)).map(({ row }) => row));
report('plain JavaScript, Float32Array', 4 * dims, 0, { ms: plain.ms, found: plainFound });
console.table(lines);
