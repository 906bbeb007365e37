// SPDX-License-Identifier: Apache-2.0
// The script of a worker that holds one index. Built as one file that imports nothing.
import { init } from '../core.js';
import { SimileError } from '../errors.js';
import type { Id } from '../ids.js';
import type { FromURLOptions } from '../index.js';
import { type CreateOptions, Index } from '../index.js';
import type { LoadOptions } from '../loader.js';
import type { SearchOptions } from '../search.js';
import type { Vector } from '../vectors.js';
import { assemble, give } from './assembly-thread.js';
import { type Builds, moduleOf } from './builds.js';
import { help, type Share, share } from './helper.js';
import { type Job, type Methods, serve } from './serve.js';
import type { IndexState, Kept, Upload } from './wire.js';

const partIds = 4096;
const partLists = 256;

let index: Index | undefined;
let download: AbortController | undefined;

function live(): Index {
  if (index === undefined) throw new SimileError('disposed', 'this worker holds no index');
  return index;
}

const stateOf = (): IndexState | undefined =>
  index && {
    dims: index.dims,
    similarity: index.similarity,
    codec: index.codec,
    size: index.size,
    level: index.level,
    levels: index.levels,
    byteLength: index.byteLength,
    bankSize: index.bankSize,
  };

const kept = (): Kept => ({ metadata: live().metadata, relevance: live().relevance });

/** What was uploaded: ids, and vectors as `Index` takes them, without putting them into one array. */
function uploaded({ pieces }: Job): { ids: Id[]; data: Vector | readonly Vector[] } {
  const list = pieces as Upload[];
  const ids = list.flatMap((piece) => piece.ids ?? []);
  const arrays = list.flatMap((piece) => piece.data ?? []);
  const [first, ...others] = arrays;
  if (first === undefined || others.length === 0) return { ids, data: first ?? new Float32Array(0) };
  const { dims } = live();
  const rows = (array: Float32Array): Float32Array[] =>
    Array.from({ length: array.length / dims }, (_, i) => array.subarray(i * dims, (i + 1) * dims));
  return { ids, data: arrays.flatMap(rows) };
}

const reporting = ({ signal, onProgress }: Job): { signal: AbortSignal; onProgress?: (progress: unknown) => void } =>
  onProgress === undefined ? { signal } : { signal, onProgress };

/** Without `builds` the engine is there already. */
async function ready(builds: Builds | undefined): Promise<void> {
  if (builds) await init({ wasm: moduleOf(builds) });
}

serve((page): Methods => {
  const methods = {
    share: (_job: Job, build: Parameters<typeof share>[0], helpers: number) => share(build, helpers),
    help: (_job: Job, given: Share) => help(given),

    async create(_job: Job, builds: Builds | undefined, options: CreateOptions): Promise<Kept> {
      await ready(builds);
      index = await Index.create(options);
      return kept();
    },

    async load(job: Job, builds: Builds | undefined, options: LoadOptions): Promise<Kept> {
      await ready(builds);
      const pieces = job.pieces as Uint8Array[];
      const bytes = pieces.length === 1 ? (pieces[0] as Uint8Array) : new Uint8Array(pieces.reduce((n, p) => n + p.length, 0));
      if (pieces.length !== 1) {
        let at = 0;
        for (const piece of pieces) {
          bytes.set(piece, at);
          at += piece.length;
        }
      }
      index = await Index.fromBytes(bytes, { ...options, ...reporting(job) });
      return kept();
    },

    async open(job: Job, builds: Builds | undefined, url: string, options: FromURLOptions): Promise<Kept> {
      await ready(builds);
      download = new AbortController();
      const stop = download;
      job.signal.addEventListener('abort', () => stop.abort());
      const onProgress = (progress: unknown): void => page.tell('loading', progress);
      const opened = await Index.fromURL(url, { ...options, signal: stop.signal, onProgress });
      index = opened;
      opened.complete.then(
        () => page.tell('complete', kept()),
        (error: unknown) => page.tell('complete', undefined, error),
      );
      return kept();
    },

    stop: () => download?.abort(),

    add: (_job: Job, id: Id, vector: Float32Array, options: object) => live().add(id, vector, options),
    update: (_job: Job, id: Id, vector: Float32Array) => live().update(id, vector),
    addMany(job: Job, options: object) {
      const { ids, data } = uploaded(job);
      return live().addMany(ids, data, { ...options, ...reporting(job) });
    },
    deleteMany: (_job: Job, ids: readonly Id[]) => live().deleteMany(ids),

    /** Of a whole index that several workers have loaded: keeps the rows of the worker `which` of `workers`. */
    keepShare(_job: Job, which: number, workers: number) {
      return live().deleteMany(
        live()
          .ids()
          .filter((_, row) => row % workers !== which),
      );
    },
    give: (job: Job) => give(live(), job),
    async assemble(job: Job, builds: Builds): Promise<Uint8Array> {
      await ready(builds);
      return assemble(job);
    },

    has: (_job: Job, id: Id) => live().has(id),
    get: (_job: Job, id: Id) => live().get(id),

    ids(job: Job): void {
      const ids = live().ids();
      for (let at = 0; at < ids.length; at += partIds) job.part(ids.slice(at, at + partIds));
    },

    search: (job: Job, query: Float32Array, options: SearchOptions) => live().search(query, { ...options, ...reporting(job) }),
    async searchMany(job: Job, options: SearchOptions): Promise<void> {
      const lists = await live().searchMany(uploaded(job).data, { ...options, ...reporting(job) });
      for (let at = 0; at < lists.length; at += partLists) job.part(lists.slice(at, at + partLists));
    },
    scores: (_job: Job, query: Float32Array) => live().scores(query),

    calibrate: (job: Job, options: object) => live().calibrate(uploaded(job).data, { ...options, ...reporting(job) }),
    hubness(job: Job, sampleSize: number, hasBank: boolean, options: object) {
      const { dims } = live();
      const { data } = uploaded(job);
      const rows = Array.isArray(data) ? (data as Vector[]) : undefined;
      const part = (first: number, end?: number): Vector | readonly Vector[] =>
        rows ? rows.slice(first, end) : (data as Float32Array).subarray(first * dims, end === undefined ? end : end * dims);
      const bank = hasBank ? { bank: part(sampleSize) } : {};
      return live().hubness(part(0, sampleSize), { ...options, ...bank, ...reporting(job) });
    },
    async setRelevance(job: Job, model: Parameters<Index['setRelevance']>[0]): Promise<Kept> {
      await live().setRelevance(model, reporting(job));
      return kept();
    },
    setMetadata(_job: Job, text: string): Kept {
      live().metadata = text;
      return kept();
    },

    toBytes: () => live().toBytes(),
  };
  return methods as Methods;
}, stateOf);
