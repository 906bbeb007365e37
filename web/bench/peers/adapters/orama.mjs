// SPDX-License-Identifier: Apache-2.0
import { k } from '../contest.mjs';

const batch = 1000;

/**
 * @param schema - by the number of dims
 * @param asked - the search's options for a query
 */
const contest = (of, schema, asked) => ({
  of,
  async start(runtime) {
    const { create, insertMultiple, load, save, search } = await import('@orama/orama');
    let own;
    const make = (dims) => create({ schema: schema(dims) });
    return {
      async build({ rows, dims, values, texts }) {
        own = make(dims);
        const hasVectors = 'embedding' in own.schema;
        for (let first = 0; first < rows; first += batch) {
          const docs = Array.from({ length: Math.min(batch, rows - first) }, (_, i) => {
            const id = first + i;
            const embedding = hasVectors && { embedding: Array.from(values.subarray(id * dims, (id + 1) * dims)) };
            return { id: String(id), ...embedding, ...(texts && { text: texts[id] }) };
          });
          await insertMultiple(own, docs, batch);
        }
      },
      save: () => new TextEncoder().encode(JSON.stringify(save(own))),
      load: (bytes) => {
        own = make(runtime.dims);
        load(own, JSON.parse(new TextDecoder().decode(bytes)));
      },
      search: async (query) => (await search(own, { limit: k, ...asked(query) })).hits.map(({ id }) => id),
    };
  },
});

const embedding = (dims) => `vector[${dims}]`;
// Its own threshold, 0.8, leaves out nearly all that is right.
const vectorOf = (vector, similarity) => ({ vector: { value: Array.from(vector), property: 'embedding' }, similarity });

export const contests = {
  Orama: contest(
    'vectors',
    (dims) => ({ embedding: embedding(dims) }),
    ({ vector }) => ({ mode: 'vector', ...vectorOf(vector, 0) }),
  ),
  'Orama, hybrid': contest(
    'texts',
    (dims) => ({ text: 'string', embedding: embedding(dims) }),
    // Above 0.3 is all that is right here, and far less than above 0, all of which would be fused.
    ({ text, vector }) => ({ mode: 'hybrid', term: text, ...vectorOf(vector, 0.3) }),
  ),
  'Orama, words': contest(
    'texts',
    () => ({ text: 'string' }),
    ({ text }) => ({ term: text }),
  ),
};
