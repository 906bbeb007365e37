// SPDX-License-Identifier: Apache-2.0
// The error policy, as one table over every entry point: what is refused, with which code, and that nothing has changed then.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cosineSimilarity, Index, init } from 'simile';
import { codecs, similarities } from '../known-answers.mjs';
import { refused } from '../support/expect.mjs';

const good = [0.5, -1, 2];
const nan = [0.5, Number.NaN, 2];
const infinite = [0.5, 1, Number.POSITIVE_INFINITY];
const tooLarge = [1e39, 0, 0]; // infinite as a 32-bit float
const zero = [0, 0, 0];
const illFormed = 'half a pair \ud800';
const longId = 'x'.repeat(65_536);

const badVectors = [
  ['dimension_mismatch', 'too short', [1, 2]],
  ['dimension_mismatch', 'too long', [1, 2, 3, 4]],
  ['dimension_mismatch', 'empty', []],
  ['dimension_mismatch', 'a tensor of two', { data: new Float32Array(6), dims: [2, 3] }],
  ['dimension_mismatch', 'a tensor whose dims do not fit', { data: [1, 2, 3], dims: [4] }],
  ['not_finite', 'NaN', nan],
  ['not_finite', 'infinite', infinite],
  ['not_finite', 'too large for a float', tooLarge],
  ['not_finite', 'NaN in a Float64Array', Float64Array.from(nan)],
  ['invalid_argument', 'undefined', undefined],
  ['invalid_argument', 'null', null],
  ['invalid_argument', 'text', '123'],
  ['invalid_argument', 'text as component', [1, '2', 3]],
  ['invalid_argument', 'a hole', Object.assign([1], { 2: 3 })],
  ['invalid_argument', 'bytes', Uint8Array.of(1, 2, 3)],
  ['invalid_argument', 'big integers', [1n, 2n, 3n]],
  ['invalid_argument', 'a list of vectors', [[1, 2, 3]]],
];

const badIds = [
  ['invalid_argument', 'negative', -1],
  ['invalid_argument', 'a fraction', 1.5],
  ['invalid_argument', '2^53', 2 ** 53],
  ['invalid_argument', 'NaN', Number.NaN],
  ['invalid_argument', 'undefined', undefined],
  ['invalid_argument', 'an object', {}],
  ['invalid_argument', 'a big integer', 1n],
  ['invalid_argument', 'ill-formed', illFormed],
  ['limit_exceeded', 'too long', longId],
];

const badCounts = [0, -1, 1.5, Number.NaN, '3', null];

