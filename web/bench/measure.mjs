// SPDX-License-Identifier: Apache-2.0
// What scan.mjs measures, in Node or in a page: any copy of the package, one codec after the other.
import { clusteredRows } from './law.mjs';

const k = 10;
const queryCount = 100;
const sliceRows = 10_000;

export const forms = [
  { name: 'f32', codec: 'f32' },
  { name: 'int8', codec: 'int8' },
  ...[0.9, 0.95, 0.99].map((recall) => ({ name: `planes, recall ${recall}`, codec: 'planes', recall })),
  { name: 'planes12, recall 0.99', codec: 'planes12', recall: 0.99 },
];

const percentile = (sorted, part) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];

/** The same rows again, a slice at a time, after the queries. */
function data(rows, dims) {
  const take = clusteredRows(dims);
  const queries = take(queryCount);
  function* slices() {
    for (let first = 0; first < rows; first += sliceRows) yield { first, values: take(Math.min(sliceRows, rows - first)) };
  }
  return { queries, slices };
}

/** Of each query the ids that are right: their exact score is within 1e-6 of the tenth, for near-equal ones swap with any order of summation. */
export async function exactNeighbours({ Index }, rows, dims) {
  const { queries, slices } = data(rows, dims);
  const best = Array.from({ length: queryCount }, () => []);
  for (const { first, values } of slices()) {
    const index = await Index.create({ dims, codec: 'f32' });
    const count = values.length / dims;
    await index.addMany(
      [...Array(count).keys()].map((i) => first + i),
      values,
    );
    const found = await index.searchMany(queries, { k: 3 * k });
    for (const [i, hits] of found.entries()) best[i] = [...best[i], ...hits].sort((a, b) => b.score - a.score).slice(0, 3 * k);
    index.dispose();
  }
  return best.map((hits) => hits.filter(({ score }) => score >= hits[k - 1].score - 1e-6).map(({ id }) => id));
}

/** Milliseconds of single searches after warming up, recall@10, bytes an item in the file, seconds of building. */
export async function measure({ Index }, { name, codec, recall }, rows, dims, exact, seconds = 3) {
  const { queries, slices } = data(rows, dims);
  const index = await Index.create({ dims, codec });
  let build = 0;
  for (const { first, values } of slices()) {
    const ids = [...Array(values.length / dims).keys()].map((i) => first + i);
    const start = performance.now();
    await index.addMany(ids, values);
    build += performance.now() - start;
  }
  const options = recall === undefined ? { k } : { k, recall };
  const queryOf = (i) => queries.subarray((i % queryCount) * dims, ((i % queryCount) + 1) * dims);
  let right = 0;
  for (let i = 0; i < queryCount; i++) {
    const hits = await index.search(queryOf(i), options);
    right += hits.filter(({ id }) => exact[i].includes(id)).length;
  }
  const times = [];
  const end = performance.now() + 1000 * seconds;
  for (let i = 0; performance.now() < end || i < queryCount; i++) {
    const query = queryOf(i);
    const start = performance.now();
    await index.search(query, options);
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  const bytes = index.toBytes().length / rows;
  index.dispose();
  return {
    name,
    bytes,
    build: build / 1000,
    p50: percentile(times, 0.5),
    p95: percentile(times, 0.95),
    recall: right / (k * queryCount),
  };
}

/** The k best by inner product, as one would write it without a library. */
export function plainScan(values, dims, query) {
  const best = [];
  for (let row = 0, at = 0; at < values.length; row++, at += dims) {
    let score = 0;
    for (let i = 0; i < dims; i++) score += values[at + i] * query[i];
    if (best.length === k && score <= best[k - 1].score) continue;
    best.push({ row, score });
    best.sort((a, b) => b.score - a.score);
    best.length = Math.min(best.length, k);
  }
  return best;
}

/** The median of `rounds` plain scans, in milliseconds. */
export function timePlainScan(rows, dims, rounds = 15) {
  const take = clusteredRows(dims);
  const queries = take(queryCount);
  const values = take(rows);
  const times = [];
  for (let round = -2; round < rounds; round++) {
    const start = performance.now();
    plainScan(values, dims, queries.subarray((round + 2) * dims, (round + 3) * dims));
    if (round >= 0) times.push(performance.now() - start);
  }
  return percentile(
    times.sort((a, b) => a - b),
    0.5,
  );
}
