// SPDX-License-Identifier: Apache-2.0
import { checkEmbedder, type EmbedderInfo } from '../../embedders/embedder.js';
import type { Id } from '../../ids.js';
import type { Index } from '../../index.js';
import type { Hit, SearchOptions } from '../../search.js';
import type { Command } from '../command.js';
import { embedderAdvice, embedderFrom, embedderOptions } from '../embedders.js';
import { asUsage, UsageError } from '../failure.js';
import { readIndex } from '../indexes.js';
import type { Arguments } from '../options.js';
import { type Asked, ofVectors, textsOf } from '../queries.js';
import { printable, type Terminal } from '../terminal.js';
import { embedderOf, isCollection } from './info.js';
import { collectionOptions, ofCollections, searchCollection } from './search-collection.js';

export const search: Command = {
  name: 'search',
  summary: 'the closest items of a .simile file',
  usage: 'FILE [TEXT …]',
  positionals: [1, Number.POSITIVE_INFINITY],
  options: {
    k: { type: 'string', short: 'k', value: 'N', help: 'how many hits (10)' },
    vector: {
      type: 'string',
      value: 'VECTOR',
      help: 'a query of numbers: [0.1,0.2,…], or a file of vectors, a query each; - reads lines of JSON lists',
    },
    like: { type: 'string', value: 'ID', help: 'what is close to this item; a number is the id 7, and "7" in quotes the text' },
    texts: { type: 'string', value: 'FILE', help: 'a query of text in each line; - is stdin' },
    'min-score': { type: 'string', value: 'X', help: 'only hits that score at least X' },
    'min-relevance': { type: 'string', value: 'X', help: 'only hits that are at least so relevant, from 0 to 1' },
    recall: { type: 'string', value: 'X', help: 'how sure each layer of a planes codec has to be (0.99)' },
    normalize: { type: 'boolean', help: 'corrects ranks for hubs, if the file has a bank of queries' },
    ...collectionOptions,
    ...embedderOptions,
  },
  examples: [
    "simile search words.simile --vector '[0.1,0.9,0.3]' -k 5",
    'simile search words.simile --like cat --json',
    'simile search vectors.simile --vector queries.npy --json >hits.jsonl',
    "simile search pages.simile 'how do I cancel' --embedder static:words.simile",
    `simile search shop.simile 'warm jacket' -e static:words.simile --where '{"price":{"lt":100}}' --facets brand`,
    'simile search pages.simile --texts - --embedder energetic <questions.txt',
  ],
  async run(args, terminal) {
    const [path, ...words] = args.positionals as [string, ...string[]];
    const kinds = [words.length > 0, args.has('vector'), args.has('like'), args.has('texts')].filter(Boolean).length;
    if (kinds !== 1) throw new UsageError('search needs one of: a text, --vector, --like, --texts');
    const options = searchOptionsOf(args);
    const { index, bytes } = await readIndex(path);
    if (isCollection(index)) {
      index.dispose();
      return searchCollection(bytes, args, words, terminal);
    }
    for (const name of ofCollections)
      if (args.has(name)) throw new UsageError(`--${name} is for collections, and ${path} is a plain index`);
    const asked = args.has('like')
      ? await ofItem(index, args)
      : args.has('vector')
        ? await ofVectors(args)
        : await ofTexts(index, args, words, terminal);
    const some = args.has('like') ? { ...options, k: (options.k ?? 10) + 1 } : options;
    const found = await asUsage(() => index.searchMany(asked.vectors, some));
    for (const [i, hits] of found.entries()) {
      // An item is close to itself, which nobody asked.
      const others = asked.self === undefined ? hits : hits.filter(({ id }) => id !== asked.self).slice(0, options.k ?? 10);
      await print(asked.names[i] as string, others, found.length > 1, terminal);
    }
  },
};

function searchOptionsOf(args: Arguments): SearchOptions {
  const k = args.whole('k', 1);
  const minScore = args.number('min-score');
  const minRelevance = args.number('min-relevance', { least: 0, most: 1 });
  const recall = args.number('recall', { least: 0, most: 1 });
  return {
    ...(k === undefined ? {} : { k }),
    ...(minScore === undefined ? {} : { minScore }),
    ...(minRelevance === undefined ? {} : { minRelevance }),
    ...(recall === undefined ? {} : { recall }),
    ...(args.has('normalize') ? { normalize: true } : {}),
  };
}

async function ofItem(index: Index, args: Arguments): Promise<Asked> {
  const text = args.text('like') as string;
  const quoted = /^"(.*)"$/s.exec(text)?.[1];
  const asNumber: Id = /^\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : text;
  const ids: Id[] = quoted === undefined ? [asNumber, text] : [quoted];
  for (const self of ids) {
    const vector = index.get(self);
    if (vector) return { vectors: vector, names: [text], self };
  }
  throw new UsageError(`the file has no item ${JSON.stringify(text)}`);
}

async function ofTexts(index: Index, args: Arguments, words: readonly string[], terminal: Terminal): Promise<Asked> {
  const stored = embedderOf(index) as EmbedderInfo | undefined;
  const embedder = await embedderFrom(args, terminal);
  if (!embedder) throw new UsageError(embedderAdvice(stored));
  if (stored) checkEmbedder(stored, embedder.info);
  const texts = await textsOf(args, words);
  return { vectors: await embedder.embed(texts, { kind: 'query' }), names: texts };
}

async function print(query: string, hits: readonly Hit[], isOneOfMany: boolean, terminal: Terminal): Promise<void> {
  await terminal.result({ query, hits }, () => [
    ...(isOneOfMany ? [terminal.bold(printable(query))] : []),
    ...hits.map(({ id, score, relevance }) => {
      const meaning = relevance === undefined ? '' : `  ${relevance.toFixed(2)}`;
      return `${score.toFixed(4).padStart(8)}${meaning}  ${printable(String(id))}`;
    }),
    ...(hits.length === 0 ? ['nothing'] : []),
  ]);
}
