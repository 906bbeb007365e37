// SPDX-License-Identifier: Apache-2.0
import { k } from '../contest.mjs';

export const contests = {
  'Pagefind, words': {
    of: 'texts',
    isPrepared: true,
    async start() {
      const pagefind = await import('/site/pagefind/pagefind.js');
      await pagefind.init();
      return {
        load: () => {},
        // Its results are promises of what to show: without that there is nothing to see.
        async search({ text }) {
          const { results } = await pagefind.search(text);
          const shown = await Promise.all(results.slice(0, k).map(({ data }) => data()));
          return shown.map(({ url }) => Number(/(\d+)\.html/.exec(url)?.[1]));
        },
      };
    },
  },
};
