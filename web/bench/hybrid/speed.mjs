// SPDX-License-Identifier: Apache-2.0
import { cpus } from 'node:os';
import MiniSearch from 'minisearch';
import { Index, init } from 'simile';
import { TextIndex } from 'simile/text';
import { hybridSearch, sampleOf } from './chosen.mjs';
import { percentile } from './statistics.mjs';
import { madeTexts, queryOf, random } from './texts.mjs';

/** Vectors around 1,000 centres. */
function madeVectors(rows, dims, next) {
  const centres = Float32Array.from({ length: 1000 * dims }, () => next() + next() + next() - 1.5);
  const out = new Float32Array(rows * dims);
  for (let row = 0; row < rows; row++) {
    const centre = Math.floor(1000 * next()) * dims;
    for (let i = 0; i < dims; i++) out[row * dims + i] = centres[centre + i] + 1.5 * (next() + next() - 1);
  }
  return out;
}

async function timed(queries, run) {
  const times = [];
  for (const query of queries) {
    const start = performance.now();
    await run(query);
    times.push(performance.now() - start);
  }
  return times;
}

export async function measureSpeed(rows, dims, count, depth) {
  const next = random(7);
  const texts = madeTexts(rows, next);
  const vectors = madeVectors(rows, dims, next);
  const ids = [...texts.keys()];
  const queries = Array.from({ length: count }, () => {
    const row = Math.floor(rows * next());
    return {
      text: queryOf(texts[row], next),
      vector: vectors.subarray(row * dims, (row + 1) * dims).map((x) => x + next() - 0.5),
    };
  });
  const built = {};
  const build = async (name, work) => {
    const start = performance.now();
    const out = await work();
    built[name] = performance.now() - start;
    return out;
  };
  const index = await Index.create({ dims });
  await build('vectors', () => index.addMany(ids, vectors));
  const words = await TextIndex.create();
  await build('words', () => words.addMany(texts));
  const mini = await build('MiniSearch', () => {
    const out = new MiniSearch({ fields: ['text'] });
    out.addAll(texts.map((text, id) => ({ id, text })));
    return out;
  });

  const byVector = ({ vector }) => index.search(vector, { k: depth });
  const byWords = ({ text }) => words.search(text, { k: depth });
  const sample = sampleOf(rows);
  const hybrid = (query) => hybridSearch(index, words, sample, query, { k: 10, candidates: depth });
  const contestants = [
    [`words (BM25, ${depth} hits)`, byWords, `${built.words.toFixed(0)} ms, ${(words.byteLength / 1e6).toFixed(1)} MB`],
    [`vectors (planes, ${depth} hits)`, byVector, `${built.vectors.toFixed(0)} ms, ${(index.byteLength / 1e6).toFixed(1)} MB`],
    ['hybrid (both, fused, 10 hits)', hybrid, ''],
    ['MiniSearch (words, all hits)', ({ text }) => mini.search(text), `${built.MiniSearch.toFixed(0)} ms`],
  ];
  const { simd } = await init();
  console.log(
    `\n## ${rows} texts of 6 to 18 words, ${dims} dims, queries of 3 words: ${cpus()[0]?.model}, Node ${process.versions.node}, ${simd}, one thread\n`,
  );
  console.log('| search | p50 ms | p99 ms | built in, holds |\n|---|---|---|---|');
  for (const [name, run, held] of contestants) {
    await timed(queries.slice(0, 20), run); // compiles
    const times = await timed(queries, run);
    console.log(`| ${name} | ${percentile(times, 0.5).toFixed(2)} | ${percentile(times, 0.99).toFixed(2)} | ${held} |`);
  }
}
