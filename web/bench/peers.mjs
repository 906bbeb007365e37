// SPDX-License-Identifier: Apache-2.0
// What we do beside what others do, in one run: vectors at several sizes, then short texts, in Node and in a real Chromium.
//   npm ci --ignore-scripts --prefix bench/peers && node bench/peers.mjs [--rows 50000,200000] [--texts 100000] [--dims DIMS] [--data FILE.npy]
//     [--part vectors|texts] [--only WORD] [--node] [--chromium] [--seconds SECONDS of searching] [--limit SECONDS of a half] [--json]
// Every library, size and runtime has two processes (or browsers): one builds and searches, the other one goes from the saved bytes to the first hits.
import { existsSync, rmSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { exactNeighbours, recallOf, textSource, vectorSource } from './peers/data.mjs';
import { chromiumRuntime } from './peers/in-chromium.mjs';
import { nodeRuntime } from './peers/in-node.mjs';
import { buildSite } from './peers/pagefind-site.mjs';

const { values: options } = parseArgs({
  options: {
    rows: { type: 'string', default: '50000,200000' },
    texts: { type: 'string', default: '100000' },
    dims: { type: 'string', default: '384' },
    data: { type: 'string' },
    part: { type: 'string', default: '' },
    only: { type: 'string', default: '' },
    node: { type: 'boolean', default: false },
    chromium: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '3' },
    limit: { type: 'string', default: '300' },
    json: { type: 'boolean', default: false },
  },
});
const [seconds, limit, textRows] = [options.seconds, options.limit, options.texts].map(Number);
const sizes = options.rows.split(',').map(Number);
const adapters = fileURLToPath(new URL('peers/adapters', import.meta.url));

const refuse = (why) => {
  console.error(why);
  process.exit(1);
};
if (![seconds, limit, textRows, ...sizes].every((n) => n > 0))
  refuse('--rows, --texts, --seconds and --limit are numbers above 0');
if (!['', 'vectors', 'texts'].includes(options.part)) refuse(`--part is vectors or texts, not ${options.part}`);
if (!existsSync(join(adapters, '../node_modules'))) refuse('the peers are missing: npm ci --ignore-scripts --prefix bench/peers');
const say = (text) => (options.json ? console.error(text) : console.log(text));

/** Ours first, and by what they search. */
async function contestsOf(part) {
  const names = ['simile.mjs', ...(await readdir(adapters)).filter((name) => name !== 'simile.mjs')];
  const lists = names.map(async (module) => {
    const { contests } = await import(`./peers/adapters/${module}`);
    return Object.entries(contests).map(([name, { of, isPrepared }]) => ({ module, name, of, isPrepared }));
  });
  const word = options.only.toLowerCase();
  return (await Promise.all(lists)).flat().filter(({ name, of }) => of === part && name.toLowerCase().includes(word));
}

/** Both halves, one after the other. */
async function measured(runtime, contest, job, texts) {
  const whole = { ...contest, ...job, seconds };
  if (contest.isPrepared) {
    const site = await buildSite(join(job.folder, 'site'), texts, limit);
    return site.failed ? site : { ...site, ...(await runtime.measure({ ...whole, phase: 'first' }, limit)) };
  }
  await rm(join(job.folder, 'saved'), { force: true });
  const built = await runtime.measure({ ...whole, phase: 'build' }, limit);
  if (built.failed || built.unsaved) return built;
  const { load, first, fetched, failed } = await runtime.measure({ ...whole, phase: 'first' }, limit);
  return { ...built, load, first, fetched, unsaved: failed };
}

const digits = (x, n) => (x === undefined ? '' : x.toFixed(n));
const columns = {
  search: ({ name }) => name,
  in: ({ runtime }) => runtime.split(' ')[0],
  rows: ({ rows }) => rows,
  'build s': ({ build }) => digits(build, 2),
  'saved MB': ({ bytes, unsaved }) => (bytes === undefined ? (unsaved ?? '') : digits(bytes / 1e6, 1)),
  'load ms': ({ load }) => digits(load, 0),
  'first result ms': ({ first }) => digits(first, 0),
  'fetched MB': ({ fetched }) => digits(fetched && fetched / 1e6, 2),
  'p50 ms': ({ p50, failed }) => failed ?? digits(p50, 2),
  'p99 ms': ({ p99 }) => digits(p99, 2),
  'recall@10': ({ recall }) => digits(recall, 4),
};
const line = (cells) => `| ${cells.join(' | ')} |`;
const lines = [];

function report(result) {
  lines.push(result);
  say(line(Object.values(columns).map((cell) => cell(result))));
}

/** One library after the other, in every runtime. */
async function compete(part, rows, runtimes, source, folder) {
  const { dims, queries } = source;
  const values = source.first(rows);
  const count = values.length / dims;
  const texts = part === 'texts' ? textSource(count) : { texts: [], queries: Array(queries.length / dims).fill('') };
  await writeFile(join(folder, 'rows.f32'), new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  await writeFile(join(folder, 'queries.f32'), new Uint8Array(queries.buffer, queries.byteOffset, queries.byteLength));
  await writeFile(join(folder, 'texts.json'), JSON.stringify(texts));
  const right = part === 'vectors' ? exactNeighbours(values, queries, dims) : undefined;
  for (const contest of await contestsOf(part)) {
    for (const runtime of runtimes) {
      if (contest.isPrepared && runtime.where.startsWith('Node')) continue; // for pages alone
      const found = { name: contest.name, runtime: runtime.where, rows: count };
      const { found: ids, ...result } = await measured(runtime, contest, { dims, rows: count, folder }, texts.texts);
      report({ ...found, ...result, recall: right && ids ? recallOf(ids, right) : undefined });
    }
  }
}

const folder = await mkdtemp(join(tmpdir(), 'simile-peers-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
const both = options.node === options.chromium;
const runtimes = [];
if (both || options.node) runtimes.push(nodeRuntime());
if (both || options.chromium) runtimes.push(await chromiumRuntime(folder));
const parts = { vectors: sizes, texts: [textRows] };
const chosen = Object.entries(parts).filter(([part]) => part.includes(options.part));
const source = vectorSource(options.data, Number(options.dims), Math.max(...chosen.flatMap(([, rows]) => rows)));
say(`${cpus()[0]?.model}, ${runtimes.map(({ where }) => where).join(', ')}, ${source.dims} dims, k = 10, one query at a time\n`);
say(`${line(Object.keys(columns))}\n${line(Object.keys(columns).map(() => '---'))}`);
for (const [part, list] of chosen) for (const rows of list) await compete(part, rows, runtimes, source, folder);
if (lines.length === 0) refuse(`nothing is called ${options.only}`);
if (options.json) console.log(JSON.stringify(lines));
for (const runtime of runtimes) runtime.close();
