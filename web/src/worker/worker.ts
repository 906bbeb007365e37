// SPDX-License-Identifier: Apache-2.0
import { invalid, shown } from '../errors.js';
import { kindOf } from '../vectors.js';
import { absolute } from './addresses.js';
import { type Host, hostAlone } from './host.js';
import { ShardedIndex } from './sharded.js';
import { SingleIndex } from './single.js';
import { hostOfTeam, workersOf } from './team.js';
import type {
  WorkerCreateOptions,
  WorkerFromURLOptions,
  WorkerIndex as WorkerIndexType,
  WorkerLoadOptions,
  WorkerOptions,
} from './worker-index.js';

export {
  createWorkerCollection,
  type EmbedderModule,
  type LoadWorkerCollectionOptions,
  WorkerCollection,
  type WorkerCollectionOptions,
  type WorkerCollectionStart,
} from './worker-collection.js';
export type {
  WorkerAddManyOptions,
  WorkerCreateOptions,
  WorkerFromURLOptions,
  WorkerLoadOptions,
  WorkerOptions,
  WorkerSearchManyOptions,
  WorkerSearchOptions,
} from './worker-index.js';

/** One worker, or several with one memory; undefined where each is to have its own. */
const hostOf = async (options: WorkerOptions, workers: number): Promise<Host | undefined> =>
  (await hostOfTeam(options, workers)) ?? (workers === 1 ? hostAlone(options) : undefined);

/**
 * An index in a worker, so that the page never waits for it: `Index.create` with every method a promise. With `workers: 4` its items
 * are spread over four of them, without a shared memory.
 *
 * The worker's script is `simile/worker/worker-thread.js` beside this file, the WebAssembly that of the package: Vite and webpack find
 * both, other bundlers want them copied (or `worker` and `wasm`). The page's policy needs `worker-src 'self'` and
 * `script-src 'wasm-unsafe-eval'`. Node, Deno and Bun have such workers too.
 *
 * @throws {SimileError} `not_supported` where there are no workers, `io_failure` when the script or WebAssembly cannot be fetched, and
 *   what `Index.create` throws
 */
export async function createWorkerIndex(options: WorkerCreateOptions): Promise<WorkerIndexType> {
  const workers = workersOf(options);
  const host = await hostOf(options, workers);
  return host ? SingleIndex.create(host, options) : ShardedIndex.create(options, workers);
}

/**
 * `Index.fromBytes` in a worker. Several workers each load the whole file, and then keep their share of it.
 * @throws {SimileError} as `Index.fromBytes` and `createWorkerIndex`
 */
async function fromBytes(bytes: Uint8Array | ArrayBuffer, options: WorkerLoadOptions = {}): Promise<WorkerIndexType> {
  const source = kindOf(bytes) === 'ArrayBuffer' ? new Uint8Array(bytes as ArrayBuffer) : bytes;
  if (kindOf(source) !== 'Uint8Array') throw invalid(`expected a Uint8Array or an ArrayBuffer, got ${shown(bytes)}`);
  const workers = workersOf(options);
  const host = await hostOf(options, workers);
  if (host) return SingleIndex.load(host, source as Uint8Array, options);
  return ShardedIndex.load(source as Uint8Array, options, workers);
}

/**
 * `Index.fromURL` in a worker. Resolves as soon as it can be searched; over several workers when all of it is there.
 * @throws {SimileError} as `Index.fromURL` and `createWorkerIndex`
 */
async function fromURL(url: string | URL, options: WorkerFromURLOptions = {}): Promise<WorkerIndexType> {
  if ('fetch' in options && options.fetch !== undefined)
    throw invalid('a fetch of your own is a function, which cannot be sent to a worker');
  const workers = workersOf(options);
  const address = absolute(url);
  const host = await hostOf(options, workers);
  if (host) return SingleIndex.open(host, address, options);
  const loading = await SingleIndex.open(hostAlone(options), address, options);
  const { onProgress: _onProgress, ...quiet } = options;
  try {
    await loading.complete;
    return await ShardedIndex.load(await loading.toBytes(), quiet, workers);
  } finally {
    loading.terminate();
  }
}

/** The ways to make a `WorkerIndex`, named as those of `Index`. */
export const WorkerIndex: {
  readonly create: typeof createWorkerIndex;
  readonly fromBytes: typeof fromBytes;
  readonly fromURL: typeof fromURL;
} = { create: createWorkerIndex, fromBytes, fromURL };

export type WorkerIndex = WorkerIndexType;
