// SPDX-License-Identifier: Apache-2.0
// Texts, queries and what people judged to be right. The data does not belong to the repository: the folder that SIMILE_SHARED names has it, or `shared` beside
// the repository.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = process.env.SIMILE_SHARED ?? fileURLToPath(new URL('../../../../shared', import.meta.url));
const file = (name) => join(folder, 'data', name);
const json = (name) => JSON.parse(readFileSync(file(name), 'utf8'));

/** A matrix of 32-bit floats in C order. */
function npy(name) {
  const bytes = readFileSync(file(name));
  const end = 10 + bytes.readUInt16LE(8);
  const [, rows, dims] = /\((\d+), (\d+)\)/.exec(bytes.toString('latin1', 10, end)) ?? [];
  return { rows: Number(rows), dims: Number(dims), data: new Float32Array(bytes.buffer.slice(bytes.byteOffset + end)) };
}

const wordsOf = (text) => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

/**
 * Sentences as weighted means of their words' vectors, without what all have in common (Arora, Liang, Ma, "A Simple but Tough-to-Beat Baseline for Sentence
 * Embeddings", ICLR 2017): what there is without a model.
 */
function wordPooling(corpus) {
  const { data, dims } = npy('glove100-words20k.npy');
  const places = new Map(json('glove100-words20k.json').map((word, i) => [word, i]));
  const counts = new Map();
  let total = 0;
  for (const text of corpus)
    for (const word of wordsOf(text)) {
      counts.set(word, (counts.get(word) ?? 0) + 1);
      total++;
    }
  const pooled = (text) => {
    const out = new Float64Array(dims);
    for (const word of wordsOf(text)) {
      const place = places.get(word);
      if (place === undefined) continue;
      const weight = 1e-3 / (1e-3 + (counts.get(word) ?? 1) / total);
      for (let i = 0; i < dims; i++) out[i] += weight * data[place * dims + i];
    }
    const length = Math.hypot(...out);
    return length > 0 ? out.map((x) => x / length) : undefined;
  };
  const vectors = corpus.map(pooled);
  const common = firstDirection(vectors.filter(Boolean), dims);
  const clean = (x) => {
    if (!x) return undefined;
    const along = x.reduce((sum, v, i) => sum + v * common[i], 0);
    return Float32Array.from(x, (v, i) => v - along * common[i]);
  };
  return { dims, corpus: vectors.map(clean), of: (text) => clean(pooled(text)) };
}

/** By power iteration. */
function firstDirection(vectors, dims) {
  let direction = new Float64Array(dims).fill(1 / Math.sqrt(dims));
  for (let round = 0; round < 20; round++) {
    const next = new Float64Array(dims);
    for (const x of vectors) {
      let along = 0;
      for (let i = 0; i < dims; i++) along += x[i] * direction[i];
      for (let i = 0; i < dims; i++) next[i] += along * x[i];
    }
    const length = Math.hypot(...next);
    direction = next.map((x) => x / length);
  }
  return direction;
}

const rowsOf = ({ rows, dims, data }) => Array.from({ length: rows }, (_, i) => data.subarray(i * dims, (i + 1) * dims));

/** With pooled words as vectors; queries of none that is known are left out. */
function pooledSet(name, texts, queries) {
  const pool = wordPooling(texts);
  const known = queries.map((query) => ({ ...query, vector: pool.of(query.text) })).filter(({ vector }) => vector);
  return { name, texts, vectors: pool.corpus, dims: pool.dims, queries: known };
}

/** @returns sets of { name, texts, vectors (undefined for a text without), dims, queries: { text, vector, right: Set of rows } }; none without the data */
export function labelledSets() {
  if (!existsSync(file('revdict1000.json'))) return [];
  const synsets = json('wordnet20k-rows.json');
  const asked = json('revdict1000.json').map(({ word, definition, rows }) => ({ word, definition, right: new Set(rows) }));
  const glosses = synsets.map(({ gloss }) => gloss);
  const definitions = asked.map(({ definition, right }) => ({ text: definition, right }));
  const encoded = npy('use512-wordnet20k.npy');
  const encodedQueries = rowsOf(npy('use512-revdict1000.npy'));

  const entries = synsets.map(({ words, gloss }) => `${words.join(', ')}: ${gloss.replace(/;? *"[^"]*"/g, '')}`);
  const examples = synsets.flatMap(({ gloss }, row) => {
    const example = /"([^"]+)"/.exec(gloss)?.[1];
    return example && wordsOf(example).length >= 3 ? [{ text: example, right: new Set([row]) }] : [];
  });
  const step = Math.floor(examples.length / 1000);
  const encodedSet = (name, texts) => ({
    name,
    texts,
    vectors: rowsOf(encoded),
    dims: encoded.dims,
    queries: definitions.map((query, i) => ({ ...query, vector: encodedQueries[i] })),
  });
  return [
    encodedSet('definitions, sentence encoder', glosses),
    encodedSet(
      'definitions, names alone, sentence encoder',
      synsets.map(({ words }) => words.join(', ')),
    ),
    pooledSet('definitions, pooled words', glosses, definitions),
    pooledSet('examples, pooled words', entries, examples.filter((_, i) => i % step === 0).slice(0, 1000)),
    pooledSet(
      'headwords, pooled words',
      entries,
      asked.map(({ word, right }) => ({ text: word, right })),
    ),
  ];
}
