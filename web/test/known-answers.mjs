// SPDX-License-Identifier: Apache-2.0
// Answers that are known beforehand, asked of any copy of the package: in Node, in a page, installed from the tarball.

export const codecs = ['f32', 'f16', 'int8', 'planes'];
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

function check(condition, what) {
  if (!condition) throw new Error(`known answer failed: ${what}`);
}

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
  if (similarity === 'squared_l2') check(close(hits[0].score, -0.1, 0.03), `${name}: score is minus the distance`);
  if (similarity === 'dot') check(close(hits[0].score, 0.91, 0.03), `${name}: score is the inner product`);
  if (similarity === 'cosine') check(close(hits[0].score, 0.949, 0.02), `${name}: score is the cosine`);
  const again = await Index.fromBytes(index.toBytes());
  check(same(await again.search(query, { k: 5 }), hits), `${name}: the same answers after a save`);
  const one = await index.search(query, { k: 1, filter: ['west', 7] });
  check(
    same(
      one.map((hit) => hit.id),
      [7],
    ),
    `${name}: filter`,
  );
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
  for (const codec of codecs) {
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
