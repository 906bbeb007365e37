// SPDX-License-Identifier: Apache-2.0
// The embedder of word vectors, against means by definition.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { Index } from 'simile';
import { staticEmbedder, textVectors, winkVectors, wordVectors } from 'simile/embedders/static';
import { refused } from '../support/expect.mjs';
import { startStaticServer } from '../support/static-server.mjs';

const passages = { kind: 'passage' };
const dictionary = new Map([
  ['the', [1, 1, 0]],
  ['dog', [0, 3, 0]],
  ['cat', [0, 2, 2]],
  ['__proto__', [0, 0, 5]],
  ['constructor', [-1, 0, 0]],
  ['东', [0, -1, 0.5]],
]);
const make = (options = {}) => wordVectors({ model: 'tiny', dims: 3, vectors: dictionary, codec: 'f32', ...options });

const harmonic = [1, 2, 3, 4, 5, 6].reduce((sum, r) => sum + 1 / r, 0);
const byZipf = (rank) => 1 / (rank * harmonic);
/** The direction of the sum of weight times vector. */
function mean(words, weight = () => 1) {
  const sum = [0, 0, 0];
  for (const word of words) for (const [i, x] of dictionary.get(word).entries()) sum[i] += weight(word) * x;
  const length = Math.hypot(...sum);
  return sum.map((x) => x / length);
}
function near(actual, expected, tolerance = 1e-6) {
  assert.equal(actual.length, expected.length);
  for (const [i, x] of [...actual].entries())
    assert.ok(Math.abs(x - expected[i]) <= tolerance, `${[...actual]}, not ${expected}`);
}

test('a text is the mean of its words, case and punctuation aside', async () => {
  const embedder = await staticEmbedder({ source: await make(), pooling: 'mean' });
  assert.deepEqual(embedder.info, { model: 'tiny', dims: 3, pooling: 'mean' });
  assert.equal(embedder.words, 6);
  const vectors = await embedder.embed(['The DOG, the cat!', 'dog'], passages);
  near(vectors, [...mean(['the', 'dog', 'the', 'cat']), 0, 1, 0]);
});

test('sif lets frequent words count little: by their order, or by counts', async () => {
  const source = await make();
  const ranks = new Map([...dictionary.keys()].map((word, i) => [word, i + 1]));
  const byOrder = await staticEmbedder({ source });
  assert.equal(byOrder.info.pooling, 'sif');
  // The sum of 1 / r is stood in for by a formula that at six words is right to 0.3 %.
  const sif = (word) => 1e-3 / (1e-3 + byZipf(ranks.get(word)));
  near(await byOrder.embed(['the dog'], passages), mean(['the', 'dog'], sif), 1e-3);

  const counts = { the: 100_000, dog: 10, cat: 1 };
  const counted = await make({ counts: (word) => (Object.hasOwn(counts, word) ? counts[word] : 0) });
  const byCounts = await staticEmbedder({ source: counted.toBytes() });
  const total = 100_011;
  const weight = (word) => 1e-3 / (1e-3 + counts[word] / total);
  // Frequencies are kept to a factor of 2^(1/16).
  near(await byCounts.embed(['the dog and the cat'], passages), mean(['the', 'dog', 'the', 'cat'], weight), 1e-3);
});

test('unknown words are left out and told; the known parts of a word count', async () => {
  const embedder = await staticEmbedder({ source: await make(), pooling: 'mean' });
  near(await embedder.embed(["the dog's xyzzy"], passages), mean(['the', 'dog']));
  assert.deepEqual(embedder.unknown("The dog's xyzzy, Plugh xyzzy"), ['xyzzy', 'Plugh', 'xyzzy']);
});

test('a text without known words is zeros, or refused', async () => {
  const source = await make();
  const embedder = await staticEmbedder({ source });
  assert.deepEqual([...(await embedder.embed(['xyzzy', '', 'dog'], passages))], [0, 0, 0, 0, 0, 0, 0, 1, 0]);
  const strict = await staticEmbedder({ source, unknownTexts: 'refuse' });
  assert.match((await refused('zero_norm', () => strict.embed(['dog', 'xyzzy'], passages))).message, /text 1 of 2, "xyzzy"/);
  const index = await Index.create({ dims: 3, zeroVectors: 'allow', codec: 'f32' });
  await index.addMany(['a', 'b'], await embedder.embed(['xyzzy', 'dog'], passages));
  assert.deepEqual(
    (await index.search([0, 1, 0])).map(({ id, score }) => [id, score]),
    [
      ['b', 1],
      ['a', 0],
    ],
  );
});

