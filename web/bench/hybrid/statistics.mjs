// SPDX-License-Identifier: Apache-2.0
// How good lists are, and whether a difference could be chance.

const depth = 10;

/** nDCG@10 with linear gain, recall@10 and the reciprocal rank of the first right one of all that were found. */
export function judged(found, right) {
  const gains = found.slice(0, depth).map((row) => (right.has(row) ? 1 : 0));
  const dcg = gains.reduce((sum, gain, i) => sum + gain / Math.log2(i + 2), 0);
  let ideal = 0;
  for (let i = 0; i < Math.min(depth, right.size); i++) ideal += 1 / Math.log2(i + 2);
  const first = found.findIndex((row) => right.has(row));
  return {
    ndcg: dcg / ideal,
    recall: gains.reduce((a, b) => a + b, 0) / right.size,
    mrr: first < 0 ? 0 : 1 / (first + 1),
  };
}

export const mean = (x) => x.reduce((a, b) => a + b, 0) / x.length;

/** mulberry32: the same numbers every time. */
function random(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Of the mean difference b - a of the same queries: its 95% interval by bootstrap, and the p-value of the randomisation test of signs. */
export function paired(a, b, rounds = 5000) {
  const differences = b.map((x, i) => x - a[i]);
  const [n, observed, next] = [differences.length, mean(differences), random(1)];
  const means = new Float64Array(rounds);
  let asLarge = 0;
  for (let round = 0; round < rounds; round++) {
    let resampled = 0;
    let flipped = 0;
    for (let i = 0; i < n; i++) {
      resampled += differences[Math.floor(next() * n)];
      flipped += next() < 0.5 ? differences[i] : -differences[i];
    }
    means[round] = resampled / n;
    if (Math.abs(flipped / n) >= Math.abs(observed) - 1e-12) asLarge++;
  }
  means.sort();
  return {
    difference: observed,
    low: means[Math.floor(0.025 * rounds)],
    high: means[Math.ceil(0.975 * rounds) - 1],
    p: (asLarge + 1) / (rounds + 1),
  };
}

export const percentile = (times, share) => times.slice().sort((a, b) => a - b)[Math.floor(share * (times.length - 1))];
