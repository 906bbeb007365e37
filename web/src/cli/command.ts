// SPDX-License-Identifier: Apache-2.0
import { readable } from './formats/vectors.js';
import type { Arguments, Options } from './options.js';
import type { Terminal } from './terminal.js';

export interface Command {
  readonly name: string;
  /** One line. */
  readonly summary: string;
  /** What stands after the name. */
  readonly usage: string;
  /** Least and most positionals. */
  readonly positionals: readonly [number, number];
  /** What the positionals may be; else they are names of files. */
  readonly choices?: readonly string[];
  readonly options: Options;
  readonly examples: readonly string[];
  run(args: Arguments, terminal: Terminal): Promise<void>;
}

/** Options of every command. */
export const commonOptions = {
  json: { type: 'boolean', help: 'results, and errors on stderr, as JSON' },
  quiet: { type: 'boolean', short: 'q', help: 'no notes and no progress on stderr' },
  help: { type: 'boolean', short: 'h', help: 'this text' },
} as const satisfies Options;

/** Codecs that files often have. */
const codecs = ['planes', 'planes12', 'f32', 'f16', 'bf16', 'int8', 'int4', 'int1', 'rabitq4', 'rabitq1'];

/** Options that say how an index is to be. */
export const indexOptions = {
  codec: {
    type: 'string',
    value: 'NAME',
    choices: codecs,
    help: 'how vectors are stored: planes (default), int8, rabitq4, f16, f32 …',
  },
  similarity: {
    type: 'string',
    value: 'NAME',
    choices: ['cosine', 'dot', 'squared_l2'],
    help: 'cosine (default), dot or squared_l2',
  },
  'zero-vectors': {
    type: 'string',
    value: 'RULE',
    choices: ['refuse', 'allow'],
    help: 'refuse (default) or allow, under cosine',
  },
} as const satisfies Options;

/** Options that say where vectors are in a file. */
export const vectorOptions = {
  from: {
    type: 'string',
    value: 'FORMAT',
    choices: readable,
    help: 'npy, fvecs, bvecs, safetensors, parquet, faiss (flat), hnswlib, jsonl, csv, tsv or simile; by the ending of the name',
  },
  vector: { type: 'string', value: 'FIELDS', help: 'the field with the vector, or several with a number each, parted by commas' },
  id: { type: 'string', value: 'FIELD', help: 'the field with the id; id or _id, else the number of the row' },
  ids: { type: 'string', value: 'FILE', help: 'ids for the vectors: a JSON list, or a line each' },
  tensor: { type: 'string', value: 'NAME', help: 'which tensor of a safetensors file' },
} as const satisfies Options;

export const output = { type: 'string', short: 'o', value: 'FILE', help: 'where to write; - is stdout' } as const;
