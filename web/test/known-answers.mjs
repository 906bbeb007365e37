// SPDX-License-Identifier: Apache-2.0
// Answers that are known beforehand, asked of any copy of the package: in Node, in a page, installed from the tarball.

/** Those of conformance/determinism.json. */
export const codecs = [
  ...['f32', 'f16', 'bf16', 'int8', 'planes', 'planes2', 'planes12'],
  ...['int1', 'int4', 'lvq4', 'lvq8', 'rabitq1', 'rabitq4', 'planes+rotated'],
];
export const similarities = ['cosine', 'dot', 'squared_l2'];

const ids = ['east', 'north-east', 'north', 'west', 7];
const corpus = [
  [1, 0, 0, 0.1],
  [0.6, 0.7, 0, 0.1],
  [0, 0.9, 0, 0.1],
  [-1, 0, 0, 0.1],
  [0.1, -0.8, 0.3, 0.1],
];
const query = [0.9, 0.3, 0, 0.1];
// By hand: the angles, the inner products 0.91, 0.76, 0.28, -0.89, -0.14 and the distances 0.10, 0.25, 1.17, 3.70, 1.94.
const expected = ['east', 'north-east', 'north', 7, 'west'];

const firstScores = {
  squared_l2: { truth: -0.1, tolerance: 0.03 },
  dot: { truth: 0.91, tolerance: 0.03 },
  cosine: { truth: 0.949, tolerance: 0.02 },
};

function check(condition, what) {
  if (!condition) throw new Error(`known answer failed: ${what}`);
}

/** One bit says too little of four components to bring them into order. */
const isPrecise = (codec) => !codec.endsWith('1');
/** How far a score may lie from the truth, in units of a score's own tolerance. */
const looseness = (codec) => (codec.endsWith('4') ? 6 : 1);

const close = (a, b, tolerance) => Math.abs(a - b) <= tolerance;
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/** The rows as a view that begins and ends inside of a larger array of other numbers. */
function viewAtOffset(Type) {
  const flat = corpus.flat();
  const buffer = new Type(flat.length + 11).fill(-99);
  buffer.set(flat, 5);
  return buffer.subarray(5, 5 + flat.length);
}

async function asksOne({ Index }, codec, similarity, data) {
  const index = await Index.create({ dims: 4, similarity, codec });
  await index.addMany(ids, data);
  const hits = await index.search(viewOf(query), { k: 5 });
  const name = `${codec}, ${similarity}`;
  check(
    same(
      hits.map((hit) => hit.id),
      expected,
    ),
    `${name}: nearest first, got ${hits.map((hit) => hit.id)}`,
  );
  check(
    hits.every((hit) => hit.level === index.levels),
    `${name}: final level`,
  );
  const { truth, tolerance } = firstScores[similarity];
  check(close(hits[0].score, truth, tolerance * looseness(codec)), `${name}: score ${hits[0].score}, not ${truth}`);
  const again = await Index.fromBytes(index.toBytes());
  check(same(await again.search(query, { k: 5 }), hits), `${name}: the same answers after a save`);
  const idsOf = async (options) => (await index.search(query, options)).map(({ id }) => id);
  check(same(await idsOf({ k: 1, filter: ['west', 7] }), [7]), `${name}: filter`);
  check(same(await idsOf({ minScore: hits[1].score }), expected.slice(0, 2)), `${name}: all that score enough`);
  check(same(await idsOf({ recall: 1, ranges: [[1, 3]] }), expected.slice(1, 3)), `${name}: ranges`);
  index.dispose();
  again.dispose();
}

function viewOf(numbers) {
  const buffer = new Float32Array(numbers.length + 3).fill(99);
  buffer.set(numbers, 1);
  return buffer.subarray(1, 1 + numbers.length);
}

/** Throws at the first wrong answer; returns how many combinations were asked. */
export async function knownAnswers(simile) {
  const inputs = [
    viewAtOffset(Float32Array),
    viewAtOffset(Float64Array),
    corpus.flat(),
    corpus,
    corpus.map(viewOf),
    { data: viewAtOffset(Float32Array), dims: [5, 4] },
  ];
  let asked = 0;
  for (const codec of codecs.filter(isPrecise)) {
    for (const similarity of similarities) {
      for (const data of inputs) {
        await asksOne(simile, codec, similarity, data);
        asked++;
      }
    }
  }
  check(close(simile.cosineSimilarity([1, 0], [1, 1]), Math.SQRT1_2, 1e-15), 'cosineSimilarity');
  const core = await simile.init();
  check(close(core.dot(viewOf(query), corpus[1]), 0.76, 1e-6), 'core.dot');
  check(core.hamming(Uint8Array.of(255, 1), Uint8Array.of(0, 3)) === 9, 'core.hamming');
  return asked;
}

/** The same of indexes in workers: `createWorkerIndex` of `simile/worker`. */
export async function workerAnswers({ createWorkerIndex }, options) {
  for (const workers of [1, 2]) {
    const index = await createWorkerIndex({ dims: 4, workers, ...options });
    await index.addMany(ids, corpus);
    const found = (await index.search(query, { k: 5, recall: 1 })).map(({ id }) => id);
    check(same(found, expected), `${workers} workers: nearest first, got ${found}`);
    index.terminate();
  }
  return 'workers';
}
