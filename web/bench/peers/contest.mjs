// SPDX-License-Identifier: Apache-2.0
// What is measured of one library, in Node or in a page. An adapter's `contests` says by name what to measure:
//   of       'vectors' or 'texts'
//   start    imports the library and gives { build(docs), save(), load(bytes), search(query) }, each perhaps a promise; save gives bytes, search the
//            ids (rows) of the 10 best. docs: { rows, dims, values, texts }; query: { vector, text }
//   isPrepared  there is nothing to build or to save in a page: a program has done it (pagefind-site.mjs)
import { percentile } from '../hybrid/statistics.mjs';

export const k = 10;
const leastSamples = 100;

const clock = () => performance.now();

/**
 * Milliseconds of single searches, one after the other, for some seconds, after one round of all queries that tells what they find. Of what is slow
 * fewer are asked: either round ends after ten times as many seconds, at least one.
 */
export async function timeSearches(engine, queries, seconds) {
  const patience = () => clock() + 1000 * Math.max(1, 10 * seconds);
  const found = [];
  let end = patience();
  for (const query of queries) {
    if (found.length > 0 && clock() > end) break;
    found.push(Array.from(await engine.search(query), Number).slice(0, k));
  }
  const times = [];
  const enough = clock() + 1000 * seconds;
  end = patience();
  for (let i = 0; clock() < enough || (times.length < leastSamples && clock() < end); i++) {
    const query = queries[i % queries.length];
    const start = clock();
    await engine.search(query);
    times.push(clock() - start);
  }
  return { found, p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
}

/** Seconds of building, then searches, and at last the bytes to keep. */
async function buildAndSearch({ start }, runtime, docs, queries, seconds) {
  const engine = await start(runtime);
  const begin = clock();
  await engine.build(docs);
  const build = (clock() - begin) / 1000;
  const searched = await timeSearches(engine, queries, seconds);
  try {
    return { build, ...searched, saved: await engine.save() };
  } catch (error) {
    return { build, ...searched, unsaved: messageOf(error) };
  }
}

/** Milliseconds from the bytes to the first hits, where nothing of the library has been loaded yet. */
async function firstResult(adapter, name, runtime, saved, query) {
  const begin = clock();
  const { contests } = await adapter();
  const engine = await contests[name].start(runtime);
  await engine.load(saved);
  const load = clock() - begin;
  await engine.search(query);
  return { load, first: clock() - begin, engine };
}

/**
 * One half of a measurement; each has a process or a browser of its own.
 * @param job - `name` of the contest, `phase` build or first, `seconds` of searching, `isPrepared` if there is nothing to build
 * @param io - where it runs: adapter(), runtime, docs(), queries(), saved(), keep(bytes), reached() when there is a first result
 */
export async function run({ name, phase, seconds, isPrepared }, io) {
  const queries = await io.queries();
  if (phase === 'build') {
    const { contests } = await io.adapter();
    const { saved, ...measured } = await buildAndSearch(contests[name], io.runtime, await io.docs(), queries, seconds);
    if (saved) await io.keep(saved);
    return { ...measured, bytes: saved?.length };
  }
  const { engine, ...measured } = await firstResult(io.adapter, name, io.runtime, await io.saved(), queries[0]);
  await io.reached?.();
  return isPrepared ? { ...measured, ...(await timeSearches(engine, queries, seconds)) } : measured;
}

/** As adapters take them. */
export const docsOf = ({ of, rows, dims }, values, { texts }) => ({
  rows,
  dims,
  values: values.subarray(0, rows * dims),
  ...(of === 'texts' && { texts: texts.slice(0, rows) }),
});

export const queriesOf = ({ dims }, vectors, { queries }) =>
  queries.map((text, i) => ({ text, vector: vectors.slice(i * dims, (i + 1) * dims) }));

export const messageOf = (error) => (error instanceof Error ? error.message : String(error)).split('\n')[0].slice(0, 120);
