// SPDX-License-Identifier: Apache-2.0
// What the words "strong", "likely" and "weak" rest on.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { Index, relevanceOf } from 'simile';
import {
  binCount,
  binsOf,
  calibrationError,
  estimate,
  firstOf,
  halves,
  judge,
  precision,
  sampleOf,
  scoreForPrecision,
  scoreForRecall,
} from '../corpus/calibration.mjs';
import { readWordNet } from '../corpus/entries.mjs';
import { readNpy } from '../corpus/npy.mjs';
import { gist, Paraphraser } from '../corpus/paraphrase.mjs';
import { kinds, questionsAbout } from '../corpus/questions.mjs';
import { readSynsets } from '../corpus/wordnet.mjs';
import { createNodeEncoder } from '../src/encoder/node.js';
import { demo, needDist } from './support/browser.mjs';

/** @typedef {{ query: string, accept: string[] }} Typed */

const read = (/** @type {string} */ path) => JSON.parse(readFileSync(demo(path), 'utf8'));

describe('questions', () => {
  const { entries: all, senses } = readWordNet();
  const entries = all.slice(0, 4000);
  const questions = questionsAbout(entries, all, senses, 50);

  it('are the same each time, as many of each kind, and each about another entry', () => {
    assert.deepEqual(questionsAbout(entries, readSynsets(), senses, 50), questions);
    assert.deepEqual(
      kinds.map((kind) => questions.filter((question) => question.kind === kind).length),
      [50, 50, 50, 50],
    );
    assert.equal(new Set(questions.map(({ row }) => row)).size, 200);
  });

  it('have the entry among their right answers, but for those it is taken away from', () => {
    for (const { kind, row, relevant } of questions) {
      assert.equal(relevant.includes(row), kind !== 'absent');
      assert.ok(relevant.every((other, i) => other >= 0 && other < 4000 && (i === 0 || other > relevant[i - 1])));
    }
  });

  it('say the definition as it is, or in other words that do not give the defined one away', () => {
    let replaced = 0;
    for (const { kind, row, text } of questions) {
      const own = gist(entries[row].definition).split(' ');
      const said = text.split(' ');
      if (kind === 'verbatim') assert.deepEqual(said, own);
      const fresh = said.filter((word) => !own.includes(word));
      replaced += fresh.length;
      assert.ok(!fresh.some((word) => entries[row].words.includes(word)), text);
    }
    assert.ok(replaced > 200, `only ${replaced} words are replaced`);
  });

  it('take what is familiar from WordNet, in the number of the original', () => {
    const paraphraser = new Paraphraser(all, senses);
    const insects = { words: ['entomologist'], definition: 'a zoologist who studies insects (or bugs); especially beetles' };
    assert.equal(gist(insects.definition), 'a zoologist who studies insects');
    const said = paraphraser.say(insects, 1);
    assert.match(said, /^a \w+ who \w+ \w+s$/);
    assert.notEqual(said, gist(insects.definition));
    assert.equal(paraphraser.say({ words: ['thing'], definition: 'of the and' }, 1), 'of the and');
  });

  it('are none of those that the search is tested with', () => {
    /** @type {Typed[]} */
    const typed = read('test/queries.json');
    /** @type {import('../corpus/questions.mjs').Question[]} */
    const asked = read('.cache/corpus-default/questions.json');
    const texts = new Set(asked.map(({ text }) => text));
    assert.deepEqual(typed.filter(({ query }) => texts.has(query)), []);
    assert.ok(asked.length <= 3000, 'a fresh machine embeds 200 a second');
  });
});

