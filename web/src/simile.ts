/// <reference lib="esnext.disposable" preserve="true" />
// SPDX-License-Identifier: Apache-2.0

export { analogy, threeCosAdd, threeCosMul } from './analogy.js';
export { type Composition, composeQuery, type Part, projectOut, slerp, weightedSum } from './compose.js';
export { type Core, type InitOptions, init, type PairOptions, type PlaneCode } from './core.js';
export { cosineSimilarity } from './cosine-similarity.js';
export type { Vectors } from './directions.js';
export { type ErrorCode, SimileError } from './errors.js';
export {
  type Attribution,
  type ExplainOptions,
  type Explanation,
  explain,
  explainDimensions,
  explainPair,
  type PairAttribution,
} from './explain.js';
export type { CalibrateOptions, CorrectionOptions } from './fits.js';
export {
  type Boost,
  type FusionOptions,
  fuse,
  type Ranked,
  type RankFusion,
  type Scored,
  type ScoreFusion,
  type ZScoreFusion,
} from './fuse.js';
export { GalleryMoments } from './gallery-moments.js';
export type { HubnessLine, HubnessOptions, HubnessReport } from './hubness.js';
export type { Id } from './ids.js';
export {
  type AddManyOptions,
  type AddOptions,
  type Codec,
  type CreateOptions,
  type FromURLOptions,
  Index,
  type Similarity,
} from './index.js';
export type { CacheChoice } from './kept.js';
export type { Limits, LoadOptions, LoadProgress } from './loader.js';
export { fitRelevance, type IndexRelevance } from './models.js';
export { queryScoredPooling, type ScoredParts } from './pooling.js';
export { type RelevanceModel, type RelevanceStep, relevanceOf, softmax } from './relevance.js';
export {
  galleryCdf,
  type HybridBoosts,
  type HybridParts,
  hybridScore,
  type Moments,
  momentsOf,
  saturated,
  weiCom,
  zScore,
} from './scores.js';
export type { Hit, SearchManyOptions, SearchOptions } from './search.js';
export { queryOfSets, type SetQuery } from './set-query.js';
export type { Progress } from './slices.js';
export type { TensorLike, Vector } from './vectors.js';
export type { WasmSource } from './wasm.js';

declare const SIMILE_VERSION: string;

/** The version of the package, such as '1.2.3'. */
export const version: string = SIMILE_VERSION;
