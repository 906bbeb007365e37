// SPDX-License-Identifier: Apache-2.0
import { checkFinite } from './directions.js';
import { invalid, SimileError, shown } from './errors.js';
import type { Id } from './ids.js';
import { checkMoments, type Moments, readScore, sampleMoments, standard } from './scores.js';

/** An item of a list, such as a `Hit`. */
export interface Scored {
  readonly id: Id;
  /** Larger is better. */
  readonly score: number;
}

/** An item of a list whose order alone counts. */
export interface Ranked {
  readonly id: Id;
}

/** More for items of which something else is true, such as a match of the host or another field. */
export interface Boost {
  readonly weight: number;
  /** Asked about every item of the lists: true and false count 1 and 0. */
  readonly match: (id: Id) => number | boolean;
}

interface Common {
  /** One a list; 1 each if not given. */
  readonly weights?: readonly number[];
  /** Added to what the lists give: weight times match. */
  readonly boosts?: readonly Boost[];
  /** How many items, from 1. @defaultValue all */
  readonly k?: number;
}

/** By rank: weight / (rankConstant + rank), ranks from 1. Needs no comparable scores, and takes no notice of them. */
export interface RankFusion extends Common {
  readonly method: 'rrf';
  /** More than -1. Smaller: the first ranks count for more. @defaultValue 60 */
  readonly rankConstant?: number;
}

/**
 * By score.
 *
 * - `linear`: as it is
 * - `relative_score`: (score - min) / (max - min) of the list; 1 for all of a flat list
 * - `distribution`: (score - (mean - 3 deviations)) / 6 deviations of the list, cut to 0 to 1; 0.5 for all of a flat list
 */
export interface ScoreFusion extends Common {
  readonly method: 'linear' | 'relative_score' | 'distribution';
}

/** By how far a score stands out among those of the query with its whole gallery, which does not depend on the length of the list. */
export interface ZScoreFusion extends Common {
  readonly method: 'zscore';
  /** One a list: `momentsOf(await index.scores(query))`, or of a `GalleryMoments`. */
  readonly moments: readonly Moments[];
}

export type FusionOptions = RankFusion | ScoreFusion | ZScoreFusion;

/**
 * One list of several: the sum of what each list gives an item; a list that does not have it gives nothing. An item that a list has twice counts with its
 * first rank or its best score.
 *
 * @param lists - each best first
 * @param options - by rank if not given
 * @returns best first, with scores as 32-bit floats; ties in the order in which the items first appear, list after list
 * @throws {SimileError} `dimension_mismatch` (another number of weights or moments than of lists), `invalid_argument`, `not_finite`
 * @see Cormack, Clarke, Buettcher, "Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning Methods", SIGIR 2009
 * @example fuse([[{ id: 'a' }, { id: 'b' }], [{ id: 'b' }]], { method: 'rrf' })[0].id // 'b'
 */
export function fuse(lists: readonly (readonly Ranked[])[], options?: RankFusion): Scored[];
export function fuse(lists: readonly (readonly Scored[])[], options: FusionOptions): Scored[];
export function fuse(
  lists: readonly (readonly (Ranked & Partial<Scored>)[])[],
  options: FusionOptions = { method: 'rrf' },
): Scored[] {
  checkLists(lists, options);
  const sums = new Map<Id, number>();
  for (const [i, list] of lists.entries()) {
    const weight = options.weights?.[i] ?? 1;
    for (const [id, score] of contributions(list, i, options)) sums.set(id, (sums.get(id) ?? 0) + weight * score);
  }
  for (const boost of options.boosts ?? []) raise(sums, boost);
  const fused = Array.from(sums, ([id, sum]) => ({ id, score: Math.fround(sum) }));
  return fused.sort((a, b) => b.score - a.score).slice(0, options.k ?? fused.length);
}

const methods: readonly unknown[] = ['rrf', 'linear', 'relative_score', 'distribution', 'zscore'];