/** Entry point, code, name of the case, what to do with an index that holds 'a' and 'b'. */
const table = [
  ...badVectors.flatMap(([code, name, vector]) => [
    ['add', code, name, (index) => index.add('c', vector)],
    ['update', code, name, (index) => index.update('a', vector)],
    ['search', code, name, (index) => index.search(vector)],
  ]),
  ...badVectors
    .slice(0, -1)
    .map(([code, name, vector]) => ['addMany of a list', code, name, (index) => index.addMany(['c', 'd'], [good, vector])]),
  ['add', 'zero_norm', 'zero vector', (index) => index.add('c', zero)],
  ['update', 'zero_norm', 'zero vector', (index) => index.update('a', zero)],
  ['addMany', 'zero_norm', 'zero vector', (index) => index.addMany(['c', 'd'], [...good, ...zero])],
  ['addMany', 'not_finite', 'NaN in the last row', (index) => index.addMany(['c', 'd'], [...good, ...nan])],
  ['addMany', 'not_finite', 'infinity in the last row', (index) => index.addMany(['c', 'd'], [...good, ...infinite])],
  ['addMany', 'dimension_mismatch', 'no whole rows', (index) => index.addMany(['c'], [1, 2, 3, 4])],
  ['addMany', 'dimension_mismatch', 'fewer vectors than ids', (index) => index.addMany(['c', 'd'], good)],
  ['addMany', 'dimension_mismatch', 'no vectors', (index) => index.addMany(['c'], [])],
  [
    'addMany',
    'dimension_mismatch',
    'rows of another width',
    (index) => index.addMany(['c', 'd'], { data: [...good, ...good], dims: [3, 2] }),
  ],
  ['addMany', 'duplicate_id', 'twice in the batch', (index) => index.addMany(['c', 'c'], [...good, ...good])],
  ['addMany', 'duplicate_id', 'there already', (index) => index.addMany(['c', 'b'], [...good, ...good])],
  ['addMany', 'invalid_argument', 'ids as text', (index) => index.addMany('cd', [...good, ...good])],
  ['addMany', 'invalid_argument', 'unknown choice', (index) => index.addMany(['c'], good, { onDuplicate: 'merge' })],
  ['add', 'duplicate_id', 'there already', (index) => index.add('b', good)],
  ['add', 'invalid_argument', 'unknown choice', (index) => index.add('c', good, { onDuplicate: 'merge' })],
  ['update', 'unknown_id', 'not there', (index) => index.update('c', good)],
  ...badIds.flatMap(([code, name, id]) => [
    ['add', code, `id: ${name}`, (index) => index.add(id, good)],
    ['addMany', code, `id: ${name}`, (index) => index.addMany(['c', id], [...good, ...good])],
    ['update', code, `id: ${name}`, (index) => index.update(id, good)],
    ['delete', code, `id: ${name}`, (index) => index.delete(id)],
    ['deleteMany', code, `id: ${name}`, (index) => index.deleteMany(['a', id])],
    ['has', code, `id: ${name}`, (index) => index.has(id)],
    ['get', code, `id: ${name}`, (index) => index.get(id)],
    ['filter', code, `id: ${name}`, (index) => index.search(good, { filter: ['a', id] })],
  ]),
  ...badCounts.flatMap((k) => [
    ['search', 'invalid_argument', `k: ${k}`, (index) => index.search(good, { k })],
    ['searchMany', 'invalid_argument', `k: ${k}`, (index) => index.searchMany([good], { k })],
  ]),
  ...[0, -0.5, 1.001, Number.NaN, Number.POSITIVE_INFINITY, '0.9', null].flatMap((recall) => [
    ['search', 'invalid_argument', `recall: ${recall}`, (index) => index.search(good, { recall })],
    ['searchMany', 'invalid_argument', `recall: ${recall}`, (index) => index.searchMany([good], { recall })],
  ]),
  ...[Number.NaN, '0.5', null, {}].flatMap((minScore) => [
    ['search', 'invalid_argument', `minScore: ${minScore}`, (index) => index.search(good, { minScore })],
    ['searchMany', 'invalid_argument', `minScore: ${minScore}`, (index) => index.searchMany([good], { minScore })],
  ]),
  ...[1, 'ab', null, [1], [[0]], [[0, 1, 2]], [[-1, 1]], [[0, 1.5]], [['0', 1]], [[0, 2 ** 32]], [[1, 0]]].map((ranges) => [
    ...['search', 'invalid_argument', `ranges: ${JSON.stringify(ranges)}`],
    (index) => index.search(good, { ranges }),
  ]),
  [
    'search',
    'invalid_argument',
    'ranges that overlap',
    (index) =>
      index.search(good, {
        ranges: [
          [0, 2],
          [1, 2],
        ],
      }),
  ],
  ['search', 'out_of_range', 'a range beyond the end', (index) => index.search(good, { ranges: [[0, 3]] })],
  ['search', 'invalid_argument', 'filter as text', (index) => index.search(good, { filter: 'a' })],
  ['search', 'invalid_argument', 'filter as number', (index) => index.search(good, { filter: 1 })],
  ['searchMany', 'not_finite', 'NaN', (index) => index.searchMany([...good, ...nan])],
  ['searchMany', 'dimension_mismatch', 'no whole rows', (index) => index.searchMany([1, 2, 3, 4])],
  ['searchMany', 'dimension_mismatch', 'one too short', (index) => index.searchMany([good, [1, 2]])],
  ['deleteMany', 'invalid_argument', 'ids as text', (index) => index.deleteMany('ab')],
  [
    'metadata',
    'invalid_argument',
    'no text',
    (index) => {
      index.metadata = {};
    },
  ],
  [
    'metadata',
    'invalid_argument',
    'ill-formed',
    (index) => {
      index.metadata = illFormed;
    },
  ],
];

for (const codec of codecs) {
  test(`a refused call changes nothing (${codec})`, async () => {
    const index = await Index.create({ dims: 3, codec });
    await index.addMany(['a', 'b'], [1, 2, 3, -3, 2, 1]);
    const before = index.toBytes();
    for (const [entry, code, name, work] of table) {
      await refused(code, () => work(index), `${entry}, ${name}:`);
      assert.deepEqual(index.toBytes(), before, `${entry}, ${name}: unchanged`);
    }
  });
}

