// SPDX-License-Identifier: Apache-2.0
// An index of texts beside a plain list of texts, for which BM25 is computed by its definition.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TextIndex } from 'simile/text';

const vocabulary = [
  'cat',
  'Cat',
  'dog',
  'the',
  '__proto__',
  'constructor',
  'Crème',
  '猫',
  '猫が好き',
  '👍',
  '\ud800',
  'x1',
  '',
  '-',
];
const text = fc.array(fc.constantFrom(...vocabulary), { maxLength: 12 }).map((words) => words.join(' '));
const fields = fc.array(fc.record({ text, weight: fc.integer({ min: 0, max: 3 }) }), { maxLength: 3 });
const anyText = fc.oneof(text, fields);
const query = fc.array(fc.constantFrom(...vocabulary, 'unknown'), { maxLength: 4 }).map((words) => words.join(' '));

/** Terms of a text, each as often as its field weighs. */
function termsOf(index, given) {
  const parts = typeof given === 'string' ? [{ text: given, weight: 1 }] : given;
  return parts.flatMap(({ text, weight }) => index.terms(text).flatMap(({ term }) => Array(weight).fill(term)));
}

const countOf = (term, terms) => terms.filter((t) => t === term).length;

function weightOf(f, length, mean, { scoring = 'bm25', k1 = 1.2, b = 0.75, delta }) {
  const norm = 1 - b + (b * length) / mean;
  if (scoring === 'bm25l') {
    const c = f / norm + (delta ?? 0.5);
    return (c * (k1 + 1)) / (c + k1);
  }
  return (f * (k1 + 1)) / (f + k1 * norm) + (scoring === 'bm25+' ? (delta ?? 1) : 0);
}

/** The score of every text with a term of the query. */
function scoresOf(docs, asked, options) {
  const mean = docs.reduce((sum, terms) => sum + terms.length, 0) / docs.length;
  const scores = new Map();
  for (const term of asked) {
    const n = docs.filter((terms) => terms.includes(term)).length;
    const idf = Math.log1p((docs.length - n + 0.5) / (n + 0.5));
    docs.forEach((terms, row) => {
      const f = countOf(term, terms);
      if (f > 0) scores.set(row, (scores.get(row) ?? 0) + idf * weightOf(f, terms.length, mean, options));
    });
  }
  return scores;
}

function checkSearch(index, docs, { query, k, kept }, options) {
  const words = Uint32Array.from({ length: Math.ceil(docs.length / 32) }, () => kept);
  const hits = index.search(query, kept === undefined ? { k } : { k, rows: words });
  const asked = index.terms(query).map(({ term }) => term);
  const scores = new Map([...scoresOf(docs, asked, options)].filter(([row]) => kept === undefined || (kept >>> (row % 32)) & 1));
  assert.equal(hits.length, Math.min(k, scores.size));
  const close = (a, b) => Math.abs(a - b) <= 1e-6 * Math.max(1, Math.abs(b));
  hits.forEach(({ row, score }, i) => {
    assert.ok(close(score, scores.get(row)), `${query}: row ${row} has ${score}, not ${scores.get(row)}`);
    const before = hits[i - 1];
    assert.ok(!before || before.score > score || (before.score === score && before.row < row), 'the order of hits');
    scores.delete(row);
  });
  for (const left of scores.values()) assert.ok(left <= (hits.at(-1)?.score ?? 0) * (1 + 1e-6), 'a better text was left out');
}

const steps = {
  add: fc.record({ do: fc.constant('add'), text: anyText }),
  addMany: fc.record({ do: fc.constant('addMany'), texts: fc.array(anyText, { maxLength: 40 }) }),
  update: fc.record({ do: fc.constant('update'), at: fc.nat(), text: anyText }),
  remove: fc.record({ do: fc.constant('remove'), at: fc.nat() }),
  compact: fc.record({ do: fc.constant('compact') }),
  reload: fc.record({ do: fc.constant('reload') }),
  search: fc.record({
    do: fc.constant('search'),
    query,
    k: fc.integer({ min: 1, max: 50 }),
    kept: fc.option(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { nil: undefined }),
  }),
};
const options = fc.constantFrom(
  {},
  { scoring: 'bm25+' },
  { scoring: 'bm25l', k1: 2, b: 0.3 },
  { b: 0 },
  { k1: 0 },
  { unspaced: 'bigrams' },
);

test('after any changes in any order searches give what BM25 says of the texts that are there', async () => {
  const plan = fc.array(fc.oneof(...Object.values(steps), steps.search, steps.addMany), { minLength: 1, maxLength: 25 });
  await fc.assert(
    fc.asyncProperty(options, plan, async (options, plan) => {
      let index = await TextIndex.create(options);
      const docs = [];
      const doSteps = {
        add: ({ text }) => {
          index.add(text);
          docs.push(termsOf(index, text));
        },
        addMany: async ({ texts }) => {
          await index.addMany(texts);
          docs.push(...texts.map((text) => termsOf(index, text)));
        },
        update: ({ at, text }) => {
          if (docs.length === 0) return;
          index.update(at % docs.length, text);
          docs[at % docs.length] = termsOf(index, text);
        },
        remove: ({ at }) => {
          if (docs.length === 0) return;
          const row = at % docs.length;
          index.remove(row);
          const last = docs.pop();
          if (row < docs.length) docs[row] = last;
        },
        compact: () => index.compact(),
        reload: async () => {
          const bytes = index.toBytes();
          index.dispose();
          index = await TextIndex.fromBytes(bytes);
          assert.deepEqual(index.toBytes(), bytes);
        },
        search: (step) => checkSearch(index, docs, step, options),
      };
      for (const step of plan) await doSteps[step.do](step);
      assert.equal(index.size, docs.length);
      checkSearch(index, docs, { query: 'cat 猫が好き the', k: 50 }, options);
      for (const term of ['cat', 'the', '猫が']) assert.equal(index.count(term), docs.filter((d) => d.includes(term)).length);
      index.dispose();
    }),
    { numRuns: 300, seed: 5 },
  );
});