describe('calibration', () => {
  const rated = (/** @type {number} */ relevance, /** @type {boolean} */ isRight, question = 0) => ({ relevance, isRight, question });
  const judged = (/** @type {number} */ score, /** @type {boolean} */ isRight, question = 0, place = 0) => ({ score, isRight, question, place });

  it('judges what is shown, without the described entry where it is absent', () => {
    const hits = [[5, 7, 1].map((id, i) => ({ id, score: 0.9 - i / 10 })), [5, 7, 1].map((id, i) => ({ id, score: 0.9 - i / 10 }))];
    const answers = judge(
      [
        { kind: 'half', row: 5, relevant: [1, 5] },
        { kind: 'absent', row: 5, relevant: [1] },
      ],
      hits,
    );
    assert.deepEqual(
      answers.map(({ question, place, isRight }) => [question, place, isRight]),
      [[0, 0, true], [0, 1, false], [0, 2, true], [1, 0, false], [1, 1, true]],
    );
    assert.equal(firstOf(answers, 1).length, 2);
    const { fitted, held } = halves(answers);
    assert.deepEqual([fitted.length, held.length], [3, 2]);
  });

  it('puts relevances into bins that are open below, and weighs their errors by their size', () => {
    const edge = 1 / binCount;
    const bins = binsOf([rated(0, false), rated(edge, true), rated(edge * 1.01, false), rated(1, true)]);
    assert.deepEqual(
      bins.map(({ count, right }) => [count, right]),
      [[2, 0.5], [1, 0], [1, 1]],
    );
    const byHand = (2 * Math.abs(edge / 2 - 0.5) + edge * 1.01 + 0) / 4;
    assert.ok(Math.abs(calibrationError(bins) - byHand) < 1e-12);
    assert.equal(precision(bins), 0.5);
  });

  it('gives an interval that holds the value and is the same each time', () => {
    const sample = Array.from({ length: 300 }, (_, i) => rated((i % 30) / 30, i % 3 === 0, Math.floor(i / 3)));
    const { value, low, high } = estimate(sample, precision);
    assert.ok(low <= value && value <= high && high - low < 0.2 && high >= low, `${low} ${value} ${high}`);
    assert.deepEqual(estimate(sample, precision), { value, low, high });
    // Within each question one of three is right, so drawing questions changes nothing; drawing answers would.
    assert.equal(high - low, 0);
  });

  it('finds the score from which on so many are right, and the one that so many right ones reach', () => {
    const sample = Array.from({ length: 100 }, (_, i) => judged(i / 100, i >= 60 || i % 4 === 0));
    assert.equal(scoreForPrecision(sample, 1), 0.6);
    const half = scoreForPrecision(sample, 0.7) ?? 0;
    const above = sample.filter(({ score }) => score >= half);
    assert.ok(half < 0.6 && above.filter(({ isRight }) => isRight).length / above.length >= 0.7);
    assert.equal(scoreForPrecision(sample.slice(0, 50), 0.99), undefined);
    // 55 right ones: the floor(0.1 * 56) = 5th smallest of 0, 0.04, 0.08, 0.12, 0.16.
    assert.equal(scoreForRecall(sample, 0.9), 0.16);
    assert.equal(scoreForRecall(sample.slice(60, 65), 0.9), Number.NEGATIVE_INFINITY);
  });

  it('keeps a sample from being certain', () => {
    const { scores, labels } = sampleOf([judged(0.2, false), judged(0.8, true)]);
    assert.deepEqual([scores, labels], [[0.2, 0.8, 0.8, 0.2], [0, 1, 0, 1]]);
  });
});

