// SPDX-License-Identifier: Apache-2.0
import { count } from './format.js';

/** Bars for the scores from 0 to 1. */
const bars = 80;

/** How many scores lie in each of equal parts of 0 to 1; what is outside counts at the ends. */
export function histogramOf(scores: Float32Array): Uint32Array {
  const counts = new Uint32Array(bars);
  for (const score of scores) {
    const at = Math.min(Math.max(Math.floor(score * bars), 0), bars - 1);
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return counts;
}

/** Heights from 0 to 1, by the logarithm: a single good answer has to be seen beside thousands of others. */
export function heights(counts: Uint32Array): number[] {
  const most = Math.log1p(Math.max(...counts));
  return Array.from(counts, (n) => (most > 0 ? Math.log1p(n) / most : 0));
}

/** What the histogram shows, in words. */
export function plotText(scores: Float32Array, noun: string): string {
  const sorted = Float32Array.from(scores).sort();
  const at = (part: number): string => (sorted[Math.min(Math.floor(part * sorted.length), sorted.length - 1)] ?? 0).toFixed(2);
  return `Scores of all ${count(sorted.length)} ${noun}: half of them lie between ${at(0.25)} and ${at(0.75)}, one in a hundred is above ${at(0.99)}, the best is ${at(1)}.`;
}
