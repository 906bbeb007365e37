// SPDX-License-Identifier: Apache-2.0
import { k } from '../contest.mjs';

const batch = 500;

export const contests = {
  voy: {
    of: 'vectors',
    // Its package imports WebAssembly as a module, which only some bundlers know: joined by hand here.
    async start(runtime) {
      const glue = await import('voy-search/voy_search_bg.js');
      const { instance } = await WebAssembly.instantiate(await runtime.file('voy-search/voy_search_bg.wasm'), {
        './voy_search_bg.js': glue,
      });
      glue.__wbg_set_wasm(instance.exports);
      let own;
      return {
        build({ rows, dims, values }) {
          own = new glue.Voy();
          for (let first = 0; first < rows; first += batch) {
            const embeddings = Array.from({ length: Math.min(batch, rows - first) }, (_, i) => {
              const vector = values.subarray((first + i) * dims, (first + i + 1) * dims);
              return { id: String(first + i), title: '', url: '', embeddings: Array.from(vector) };
            });
            own.add({ embeddings });
          }
        },
        save: () => new TextEncoder().encode(own.serialize()),
        load: (bytes) => {
          own = glue.Voy.deserialize(new TextDecoder().decode(bytes));
        },
        search: ({ vector }) => own.search(vector, k).neighbors.map(({ id }) => id),
      };
    },
  },
};
