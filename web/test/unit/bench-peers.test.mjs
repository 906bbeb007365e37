// SPDX-License-Identifier: Apache-2.0
// What the comparison with other libraries counts, with an engine of which everything is known.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { k, run, timeSearches } from '../../bench/peers/contest.mjs';
import { exactNeighbours, queryCount, recallOf, textSource, unitRows } from '../../bench/peers/data.mjs';

/** The cosine of row i with (1, 0) falls with i. */
function fan(rows) {
  const values = new Float32Array(2 * rows);
  for (let i = 0; i < rows; i++) values.set([Math.cos(i / 100), Math.sin(i / 100)], 2 * i);
  return values;
}

test('the right rows are the ten nearest, and those that are as near as the tenth', () => {
  const values = fan(30);
  values.set(values.subarray(18, 20), 2 * 25); // row 25 is where row 9 is
  assert.deepEqual([...exactNeighbours(values, new Float32Array([1, 0]), 2)[0]], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 25]);
  assert.deepEqual([...exactNeighbours(values.subarray(0, 6), new Float32Array([0, 1]), 2)[0]], [0, 1, 2], 'there are no more');
});

test('odd numbers of dims are summed up to the last one', () => {
  const rows = new Float32Array([1, 0, 0, 0, 0, 1]);
  assert.deepEqual([...exactNeighbours(rows.subarray(0, 3), new Float32Array([0, 0, 1]), 3)[0]], [0]);
  const many = new Float32Array(11 * 3);
  many[32] = 1; // of row 10 alone the last component
  assert.ok(exactNeighbours(many, new Float32Array([0, 0, 1]), 3)[0].has(10));
  many[32] = -1;
  assert.ok(!exactNeighbours(many, new Float32Array([0, 0, 1]), 3)[0].has(10));
});

test('recall counts each right row once, out of ten or of as many as there are', () => {
  const right = [new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 25])];
  assert.equal(recallOf([[25, 1, 2, 3, 4, 5, 6, 7, 8, 9]], right), 1);
  assert.equal(recallOf([[0, 0, 0, 0, 0, 77, 78, 79, 80, 81]], right), 0.1);
  assert.equal(recallOf([[0, 1], []], [new Set([0, 1]), new Set([0, 1])]), 0.5);
  assert.equal(recallOf([[0, 1]], [new Set([0, 1]), new Set([0, 1])]), 1, 'the second one was not asked');
});

/** A .npy file of version 1 with these rows of two numbers. */
function npy(rows, kind = '<f4') {
  const head = `{'descr': '${kind}', 'fortran_order': False, 'shape': (${rows.length}, 2), }`.padEnd(117, ' ');
  const bytes = Buffer.alloc(128 + 8 * rows.length);
  bytes.write('\x93NUMPY\x01\x00', 0, 'latin1');
  bytes.writeUInt16LE(118, 8);
  bytes.write(`${head}\n`, 10, 'latin1');
  rows.flat().forEach((x, i) => void bytes.writeFloatLE(x, 128 + 4 * i));
  return bytes;
}

test('a .npy file gives unit vectors, and another type is refused', () => {
  const rows = [
    [3, 4],
    [0, -2],
  ];
  const { values, dims } = unitRows(npy(rows));
  assert.equal(dims, 2);
  assert.deepEqual(
    [...values].map((x) => Math.round(x * 1e6) / 1e6),
    [0.6, 0.8, 0, -1],
  );
  assert.throws(() => unitRows(npy(rows, '<f8')), /32-bit floats/);
});

test('texts and queries are the same every time, and a query has words of a text', () => {
  const { texts, queries } = textSource(50);
  assert.deepEqual(textSource(50), { texts, queries });
  assert.equal(queries.length, queryCount);
  for (const query of queries) assert.ok(texts.some((text) => query.split(' ').every((word) => text.split(' ').includes(word))));
});

/** An engine that tells what is done with it. */
function recorded(log, { save = () => new Uint8Array(7) } = {}) {
  const engine = {
    build: ({ rows }) => log.push(`build ${rows}`),
    save,
    load: (bytes) => log.push(`load ${bytes.length}`),
    search: ({ text }) => {
      log.push(`search ${text}`);
      return Array.from({ length: 20 }, (_, i) => String(i));
    },
  };
  return {
    adapter: () => {
      log.push('import');
      return { contests: { own: { start: () => engine } } };
    },
    runtime: {},
    docs: () => ({ rows: 5 }),
    queries: () => [{ text: 'a' }, { text: 'b' }],
    saved: () => new Uint8Array(3),
    keep: (bytes) => log.push(`keep ${bytes.length}`),
  };
}

test('the first half builds, finds ten for each query, times at least a hundred searches, and keeps the bytes', async () => {
  const log = [];
  const result = await run({ name: 'own', phase: 'build', seconds: 0 }, recorded(log));
  assert.deepEqual(log.slice(0, 4), ['import', 'build 5', 'search a', 'search b']);
  assert.equal(log.length, 2 + 2 + 100 + 1);
  assert.equal(log.at(-1), 'keep 7');
  assert.deepEqual(result.found, Array(2).fill([...Array(k).keys()]));
  assert.equal(result.bytes, 7);
  assert.ok(result.p50 <= result.p99);
});

test('what cannot be saved says why, and is measured all the same', async () => {
  const log = [];
  const save = () => {
    throw new RangeError('Invalid string length');
  };
  const result = await run({ name: 'own', phase: 'build', seconds: 0 }, recorded(log, { save }));
  assert.equal(result.unsaved, 'Invalid string length');
  assert.equal(result.bytes, undefined);
  assert.equal(result.found.length, 2);
  assert.ok(!log.some((line) => line.startsWith('keep')));
});

test('the second half imports, loads and searches once; what a program has prepared is searched there too', async () => {
  const log = [];
  const result = await run({ name: 'own', phase: 'first', seconds: 0 }, recorded(log));
  assert.deepEqual(log, ['import', 'load 3', 'search a']);
  assert.ok(result.load <= result.first);
  const prepared = await run({ name: 'own', phase: 'first', seconds: 0, isPrepared: true }, recorded([]));
  assert.equal(prepared.found.length, 2);
});

test('of what is slow fewer are asked', async () => {
  let searches = 0;
  const search = async () => {
    searches++;
    await new Promise((resolve) => setTimeout(resolve, 20));
    return [0];
  };
  const { found } = await timeSearches({ search }, Array(queryCount).fill({}), 0);
  assert.ok(found.length < queryCount, `${found.length} in a second`);
  assert.ok(searches - found.length < 100, `${searches} in two`);
});