test('a zero query is refused under cosine only', async () => {
  for (const similarity of similarities) {
    const index = await Index.create({ dims: 3, similarity });
    await index.add('a', good);
    if (similarity === 'cosine') await refused('zero_norm', () => index.search(zero));
    else assert.equal((await index.search(zero)).length, 1);
  }
});

test('zero vectors are taken where they have a meaning or are allowed', async () => {
  for (const codec of codecs) {
    for (const options of [{ similarity: 'dot' }, { similarity: 'squared_l2' }, { zeroVectors: 'allow' }]) {
      const index = await Index.create({ dims: 3, codec, ...options });
      await index.addMany(['good', 'zero'], [...good, ...zero]);
      await index.add('second zero', zero);
      const again = await Index.fromBytes(index.toBytes());
      await again.addMany(['third zero'], zero);
      assert.deepEqual(again.get('zero'), new Float32Array(3));
      const hits = await again.search(good, { k: 4 });
      assert.equal(hits[0].id, 'good');
      if (options.zeroVectors)
        assert.deepEqual(
          hits.slice(1).map((hit) => Math.abs(hit.score)),
          [0, 0, 0],
        );
    }
  }
});

test('a loaded index refuses zero vectors as the saved one did, before it replaces any', async () => {
  const wide = 40_000; // so that each vector is a slice of its own
  const index = await Index.create({ dims: wide, codec: 'int8' });
  await index.addMany(['a', 'b'], new Float32Array(2 * wide).fill(1));
  const again = await Index.fromBytes(index.toBytes());
  const other = new Float32Array(2 * wide).fill(-1, 0, wide);
  await refused('zero_norm', () => again.addMany(['a', 'b'], other, { onDuplicate: 'replace' }));
  assert.deepEqual(again.toBytes(), index.toBytes());
});

test('a vector too long to be squared as a float is refused where lengths count, before any is replaced', async () => {
  const wide = 40_000;
  const long = new Float32Array(2 * wide).fill(1).fill(2 ** 61, wide);
  for (const similarity of ['dot', 'squared_l2']) {
    const index = await Index.create({ dims: wide, codec: 'int8', similarity });
    await index.addMany(['a', 'b'], new Float32Array(2 * wide).fill(-1));
    const before = index.toBytes();
    await refused('out_of_range', () => index.addMany(['a', 'b'], long, { onDuplicate: 'replace' }));
    await refused('out_of_range', () => index.add('c', long.subarray(wide)));
    await refused('out_of_range', () => index.search(long.subarray(wide)));
    assert.deepEqual(index.toBytes(), before);
  }
});

test('k beyond the number of rows gives all of them, and an empty index none', async () => {
  for (const codec of codecs) {
    const index = await Index.create({ dims: 3, codec });
    assert.deepEqual(await index.search(good), []);
    assert.deepEqual(await index.searchMany([good, good]), [[], []]);
    assert.deepEqual(await index.search(good, { filter: ['a'] }), []);
    await index.addMany(['a', 'b'], [1, 2, 3, -3, 2, 1]);
    for (const k of [2, 3, 1e6, 2 ** 32, Number.MAX_SAFE_INTEGER]) assert.equal((await index.search(good, { k })).length, 2);
  }
});

test('nothing at all is a valid batch', async () => {
  const index = await Index.create({ dims: 3 });
  await index.addMany([], []);
  await index.addMany([], new Float32Array());
  assert.deepEqual(await index.searchMany([]), []);
  assert.equal(await index.deleteMany([]), 0);
  assert.equal(index.size, 0);
  assert.deepEqual(index.ids(), []);
});

test('create refuses wrong options', async () => {
  for (const dims of [0, -1, 1.5, Number.NaN, undefined, '3', null])
    await refused('invalid_argument', () => Index.create({ dims }));
  for (const dims of [2 ** 32 - 1, 2 ** 40]) await refused('out_of_range', () => Index.create({ dims }));
  await refused('invalid_argument', () => Index.create({ dims: 3, similarity: 'jaccard' }));
  for (const codec of [
    'f64',
    '',
    'int0',
    'int8x',
    'lvq9',
    'rabitq0',
    'eden5',
    'f32+rotated',
    'Planes',
    'product',
    'ä',
    4,
    null,
    '\ud800',
  ])
    await refused('invalid_argument', () => Index.create({ dims: 3, codec }), String(codec));
  const { message } = await refused('invalid_argument', () => Index.create({ dims: 3, codec: 'int9' }));
  assert.match(message, /"int9".*int1 \.\. int7/);
  await refused('invalid_argument', () => Index.create({ dims: 3, zeroVectors: 'maybe' }));
});

