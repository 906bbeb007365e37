// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { dims } from '../src/encoder/encoder.js';
import { createNodeEncoder } from '../src/encoder/node.js';
import { textOf } from './entries.mjs';
import { evaluateSums, evaluateWithout } from './evaluate-compose.mjs';
import { readNpy } from './npy.mjs';
import { progressLine } from './progress.mjs';
import { embedToFiles } from './vectors.mjs';
import { parseGloss } from './wordnet.mjs';

const help = `Usage: npm run evaluate -- [options]

Prints how well exact float32 search answers: the queries of test/queries.json over the corpus, and 1,000 definitions of
another dictionary when the shared data is there (SIMILE_SHARED, default ../shared beside the repository).

  --corpus DIR   default: .cache/corpus-default
  --verbose      also print the first answers to every query
  --compose      also sums of words, and what is found of kinds that are not wanted
  --texts        also embed the shared entries as the corpus is (about three minutes the first time)
  --help
`;

const here = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));
const sharedFolder = resolve(process.env.SIMILE_SHARED ?? here('../../../../shared'), 'data');

/** @param {Float32Array} matrix @param {number} row @param {Float32Array} query */
function dot(matrix, row, query) {
  let sum = 0;
  for (let i = 0, at = row * dims; i < dims; i++, at++) sum += matrix[at] * query[i];
  return sum;
}

/** Scores of all rows. @param {Float32Array} matrix @param {Float32Array} query */
const scoresOf = (matrix, query) => Float32Array.from({ length: matrix.length / dims }, (_, row) => dot(matrix, row, query));

/** Rows of the largest scores, the best first. @param {Float32Array} scores @param {number} k */
const best = (scores, k) => Array.from(scores.keys()).sort((a, b) => scores[b] - scores[a] || a - b).slice(0, k);

/** Rows that come before the best of the right ones. @param {Float32Array} scores @param {readonly number[]} right */
function rankOf(scores, right) {
  const top = right.reduce((a, b) => (scores[b] > scores[a] || (scores[b] === scores[a] && b < a) ? b : a));
  return scores.reduce((rank, score, row) => rank + Number(score > scores[top] || (score === scores[top] && row < top)), 0);
}

/** @param {Float32Array} matrix @param {number} row */
const rowOf = (matrix, row) => matrix.subarray(row * dims, (row + 1) * dims);

/** "R@1 0.155  R@10 0.324  R@100 0.526" @param {readonly number[]} ranks  Infinity: no right row @param {readonly number[]} depths */
const recalls = (ranks, depths) =>
  depths.map((k) => `R@${k} ${(ranks.filter((rank) => rank < k).length / ranks.length).toFixed(4)}`).join('  ');

/** @typedef {{ query: string, accept: string[] }} Query */

/** @param {string} corpus @param {boolean} verbose */
async function evaluateQueries(corpus, verbose) {
  /** @type {Query[]} */
  const queries = JSON.parse(readFileSync(here('../test/queries.json'), 'utf8'));
  /** @type {import('./entries.mjs').EntryColumns} */
  const { words } = JSON.parse(readFileSync(join(corpus, 'entries.json'), 'utf8'));
  const { values } = await readNpy(join(corpus, 'vectors.npy'));
  const encoder = await createNodeEncoder();
  const vectors = await encoder.embed(queries.map(({ query }) => query));
  const ranks = queries.map(({ query, accept }, i) => {
    const scores = scoresOf(values, rowOf(vectors, i));
    const right = words.flatMap((list, row) => (list.some((word) => accept.includes(word)) ? [row] : []));
    const rank = right.length ? rankOf(scores, right) : Number.POSITIVE_INFINITY;
    if (verbose || rank >= 10) {
      const place = right.length ? `place ${rank + 1}` : 'not in the corpus';
      console.log(`${query}\n    ${accept[0]}: ${place}; found ${best(scores, 6).map((row) => words[row][0]).join(', ')}`);
    }
    return rank;
  });
  const hits = ranks.filter((rank) => rank < 10).length;
  console.log(`Queries of visitors over ${words.length.toLocaleString('en-US')} entries: ${hits} of ${ranks.length} in the first ten  ${recalls(ranks, [1, 3, 10])}`);
}

/** @param {string} label @param {Float32Array} gallery @param {Float32Array} queries @param {readonly { rows: number[] }[]} answers */
function printDefinitions(label, gallery, queries, answers) {
  const ranks = answers.map(({ rows }, i) => rankOf(scoresOf(gallery, rowOf(queries, i)), rows));
  console.log(`${label}: ${recalls(ranks, [1, 10, 100])}`);
}

/** @param {boolean} withTexts */
async function evaluateDefinitions(withTexts) {
  if (!existsSync(sharedFolder)) return console.log(`SKIPPED: the definitions of another dictionary are not in ${sharedFolder}`);
  const answers = JSON.parse(readFileSync(join(sharedFolder, 'revdict1000.json'), 'utf8'));
  const { values: queries } = await readNpy(join(sharedFolder, 'use512-revdict1000.npy'));
  const { values: gallery } = await readNpy(join(sharedFolder, 'use512-wordnet20k.npy'));
  printDefinitions('1,000 definitions of another dictionary, shared vectors', gallery, queries, answers);
  if (!withTexts) return;
  /** @type {{ words: string[], gloss: string }[]} */
  const entries = JSON.parse(readFileSync(join(sharedFolder, 'wordnet20k-rows.json'), 'utf8'));
  const texts = entries.map(({ words, gloss }) => textOf({ words, definition: parseGloss(gloss).definition }));
  const files = await embedToFiles(texts, { folder: here('../.cache/vectors'), onProgress: progressLine('Embedding', process.stdout) });
  const own = new Float32Array(await new Blob(files.map((file) => readFileSync(file))).arrayBuffer());
  printDefinitions('the same, entries embedded as the corpus is', own, queries, answers);
}

const { values: options } = parseArgs({
  options: {
    corpus: { type: 'string', default: here('../.cache/corpus-default') },
    verbose: { type: 'boolean', default: false }, texts: { type: 'boolean', default: false },
    compose: { type: 'boolean', default: false }, help: { type: 'boolean' },
  },
});
if (options.help) console.log(help);
else if (!existsSync(options.corpus)) {
  console.error(`There is no corpus in ${options.corpus}: run npm run corpus first.`);
  process.exitCode = 1;
} else {
  await evaluateQueries(options.corpus, options.verbose);
  await evaluateDefinitions(options.texts);
  if (options.compose) {
    await evaluateSums(options.corpus);
    await evaluateWithout(options.corpus);
  }
}
