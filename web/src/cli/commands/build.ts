// SPDX-License-Identifier: Apache-2.0
import { Collection, type Schema } from '../../collection/collection.js';
import type { CreateOptions } from '../../index.js';
import { type Command, indexOptions, output, vectorOptions } from '../command.js';
import { type Document, documentFormatOf, firstFields, readDocuments } from '../documents.js';
import { embedderAdvice, embedderFrom, embedderOptions } from '../embedders.js';
import { asUsage, UsageError } from '../failure.js';
import { readTextInput, writeOutput } from '../files.js';
import { type Fields, vectorField } from '../formats/records.js';
import { readVectors } from '../formats/vectors.js';
import { createOptionsOf, indexOf, readOptionsOf } from '../indexes.js';
import type { Arguments } from '../options.js';
import { bytesText, type Terminal } from '../terminal.js';

export const build: Command = {
  name: 'build',
  summary: 'a .simile file from texts or vectors',
  usage: 'INPUT -o FILE.simile',
  positionals: [1, 1],
  options: {
    output,
    text: {
      type: 'string',
      value: 'FIELDS',
      help: 'the fields with text, parted by commas; title, text, body, content, description',
    },
    fields: {
      type: 'string',
      value: 'FIELDS',
      help: 'other fields that searches filter by, with their types: price:number,lang:string,tags:string[]',
    },
    passages: { type: 'string', value: 'N', help: 'cuts texts into passages of about N characters (1000); 0 leaves them whole' },
    language: { type: 'string', value: 'TAG', help: 'of the texts, such as en or de: how sentences end' },
    replace: { type: 'boolean', help: 'of documents with the same id takes the last; else they are an error' },
    ...embedderOptions,
    ...vectorOptions,
    from: {
      type: 'string',
      value: 'FORMAT',
      choices: ['jsonl', 'csv', 'tsv', 'folder', 'npy', 'fvecs', 'bvecs', 'safetensors', 'parquet', 'faiss', 'hnswlib', 'simile'],
      help: 'jsonl, csv, tsv, folder (of .md, .html, .txt), npy, fvecs, bvecs, safetensors, parquet, faiss (flat), hnswlib or simile',
    },
    ...indexOptions,
    metadata: { type: 'string', value: 'FILE', help: 'for vectors: a text that is kept with the index' },
  },
  examples: [
    'simile build vectors.npy --ids ids.json -o vectors.simile --codec planes12',
    'simile build docs.jsonl -o docs.simile --text title,body --fields year:number --embedder static:words.simile',
    'simile build content/ -o pages.simile --embedder transformers:Xenova/all-MiniLM-L6-v2 --dtype q8',
    'SIMILE_API_KEY=… simile build products.csv -o products.simile --embedder https://api.openai.com/v1/embeddings --model text-embedding-3-small',
  ],
  async run(args, terminal) {
    const [input] = args.positionals as [string];
    const target = args.text('output');
    if (target === undefined) throw new UsageError('build needs -o FILE.simile');
    const given = createOptionsOf(args);
    const format = await documentFormatOf(input, args.text('from'));
    const fields = format && !args.has('vector') && !args.has('text') ? await firstFields(input, format) : undefined;
    const isOfTexts = format !== undefined && !args.has('vector') && !(fields && vectorField(fields) !== undefined);
    if (!isOfTexts) return ofVectors(args, given, target, terminal);
    for (const name of ['ids', 'tensor', 'metadata'])
      if (args.has(name)) throw new UsageError(`--${name} goes with vectors, and ${input} has texts`);
    const documents = await readDocuments(input, format, { text: args.list('text'), id: args.text('id') });
    await ofTexts(documents, args, given, target, terminal);
  },
};

async function ofVectors(args: Arguments, given: Omit<CreateOptions, 'dims'>, target: string, terminal: Terminal): Promise<void> {
  for (const name of ['text', 'fields', 'passages', 'language', 'replace', ...Object.keys(embedderOptions)])
    if (args.has(name)) throw new UsageError(`--${name} goes with texts, and this is a file of vectors`);
  const metadata = args.text('metadata');
  const index = await indexOf(await readVectors(args.positionals[0] as string, readOptionsOf(args)), given, terminal);
  if (metadata !== undefined) index.metadata = await readTextInput(metadata);
  const made = { kind: 'index', rows: index.size, dims: index.dims, codec: index.codec };
  await written(target, index.toBytes(), made, `${made.rows.toLocaleString('en')} vectors of ${made.dims} dims`, terminal);
}

