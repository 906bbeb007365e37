// SPDX-License-Identifier: Apache-2.0
import { createEncoder } from './encoder.js';
import { serveEncoder } from './serve.js';

serveEncoder(/** @type {import('./remote.js').Port} */ (/** @type {unknown} */ (globalThis)), createEncoder);