describe('the built dictionary', async () => {
  needDist();
  /** @type {import('../tools/calibrate.mjs').Calibration} */
  const calibration = read('dist/data/calibration.json');
  const index = await Index.fromBytes(readFileSync(demo('dist/data/words.simile')));
  const model = /** @type {import('simile').RelevanceModel} */ (index.relevance);

  it('keeps in its file what scores mean, and a bank of questions against hubs', () => {
    assert.deepEqual(model, calibration.model);
    assert.equal(index.bankSize, calibration.comparison.bank);
    assert.ok(index.bankSize >= 500);
    const { strong, likely, cut } = read('dist/data/manifest.json').relevance;
    assert.deepEqual([strong, likely, cut], [calibration.words.strong.score, calibration.words.likely.score, calibration.cut.score]);
  });

  it('tells relevances that are off by at most 0.05 for the half of the questions that it has not seen', async (t) => {
    /** @type {import('../corpus/questions.mjs').Question[]} */
    const questions = read('.cache/corpus-default/questions.json');
    const { values } = await readNpy(demo('.cache/corpus-default/questions.npy'));
    const found = await index.searchMany(values, { k: 11 });
    // By the definition, with the relevances that the hits themselves bring.
    /** @type {Map<number, { count: number, sum: number, right: number }>} */
    const bins = new Map();
    let total = 0;
    for (const [i, { kind, row, relevant }] of questions.entries()) {
      if (i % 2 === 0) continue;
      for (const { id, relevance = -1 } of found[i].filter((hit) => kind !== 'absent' || hit.id !== row).slice(0, 3)) {
        const at = Math.max(1, Math.ceil(relevance * 15));
        const bin = bins.get(at) ?? { count: 0, sum: 0, right: 0 };
        bins.set(at, { count: bin.count + 1, sum: bin.sum + relevance, right: bin.right + Number(relevant.includes(Number(id))) });
        total++;
      }
    }
    const error = [...bins.values()].reduce((sum, bin) => sum + Math.abs(bin.sum - bin.right), 0) / total;
    const { error: said, otherErrors } = calibration;
    t.diagnostic(`held-out ECE ${error.toFixed(4)} (${said.low.toFixed(4)} to ${said.high.toFixed(4)}) over ${total} answers; of all ten shown ${otherErrors.shown.value.toFixed(4)}, of the best alone ${otherErrors.first.value.toFixed(4)}`);
    // Hits have 32 bits, so one on the edge of a bin may lie in the next.
    assert.ok(Math.abs(error - said.value) < 2e-3, `the page says ${said.value}, it is ${error}`);
    assert.ok(error <= 0.05 && said.high <= 0.05);
    assert.ok(otherErrors.shown.value <= 0.05);
  });

  it('has thresholds that rise, and words that mean more the stronger they are', () => {
    const { words: { strong, likely, weak }, cut } = calibration;
    assert.ok(cut.score < likely.score && likely.score < strong.score && strong.score < 1);
    assert.ok(likely.relevance < strong.relevance);
    assert.ok(weak.precision.high < likely.precision.low && likely.precision.high < strong.precision.low, 'the words cannot be told apart');
    const share = strong.share + likely.share + weak.share;
    const found = strong.found + likely.found + weak.found;
    assert.ok(Math.abs(share - 1) < 1e-9 && Math.abs(found - 1) < 1e-9);
    for (let score = 0; score < 1; score += 0.01) assert.ok(relevanceOf(model, score) <= relevanceOf(model, score + 0.01));
    assert.ok(relevanceOf(model, 1) < 1 && relevanceOf(model, -1) > 0, 'nothing is certain');
  });

  it('does no worse for what visitors typed, which nothing was fitted to', async (t) => {
    /** @type {Typed[]} */
    const typed = read('test/queries.json');
    /** @type {{ words: string[][] }} */
    const { words } = read('.cache/corpus-default/entries.json');
    const encoder = await createNodeEncoder();
    const found = await index.searchMany(await encoder.embed(typed.map(({ query }) => query)), { k: 10 });
    const isRight = (/** @type {number} */ row, /** @type {number} */ question) => words[row].some((word) => typed[question].accept.includes(word));
    const shown = found.flatMap((hits, question) =>
      hits.map(({ id, relevance = -1, score }, place) => ({ relevance, score, place, question, isRight: isRight(Number(id), question) })));
    const error = calibrationError(binsOf(shown));
    const { strong, likely } = calibration.words;
    const part = (/** @type {number} */ from, /** @type {number} */ to) => {
      const named = shown.filter(({ score, place }) => place === 0 && score >= from && score < to);
      return `${named.filter((hit) => hit.isRight).length} of ${named.length}`;
    };
    t.diagnostic(`ECE of ${shown.length} answers to ${typed.length} queries: ${error.toFixed(4)}; best answers right: strong ${part(strong.score, 2)}, likely ${part(likely.score, strong.score)}, weak ${part(-1, likely.score)}`);
    assert.ok(error <= 0.05, `ECE ${error}`);
  });
});
