// SPDX-License-Identifier: Apache-2.0
import { checkFinite, checkPositive } from './directions.js';
import { invalid, SimileError, shown } from './errors.js';

/** Of the scores of a query with a whole gallery. */
export interface Moments {
  readonly mean: number;
  /** The standard deviation, at least 0. */
  readonly deviation: number;
}

type Numbers = Float32Array | Float64Array;

/** As searches give them, which is in 32-bit floats; all finite. @internal */
export function readScores(scores: ArrayLike<number>, what: string): Float32Array {
  return Float32Array.from(scores, (score) => readScore(score, what));
}

/** @internal */
export function readScore(score: number, what: string): number {
  checkFinite(score, what);
  const rounded = Math.fround(score);
  checkFinite(rounded, what);
  return rounded;
}

/** @internal */
export function sampleMoments(scores: Numbers): Moments {
  const n = scores.length;
  let mean = 0;
  for (const s of scores) mean += s / n;
  let squares = 0;
  for (const s of scores) squares += (s - mean) * (s - mean);
  const deviation = n < 2 ? 0 : Math.sqrt(squares / (n - 1));
  // What rounding the mean leaves of equal values is no deviation.
  return { mean, deviation: deviation <= 1e-12 * Math.abs(mean) ? 0 : deviation };
}

/**
 * The mean of scores and their deviation over n - 1; a single one deviates by 0.
 *
 * @throws {SimileError} `not_finite`
 * @example momentsOf([1, 2, 3]) // { mean: 2, deviation: 1 }
 */
export function momentsOf(scores: ArrayLike<number>): Moments {
  return sampleMoments(readScores(scores, 'a score'));
}

/** @throws {SimileError} `not_finite`, `invalid_argument` @internal */
export function checkMoments(moments: Moments): void {
  checkFinite(moments.mean, 'the mean');
  checkFinite(moments.deviation, 'the deviation');
  if (moments.deviation < 0) throw invalid(`the deviation is ${moments.deviation}`);
}

/**
 * How many deviations a score lies above the mean; 0 when nothing varies.
 *
 * @throws {SimileError} `not_finite`, `invalid_argument` (a negative deviation)
 * @example zScore(0.7, { mean: 0.2, deviation: 0.1 }) // about 5
 */
export function zScore(score: number, moments: Moments): number {
  checkFinite(score, 'the score');
  checkMoments(moments);
  return standard(score, moments);
}

/** @internal */
export const standard = (score: number, { mean, deviation }: Moments): number => (deviation > 0 ? (score - mean) / deviation : 0);

/**
 * The share of the gallery that a normal distribution puts below each score, by their own mean and deviation.
 *
 * @param scores - of one query with all items, such as `index.scores(query)`
 * @returns numbers in [0, 1]; 0.5 when nothing varies
 * @throws {SimileError} `not_finite`
 */
export function galleryCdf(scores: ArrayLike<number>): Float64Array {
  const row = readScores(scores, 'a score');
  const moments = sampleMoments(row);
  return Float64Array.from(row, (s) => normalTail(-standard(s, moments)));
}

/**
 * WeiCom: (1 - lambda) times `galleryCdf` of an image query and lambda times that of a text query, for queries of a picture and words that change it.
 *
 * @param image - its scores with all items, such as `index.scores(query)`
 * @param text - likewise, in the same order
 * @param lambda - 0 to 1, the weight of the text
 * @throws {SimileError} `dimension_mismatch`, `invalid_argument`, `not_finite`
 * @see Psomas et al., "Composed Image Retrieval for Remote Sensing", 2024
 * @example weiCom([0.1, 0.9, 0.5], [3, 1, 2], 0.5) // [0.5, 0.5, 0.5]
 */
export function weiCom(image: ArrayLike<number>, text: ArrayLike<number>, lambda: number = 0.5): Float64Array {
  if (image.length !== text.length)
    throw new SimileError('dimension_mismatch', `${image.length} scores of the image, ${text.length} of the text`);
  if (!(lambda >= 0 && lambda <= 1)) throw invalid(`lambda is ${shown(lambda)}, not in 0 to 1`);
  const [x, y] = [galleryCdf(image), galleryCdf(text)];
  return x.map((p, i) => (1 - lambda) * p + lambda * (y[i] as number));
}

/** The share of normal values above z, also far out. */
function normalTail(z: number): number {
  const tail = tailAbove(Math.abs(z) / Math.SQRT2) / 2;
  return z < 0 ? 1 - tail : tail;
}

/** The complementary error function for x >= 0: by the series of erf near 0, by the continued fraction farther out. */
function tailAbove(x: number): number {
  const scale = Math.exp(-x * x) / Math.sqrt(Math.PI);
  if (x > 2) {
    let fraction = x;
    for (let n = 80; n > 0; n--) fraction = x + n / 2 / fraction;
    return scale / fraction;
  }
  let [term, sum] = [2 * x, 0];
  for (let n = 1; n < 80; n++) {
    sum += term;
    term *= (2 * x * x) / (2 * n + 1);
  }
  return 1 - scale * sum;
}

/** What a document is scored from; see `hybridScore`. */
export interface HybridParts {
  /** Of the document's chunks that were found; none count as 0. */
  readonly cosines: ArrayLike<number>;
  /** 0 to about 30. `saturated` brings it below 1, so that the cosine keeps its say. @defaultValue 0 */
  readonly bm25?: number;
  /** 1 when the host or another field matches, 0 when not, or in between. @defaultValue 0 */
  readonly host?: number;
}

/** How much a part counts beside the cosine. */
export interface HybridBoosts {
  /** @defaultValue 0.3 */
  readonly bm25?: number;
  /** @defaultValue 0.1 */
  readonly host?: number;
}

/**
 * The largest cosine of a document's chunks, and its words and source beside it: max cosine + boosts.bm25 bm25 + boosts.host host.
 *
 * @throws {SimileError} `not_finite`, `invalid_argument`
 * @see Sultania et al., "Domain-specific Question Answering with Hybrid Search", 2024
 * @example hybridScore({ cosines: [0.61, 0.72], bm25: 4.2, host: 1 }) // about 2.08
 */
export function hybridScore({ cosines, bm25 = 0, host = 0 }: HybridParts, boosts: HybridBoosts = {}): number {
  const { bm25: bm25Boost = 0.3, host: hostBoost = 0.1 } = boosts;
  for (const value of [bm25, host, bm25Boost, hostBoost]) checkFinite(value, 'a part of the hybrid score');
  const best = readScores(cosines, 'a cosine').reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return (cosines.length > 0 ? best : 0) + bm25Boost * bm25 + hostBoost * host;
}

/**
 * x / (x + half): 0 to 1 for what has no upper end, 1/2 at `half`.
 *
 * @throws {SimileError} `invalid_argument` (x below 0, half not above), `not_finite`
 * @example saturated(6, 2) // 0.75
 */
export function saturated(x: number, half: number): number {
  checkPositive(half, 'the half point');
  checkFinite(x, 'x');
  if (x < 0) throw invalid(`x is ${x}`);
  return x / (x + half);
}