test('fromBytes and fromURL refuse wrong arguments', async () => {
  const index = await Index.create({ dims: 3 });
  const bytes = index.toBytes();
  for (const wrong of [undefined, null, 'text', [1, 2], new Float32Array(4), {}]) {
    await refused('invalid_argument', () => Index.fromBytes(wrong));
  }
  await refused('truncated_file', () => Index.fromBytes(new Uint8Array()));
  await refused('truncated_file', () => Index.fromBytes(new ArrayBuffer(0)));
  await refused('invalid_argument', () => Index.fromBytes(bytes, { verify: 'sometimes' }));
  for (const maxRows of [0, -1, 1.5, Number.NaN, '3']) {
    await refused('invalid_argument', () => Index.fromBytes(bytes, { limits: { maxRows } }));
  }
  await refused('invalid_argument', () => Index.fromURL(undefined));
  await refused('invalid_argument', () => Index.fromURL(12));
});

test('a file beyond a limit is refused', async () => {
  const index = await Index.create({ dims: 3 });
  await index.addMany(['a', 'b'], [1, 2, 3, -3, 2, 1]);
  const bytes = index.toBytes();
  for (const limits of [{ maxBytes: bytes.length - 1 }, { maxRows: 1 }, { maxDims: 2 }, { maxSections: 1 }]) {
    await refused('limit_exceeded', () => Index.fromBytes(bytes, { limits }), JSON.stringify(limits));
  }
  const exact = { maxBytes: bytes.length, maxRows: 2, maxDims: 3, maxSections: 10 };
  const again = await Index.fromBytes(bytes, { limits: exact });
  assert.equal(again.size, 2);
});

test('the kernels and cosineSimilarity refuse what does not fit', async () => {
  const core = await init();
  for (const name of ['dot', 'cosine', 'squaredL2']) {
    await refused('dimension_mismatch', () => core[name]([1, 2], [1, 2, 3]), name);
    await refused('invalid_argument', () => core[name]('12', [1, 2]), name);
  }
  for (const name of ['dotI8', 'cosineI8', 'squaredL2I8']) {
    await refused('dimension_mismatch', () => core[name](Int8Array.of(1), Int8Array.of(1, 2)), name);
    await refused('invalid_argument', () => core[name]([1], [2]), name);
  }
  await refused('dimension_mismatch', () => core.hamming(Uint8Array.of(1), Uint8Array.of(1, 2)));
  await refused('invalid_argument', () => core.hamming(Int8Array.of(1), Int8Array.of(1)));
  await refused('not_finite', () => core.planes(nan));
  await refused('zero_norm', () => core.planes(zero));
  await refused('zero_norm', () => core.planes(good, zero));
  await refused('out_of_range', () => core.planes([]));
  await refused('dimension_mismatch', () => core.planes(good, [1, 2]));
  await refused('dimension_mismatch', () => cosineSimilarity([1], [1, 2]));
  await refused('not_finite', () => cosineSimilarity(nan, good));
  await refused('not_finite', () => cosineSimilarity(infinite, good));
  await refused('invalid_argument', () => cosineSimilarity('ab', 'cd'));
  assert.equal(cosineSimilarity(zero, good), 0);
  assert.equal(cosineSimilarity([], []), 0);
});

test('init refuses an unknown choice and relaxed SIMD where there is none', async () => {
  await refused('invalid_argument', () => init({ simd: 'avx512' }));
  if (!process.execArgv.includes('--experimental-wasm-relaxed-simd'))
    await refused('not_supported', () => init({ simd: 'relaxed' }));
  await refused('not_supported', () => init({ wasm: Uint8Array.of(0, 97, 115, 109, 9, 9, 9, 9) }));
  await refused('io_failure', () => init({ wasm: new URL('./no-such-file.wasm', import.meta.url) }));
  assert.equal((await init()).dot([1], [2]), 2);
});
