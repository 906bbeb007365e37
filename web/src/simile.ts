/// <reference lib="esnext.disposable" preserve="true" />
// SPDX-License-Identifier: Apache-2.0

export { type Core, type InitOptions, init, type PairOptions, type PlaneCode } from './core.js';
export { cosineSimilarity } from './cosine-similarity.js';
export { type ErrorCode, SimileError } from './errors.js';
export type { Id } from './ids.js';
export {
  type AddManyOptions,
  type AddOptions,
  type Codec,
  type CreateOptions,
  type FromURLOptions,
  type Hit,
  Index,
  type SearchManyOptions,
  type SearchOptions,
  type Similarity,
} from './index.js';
export type { Limits, LoadOptions, LoadProgress } from './loader.js';
export { type RelevanceModel, type RelevanceStep, relevanceOf } from './relevance.js';
export type { Progress } from './slices.js';
export type { TensorLike, Vector } from './vectors.js';
export type { WasmSource } from './wasm.js';

declare const SIMILE_VERSION: string;

/** The version of the package, such as '1.2.3'. */
export const version: string = SIMILE_VERSION;
