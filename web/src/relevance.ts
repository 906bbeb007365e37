// SPDX-License-Identifier: Apache-2.0
import { checkFinite, checkPositive } from './directions.js';
import { invalid, shown } from './errors.js';
import { softmaxOf } from './pooling.js';
import { readScores } from './scores.js';

/**
 * From a score to the probability that the hit is relevant. A few numbers, so it can be kept as JSON; `fitRelevance` finds them from
 * labelled scores. All forms are 0 to 1 and rise with the score if larger scores were the more relevant in the sample.
 *
 * - `sigmoid`: 1 / (1 + exp(-(scale score + offset))). What a SigLIP model learned is `{ scale: 118.2, offset: -12.7 }`.
 * - `platt`: 1 / (1 + exp(a score + b)), a below 0
 * - `beta`: 1 / (1 + exp(-(a ln p - b ln(1 - p) + c))) with p = (1 + score) / 2, for cosines; a and b are at least 0
 * - `isotonic`: steps that rise in score and value, with straight lines between them; `value` is 0 to 1. No steps map everything to 0.
 */
export type RelevanceModel =
  | { readonly method: 'sigmoid'; readonly scale: number; readonly offset: number }
  | { readonly method: 'platt'; readonly a: number; readonly b: number }
  | { readonly method: 'beta'; readonly a: number; readonly b: number; readonly c: number }
  | { readonly method: 'isotonic'; readonly steps: readonly RelevanceStep[] };

/** Scores from `low` to `high` have the relevance `value`. */
export type RelevanceStep = readonly [low: number, high: number, value: number];

/**
 * The relevance of a score: the same number as `relevance` of a hit, in plain JavaScript and 64-bit arithmetic.
 *
 * @returns a number in [0, 1]
 * @throws {SimileError} `not_finite` for NaN and infinity, in the score or the model; `invalid_argument` for what is no model
 * @example relevanceOf({ method: 'sigmoid', scale: 10, offset: -5 }, 0.5) // 0.5
 */
export function relevanceOf(model: RelevanceModel, score: number): number {
  checkRelevance(model);
  checkFinite(score, 'the score');
  switch (model.method) {
    case 'sigmoid':
      return logistic(model.scale * score + model.offset);
    case 'platt':
      return logistic(-(model.a * score + model.b));
    case 'beta':
      return ofProbability(model, (1 + score) / 2);
    default:
      return between(model.steps, score);
  }
}

/** @throws {SimileError} `not_finite`, `invalid_argument` @internal */
export function checkRelevance(model: RelevanceModel): void {
  const given: unknown = model;
  if (typeof given !== 'object' || given === null) throw invalid(`a relevance model is an object, not ${shown(given)}`);
  switch (model.method) {
    case 'sigmoid':
      checkNumbers({ scale: model.scale, offset: model.offset });
      break;
    case 'platt':
      checkNumbers({ a: model.a, b: model.b });
      break;
    case 'beta':
      checkNumbers({ a: model.a, b: model.b, c: model.c });
      if (model.a < 0 || model.b < 0) throw invalid(`a and b must be at least 0, not ${model.a} and ${model.b}`);
      break;
    case 'isotonic':
      checkSteps(model.steps);
      break;
    default:
      throw invalid(`the method must be sigmoid, platt, beta or isotonic, not ${shown((given as { method?: unknown }).method)}`);
  }
}

function checkNumbers(values: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(values)) checkFinite(value, name);
}

function checkSteps(steps: readonly RelevanceStep[]): void {
  if (!Array.isArray(steps)) throw invalid(`the steps must be an array, not ${shown(steps)}`);
  let [lastHigh, lastValue] = [Number.NEGATIVE_INFINITY, 0];
  for (let i = 0; i < steps.length; i++) {
    const step: unknown = steps[i];
    if (!Array.isArray(step) || step.length !== 3) throw invalid(`step ${i} must be [low, high, value], not ${shown(step)}`);
    for (const value of step) checkFinite(value, `a number of step ${i}`);
    const [low, high, value] = step as unknown as RelevanceStep;
    const rises = low > lastHigh && high >= low && value >= lastValue && value <= 1;
    if (!rises) throw invalid(`step ${i}, [${step}], does not rise above the one before, or its value is not 0 to 1`);
    lastHigh = high;
    lastValue = value;
  }
}

/** 1 / (1 + e^-z) without overflow. */
function logistic(z: number): number {
  const small = Math.exp(-Math.abs(z));
  return z >= 0 ? 1 / (1 + small) : small / (1 + small);
}

function ofProbability({ a, b, c }: { readonly a: number; readonly b: number; readonly c: number }, p: number): number {
  const q = Math.min(1 - 1e-12, Math.max(1e-12, p));
  return logistic(a * Math.log(q) - b * Math.log1p(-q) + c);
}

function between(steps: readonly RelevanceStep[], score: number): number {
  const after = firstAbove(steps, score);
  const [before, next] = [steps[after - 1], steps[after]];
  if (before === undefined) return next?.[2] ?? 0;
  if (next === undefined || score <= before[1]) return before[2];
  const part = (score - before[1]) / (next[0] - before[1]);
  return before[2] + part * (next[2] - before[2]);
}

/** The number of steps that begin at or below the score. */
function firstAbove(steps: readonly RelevanceStep[], score: number): number {
  let [from, to] = [0, steps.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((steps[middle] as RelevanceStep)[0] <= score) from = middle + 1;
    else to = middle;
  }
  return from;
}

/**
 * The probability of each score of a list, when one of them is right: exp(score / temperature) over their sum.
 *
 * @param temperature - above 0; 0.01 for cosines of models of CLIP's kind
 * @param unseen - how many results below the last one the list does not show. They can have at most its probability each: with their number the result is
 *   a lower bound, without it an upper bound.
 * @throws {SimileError} `invalid_argument`, `not_finite`
 * @example softmax([1, 1], 0.01) // [0.5, 0.5]
 */
export function softmax(scores: ArrayLike<number>, temperature: number, unseen: number = 0): Float64Array {
  checkPositive(temperature, 'the temperature');
  if (!Number.isSafeInteger(unseen) || unseen < 0) throw invalid(`unseen must be an integer of at least 0, not ${shown(unseen)}`);
  return softmaxOf([...readScores(scores, 'a score')], temperature, unseen);
}
