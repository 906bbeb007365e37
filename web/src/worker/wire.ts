// SPDX-License-Identifier: Apache-2.0
import type { Id } from '../ids.js';
import type { Codec, Similarity } from '../index.js';
import type { IndexRelevance } from '../models.js';

/** What an index says of itself, sent with every answer. @internal */
export interface IndexState {
  readonly dims: number;
  readonly similarity: Similarity;
  readonly codec: Codec | (string & Record<never, never>);
  readonly size: number;
  readonly level: number;
  readonly levels: number;
  readonly byteLength: number;
  readonly bankSize: number;
}

/** What it says only after what may have changed it. @internal */
export interface Kept {
  readonly metadata: string;
  readonly relevance: IndexRelevance | undefined;
}

/** A piece of ids and vectors. @internal */
export interface Upload {
  readonly ids?: readonly Id[];
  readonly data?: Float32Array;
}
