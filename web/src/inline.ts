/// <reference lib="esnext.disposable" preserve="true" />
// SPDX-License-Identifier: Apache-2.0
// All that a page needs in one file, with the WebAssembly in it: for a <script> tag and for content delivery networks.

export * from './collection/collection.js';
export * from './element/element.js';
export * from './embedders/static.js';
export * from './simile.js';
export * from './store/store.js';
export * from './text/text.js';
