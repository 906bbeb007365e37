// SPDX-License-Identifier: Apache-2.0
import { SplitMix64 } from './random.mjs';

/**
 * Vectors that lie as those of a text encoder do: around topics, with most of the variance in few directions, so that lists of neighbours
 * overlap and finding the nearest takes about as many of them as with real vectors.
 * @returns `rows` vectors in one array; those with another `seed` are others of the same topics
 */
export function embeddings(rows, dims, seed) {
  const shared = new SplitMix64(1);
  const own = new SplitMix64(seed);
  const uniform = (random) => 2 * random.unit() - 1;
  const spread = Float32Array.from({ length: dims }, (_, i) => 1 / (1 + i / 10));
  const topics = Array.from({ length: 60 }, () => spread.map((scale) => scale * uniform(shared)));
  const all = new Float32Array(rows * dims);
  for (let row = 0; row < rows; row++) {
    const topic = topics[own.below(topics.length)];
    for (let i = 0; i < dims; i++) all[row * dims + i] = topic[i] + 1.2 * spread[i] * uniform(own);
  }
  return all;
}

/** The rows of the nearest by cosine, exactly, the best first. */
export function nearest(vectors, dims, query, k) {
  const norm = (x, at) => Math.sqrt(x.subarray(at, at + dims).reduce((sum, value) => sum + value * value, 0));
  const scores = Array.from({ length: vectors.length / dims }, (_, row) => {
    let sum = 0;
    for (let i = 0; i < dims; i++) sum += vectors[row * dims + i] * query[i];
    return sum / (norm(vectors, row * dims) * norm(query, 0));
  });
  return [...scores.keys()].sort((a, b) => scores[b] - scores[a] || a - b).slice(0, k);
}
