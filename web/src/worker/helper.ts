// SPDX-License-Identifier: Apache-2.0
// The workers' side of one memory for several of them.
import { useEngine } from '../core.js';
import { Engine, startThread } from '../engine.js';
import { compile, instantiate } from '../wasm.js';
import type { Builds } from './builds.js';
import { sharedMemory } from './memory.js';

/** What a helper is given by the worker that holds the index. @internal */
export interface Share {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** The end of its stack. */
  readonly place: number;
}

/** Makes this worker the one that holds the index, with so many helpers. @internal */
export async function share(build: Extract<Builds, { wasm: unknown }>, helpers: number): Promise<Share[]> {
  const module = await compile(build.wasm);
  const memory = sharedMemory();
  const engine = await Engine.startOn(module, memory);
  useEngine(engine);
  return Array.from({ length: helpers }, () => ({ module, memory, place: engine.placeForHelper() }));
}

/** Makes this worker a helper: once this call is answered, it takes parts of searches as long as it lives, and hears nothing any more. @internal */
export async function help({ module, memory, place }: Share): Promise<void> {
  const exports = await instantiate(module, {}, memory);
  (exports['__stack_pointer'] as WebAssembly.Global).value = place;
  startThread(exports, place);
  setTimeout(exports['simile_help'] as () => void, 0);
}
