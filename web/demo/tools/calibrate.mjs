// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fitRelevance, relevanceOf } from 'simile';
import {
  binsOf, calibrationError, estimate, firstOf, halves, judge, precision, readAnswers, sampleOf, scoreForPrecision, scoreForRecall,
  shownAnswers,
} from '../corpus/calibration.mjs';
import { readNpy } from '../corpus/npy.mjs';
import { kinds } from '../corpus/questions.mjs';

/**
 * @typedef {import('../corpus/calibration.mjs').Judged} Judged
 * @typedef {import('../corpus/calibration.mjs').Rated} Rated
 * @typedef {import('../corpus/calibration.mjs').Bin} Bin
 * @typedef {import('../corpus/calibration.mjs').Estimate} Estimate
 * @typedef {import('../corpus/questions.mjs').Question} Question
 * @typedef {import('simile').RelevanceModel} RelevanceModel
 *
 * @typedef {object} Threshold
 * @property {number} score  the smallest that has the name
 * @property {number} relevance  of that score
 * @property {Estimate} precision  part of the held-out answers that was right, of those with the name
 * @property {number} share  part of the held-out answers that has the name
 * @property {number} found  part of the right held-out answers that has the name
 *
 * @typedef {{ first: number, shown: number }} Recall  part of the questions with a right answer at the top, and among those shown
 * @typedef {{ plain: Recall, corrected: Recall, bank: number, nearest: number }} Comparison  of ranks, for the held-out questions
 *
 * @typedef {object} Calibration
 * @property {RelevanceModel} model
 * @property {{ strong: Threshold, likely: Threshold, weak: Threshold }} words
 * @property {{ score: number, relevance: number, recall: number }} cut  what the page begins with
 * @property {Estimate} error  expected calibration error of the first three answers to the held-out questions
 * @property {{ first: Estimate, shown: Estimate }} otherErrors  the same of the best answer alone, and of all ten
 * @property {Bin[]} bins
 * @property {{ questions: number, answers: number, right: number }} fitted
 * @property {{ questions: number, answers: number, right: number }} held
 * @property {Comparison} comparison
 * @property {{ kind: string, first: number, shown: number, sample: { text: string, row: number } }[]} kinds
 *   part of the questions of a kind with a right answer at the top, and among those shown; and one of them
 */

/** How hubs are corrected: of the settings that were tried, the best for the held-out questions together with `csls`, by a hair. */
const correction = /** @type {const} */ ({ method: 'nnn', alpha: 0.5, k: 32 });

/** From the score at which this part of all closer answers was right, an answer is called so. */
const precisions = { strong: 0.8, likely: 0.5 };

/** Part of the right answers that the first cut is to keep; visitors put things less well than dictionaries do, so nearly all. */
const keptRecall = 0.99;

/** Fewer answers say nothing. */
const fewestQuestions = 200;

/** @param {string} corpus @returns {Promise<{ questions: Question[], vectors: Float32Array }>} */
export async function readQuestions(corpus) {
  const questions = JSON.parse(await readFile(join(corpus, 'questions.json'), 'utf8'));
  const { rows, values } = await readNpy(join(corpus, 'questions.npy'));
  if (rows !== questions.length) throw new Error(`There are ${questions.length} questions and ${rows} vectors of them: run npm run corpus again.`);
  return { questions, vectors: values };
}

/**
 * Learns from half of the questions what the scores of an index are worth and which entries are hubs, tests it with the other half, and
 * leaves both with the index.
 * @param {import('simile').Index} index
 * @param {{ questions: readonly Question[], vectors: Float32Array }} asked
 * @returns {Promise<Calibration | undefined>}  undefined: too few questions, or of too few scores
 */
