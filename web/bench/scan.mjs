// SPDX-License-Identifier: Apache-2.0
// Whole scans in WebAssembly against the read bandwidth of the same machine, measured in the same run, and against plain JavaScript.
//   npm run bench [-- rows dims]

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Index, init } from 'simile';
import wabt from 'wabt';

const [rows = 100_000, dims = 384] = process.argv.slice(2).map(Number);
const rounds = 15;
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

// A multiplicative generator will do here: 64-bit integers are slow in JavaScript.
let state = 1;
const data = Float32Array.from({ length: rows * dims }, () => {
  state = (Math.imul(state, 48271) >>> 0) | 1;
  return state / 2 ** 31 - 1;
});
const queries = Array.from({ length: 8 }, (_, i) => data.slice(i * dims, (i + 1) * dims));
const queryOf = (round) => queries[round % queries.length];

const read = await readerOf256MiB();
const bandwidth = 2 ** 28 / 1e6 / (await timed(read)).ms;
const core = await init();
console.log(`${cpus()[0].model}, Node ${process.versions.node}, build ${core.simd}, relaxed dot ${core.relaxedDot}`);
console.log(`${rows} x ${dims}, one thread, medians of ${rounds}; GB = 10^9 bytes of codes`);
console.log(`read bandwidth in WebAssembly: ${bandwidth.toFixed(1)} GB/s`);
const native = fileURLToPath(new URL('../../build/release/bench/read_bandwidth', import.meta.url));
if (existsSync(native)) console.log(`read bandwidth natively: ${execFileSync(native, { encoding: 'utf8' }).trim()}`);

const lines = [];
const report = (name, bytes, { ms, spread }) => {
  const rate = (rows * bytes) / 1e6 / ms;
  lines.push({
    scan: name,
    'bytes/row': bytes,
    ms: ms.toFixed(2),
    spread: spread.toFixed(2),
    'GB/s': rate.toFixed(1),
    'of bandwidth': `${((100 * rate) / bandwidth).toFixed(0)} %`,
  });
};

// What a scan reads: codes and one factor a row; of planes the first plane and its factor.
const bytes = { f32: 4 * dims, f16: 2 * dims, int8: dims + 4, planes: Math.ceil(dims / 8) + 4 };
for (const codec of ['f32', 'int8', 'planes']) {
  const index = await Index.create({ dims, codec });
  await index.addMany(
    Array.from({ length: rows }, (_, i) => i),
    data,
  );
  report(`simile ${codec}`, bytes[codec], await timed((round) => index.search(queryOf(round), { k })));
  index.dispose();
}
report('plain JavaScript, Float32Array', 4 * dims, await timed((round) => plainScan(data, queryOf(round))));
console.table(lines);