async function ofTexts(
  documents: readonly Document[],
  args: Arguments,
  given: Omit<CreateOptions, 'dims'>,
  target: string,
  terminal: Terminal,
): Promise<void> {
  const { zeroVectors, ...options } = given;
  if (zeroVectors !== undefined) throw new UsageError('--zero-vectors goes with vectors');
  const fields = labelsOf(args);
  const texts = new Set(documents.flatMap((document) => Object.keys(document.texts)));
  const schema: Schema = {
    ...Object.fromEntries([...texts].map((name) => [name, 'text' as const])),
    ...Object.fromEntries(fields),
  };
  const embedder = await embedderFrom(args, terminal);
  for (const name of ['codec', 'similarity'])
    if (!embedder && args.has(name)) throw new UsageError(`--${name} is of vectors: ${embedderAdvice(undefined)}`);
  if (!embedder) terminal.note(`no --embedder: the file can be searched by words alone. ${embedderAdvice(undefined)}`);
  const size = args.whole('passages', 0);
  const collection = await asUsage(() =>
    Collection.create({
      schema,
      ...options,
      ...(embedder ? { embedder } : {}),
      ...(size === undefined ? {} : { passages: size === 0 ? false : { size } }),
      ...(args.has('language') ? { language: args.text('language') as string } : {}),
    }),
  );
  const docs = documents.map(({ id, texts, others }) => ({ ...texts, ...typed(others, fields), id }));
  const onProgress = terminal.progress(embedder ? 'embedding' : 'indexing');
  await collection.addMany(docs, { onProgress, onDuplicate: args.has('replace') ? 'replace' : 'refuse' });
  const made = {
    kind: 'collection',
    documents: collection.size,
    passages: collection.passages,
    dims: collection.vectors?.dims ?? null,
  };
  const vectors = made.dims === null ? 'without vectors' : `with vectors of ${made.dims} dims`;
  const what = `${made.documents.toLocaleString('en')} documents in ${made.passages.toLocaleString('en')} passages ${vectors}`;
  await written(target, await collection.toBytes(), made, what, terminal);
}

const labelTypes = ['string', 'number', 'boolean', 'date', 'string[]', 'number[]'] as const;
type LabelType = (typeof labelTypes)[number];

/** Names and types, as in price:number,lang:string. */
function labelsOf(args: Arguments): Map<string, LabelType> {
  const labels = new Map<string, LabelType>();
  for (const each of args.list('fields') ?? []) {
    const [, name, type] = /^(.+):([^:]+)$/.exec(each) ?? [];
    const found = labelTypes.find((known) => known === type);
    if (name === undefined || !found)
      throw new UsageError(`--fields takes NAME:TYPE with ${labelTypes.join(', ')}, not ${JSON.stringify(each)}`);
    labels.set(name, found);
  }
  return labels;
}

/** Cells of CSV as what they are to be; an empty one is no value. */
function typed(fields: Fields, labels: ReadonlyMap<string, LabelType>): Fields {
  const entries = Object.entries(fields).map(([name, value]) => {
    const type = labels.get(name);
    if (typeof value !== 'string' || type === undefined || type === 'string' || type === 'date')
      return [name, value === '' ? null : value];
    if (value.trim() === '') return [name, null];
    if (type === 'boolean') return [name, ['true', '1', 'yes'].includes(value.toLowerCase())];
    const parts = value.split(/[;|]/).map((part) => part.trim());
    return [name, type === 'number' ? Number(value) : type === 'number[]' ? parts.map(Number) : parts];
  });
  return Object.fromEntries(entries);
}

async function written(target: string, bytes: Uint8Array, made: object, what: string, terminal: Terminal): Promise<void> {
  await writeOutput(target, [bytes]);
  const line = `${what} in ${target}, ${bytesText(bytes.length)}`;
  if (target === '-') terminal.note(line);
  else await terminal.result({ output: target, ...made, bytes: bytes.length }, () => [line]);
}
