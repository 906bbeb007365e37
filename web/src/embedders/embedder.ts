// SPDX-License-Identifier: Apache-2.0
import { SimileError } from '../errors.js';
import type { Progress } from '../slices.js';

/** What makes vectors comparable: those of embedders that differ in it must not meet in one index. Stored in files. */
export interface EmbedderInfo {
  /** The name of the model, such as `'Xenova/all-MiniLM-L6-v2'`. */
  readonly model: string;
  /** Numbers in a vector. */
  readonly dims: number;
  /** How the vectors of tokens become one, such as `'mean'`; undefined where a server does not say. */
  readonly pooling?: string;
  /** Put before every query, such as `'query: '` for the e5 models. */
  readonly queryPrefix?: string;
  /** Put before every text that will be searched. */
  readonly passagePrefix?: string;
}

export interface EmbedOptions {
  /** What the texts are: questions, or what is to be found. Many models treat them differently. */
  readonly kind: 'query' | 'passage';
  /** Cancels with `cancelled`. */
  readonly signal?: AbortSignal;
  /** Called after every batch, in texts. What it throws ends the work and is passed on. */
  readonly onProgress?: (progress: Progress) => void;
}

/** Makes vectors of texts. Yours will do as well: any object of this shape. */
export interface Embedder {
  readonly info: EmbedderInfo;
  /** @returns `texts.length * info.dims` numbers, one row for each text, in their order; a row of zeros for a text that says nothing */
  embed(texts: readonly string[], options: EmbedOptions): Promise<Float32Array>;
}

const described = ({ model, dims, pooling }: EmbedderInfo): string =>
  `${JSON.stringify(model)} (${dims} dims${pooling === undefined ? '' : `, pooling ${pooling}`})`;

/**
 * Sees to it that vectors of `now` fit those that are stored. No prefix is the same as an empty one; a pooling counts where both say it.
 * @throws {SimileError} `invalid_argument`, saying what differs and what to do
 */
export function checkEmbedder(stored: EmbedderInfo, now: EmbedderInfo): void {
  const differences: string[] = [];
  const compare = (what: string, then: unknown, today: unknown): void => {
    if (then !== today) differences.push(`${what} ${JSON.stringify(then)} there, ${JSON.stringify(today)} here`);
  };
  compare('model', stored.model, now.model);
  compare('dims', stored.dims, now.dims);
  if (stored.pooling !== undefined && now.pooling !== undefined) compare('pooling', stored.pooling, now.pooling);
  compare('queryPrefix', stored.queryPrefix ?? '', now.queryPrefix ?? '');
  compare('passagePrefix', stored.passagePrefix ?? '', now.passagePrefix ?? '');
  if (differences.length === 0) return;
  const vectors = `the stored vectors are of ${described(stored)}, and the embedder is ${described(now)}`;
  const advice = 'take the embedder that made them, or embed the texts anew with this one';
  throw new SimileError('invalid_argument', `${vectors}: ${differences.join('; ')}; ${advice}`);
}
