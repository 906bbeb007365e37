// SPDX-License-Identifier: Apache-2.0
import { SimileError } from '../errors.js';
import { checkSignal, type Progress } from '../slices.js';
import {
  checkFinite,
  checkName,
  checkPrefix,
  checkTexts,
  checkWhole,
  infoOf,
  look,
  messageOf,
  prefixed,
  refusal,
} from './arguments.js';
import type { Embedder, EmbedOptions } from './embedder.js';

export { checkEmbedder, type Embedder, type EmbedderInfo, type EmbedOptions } from './embedder.js';

/** What a feature-extraction pipeline of transformers.js answers. */
interface FeatureTensor {
  readonly data: ArrayLike<number>;
  readonly dims: readonly number[];
}

/** `pipeline` of transformers.js, as far as it is used here. */
export type MakePipeline = (task: 'feature-extraction', model: string, options: never) => Promise<unknown>;

/** Options of {@link transformersEmbedder}. */
export interface TransformersOptions {
  /** Such as `'Xenova/all-MiniLM-L6-v2'`: a repository of the Hugging Face hub, or what `env.localModelPath` knows. */
  readonly model: string;
  /** `pipeline` of `@huggingface/transformers`, where it is to come from elsewhere, such as a CDN. @defaultValue imported when needed */
  readonly pipeline?: MakePipeline;
  /** Handed on: the precision of the weights, such as `'q8'`. */
  readonly dtype?: string;
  /** Handed on: `'wasm'`, `'webgpu'`, `'cpu'` … */
  readonly device?: string;
  /** Handed on: branch, tag or commit of the model's repository. */
  readonly revision?: string;
  /** Other options of the pipeline. */
  readonly pipelineOptions?: Readonly<Record<string, unknown>>;
  /** How the vectors of tokens become one; the model's page says which. @defaultValue 'mean' */
  readonly pooling?: 'mean' | 'cls' | 'first_token' | 'last_token' | 'eos';
  /** Whether vectors are brought to length 1. @defaultValue true */
  readonly normalize?: boolean;
  /** Put before every query, such as `'query: '` for the e5 models. */
  readonly queryPrefix?: string;
  /** Put before every text that will be searched. */
  readonly passagePrefix?: string;
  /** Texts that the model takes at once: more need more memory, and a cancellation comes later. @defaultValue 16 */
  readonly batchSize?: number;
  /** The number of components; asked of the model with one text when it is not given. */
  readonly dims?: number;
  /** The download of the model, in bytes over all of its files so far. */
  readonly onProgress?: (progress: Progress) => void;
  /** Cancels with `cancelled`; the download of a file that has begun goes on in the background. */
  readonly signal?: AbortSignal;
}

/** Made by {@link transformersEmbedder}. */
export interface TransformersEmbedder extends Embedder {
  /** Frees the model. */
  dispose(): Promise<void>;
}

type Extract = (texts: string[], options: { pooling: string; normalize: boolean }) => Promise<unknown>;

/**
 * Vectors from a model that runs here, by `@huggingface/transformers` (a peer that you install, or hand over as `pipeline`). In a page call
 * it in a worker: a run of the model blocks its thread. Texts beyond what the model reads are cut by it.
 *
 * @example
 * const embedder = await transformersEmbedder({ model: 'Xenova/all-MiniLM-L6-v2', dtype: 'q8' });
 * const vectors = await embedder.embed(['some text'], { kind: 'passage' });
 * @throws {SimileError} `invalid_argument`; `not_supported` if transformers.js is not there; `io_failure` if the model cannot be loaded or run;
 *   `dimension_mismatch`, `not_finite` for what is no vector; `cancelled`
 */
