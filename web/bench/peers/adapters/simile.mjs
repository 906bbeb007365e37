// SPDX-License-Identifier: Apache-2.0
import { k } from '../contest.mjs';

const module = (path) => import(new URL(`../../../dist/${path}`, import.meta.url).href);
const idsOf = (hits) => hits.map(({ id }) => id);

const index = (codec) => ({
  of: 'vectors',
  async start() {
    const { Index } = await module('simile.js');
    let own;
    return {
      async build({ rows, dims, values }) {
        own = await Index.create({ dims, codec });
        await own.addMany([...Array(rows).keys()], values);
      },
      save: () => own.toBytes(),
      load: async (bytes) => {
        own = await Index.fromBytes(bytes);
      },
      search: async ({ vector }) => idsOf(await own.search(vector, { k })),
    };
  },
});

/** @param mode - of its searches; the query has what that mode needs */
const collection = (of, mode, inWorker) => ({
  of,
  async start() {
    const { WorkerCollection, Collection } = await module(inWorker ? 'worker/worker.js' : 'collection/collection.js');
    const kind = inWorker ? WorkerCollection : Collection;
    const asked = {
      vector: ({ vector }) => ({ vector }),
      lexical: ({ text }) => ({ text }),
      hybrid: ({ vector, text }) => ({ vector, text }),
    }[mode];
    let own;
    return {
      async build({ rows, dims, values, texts }) {
        const hasVectors = mode !== 'lexical';
        own = await kind.create({ schema: texts ? { text: 'text' } : {}, ...(hasVectors && { dims }) });
        const vectorOf = (id) => hasVectors && { vector: values.subarray(id * dims, (id + 1) * dims) };
        await own.addMany(Array.from({ length: rows }, (_, id) => ({ id, ...vectorOf(id), ...(texts && { text: texts[id] }) })));
      },
      save: () => own.toBytes(),
      load: async (bytes) => {
        own = await kind.fromBytes(bytes);
      },
      search: async (query) => idsOf((await own.search(asked(query), { mode, limit: k })).hits),
    };
  },
});

export const contests = {
  'simile, planes': index('planes'),
  'simile, planes12': index('planes12'),
  'simile, int8': index('int8'),
  'simile, f32': index('f32'),
  'simile, Collection of vectors': collection('vectors', 'vector', false),
  'simile, hybrid, in one worker': collection('texts', 'hybrid', true),
  'simile, hybrid, same thread': collection('texts', 'hybrid', false),
  'simile, words, in one worker': collection('texts', 'lexical', true),
};
