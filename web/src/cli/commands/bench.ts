// SPDX-License-Identifier: Apache-2.0
import { Index } from '../../index.js';
import type { Command } from '../command.js';
import { indexOptions } from '../command.js';
import type { Matrix } from '../formats/matrix.js';
import { readVectors } from '../formats/vectors.js';
import { createIndex, createOptionsOf } from '../indexes.js';
import type { Arguments } from '../options.js';
import { bytesText, type Terminal } from '../terminal.js';

const clusters = 100; // vectors without any order are unlike what models make

export const bench: Command = {
  name: 'bench',
  summary: 'how fast building, loading and searching are here',
  usage: '[VECTORS]',
  positionals: [0, 1],
  options: {
    rows: { type: 'string', value: 'N', help: 'without a file: so many made up vectors (20000)' },
    dims: { type: 'string', value: 'N', help: 'without a file: of so many dims (384)' },
    queries: { type: 'string', value: 'N', help: 'how many searches (200)' },
    k: { type: 'string', short: 'k', value: 'N', help: 'hits of each (10)' },
    seed: { type: 'string', value: 'N', help: 'of the made up vectors and of the choice of queries (1)' },
    ...indexOptions,
  },
  examples: ['simile bench', 'simile bench --rows 200000 --dims 384 --codec rabitq4', 'simile bench vectors.npy --json'],
  run,
};

async function run(args: Arguments, terminal: Terminal): Promise<void> {
  const [file] = args.positionals;
  const random = mulberry(args.whole('seed', 0, 1));
  const k = args.whole('k', 1, 10);
  const matrix =
    file === undefined ? madeUp(args.whole('rows', 1, 20_000), args.whole('dims', 1, 384), random) : await readVectors(file, {});
  const queries = queriesOf(matrix, args.whole('queries', 1, 200), random);
  const ids = Array.from({ length: matrix.rows }, (_, row) => row);

  const index = await createIndex(matrix.dims, { zeroVectors: 'allow', ...createOptionsOf(args) });
  const [, build] = await timed(() => index.addMany(ids, matrix.values, { onProgress: terminal.progress('building') }));
  const [bytes, save] = await timed(async () => index.toBytes());
  const [loaded, load] = await timed(() => Index.fromBytes(bytes));
  loaded.dispose();
  const exact = await createIndex(matrix.dims, { codec: 'f32', similarity: index.similarity, zeroVectors: 'allow' });
  await exact.addMany(ids, matrix.values);
  const times: number[] = [];
  let shared = 0;
  let wanted = 0;
  const onProgress = terminal.progress('searching');
  for (const [i, query] of queries.entries()) {
    const [hits, time] = await timed(() => index.search(query, { k }));
    times.push(time);
    const best = await exact.search(query, { k });
    const found = new Set(hits.map(({ id }) => id));
    shared += best.filter(({ id }) => found.has(id)).length;
    wanted += best.length;
    onProgress({ loaded: i + 1, total: queries.length });
  }
  times.sort((a, b) => a - b);
  const at = (share: number): number => round(times[Math.min(times.length - 1, Math.floor(share * times.length))] as number);
  const report = {
    rows: matrix.rows,
    dims: matrix.dims,
    codec: index.codec,
    similarity: index.similarity,
    queries: queries.length,
    k,
    buildMs: round(build),
    saveMs: round(save),
    loadMs: round(load),
    bytes: bytes.length,
    searchP50Ms: at(0.5),
    searchP99Ms: at(0.99),
    recall: round(shared / wanted),
  };
  await terminal.result(report, () => [
    `${report.rows.toLocaleString('en')} vectors of ${report.dims} dims, ${report.codec}, ${report.similarity}`,
    `build   ${report.buildMs} ms (${Math.round((1000 * report.rows) / build).toLocaleString('en')} vectors/s)`,
    `save    ${report.saveMs} ms, ${bytesText(report.bytes)}`,
    `load    ${report.loadMs} ms`,
    `search  p50 ${report.searchP50Ms} ms, p99 ${report.searchP99Ms} ms over ${report.queries} queries, k = ${k}`,
    `recall  ${report.recall} of the exact ${k} best`,
  ]);
}

const round = (x: number): number => Number(x.toPrecision(4));

async function timed<T>(work: () => Promise<T>): Promise<[T, number]> {
  const start = performance.now();
  const result = await work();
  return [result, performance.now() - start];
}

/** Mulberry32: the same numbers for the same seed, everywhere. */
function mulberry(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = state;
    x = Math.imul(x ^ (x >>> 15), x | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Nearly normal: the sum of four. */
const normal = (random: () => number): number => (random() + random() + random() + random() - 2) * Math.sqrt(3);

function madeUp(rows: number, dims: number, random: () => number): Matrix {
  const centres = Float32Array.from({ length: clusters * dims }, () => normal(random));
  const values = new Float32Array(rows * dims);
  for (let row = 0; row < rows; row++) {
    const centre = Math.floor(random() * clusters) * dims;
    for (let i = 0; i < dims; i++) values[row * dims + i] = (centres[centre + i] as number) + normal(random);
  }
  return { rows, dims, values };
}

/** Rows with a little noise. */
function queriesOf({ rows, dims, values }: Matrix, count: number, random: () => number): Float32Array[] {
  return Array.from({ length: rows === 0 ? 0 : count }, () => {
    const row = Math.floor(random() * rows);
    const query = values.slice(row * dims, (row + 1) * dims);
    const length = Math.sqrt(query.reduce((sum, x) => sum + x * x, 0) / dims);
    return query.map((x) => x + 0.5 * length * normal(random));
  });
}
