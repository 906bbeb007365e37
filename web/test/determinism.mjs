// SPDX-License-Identifier: Apache-2.0
// The hashes of conformance/determinism.json, made anew by any copy of the package; the note there describes the data.
import { codecs, similarities } from './known-answers.mjs';
import { vectors } from './support/random.mjs';

const [rows, dims, queries] = [333, 100, 20];

/** FNV-1a of 64 bits. */
class Fnv1a {
  #state = 0xcbf29ce484222325n;

  add(bytes) {
    for (const byte of bytes) this.#state = BigInt.asUintN(64, (this.#state ^ BigInt(byte)) * 0x100000001b3n);
  }

  get hex() {
    return this.#state.toString(16).padStart(16, '0');
  }
}

/** Options of `calibrate` by the names they have in the file. */
const corrections = {
  inverted_softmax: { method: 'inverted_softmax' },
  nnn: { method: 'nnn', k: 5 },
  csls: { method: 'csls' },
  'dynamic nnn': { method: 'nnn', k: 5, dynamic: true, activeK: 3 },
};
const corrected = ['f32', 'f16', 'int8', 'planes', 'planes12', 'rabitq4', 'lvq4'];

/** @param correction - with the queries as bank */
async function hashes({ Index }, codec, similarity, correction) {
  const all = vectors(rows + queries, dims, 1);
  const vector = (i) => all.subarray(i * dims, (i + 1) * dims);
  const index = await Index.create({ dims, codec, similarity });
  const ids = Array.from({ length: rows }, (_, i) => (i % 2 === 0 ? 3 * i : `doc${i}`));
  await index.addMany(ids, all.subarray(0, rows * dims));
  index.metadata = 'determinism';
  await index.delete('doc7');
  await index.update(30, vector(rows));

  const asked = all.subarray(rows * dims);
  if (correction) await index.calibrate(asked, correction);

  const [file, results] = [new Fnv1a(), new Fnv1a()];
  file.add(index.toBytes());
  for (const hits of await index.searchMany(asked, { normalize: correction !== undefined })) {
    for (const { id, score } of hits) {
      const bytes = new DataView(new ArrayBuffer(4));
      bytes.setFloat32(0, score, true);
      results.add(new TextEncoder().encode(`${id}\n`));
      results.add(new Uint8Array(bytes.buffer));
    }
  }
  index.dispose();
  return { file: file.hex, results: results.hex };
}

/** What `expected` of the file should be. */
export async function determinism(simile) {
  const made = {};
  for (const codec of codecs) {
    for (const similarity of similarities) made[`${codec}/${similarity}`] = await hashes(simile, codec, similarity);
  }
  for (const codec of corrected) {
    for (const [name, options] of Object.entries(corrections))
      made[`${codec}/cosine/${name}`] = await hashes(simile, codec, 'cosine', options);
  }
  return made;
}
