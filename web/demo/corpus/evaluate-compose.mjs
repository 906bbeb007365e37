// SPDX-License-Identifier: Apache-2.0
// The numbers behind src/worker/reading.ts.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { composeQuery, Index, weightedSum } from 'simile';
import { dims } from '../src/encoder/encoder.js';
import { createNodeEncoder } from '../src/encoder/node.js';
import { readEntries, textOf } from './entries.mjs';
import { readNpy } from './npy.mjs';

/** @typedef {import('./wordnet.mjs').Synset} Synset */

const shown = 10;

/** a - b + c, and what one would expect. @type {readonly [string, string, string, string[]][]} */
const sums = [
  ['king', 'man', 'woman', ['queen']],
  ['uncle', 'man', 'woman', ['aunt']],
  ['puppy', 'dog', 'cat', ['kitten']],
  ['waiter', 'man', 'woman', ['waitress']],
  ['kitten', 'cat', 'dog', ['puppy']],
  ['actor', 'man', 'woman', ['actress']],
  ['lion', 'cat', 'dog', ['wolf']],
  ['winter', 'cold', 'hot', ['summer']],
  ['bird', 'air', 'water', ['fish']],
  ['hospital', 'patient', 'student', ['school']],
  ['brother', 'boy', 'girl', ['sister']],
  ['pilot', 'airplane', 'ship', ['captain', 'sailor']],
  ['wine', 'grape', 'apple', ['cider']],
];

/** @param {string} corpus */
async function openCorpus(corpus) {
  /** @type {import('./entries.mjs').EntryColumns} */
  const { words, definition, id } = JSON.parse(readFileSync(join(corpus, 'entries.json'), 'utf8'));
  const { values, rows } = await readNpy(join(corpus, 'vectors.npy'));
  const index = await Index.create({ dims, codec: 'int8' });
  await index.addMany(Array.from({ length: rows }, (_, row) => row), values);
  const encoder = await createNodeEncoder();
  const embed = async (/** @type {readonly string[]} */ texts) => {
    const matrix = await encoder.embed(texts);
    return texts.map((_, row) => matrix.subarray(row * dims, (row + 1) * dims));
  };
  return { index, words, definition, id, embed };
}

/** How many sums have an expected word first: terms as letters, as the first meaning, as both. @param {string} corpus */
export async function evaluateSums(corpus) {
  const { index, words, definition, embed } = await openCorpus(corpus);
  const rowOf = (/** @type {string} */ word) => words.findIndex((list) => list.some((other) => other.toLowerCase() === word));
  const first = { letters: 0, meanings: 0, both: 0 };
  for (const [a, b, c, expected] of sums) {
    const terms = [a, b, c];
    const letters = await embed(terms);
    const meanings = await embed(terms.map((word) => textOf({ words: words[rowOf(word)], definition: definition[rowOf(word)] })));
    const forms = { letters, meanings, both: letters.map((vector, i) => weightedSum([vector, meanings[i]])) };
    for (const [name, vectors] of Object.entries(forms)) {
      const hits = await index.search(weightedSum(vectors, [1, -1, 1]), { k: 40 });
      const best = hits.map(({ id }) => words[Number(id)]).find((list) => !list.some((word) => terms.includes(word.toLowerCase())));
      if (best?.some((word) => expected.includes(word))) first[/** @type {keyof typeof first} */ (name)]++;
    }
  }
  console.log(`Sums of words, expected word first of ${sums.length}: letters ${first.letters}, meanings ${first.meanings}, both ${first.both}`);
}

/** Kinds of things of which one sort is not wanted: rows of the kind, and of the sort. @param {readonly string[]} ids */
function kindsAndSorts(ids) {
  const all = readEntries();
  const rowOf = new Map(ids.map((id, row) => [id, row]));
  /** @type {Map<string, Synset[]>} */
  const below = new Map();
  for (const synset of all) {
    for (const { symbol, target } of synset.pointers) if (symbol === '@') below.set(target, [...(below.get(target) ?? []), synset]);
  }
  /** @type {Map<string, Set<number>>} */
  const known = new Map();
  /** @type {(id: string) => Set<number>} */
  const rowsUnder = (id) => {
    const rows = known.get(id) ?? new Set();
    if (known.has(id)) return rows;
    known.set(id, rows);
    const own = rowOf.get(id);
    if (own !== undefined) rows.add(own);
    for (const child of below.get(id) ?? []) for (const row of rowsUnder(child.id)) rows.add(row);
    return rows;
  };
  return all.slice(0, ids.length).filter(({ pos }) => pos === 'noun').flatMap((kind) => {
    const rows = rowsUnder(kind.id);
    if (rows.size < 20 || rows.size > 400) return [];
    return (below.get(kind.id) ?? []).flatMap((sort) => {
      const unwanted = rowsUnder(sort.id);
      return rowOf.has(sort.id) && unwanted.size >= 5 && unwanted.size <= rows.size / 2 ? [{ kind, sort, rows, unwanted }] : [];
    });
  });
}

const chance = (/** @type {string} */ text) => createHash('sha256').update(text).digest('hex');

/** What part of the first ten is of the sort that is not wanted, and of the others. @param {string} corpus */
export async function evaluateWithout(corpus) {
  const { index, id, embed } = await openCorpus(corpus);
  const cases = kindsAndSorts(id)
    .map((one) => ({ ...one, key: chance(one.kind.id + one.sort.id) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .slice(0, 100);
  /** @type {Record<string, import('simile').Composition>} */
  const ways = {};
  const vectors = await embed(cases.flatMap(({ kind, sort }) => [`a kind of ${kind.words[0]}`, sort.words[0]]));
  const weights = [0.3, 0.4, 0.5, 0.6, 0.7, 1];
  const counts = new Map(['without it', ...weights.map((weight) => `minus ${weight}`), 'projected away'].map((name) => [name, [0, 0]]));
  for (const [i, { rows, unwanted }] of cases.entries()) {
    const [query, not] = [vectors[2 * i], vectors[2 * i + 1]];
    for (const weight of weights) ways[`minus ${weight}`] = { minus: [{ vector: not, weight }] };
    ways['projected away'] = { without: [not] };
    ways['without it'] = {};
    for (const [name, sum] of counts) {
      for (const hit of await index.search(composeQuery(query, ways[name]), { k: shown })) {
        if (unwanted.has(Number(hit.id))) sum[0]++;
        else if (rows.has(Number(hit.id))) sum[1]++;
      }
    }
  }
  const part = (/** @type {number} */ sum) => (sum / (shown * cases.length)).toFixed(3);
  console.log(`"But not", ${cases.length} kinds of things of which one sort is not wanted, parts of the first ten:`);
  for (const [name, [bad, good]] of counts) console.log(`  ${name.padEnd(15)} not wanted ${part(bad)}, wanted ${part(good)}`);
}
