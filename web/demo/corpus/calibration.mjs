// SPDX-License-Identifier: Apache-2.0
// What a score is worth: judged answers in, thresholds and errors out. Nothing here knows of the corpus.

/**
 * @typedef {import('./questions.mjs').Question} Question
 * @typedef {{ score: number, isRight: boolean, question: number, place: number }} Judged  one answer of one question; place: from 0
 * @typedef {{ relevance: number, isRight: boolean, question: number }} Rated
 * @typedef {{ low: number, high: number, count: number, relevance: number, right: number }} Bin
 *   answers with a relevance above low and up to high: how many, their mean relevance, and the part of them that was right
 * @typedef {{ value: number, low: number, high: number }} Estimate  with the ends of its 95 % interval
 */

/** What a page shows for a question. */
export const shownAnswers = 10;

/**
 * Of these the relevance is measured: they are what one reads. In each list there is mostly one right answer, so of all ten far fewer are
 * right, and one would learn that nothing ever is.
 */
export const readAnswers = 3;

/** Bins of equal width, the usual number for the expected calibration error. */
export const binCount = 15;

const resamples = 1000;

/**
 * The answers that a page would show, and whether they are right.
 * @param {readonly Pick<Question, 'kind' | 'row' | 'relevant'>[]} questions
 * @param {readonly (readonly { id: unknown, score: number }[])[]} hits  one more than is shown, because the described entry is left out of `absent`
 * @returns {Judged[]}
 */
export function judge(questions, hits) {
  return questions.flatMap(({ kind, row, relevant }, question) => {
    const right = new Set(relevant);
    const shown = hits[question].filter(({ id }) => kind !== 'absent' || Number(id) !== row).slice(0, shownAnswers);
    return shown.map(({ id, score }, place) => ({ score, isRight: right.has(Number(id)), question, place }));
  });
}

/** Every second question fits the model, the others test it: never the same question on both sides. @param {readonly Judged[]} judged */
export function halves(judged) {
  return { fitted: judged.filter(({ question }) => question % 2 === 0), held: judged.filter(({ question }) => question % 2 === 1) };
}

/** @template {Judged} T @param {readonly T[]} judged @param {number} places */
export const firstOf = (judged, places) => judged.filter(({ place }) => place < places);

/**
 * Scores and labels to fit a model to. Two more, a wrong answer with the best score and a right one with the worst, keep it from ever
 * being certain: no sample shows that nothing else can happen.
 * @param {readonly Judged[]} judged
 */
export function sampleOf(judged) {
  const scores = judged.map(({ score }) => score);
  const [worst, best] = scores.reduce(([a, b], score) => [Math.min(a, score), Math.max(b, score)], [1, -1]);
  return { scores: [...scores, best, worst], labels: [...judged.map(({ isRight }) => Number(isRight)), 0, 1] };
}

/** The bins that hold something, the lowest first. @param {readonly Rated[]} rated @returns {Bin[]} */
export const binsOf = (rated) => binsOfSums(sumsOf(rated));

/** Mean distance of relevance and truth over the bins, weighted by their answers (Naeini et al., 2015). @param {readonly Bin[]} bins */
export function calibrationError(bins) {
  const total = bins.reduce((sum, { count }) => sum + count, 0);
  return bins.reduce((sum, { count, relevance, right }) => sum + count * Math.abs(relevance - right), 0) / total;
}

/** The part of the answers that was right; NaN of none. @param {readonly Bin[]} bins */
export function precision(bins) {
  const sum = (/** @type {(bin: Bin) => number} */ of) => bins.reduce((total, bin) => total + of(bin), 0);
  return sum(({ count, right }) => count * right) / sum(({ count }) => count);
}

/**
 * A number of a sample with its percentile bootstrap interval. Whole questions are drawn, as the answers of one belong together.
 * @param {readonly Rated[]} rated
 * @param {(bins: readonly Bin[]) => number} measure
 * @returns {Estimate}
 */
export function estimate(rated, measure) {
  const questions = sumsOfQuestions(rated);
  const random = randomNumbers(7);
  const values = Array.from({ length: resamples }, () => {
    const drawn = new Float64Array(3 * binCount);
    for (let i = 0; i < questions.length; i++) {
      const sums = questions[Math.floor(random() * questions.length)];
      for (let j = 0; j < sums.length; j++) drawn[j] += sums[j];
    }
    return measure(binsOfSums(drawn));
  });
  values.sort((a, b) => a - b);
  return { value: measure(binsOf(rated)), low: values[Math.floor(0.025 * resamples)], high: values[Math.ceil(0.975 * resamples) - 1] };
}

/** Answers, sum of relevances, and right ones, of each bin. @param {readonly Rated[]} rated */
function sumsOf(rated) {
  const sums = new Float64Array(3 * binCount);
  for (const { relevance, isRight } of rated) {
    // Bins are open at their lower end; 0 belongs to the first.
    const at = 3 * Math.max(0, Math.ceil(relevance * binCount) - 1);
    sums[at] += 1;
    sums[at + 1] += relevance;
    sums[at + 2] += Number(isRight);
  }
  return sums;
}

/** @param {Float64Array} sums @returns {Bin[]} */
function binsOfSums(sums) {
  return Array.from({ length: binCount }, (_, i) => {
    const [count, relevance, right] = sums.subarray(3 * i, 3 * i + 3);
    return { low: i / binCount, high: (i + 1) / binCount, count, relevance: relevance / count, right: right / count };
  }).filter(({ count }) => count > 0);
}

/** @param {readonly Rated[]} rated */
function sumsOfQuestions(rated) {
  /** @type {Map<number, Rated[]>} */
  const groups = new Map();
  for (const one of rated) {
    const group = groups.get(one.question);
    if (group) group.push(one);
    else groups.set(one.question, [one]);
  }
  return Array.from(groups.values(), sumsOf);
}

/** Numbers in [0, 1) that are the same everywhere (mulberry32). @param {number} seed */
function randomNumbers(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * The smallest score from which on, over all answers with at least that score, the given part was right; undefined if there is none.
 * At least 20 answers have to say so.
 * @param {readonly Judged[]} judged
 * @param {number} precision
 */
export function scoreForPrecision(judged, precision) {
  const falling = [...judged].sort((a, b) => b.score - a.score);
  let right = 0;
  /** @type {number | undefined} */
  let found;
  for (const [i, { score, isRight }] of falling.entries()) {
    right += Number(isRight);
    const isLastOfItsScore = falling[i + 1]?.score !== score;
    if (isLastOfItsScore && i + 1 >= 20 && right / (i + 1) >= precision) found = score;
  }
  return found;
}

/**
 * The score that a further right answer reaches with at least the given probability: the conformal threshold, whatever the distribution.
 * @param {readonly Judged[]} judged
 * @param {number} recall
 * @returns {number}  -Infinity if the sample is too small to promise it
 */
export function scoreForRecall(judged, recall) {
  const right = judged.filter(({ isRight }) => isRight).map(({ score }) => score).sort((a, b) => a - b);
  const place = Math.floor((1 - recall) * (right.length + 1));
  return place > 0 ? right[place - 1] : Number.NEGATIVE_INFINITY;
}
