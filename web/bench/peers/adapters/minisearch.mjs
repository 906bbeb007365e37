// SPDX-License-Identifier: Apache-2.0
import { k } from '../contest.mjs';

const options = { fields: ['text'] };

export const contests = {
  'MiniSearch, words': {
    of: 'texts',
    async start() {
      const { default: MiniSearch } = await import('minisearch');
      let own;
      return {
        build: ({ texts }) => {
          own = new MiniSearch(options);
          own.addAll(texts.map((text, id) => ({ id, text })));
        },
        save: () => new TextEncoder().encode(JSON.stringify(own)),
        load: (bytes) => {
          own = MiniSearch.loadJSON(new TextDecoder().decode(bytes), options);
        },
        search: ({ text }) =>
          own
            .search(text)
            .slice(0, k)
            .map(({ id }) => id),
      };
    },
  },
};
