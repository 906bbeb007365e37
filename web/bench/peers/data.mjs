// SPDX-License-Identifier: Apache-2.0
// The same vectors, texts and queries for everybody, and what is right.
import { readFileSync } from 'node:fs';
import { madeTexts, queryOf, random } from '../hybrid/texts.mjs';
import { clusteredRows } from '../law.mjs';
import { k } from './contest.mjs';

export const queryCount = 100;

/** A matrix of 32-bit floats in C order, every row divided by its length. */
export function unitRows(bytes) {
  const start = bytes[6] === 1 ? 10 : 12;
  const end = start + (bytes[6] === 1 ? bytes.readUInt16LE(8) : bytes.readUInt32LE(8));
  const head = bytes.toString('latin1', start, end);
  const [, rows, dims] = /'shape': \((\d+), (\d+),?\)/.exec(head)?.map(Number) ?? [];
  if (!head.includes("'<f4'") || !head.includes("'fortran_order': False") || !dims)
    throw new Error(`expected rows of 32-bit floats in C order, not ${head.trim()}`);
  const values = new Float32Array(bytes.buffer.slice(bytes.byteOffset + end, bytes.byteOffset + end + 4 * rows * dims));
  for (let at = 0; at < values.length; at += dims) {
    const row = values.subarray(at, at + dims);
    const inverse = 1 / Math.sqrt(row.reduce((sum, x) => sum + x * x, 0));
    for (let i = 0; i < dims; i++) row[i] *= inverse;
  }
  return { values, dims };
}

/** Made vectors, or those of a .npy file, whose last rows are the queries then. @returns what gives the first `rows` of them, and the queries */
export function vectorSource(file, dims, mostRows) {
  if (file === undefined) {
    const take = clusteredRows(dims);
    const queries = take(queryCount);
    const values = take(mostRows);
    return { dims, queries, first: (rows) => values.subarray(0, rows * dims) };
  }
  const all = unitRows(readFileSync(file));
  const rows = all.values.length / all.dims - queryCount;
  return {
    dims: all.dims,
    queries: all.values.slice(rows * all.dims),
    first: (wanted) => all.values.subarray(0, Math.min(wanted, rows) * all.dims),
  };
}

/** Short texts, and for each query the words of one of them. */
export function textSource(rows) {
  const next = random(7);
  const texts = madeTexts(rows, next);
  return { texts, queries: Array.from({ length: queryCount }, () => queryOf(texts[Math.floor(rows * next())], next)) };
}

/** Of each query the rows that are right: their inner product, summed in double, is within 1e-6 of the tenth. */
export function exactNeighbours(values, queries, dims) {
  const rows = values.length / dims;
  const count = queries.length / dims;
  const scores = Array.from({ length: count }, () => new Float64Array(rows));
  for (let row = 0; row < rows; row++) {
    const x = values.subarray(row * dims, (row + 1) * dims);
    for (let q = 0; q < count; q++) {
      const from = q * dims;
      let [a, b] = [0, 0];
      for (let i = 0; i + 1 < dims; i += 2) {
        a += x[i] * queries[from + i];
        b += x[i + 1] * queries[from + i + 1];
      }
      if (dims % 2 === 1) a += x[dims - 1] * queries[from + dims - 1];
      scores[q][row] = a + b;
    }
  }
  return scores.map((own) => {
    const tenth = own.slice().sort().at(-Math.min(k, rows)) - 1e-6;
    const right = new Set();
    for (let row = 0; row < rows; row++) if (own[row] >= tenth) right.add(row);
    return right;
  });
}

/** The share of the 10 best that was found, of the queries that were asked. */
export function recallOf(found, right) {
  const hits = found.map((ids, i) => new Set(ids.filter((id) => right[i].has(id))).size);
  const wanted = right.slice(0, found.length).map((ids) => Math.min(k, ids.size));
  const sum = (list) => list.reduce((total, n) => total + n, 0);
  return sum(hits) / sum(wanted);
}
