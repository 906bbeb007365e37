// SPDX-License-Identifier: Apache-2.0
// Our npm package in the web comparison with peers (see README.md beside this file): an adapter of the harness, over web/dist as `./dev bench
// wasm` leaves it; chromium.mjs runs it in a page. SIMILE_SIMD=simd128 or relaxed asks for one build; else the package chooses.

const forms = {
  f32: { codec: 'f32', kind: 'exact' },
  f16: { codec: 'f16', kind: 'flat' },
  int8: { codec: 'int8', kind: 'flat' },
  cascade: { codec: 'planes', kind: 'cascade' },
  cascade12: { codec: 'planes12', kind: 'cascade' },
};

/** How sure each layer of a cascade is, as variants of their own: `cascade-0.9`, `cascade12-0.999`. */
const variants = { ...forms };
for (const form of ['cascade', 'cascade12'])
  for (const recall of [0.5, 0.9, 0.95, 0.99, 0.999]) variants[`${form}-${recall}`] = { ...forms[form], recall };

const sliceRows = 10_000;
const environment = globalThis.process?.env ?? {};

export default {
  peer: 'simile',
  kind: 'flat',
  async: true,
  variants,
  load: async ({ simd = environment.SIMILE_SIMD } = {}) => {
    const simile = await import(new URL('../../web/dist/simile.js', import.meta.url));
    const core = await simile.init(simd ? { simd } : {});
    return { ...simile, core };
  },
  /** @param data - `base` holds all rows, or `part(first, count)` fetches some */
  build: async ({ Index }, data, { codec }) => {
    const index = await Index.create({ dims: data.dim, codec });
    for (let first = 0; first < data.n; first += sliceRows) {
      const count = Math.min(sliceRows, data.n - first);
      const rows = data.part ? await data.part(first, count) : data.base.subarray(first * data.dim, (first + count) * data.dim);
      await index.addMany(
        Array.from({ length: count }, (_, row) => first + row),
        rows,
      );
    }
    return index;
  },
  search: async (index, query, k, { recall }) => (await index.search(query, recall ? { k, recall } : { k })).map(({ id }) => id),
  bytes: (index) => index.byteLength,
};
