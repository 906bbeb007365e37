// SPDX-License-Identifier: Apache-2.0
import type { Schema } from '../collection/collection.js';
import type { EmbedderInfo } from '../embedders/embedder.js';

/** What a collection says of itself, sent with every answer. @internal */
export interface CollectionState {
  readonly size: number;
  readonly passages: number;
  readonly byteLength: number;
  readonly schema: Schema;
}

/** Who makes the vectors: a module that the worker imports, or the page. @internal */
export type EmbedderSource =
  | { readonly module: string; readonly name: string; readonly options: unknown }
  | { readonly info: EmbedderInfo };

/** What the worker asks of the page. @internal */
export interface Question {
  readonly texts: readonly string[];
  readonly kind: 'query' | 'passage';
}