test("words that are names of JavaScript's own are words", async () => {
  const embedder = await staticEmbedder({ source: await make(), pooling: 'mean' });
  near(await embedder.embed(['constructor', '__proto__', 'toString'], passages), [-1, 0, 0, 0, 0, 1, 0, 0, 0]);
});

test('words of scripts without spaces are found, and without Intl.Segmenter those between spaces', async () => {
  const source = await make();
  const embedder = await staticEmbedder({ source, pooling: 'mean' });
  near(await embedder.embed(['东 dog'], passages), mean(['东', 'dog']));
  const { Segmenter } = Intl;
  try {
    delete Intl.Segmenter;
    near(await embedder.embed(['«The dog’s» the-cat 东'], passages), mean(['the', 'dog', 'the', 'cat', '东']));
  } finally {
    Intl.Segmenter = Segmenter;
  }
});

test('casing is that of the file', async () => {
  const vectors = [
    ['us', [1, 0]],
    ['US', [0, 1]],
    ['Rome', [1, 1]],
  ];
  const kept = await wordVectors({ model: 'cased', dims: 2, vectors, casing: 'keep', codec: 'f32' });
  const embedder = await staticEmbedder({ source: kept, pooling: 'mean' });
  assert.deepEqual([...(await embedder.embed(['US', 'us', 'Us', 'rome'], passages))], [0, 1, 1, 0, 1, 0, 0, 0]);
});

test('a file is read from bytes, from disk and over HTTP, with compact codes too', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'simile-words-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const bytes = (await make({ codec: 'int8' })).toBytes();
  writeFileSync(join(folder, 'words.simile'), bytes);
  const server = await startStaticServer({ words: folder });
  t.after(server.close);
  const progress = [];
  const sources = [bytes, bytes.buffer, pathToFileURL(join(folder, 'words.simile')), `${server.address}/words/words.simile`];
  for (const source of sources) {
    const embedder = await staticEmbedder({ source, pooling: 'mean', onProgress: ({ loaded }) => progress.push(loaded) });
    near(await embedder.embed(['the dog'], passages), mean(['the', 'dog']), 0.02);
  }
  assert.equal(progress.at(-1), bytes.length);
  await refused('io_failure', () => staticEmbedder({ source: pathToFileURL(join(folder, 'nothing.simile')) }));
  await refused('io_failure', () => staticEmbedder({ source: `${server.address}/words/nothing.simile` }));
  await refused('truncated_file', () => staticEmbedder({ source: bytes.subarray(0, 100) }));
});

test('an index of yours stays yours', async () => {
  const source = await make();
  (await staticEmbedder({ source })).dispose();
  assert.equal(source.size, 6);
  source.dispose();
});

test('other files are refused', async () => {
  const plain = await Index.create({ dims: 3 });
  for (const metadata of ['', 'text', 'null', '{}', '{"kind":"other"}', '{"kind":"simile/word-vectors"}']) {
    plain.metadata = metadata;
    await refused('invalid_argument', () => staticEmbedder({ source: plain }), metadata);
  }
  plain.metadata = '{"kind":"simile/word-vectors","model":"m"}';
  await plain.add(7, [1, 0, 0]);
  await refused('invalid_argument', () => staticEmbedder({ source: plain }), 'numbers as words');
  const torn = await make({ counts: () => 1 });
  await torn.delete('dog');
  await refused('corrupt_file', () => staticEmbedder({ source: torn }));
  for (const options of [{ pooling: 'max' }, { unknownTexts: 'skip' }])
    await refused('invalid_argument', async () => staticEmbedder({ source: await make(), ...options }));
});

test('making word vectors: the first of equals, no zeros, as many as asked', async () => {
  const vectors = [
    ['a', [0, 0]],
    ['b', [1, 2]],
    ['b', [3, 4]],
    ['c', [5, 6]],
    ['d', [7, 8]],
  ];
  const index = await wordVectors({ model: 'm', dims: 2, vectors, maxWords: 2, codec: 'f32' });
  assert.deepEqual(index.ids(), ['b', 'c']);
  assert.deepEqual([...index.get('b')], [1, 2], 'with its length');
  const bad = [
    ['dimension_mismatch', { vectors: [['a', [1]]] }],
    ['not_finite', { vectors: [['a', [1, Number.NaN]]] }],
    ['limit_exceeded', { vectors: [['a'.repeat(65_536), [1, 1]]] }],
    ['invalid_argument', { model: '' }],
    ['invalid_argument', { dims: 0 }],
    ['invalid_argument', { maxWords: 0 }],
    ['invalid_argument', { casing: 'upper' }],
    ['invalid_argument', { counts: () => -1 }],
    ['invalid_argument', { counts: () => 0 }],
    ['invalid_argument', { counts: () => Number.NaN }],
    ['cancelled', { signal: AbortSignal.abort() }],
  ];
  for (const [code, options] of bad)
    await refused(
      code,
      () => wordVectors({ model: 'm', dims: 2, vectors: [['a', [1, 2]]], ...options }),
      JSON.stringify(options),
    );
});

