// SPDX-License-Identifier: Apache-2.0
import {
  Collection,
  type CollectionHit,
  type CollectionQuery,
  type CollectionSearchOptions,
  type Where,
} from '../../collection/collection.js';
import type { Id } from '../../ids.js';
import { embedderAdvice, embedderFrom } from '../embedders.js';
import { asUsage, UsageError } from '../failure.js';
import type { Arguments, Options } from '../options.js';
import { ofVectors, textsOf } from '../queries.js';
import { printable, type Terminal } from '../terminal.js';

const modes = ['hybrid', 'vector', 'lexical'] as const;

export const collectionOptions = {
  mode: { type: 'string', value: 'MODE', choices: modes, help: 'hybrid, vector or lexical; what the file and the query have' },
  where: { type: 'string', value: 'JSON', help: 'only documents of which this is true: {"year":{"gte":2020}}' },
  facets: { type: 'string', value: 'FIELDS', help: 'counts the values of these fields, parted by commas' },
  offset: { type: 'string', value: 'N', help: 'passes over the N best' },
  group: { type: 'string', value: 'FIELD', help: 'one hit for each value of this field' },
  diversity: { type: 'string', value: 'X', help: 'how much hits are to differ from those before, from 0 to 1' },
} as const satisfies Options;

export const ofCollections = Object.keys(collectionOptions);
const ofIndexes = ['min-score', 'recall'];
const excerptLength = 100;

export async function searchCollection(
  bytes: Uint8Array,
  args: Arguments,
  words: readonly string[],
  terminal: Terminal,
): Promise<void> {
  for (const name of ofIndexes)
    if (args.has(name)) throw new UsageError(`--${name} is for plain indexes, and this is a collection`);
  const embedder = await embedderFrom(args, terminal);
  const collection = await Collection.fromBytes(bytes, embedder ? { embedder } : {});
  const mode = args.choice('mode', modes);
  const isByWords = collection.vectors === undefined || embedder !== undefined || mode === 'lexical';
  const isText = words.length > 0 || args.has('texts');
  if (isText && !isByWords && mode !== undefined) throw new UsageError(embedderAdvice(collection.embedder));
  if (isText && !isByWords) terminal.note(`searching by words alone: ${embedderAdvice(collection.embedder)}`);
  const options = optionsOf(args, isText && !isByWords ? 'lexical' : mode);
  const queries = await queriesOf(collection, args, words);
  for (const { name, query } of queries) {
    const result = await asUsage(() => collection.search(query, options));
    await terminal.result({ query: name, ...result }, () => [
      ...(queries.length > 1 ? [terminal.bold(printable(name))] : []),
      ...result.hits.flatMap((hit) => linesOfHit(hit, terminal)),
      ...(result.hits.length === 0 ? ['nothing'] : []),
      ...Object.entries(result.facets).map(
        ([field, counts]) => `${field}: ${counts.map(({ value, count }) => `${printable(String(value))} (${count})`).join(', ')}`,
      ),
    ]);
  }
}

function optionsOf(args: Arguments, mode: 'hybrid' | 'vector' | 'lexical' | undefined): CollectionSearchOptions {
  const limit = args.whole('k', 1);
  const offset = args.whole('offset', 0);
  const minRelevance = args.number('min-relevance', { least: 0, most: 1 });
  const diversity = args.number('diversity', { least: 0, most: 1 });
  const facets = args.list('facets');
  const group = args.text('group');
  return {
    ...(mode === undefined ? {} : { mode }),
    ...(limit === undefined ? {} : { limit }),
    ...(offset === undefined ? {} : { offset }),
    ...(minRelevance === undefined ? {} : { minRelevance }),
    ...(diversity === undefined ? {} : { diversity }),
    ...(facets === undefined ? {} : { facets }),
    ...(group === undefined ? {} : { group }),
    ...(args.has('normalize') ? { normalize: true } : {}),
    ...(args.has('where') ? { where: whereOf(args.text('where') as string) } : {}),
  };
}

function whereOf(text: string): Where {
  try {
    const where: unknown = JSON.parse(text);
    if (typeof where === 'object' && where !== null && !Array.isArray(where)) return where as Where;
  } catch {
    // Said below.
  }
  throw new UsageError(`--where is no JSON object, such as {"year":{"gte":2020}}: ${text.slice(0, 60)}`);
}

async function queriesOf(
  collection: Collection,
  args: Arguments,
  words: readonly string[],
): Promise<{ name: string; query: CollectionQuery }[]> {
  if (args.has('like')) {
    const text = args.text('like') as string;
    const quoted = /^"(.*)"$/s.exec(text)?.[1];
    const ids: Id[] = quoted === undefined ? [...(/^\d{1,16}$/.test(text) ? [Number(text)] : []), text] : [quoted];
    const like = ids.find((id) => collection.has(id));
    if (like === undefined) throw new UsageError(`the file has no document ${JSON.stringify(text)}`);
    return [{ name: text, query: { like } }];
  }
  if (!args.has('vector')) return (await textsOf(args, words)).map((text) => ({ name: text, query: { text } }));
  const { vectors, names } = await ofVectors(args);
  const dims = vectors.length / names.length;
  return names.map((name, i) => ({ name, query: { vector: vectors.slice(i * dims, (i + 1) * dims) } }));
}

/** The score and the id, then what there is to read: the title, the passage. */
function linesOfHit({ id, score, relevance, document, passage }: CollectionHit, terminal: Terminal): string[] {
  const meaning = relevance === undefined ? '' : `  ${relevance.toFixed(2)}`;
  const texts = Object.values(document).filter((value) => typeof value === 'string' && value !== '' && value !== id) as string[];
  const [title = '', body = ''] = texts;
  const excerpt = passage?.text ?? (title.length > excerptLength ? title : body);
  return [
    `${score.toFixed(4).padStart(8)}${meaning}  ${terminal.bold(printable(String(id)))}${title.length > excerptLength ? '' : `  ${printable(title)}`}`,
    ...(excerpt === ''
      ? []
      : [`          ${printable(excerpt.slice(0, excerptLength))}${excerpt.length > excerptLength ? '…' : ''}`]),
  ];
}