export async function calibrate(index, { questions, vectors }) {
  if (questions.length < fewestQuestions) return undefined;
  const ask = async (normalize = false) => judge(questions, await index.searchMany(vectors, { k: shownAnswers + 1, normalize }));
  const judged = await ask();
  const { fitted, held } = halves(judged);
  const { scores, labels } = sampleOf(firstOf(fitted, readAnswers));
  const model = await fitRelevance(scores, labels, { method: 'isotonic' });
  const shown = held.map((one) => ({ ...one, relevance: relevanceOf(model, one.score) }));
  const rated = firstOf(shown, readAnswers);
  const words = wordsOf(rated);
  const cut = scoreForRecall(held, keptRecall);
  if (!words || !Number.isFinite(cut)) return undefined;
  await index.setRelevance(model);
  const bank = bankOf(vectors, index.dims);
  await index.calibrate(bank, correction);
  const corrected = halves(await ask(true)).held;
  return {
    model,
    words,
    cut: { score: cut, relevance: relevanceOf(model, cut), recall: keptRecall },
    error: estimate(rated, calibrationError),
    otherErrors: { first: estimate(firstOf(shown, 1), calibrationError), shown: estimate(shown, calibrationError) },
    bins: binsOf(rated),
    fitted: sizesOf(firstOf(fitted, readAnswers)),
    held: sizesOf(rated),
    comparison: { plain: recallOf(held), corrected: recallOf(corrected), bank: bank.length, nearest: correction.k },
    kinds: kinds.map((kind) => kindOf(kind, questions, judged)),
  };
}

/** @param {readonly (Rated & Judged)[]} rated */
function wordsOf(rated) {
  const likely = scoreForPrecision(rated, precisions.likely);
  const strong = scoreForPrecision(rated, precisions.strong);
  const hasAll = likely !== undefined && strong !== undefined && strong > likely && rated.some(({ score }) => score < likely);
  if (!hasAll) return undefined;
  const named = (/** @type {number} */ from, /** @type {number} */ to) => {
    const inside = rated.filter(({ score }) => score >= from && score < to);
    const right = (/** @type {readonly Rated[]} */ list) => list.filter(({ isRight }) => isRight).length;
    return {
      score: from,
      relevance: Math.min(...inside.map(({ relevance }) => relevance)),
      precision: estimate(inside, precision),
      share: inside.length / rated.length,
      found: right(inside) / right(rated),
    };
  };
  return { strong: named(strong, 2), likely: named(likely, strong), weak: named(-1, likely) };
}

/** @param {readonly Judged[]} judged */
const sizesOf = (judged) => ({
  questions: new Set(judged.map(({ question }) => question)).size,
  answers: judged.length,
  right: judged.filter(({ isRight }) => isRight).length,
});

/** @param {string} kind @param {readonly Question[]} questions @param {readonly Judged[]} judged */
function kindOf(kind, questions, judged) {
  const own = judged.filter(({ question }) => questions[question].kind === kind);
  return { kind, ...recallOf(own), sample: sampleQuestion(questions.filter((question) => question.kind === kind)) };
}

/** @param {readonly Judged[]} judged @returns {Recall} */
function recallOf(judged) {
  const right = judged.filter(({ isRight }) => isRight);
  const count = sizesOf(judged).questions;
  return { first: firstOf(right, 1).length / count, shown: sizesOf(right).questions / count };
}

/** Every second question of the fitted half: enough to know the hubs, and half the bytes. @param {Float32Array} vectors @param {number} dims */
const bankOf = (vectors, dims) =>
  Array.from({ length: Math.ceil(vectors.length / dims / 4) }, (_, i) => vectors.subarray(4 * i * dims, (4 * i + 1) * dims));

/** The most familiar entry of those that are described in a few words, but not in too few. @param {readonly Question[]} questions */
function sampleQuestion(questions) {
  const telling = questions.filter(({ text }) => /^(\S+ ){5,9}\S+$/.test(text));
  const { text, row } = telling.reduce((a, b) => (b.row < a.row ? b : a), telling[0] ?? questions[0]);
  return { text, row };
}