test('the JSON of wink-embeddings is read', async () => {
  // As the package has it: the components, the norm, the number of the word.
  const json = JSON.parse(
    '{"precision":8,"l2NormIndex":2,"wordIndex":3,"size":2,"dimensions":2,"words":["the","__proto__"],' +
      '"vectors":{"the":[-0.5,0.25,0.559,0],"__proto__":[1,0,1,1]},"unkVector":[0,0,0,-1]}',
  );
  assert.deepEqual(
    [...winkVectors(json)],
    [
      ['the', [-0.5, 0.25]],
      ['__proto__', [1, 0]],
    ],
  );
  for (const bad of [
    null,
    {},
    { ...json, words: ['missing'] },
    { ...json, words: ['toString'] },
    { ...json, vectors: { the: [1], __proto__: null } },
  ])
    await refused('invalid_argument', () => [...winkVectors(bad)]);
});

test('lines of words and numbers are read', async () => {
  const read = (text) => [...textVectors(text.split('\n'))].map(([word, vector]) => [word, ...vector]);
  assert.deepEqual(read('the 0.5 -1\n. . 2 3e-1\n'), [
    ['the', 0.5, -1],
    ['. .', 2, Math.fround(0.3)],
  ]);
  assert.deepEqual(read('2 3\na 1 2 3 \r\nb 4 5 6'), [
    ['a', 1, 2, 3],
    ['b', 4, 5, 6],
  ]);
  for (const text of ['a', 'a 1 2\nb 3', 'a 1 2\nb 3 x', 'a 1  2', 'a 1 2\n 3 4', 'a 1 Infinity'])
    assert.match((await refused('invalid_argument', () => read(text), text)).message, /line [12] /);
});

test('any text is embedded, in time that goes with its length', async () => {
  const embedder = await staticEmbedder({ source: await make() });
  const text = fc.string({
    unit: fc.constantFrom('the', ' ', 'dog', "'", '\ud800', '\u0301', '东', '__proto__', '-', '\n', '\u202e', '😀'),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(text), async (texts) => {
      const vectors = await embedder.embed(texts, passages);
      for (let row = 0; row < texts.length; row++) {
        const length = Math.hypot(...vectors.subarray(3 * row, 3 * row + 3));
        assert.ok(length === 0 || Math.abs(length - 1) < 1e-6, `${length}`);
      }
    }),
  );
  // Words go on where the text is cut to be segmented.
  const words = Array.from({ length: 2000 }, (_, i) => (i % 3 === 0 ? 'dog' : `unknown${i}`));
  assert.deepEqual(
    embedder.unknown(words.join(' ')),
    words.filter((word) => word !== 'dog'),
  );
  // And characters of two halves are not cut between them: 1 + 2 * 700 units, without a space.
  assert.deepEqual(embedder.unknown(`-${'😀'.repeat(511)}𝒜𝒷 x`), ['𝒜𝒷', 'x']);
  // Quadratic time would take minutes.
  for (const long of ['a'.repeat(1e6), '\u0301'.repeat(1e6), 'the '.repeat(2e5), "'".repeat(1e6), 'a-'.repeat(3e5)])
    assert.equal((await embedder.embed([long], passages)).length, 3);
});

test('many texts can be cancelled, and tell how far they are', async () => {
  const embedder = await staticEmbedder({ source: await make() });
  const stop = new AbortController();
  let seen = 0;
  const onProgress = ({ loaded, total }) => {
    seen = loaded;
    assert.equal(total, 100);
    if (loaded === 10) stop.abort();
  };
  await refused('cancelled', () => embedder.embed(Array(100).fill('the dog'), { ...passages, signal: stop.signal, onProgress }));
  assert.equal(seen, 10);
  await refused('invalid_argument', () => embedder.embed(['a'], {}));
});
