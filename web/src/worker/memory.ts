// SPDX-License-Identifier: Apache-2.0
import { SimileError } from '../errors.js';
import { nodeThreads } from './port.js';

/** Pages of 64 KiB; the first is what simile-shared.wasm begins with. */
const initial = 16;
/** 4 GiB, 1 GiB, 256 MiB: phones have no room for a large one, for all of it may be reserved at once. */
const maxima = [65_536, 16_384, 4096];

/**
 * Whether workers here can have one memory: in pages that are isolated from others (`Cross-Origin-Opener-Policy: same-origin` and
 * `Cross-Origin-Embedder-Policy: require-corp`), and in Node.
 * @internal
 */
export function canShareMemory(): boolean {
  const { crossOriginIsolated } = globalThis as { readonly crossOriginIsolated?: boolean };
  const isNode = typeof Worker === 'undefined' && nodeThreads() !== undefined;
  return typeof SharedArrayBuffer === 'function' && (crossOriginIsolated === true || isNode);
}

/** As large a memory as can be had. @throws {SimileError} `out_of_memory` @internal */
export function sharedMemory(): WebAssembly.Memory {
  let cause: unknown;
  for (const maximum of maxima) {
    try {
      return new WebAssembly.Memory({ initial, maximum, shared: true });
    } catch (error) {
      cause = error;
    }
  }
  throw new SimileError('out_of_memory', 'there is no room for a shared memory', { cause });
}
