// SPDX-License-Identifier: Apache-2.0
// Scores and rankings by definition, in doubles.

const sum = (x, y, term) => {
  let total = 0;
  for (let i = 0; i < x.length; i++) total += term(x[i], y[i]);
  return total;
};
const product = (a, b) => a * b;

export const scores = {
  dot: (x, q) => sum(x, q, product),
  cosine: (x, q) => {
    const norms = Math.sqrt(sum(x, x, product)) * Math.sqrt(sum(q, q, product));
    return norms === 0 ? 0 : sum(x, q, product) / norms;
  },
  squared_l2: (x, q) => -sum(x, q, (a, b) => (a - b) ** 2),
};

/** [id, score] of the k best of a Map from id to vector. */
export function nearest(items, query, similarity, k) {
  const all = Array.from(items, ([id, vector]) => [id, scores[similarity](vector, query)]);
  return all.sort((a, b) => b[1] - a[1]).slice(0, k);
}
