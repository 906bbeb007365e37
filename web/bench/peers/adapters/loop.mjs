// SPDX-License-Identifier: Apache-2.0
// What needs no library: rows kept as they are, and a loop over them.
import { plainScan } from '../../measure.mjs';

/** @param rank - the rows of the best ones first: (values, dims, query) */
export const rawRows = (rank) => ({
  of: 'vectors',
  async start(runtime) {
    const scan = await rank(runtime);
    let own;
    return {
      build: (docs) => {
        own = docs;
      },
      save: () => new Uint8Array(own.values.buffer, own.values.byteOffset, own.values.byteLength),
      load: (bytes) => {
        own = { values: new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4), dims: runtime.dims };
      },
      search: ({ vector }) => scan(own.values, own.dims, vector),
    };
  },
});

export const contests = {
  'plain loop': rawRows(() => (values, dims, query) => plainScan(values, dims, query).map(({ row }) => row)),
};
