// SPDX-License-Identifier: Apache-2.0
// The fusion that docs/hybrid.md chooses, over an Index whose ids are its rows and a TextIndex of the same rows.
import { fuse, momentsOf } from 'simile';

export const vectorWeight = 0.25;
const sampleSize = 256;

const bitsOf = (rows, size) => {
  const words = new Uint32Array(Math.ceil(size / 32));
  for (const row of rows) words[row >>> 5] |= 1 << (row & 31);
  return words;
};

/** Evenly spread rows, all if there are few. */
export function sampleOf(size) {
  const n = Math.min(size, sampleSize);
  return bitsOf(
    Array.from({ length: n }, (_, i) => Math.floor((i * size) / n)),
    size,
  );
}

/** By what to measure scores: how far an item stands out of usual ones, beside what chance alone brings among so many, and the query's words. */
export function measures(sampledScores, size, scale) {
  const { mean, deviation } = momentsOf(sampledScores);
  return [
    { mean, deviation: deviation * Math.sqrt(2 * Math.log(Math.max(2, size))) },
    { mean: 0, deviation: scale },
  ];
}

export async function hybridSearch(index, texts, sample, { text, vector }, { k, candidates }) {
  const words = texts.search(text, { k: candidates }).map(({ row, score }) => ({ id: row, score }));
  const near = await index.search(vector, { k: candidates });
  const found = new Set(near.map(({ id }) => id));
  const others = words.filter(({ id }) => !found.has(id));
  const rest =
    others.length > 0
      ? {
          k: others.length,
          rows: bitsOf(
            others.map(({ id }) => id),
            index.size,
          ),
        }
      : undefined;
  const completed = rest ? [...near, ...(await index.search(vector, rest))] : near;
  const usual = await index.search(vector, { k: sampleSize, rows: sample });
  const moments = measures(
    usual.map(({ score }) => score),
    index.size,
    texts.scale(text),
  );
  return fuse([completed, words], { method: 'zscore', moments, weights: [vectorWeight, 1 - vectorWeight], k });
}