export async function transformersEmbedder(options: TransformersOptions): Promise<TransformersEmbedder> {
  const { pooling = 'mean', normalize = true, batchSize = 16, queryPrefix, passagePrefix, signal } = options;
  const model = checkName('model', options.model);
  checkName('pooling', pooling);
  checkWhole('batchSize', batchSize, 1);
  checkPrefix('queryPrefix', queryPrefix);
  checkPrefix('passagePrefix', passagePrefix);
  if (options.dims !== undefined) checkWhole('dims', options.dims, 1);
  checkSignal(signal, 'loading the model');
  const extractor = await unlessAborted(load(options), signal);
  const extract: Extract = extractor;
  const run = async (texts: string[]): Promise<FeatureTensor> => {
    const answer = await extract(texts, { pooling, normalize }).catch((error: unknown) => {
      throw new SimileError('io_failure', `the model ${model} failed: ${messageOf(error)}`, { cause: error });
    });
    return tensorOf(answer, texts.length);
  };
  const dims = options.dims ?? (await run(['dims'])).dims.at(-1) ?? 0;
  const info = infoOf(model, dims, {
    pooling: normalize ? pooling : `${pooling}, not normalized`,
    queryPrefix: queryPrefix ?? '',
    passagePrefix: passagePrefix ?? '',
  });

  const embed = async (texts: readonly string[], how: EmbedOptions): Promise<Float32Array> => {
    checkTexts(texts, how);
    const out = new Float32Array(texts.length * dims);
    const inputs = prefixed(texts, how, info);
    // Texts of like length together: a batch is padded to its longest.
    const order = [...inputs.keys()].sort((a, b) => (inputs[b] as string).length - (inputs[a] as string).length || a - b);
    for (let first = 0; first < order.length; first += batchSize) {
      checkSignal(how.signal, 'embedding');
      const batch = order.slice(first, first + batchSize);
      const { data, dims: shape } = await run(batch.map((i) => inputs[i] as string));
      if (shape.at(-1) !== dims)
        throw new SimileError('dimension_mismatch', `${model} gave vectors of ${shape.at(-1)} dims, expected ${dims}`);
      batch.forEach((row, i) => {
        const vector = Array.prototype.slice.call(data, i * dims, (i + 1) * dims) as number[];
        checkFinite(vector, row);
        out.set(vector, row * dims);
      });
      how.onProgress?.({ loaded: first + batch.length, total: texts.length });
    }
    checkSignal(how.signal, 'embedding');
    return out;
  };
  return { info, embed, dispose: async () => void (await extractor.dispose?.()) };
}

async function load(options: TransformersOptions): Promise<Extract & { dispose?(): unknown }> {
  const { model, dtype, device, revision, pipelineOptions, onProgress } = options;
  const make = (options.pipeline ?? (await imported())) as (task: string, model: string, options: object) => Promise<unknown>;
  if (typeof make !== 'function') throw refusal(`pipeline must be a function, not ${look(make)}`);
  const given = Object.fromEntries(Object.entries({ dtype, device, revision }).filter(([, value]) => value !== undefined));
  const progress = onProgress ? { progress_callback: sumOfFiles(onProgress) } : {};
  const extractor = await make('feature-extraction', model, { ...pipelineOptions, ...given, ...progress }).catch(
    (error: unknown) => {
      throw new SimileError('io_failure', `the model ${model} could not be loaded: ${messageOf(error)}`, { cause: error });
    },
  );
  if (typeof extractor !== 'function') throw refusal(`pipeline gave ${look(extractor)}, not a feature extractor`);
  return extractor as Extract & { dispose?(): unknown };
}

async function imported(): Promise<unknown> {
  try {
    return (await import('@huggingface/transformers')).pipeline;
  } catch (error) {
    const advice = 'install @huggingface/transformers, or hand over its pipeline';
    throw new SimileError('not_supported', `transformers.js cannot be imported (${messageOf(error)}): ${advice}`, {
      cause: error,
    });
  }
}

/** A download of transformers.js cannot be stopped, but nobody has to wait for it. */
function unlessAborted<T extends { dispose?(): unknown }>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      work.then((late) => late.dispose?.()).catch(() => {});
      try {
        checkSignal(signal, 'loading the model');
      } catch (error) {
        reject(error);
      }
    };
    signal.addEventListener('abort', abort);
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** transformers.js tells of every file apart. */
function sumOfFiles(onProgress: (progress: Progress) => void): (event: unknown) => void {
  const files = new Map<string, { loaded: number; total: number }>();
  return (event) => {
    const { status, file, loaded, total } = event as { status?: string; file?: string; loaded?: number; total?: number };
    if (status !== 'progress' || file === undefined || loaded === undefined) return;
    files.set(file, { loaded, total: Math.max(total ?? 0, loaded) });
    const sum = { loaded: 0, total: 0 };
    for (const each of files.values()) {
      sum.loaded += each.loaded;
      sum.total += each.total;
    }
    onProgress(sum);
  };
}

function tensorOf(value: unknown, rows: number): FeatureTensor {
  const { data, dims } = (value ?? {}) as Partial<FeatureTensor>;
  const isTensor = Array.isArray(dims) && data !== undefined && dims.reduce((a, b) => a * b, 1) === data.length;
  if (!isTensor) throw new SimileError('io_failure', `the model gave ${look(value)}, not a tensor`);
  if (dims.length !== 2 || dims[0] !== rows)
    throw new SimileError('dimension_mismatch', `the model gave a tensor of [${dims}] for ${rows} texts: is the pooling right?`);
  return { data, dims };
}
