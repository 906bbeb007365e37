// SPDX-License-Identifier: Apache-2.0
import { pathToFileURL } from 'node:url';
import type { Embedder, EmbedderInfo } from '../embedders/embedder.js';
import { energeticEmbedder } from '../embedders/energetic.js';
import { httpEmbedder } from '../embedders/http.js';
import { staticEmbedder } from '../embedders/static.js';
import { transformersEmbedder } from '../embedders/transformers.js';
import { UsageError } from './failure.js';
import { readInput } from './files.js';
import { type Arguments, meant, type Options } from './options.js';
import type { Terminal } from './terminal.js';

export const embedderOptions = {
  embedder: {
    type: 'string',
    short: 'e',
    value: 'KIND',
    choices: ['static:', 'http:', 'transformers:', 'energetic'],
    help: 'makes vectors of texts: static:WORDS.simile, http:URL, transformers:MODEL or energetic',
  },
  model: { type: 'string', value: 'NAME', help: 'with http: the name of the model; the key comes from SIMILE_API_KEY' },
  pooling: {
    type: 'string',
    value: 'NAME',
    choices: ['sif', 'mean', 'cls'],
    help: 'static: sif (default) or mean; transformers: mean (default), cls …',
  },
  dtype: { type: 'string', value: 'NAME', help: 'with transformers: the precision of the weights, such as q8' },
  'query-prefix': { type: 'string', value: 'TEXT', help: "put before queries, such as 'query: '" },
  'passage-prefix': { type: 'string', value: 'TEXT', help: "put before texts, such as 'passage: '" },
  'batch-size': { type: 'string', value: 'N', help: 'texts that go to the model at once' },
  'requests-per-minute': { type: 'string', value: 'N', help: 'with http: no more than that' },
} as const satisfies Options;

const kinds = ['static', 'http', 'https', 'transformers', 'energetic'];

/** @throws {UsageError} for a kind that there is not; what the embedder throws */
export async function embedderFrom(args: Arguments, terminal: Terminal): Promise<Embedder | undefined> {
  const given = args.text('embedder');
  if (given === undefined) return undefined;
  const [kind = '', ...rest] = given.split(':');
  const what = rest.join(':');
  const prefixes = { ...named('queryPrefix', args.text('query-prefix')), ...named('passagePrefix', args.text('passage-prefix')) };
  const size = named('batchSize', args.whole('batch-size', 1));
  const needs = (thing: string): void => {
    if (what === '') throw new UsageError(`--embedder ${kind} needs ${thing}: ${kind}:…`);
  };
  switch (kind) {
    case 'static': {
      needs('a file of word vectors');
      const pooling = args.choice('pooling', ['sif', 'mean']);
      return staticEmbedder({ source: await readInput(what), ...named('pooling', pooling) });
    }
    case 'http':
    case 'https': {
      needs('an address');
      const model = args.text('model');
      if (model === undefined) throw new UsageError('--embedder http needs --model NAME');
      // http:https://… as well as https://… alone
      const url = what.startsWith('//') ? given : what;
      const key = named('apiKey', process.env['SIMILE_API_KEY'] ?? process.env['OPENAI_API_KEY']);
      const rate = named('requestsPerMinute', args.number('requests-per-minute', { least: 0.001 }));
      return httpEmbedder({ url, model, ...prefixes, ...size, ...key, ...rate });
    }
    case 'transformers': {
      needs('the name of a model');
      const pooling = args.text('pooling') as 'mean' | undefined;
      const onProgress = terminal.progress('model');
      return transformersEmbedder({
        model: what,
        onProgress,
        ...prefixes,
        ...size,
        ...named('pooling', pooling),
        ...named('dtype', args.text('dtype')),
      });
    }
    case 'energetic':
      return energeticEmbedder({
        onProgress: terminal.progress('model'),
        ...named('modelUrl', what === '' ? undefined : pathToFileURL(what)),
      });
    default:
      throw new UsageError(`there is no embedder ${JSON.stringify(kind)}: ${kinds.join(', ')}${meant(kind, kinds)}`);
  }
}

function named<N extends string, V>(name: N, value: V | undefined): { [key in N]?: V } {
  return (value === undefined ? {} : { [name]: value }) as { [key in N]?: V };
}

/** What a file says of the embedder that it needs, for a message. */
export function embedderAdvice(stored: EmbedderInfo | undefined): string {
  const made = stored ? ` (the vectors are of ${JSON.stringify(stored.model)}, ${stored.dims} dims)` : '';
  return `a text needs --embedder static:WORDS.simile, http:URL, transformers:MODEL or energetic${made}`;
}
