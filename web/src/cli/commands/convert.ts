// SPDX-License-Identifier: Apache-2.0

import { textVectors, winkVectors, wordVectors } from '../../embedders/static.js';
import { SimileError } from '../../errors.js';
import { type Command, indexOptions, vectorOptions } from '../command.js';
import { UsageError } from '../failure.js';
import { decodeText, endingOf, readInput, writeOutput } from '../files.js';
import { linesOf } from '../formats/records.js';
import { encodeVectors, formatOf, readVectors, writable } from '../formats/vectors.js';
import { createOptionsOf, indexOf, readOptionsOf } from '../indexes.js';
import type { Arguments } from '../options.js';
import { bytesText, type Terminal } from '../terminal.js';

export const convert: Command = {
  name: 'convert',
  summary: 'vectors from one format to another',
  usage: 'INPUT OUTPUT',
  positionals: [2, 2],
  options: {
    ...vectorOptions,
    ...indexOptions,
    to: {
      type: 'string',
      value: 'FORMAT',
      choices: writable,
      help: 'simile, npy, fvecs, safetensors, parquet or jsonl; by the ending of the name',
    },
    'ids-out': { type: 'string', value: 'FILE', help: 'writes the ids as a JSON list, for npy and fvecs, which have none' },
    words: { type: 'boolean', help: 'makes a file of word vectors, from lines as of GloVe, or the JSON of wink-embeddings' },
    model: { type: 'string', value: 'NAME', help: 'with --words: the name of the vectors, kept in the file' },
    'max-words': { type: 'string', value: 'N', help: 'with --words: takes the first N, which are the most frequent' },
  },
  examples: [
    'simile convert vectors.npy vectors.simile --codec int8 --ids ids.json',
    'simile convert vectors.simile vectors.npy --ids-out ids.json',
    'simile convert data.parquet vectors.safetensors --vector embedding --id url',
    'simile convert vectors.simile vectors.parquet',
    'simile convert index.bin vectors.simile --from hnswlib',
    'cat vectors.jsonl | simile convert - - --from jsonl --to fvecs >vectors.fvecs',
    'simile convert glove.6B.100d.txt words.simile --words --model glove.6B.100d --max-words 50000',
  ],
  run: (args, terminal) => (args.has('words') ? convertWords(args, terminal) : convertVectors(args, terminal)),
};

async function convertVectors(args: Arguments, terminal: Terminal): Promise<void> {
  const [input, target] = args.positionals as [string, string];
  for (const name of ['model', 'max-words']) if (args.has(name)) throw new UsageError(`--${name} goes with --words`);
  const format = formatOf(target, args.choice('to', writable), writable, 'to');
  const given = createOptionsOf(args);
  if (format !== 'simile' && Object.keys(given).length > 0)
    throw new UsageError('--codec, --similarity and --zero-vectors are for .simile files');
  const matrix = await readVectors(input, readOptionsOf(args));
  if (format === 'simile') {
    const index = await indexOf(matrix, given, terminal);
    await writeOutput(target, [index.toBytes()]);
  } else {
    await writeOutput(target, await encodeVectors(matrix, format));
  }
  const idsFile = args.text('ids-out');
  if (idsFile !== undefined) await writeOutput(idsFile, [`${JSON.stringify(matrix.ids ?? [...Array(matrix.rows).keys()])}\n`]);
  else if (matrix.ids && (format === 'npy' || format === 'fvecs'))
    terminal.note(`${format} has no ids: --ids-out FILE keeps them`);
  await told(terminal, target, { rows: matrix.rows, dims: matrix.dims, format });
}

/** Says what was made, unless the bytes went where the words would go. */
async function told(terminal: Terminal, target: string, made: { rows: number; dims: number; format: string }): Promise<void> {
  const line = `${made.rows.toLocaleString('en')} vectors of ${made.dims} dims in ${target}`;
  if (target === '-') terminal.note(line);
  else await terminal.result({ output: target, ...made }, () => [line]);
}

async function convertWords(args: Arguments, terminal: Terminal): Promise<void> {
  const [input, target] = args.positionals as [string, string];
  for (const name of ['from', 'vector', 'id', 'ids', 'tensor', 'ids-out', 'similarity', 'zero-vectors'])
    if (args.has(name)) throw new UsageError(`--${name} does not go with --words`);
  const model = args.text('model');
  if (model === undefined) throw new UsageError('--words needs --model NAME: files of the same name must have the same vectors');
  const text = decodeText(await readInput(input), input);
  const isJson = endingOf(input) === 'json' || text.startsWith('{');
  const pairs = isJson ? winkVectors(parsed(text, input)) : textVectors(linesOf(text));
  const first = attempt(() => pairs.next(), input);
  if (first.done) throw new SimileError('corrupt_file', `${input} has no words`);
  const dims = first.value[1].length;
  const all = (function* () {
    yield first.value;
    yield* pairs;
  })();
  const maxWords = args.whole('max-words', 1);
  const { codec } = createOptionsOf(args);
  const onProgress = terminal.progress('words');
  const limits = { ...(maxWords ? { maxWords } : {}), ...(codec ? { codec } : {}) };
  const index = await wordVectors({ model, dims, vectors: all, onProgress, ...limits }).catch((error: unknown) =>
    damaged(error, input),
  );
  const bytes = index.toBytes();
  await writeOutput(target, [bytes]);
  terminal.note(bytesText(bytes.length));
  await told(terminal, target, { rows: index.size, dims, format: 'simile' });
}

/** What is no argument of ours is what is wrong with the file. */
function damaged(error: unknown, name: string): never {
  const codes = ['invalid_argument', 'dimension_mismatch', 'not_finite'];
  if (error instanceof SimileError && codes.includes(error.code))
    throw new SimileError('corrupt_file', `${name}: ${error.message}`, { cause: error });
  throw error;
}

function attempt<T>(work: () => T, name: string): T {
  try {
    return work();
  } catch (error) {
    return damaged(error, name);
  }
}

function parsed(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SimileError('corrupt_file', `${name} is no JSON: ${error instanceof Error ? error.message : error}`);
  }
}
