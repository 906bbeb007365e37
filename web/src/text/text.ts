/// <reference lib="esnext.disposable" preserve="true" />
// SPDX-License-Identifier: Apache-2.0

export { type InitTextOptions, initText } from './engine.js';
export type { Rewrite, TextOptions } from './options.js';
export {
  type AddTextsOptions,
  type LoadTextOptions,
  type TextHit,
  TextIndex,
  type TextRange,
  type TextSearchOptions,
  type TextTerm,
} from './text-index.js';
export type { Text, TextField } from './texts.js';
