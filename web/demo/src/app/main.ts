// SPDX-License-Identifier: Apache-2.0
import { simd } from 'wasm-feature-detect';
import { App } from './app.js';
import { byId, setText } from './dom.js';
import { Notice, noSimd } from './notice.js';

if (await simd()) new App().start();
else {
  setText(byId('status', HTMLElement), '');
  byId('query', HTMLInputElement).disabled = true;
  byId('intro', HTMLElement).hidden = true;
  new Notice().show(noSimd);
}
