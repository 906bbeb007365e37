// SPDX-License-Identifier: Apache-2.0
import { invalid, shown } from '../errors.js';
import { kindOf } from '../vectors.js';
import type { Builds } from './builds.js';
import { Connection } from './connection.js';
import type { WorkerOptions } from './worker-index.js';

/** Relative addresses mean the page, not the worker's script. @internal */
export function absolute(address: string | URL): string {
  if (typeof address !== 'string' && kindOf(address) !== 'URL')
    throw invalid(`the address must be a string or a URL, not ${shown(address)}`);
  const { location } = globalThis as { readonly location?: { readonly href: string } };
  return new URL(address, location?.href).href;
}

/** @internal */
export function buildsOf(wasm: WorkerOptions['wasm']): Builds {
  if (wasm !== undefined) return { wasm: typeof wasm === 'string' || wasm instanceof URL ? absolute(wasm) : wasm };
  return {
    plain: new URL('../simile.wasm', import.meta.url).href,
    relaxed: new URL('../simile-relaxed.wasm', import.meta.url).href,
  };
}

/** The build for workers with one memory. @internal */
export const sharedBuildOf = (wasm: WorkerOptions['wasm']): Builds =>
  wasm === undefined ? { wasm: new URL('../simile-shared.wasm', import.meta.url).href } : buildsOf(wasm);

/** A worker for one index. Bundlers look for this address, so it stands as it is. @internal */
export const connect = ({ worker }: WorkerOptions): Connection =>
  new Connection(new URL('./worker-thread.js', import.meta.url), worker);
