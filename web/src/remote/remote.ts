/// <reference lib="esnext.disposable" preserve="true" />
// SPDX-License-Identifier: Apache-2.0

export type { Bits } from './codes.js';
export type { RemoteHit } from './edition.js';
export type { RowCodec } from './format.js';
export { type PartitionOptions, type PartitionSource, partition } from './partition.js';
export { RemoteIndex, type RemoteOptions, type RemoteSearchOptions } from './remote-index.js';