function checkLists(lists: readonly (readonly Ranked[])[], options: FusionOptions): void {
  const given: unknown = options;
  if (typeof given !== 'object' || given === null) throw invalid(`the options must be an object, not ${shown(given)}`);
  if (!methods.includes(options.method))
    throw invalid(`the method must be one of ${methods.join(', ')}, not ${shown(options.method)}`);
  for (const list of [lists, ...(Array.isArray(lists) ? lists : [])])
    if (!Array.isArray(list)) throw invalid(`a list must be an array, not ${shown(list)}`);
  if (options.weights) checkNumber(options.weights.length, lists.length, 'weights');
  for (const weight of options.weights ?? []) checkFinite(weight, 'a weight');
  if (options.k !== undefined && !(Number.isInteger(options.k) && options.k > 0))
    throw invalid(`k must be an integer of at least 1, not ${shown(options.k)}`);
  if (options.method === 'rrf') checkRankConstant(options.rankConstant ?? 60);
  if (options.method !== 'zscore') return;
  if (!Array.isArray(options.moments)) throw invalid(`zscore needs moments, not ${shown(options.moments)}`);
  checkNumber(options.moments.length, lists.length, 'moments');
  options.moments.forEach(checkMoments);
}

function checkNumber(number: number, lists: number, what: string): void {
  if (number !== lists) throw new SimileError('dimension_mismatch', `${number} ${what} for ${lists} lists`);
}

function checkRankConstant(k: number): void {
  checkFinite(k, 'rankConstant');
  if (k <= -1) throw invalid(`rankConstant must be more than -1, not ${k}`);
}

/** What a list gives to each of its items. */
function contributions(
  list: readonly (Ranked & Partial<Scored>)[],
  i: number,
  options: FusionOptions,
): Iterable<readonly [Id, number]> {
  if (options.method === 'rrf') return byRank(list, options.rankConstant ?? 60);
  const best = bestScores(list);
  const scores = Float64Array.from(best.values());
  const given =
    options.method === 'zscore' ? byMoments(scores, options.moments[i] as Moments) : normalized(scores, options.method);
  return Array.from(best.keys(), (id, place) => [id, given[place] as number] as const);
}

function checkedId(id: Id): Id {
  const valid = typeof id === 'string' || (Number.isSafeInteger(id) && id >= 0);
  if (!valid) throw invalid(`an id is a string or an integer from 0 to 2^53 - 1, not ${shown(id)}`);
  return id;
}

function byRank(list: readonly Ranked[], rankConstant: number): Map<Id, number> {
  const out = new Map<Id, number>();
  for (const [i, { id }] of list.entries()) if (!out.has(checkedId(id))) out.set(id, 1 / (rankConstant + i + 1));
  return out;
}

function bestScores(list: readonly (Ranked & Partial<Scored>)[]): Map<Id, number> {
  const out = new Map<Id, number>();
  for (const { id, score: given } of list) {
    const score = readScore(given as number, 'a score');
    out.set(checkedId(id), Math.max(score, out.get(id) ?? score));
  }
  return out;
}

const byMoments = (scores: Float64Array, moments: Moments): Float64Array => scores.map((s) => standard(s, moments));

function normalized(scores: Float64Array, method: ScoreFusion['method']): Float64Array {
  if (method === 'linear') return scores;
  if (method === 'relative_score') {
    const least = scores.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
    const range = scores.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY) - least;
    return scores.map((s) => (range > 0 ? (s - least) / range : 1));
  }
  const { mean, deviation } = sampleMoments(scores);
  return scores.map((s) => (deviation > 0 ? Math.min(1, Math.max(0, (s - (mean - 3 * deviation)) / (6 * deviation))) : 0.5));
}

function raise(sums: Map<Id, number>, { weight, match }: Boost): void {
  checkFinite(weight, 'the weight of a boost');
  if (typeof match !== 'function') throw invalid(`match must be a function, not ${shown(match)}`);
  for (const [id, sum] of sums) {
    const matched = Number(match(id));
    checkFinite(matched, 'a match');
    sums.set(id, sum + weight * matched);
  }
}
