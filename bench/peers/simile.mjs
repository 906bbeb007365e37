// SPDX-License-Identifier: Apache-2.0
// Our npm package in the web comparison with peers (see README.md beside this file): an adapter of the harness, over web/dist as `./dev bench
// wasm` leaves it; chromium.mjs runs it in a page. SIMILE_SIMD=simd128 or relaxed asks for one build; else the package chooses.

const forms = {
  f32: { codec: 'f32', kind: 'exact' },
  f16: { codec: 'f16', kind: 'flat' },
  int8: { codec: 'int8', kind: 'flat' },
  cascade: { codec: 'planes', kind: 'cascade' },
};

/** The numbers of candidates that the cascade keeps, as variants of their own: `cascade-500-50`. */
const kept = [
  [200, 20],
  [300, 30],
  [500, 50],
  [1000, 100],
  [2000, 100],
  [4000, 100],
];
const variants = { ...forms };
for (const keep of kept) variants[`cascade-${keep.join('-')}`] = { ...forms.cascade, keep };

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
  search: async (index, query, k, { keep }) => (await index.search(query, keep ? { k, keep } : { k })).map(({ id }) => id),
  bytes: (index) => index.byteLength,
};
