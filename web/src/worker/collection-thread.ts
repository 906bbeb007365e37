// SPDX-License-Identifier: Apache-2.0
// The script of a worker that holds one collection. Built as one file that imports nothing, but the module of an embedder if it is told to.
import {
  type AddDocsOptions,
  Collection,
  type CollectionOptions,
  type CollectionSearchOptions,
} from '../collection/collection.js';
import { init } from '../core.js';
import type { Embedder, EmbedderInfo, EmbedOptions } from '../embedders/embedder.js';
import { invalid, SimileError } from '../errors.js';
import type { Id } from '../ids.js';
import type { LoadOptions } from '../loader.js';
import { initText } from '../text/text.js';
import { type Builds, moduleOf } from './builds.js';
import type { CollectionState, EmbedderSource, Question } from './collection-wire.js';
import { help, type Share, share } from './helper.js';
import { type Job, type Methods, type Page, serve } from './serve.js';

const partIds = 4096;

let collection: Collection | undefined;

function live(): Collection {
  if (collection === undefined) throw new SimileError('disposed', 'this worker holds no collection');
  return collection;
}

const stateOf = (): CollectionState | undefined =>
  collection && {
    size: collection.size,
    passages: collection.passages,
    byteLength: collection.byteLength,
    schema: collection.schema,
  };

const isEmbedder = (value: unknown): value is Embedder =>
  typeof value === 'object' && value !== null && 'embed' in value && typeof value.embed === 'function' && 'info' in value;

/** The page makes the vectors, when it is asked. */
const asking = (page: Page, info: EmbedderInfo): Embedder => ({
  info,
  embed: (texts: readonly string[], { kind, signal }: EmbedOptions) =>
    page.ask({ texts, kind } satisfies Question, signal) as Promise<Float32Array>,
});

async function imported({ module, name, options }: Extract<EmbedderSource, { module: string }>): Promise<Embedder> {
  const exports = (await import(/* @vite-ignore */ /* webpackIgnore: true */ module)) as Record<string, unknown>;
  const found = exports[name];
  const embedder: unknown = typeof found === 'function' ? await found(options) : found;
  if (!isEmbedder(embedder)) throw invalid(`${module} exports no ${name} that is, or makes, an embedder`);
  return embedder;
}

async function embedderOf(page: Page, source: EmbedderSource | undefined): Promise<{ embedder?: Embedder }> {
  if (source === undefined) return {};
  return { embedder: 'module' in source ? await imported(source) : asking(page, source.info) };
}

/** Without `builds` the engine is there already. */
async function start(builds: Builds | undefined, text: string): Promise<void> {
  if (builds) await init({ wasm: moduleOf(builds) });
  await initText({ wasm: text });
}

const withSignal = ({ signal, onProgress }: Job): { signal: AbortSignal; onProgress?: (progress: unknown) => void } =>
  onProgress === undefined ? { signal } : { signal, onProgress };

serve((page): Methods => {
  const methods = {
    share: (_job: Job, build: Parameters<typeof share>[0], helpers: number) => share(build, helpers),
    help: (_job: Job, given: Share) => help(given),

    async create(
      _job: Job,
      builds: Builds | undefined,
      text: string,
      embedder: EmbedderSource | undefined,
      options: CollectionOptions,
    ) {
      await start(builds, text);
      collection = await Collection.create({ ...options, ...(await embedderOf(page, embedder)) });
    },
    async load(job: Job, builds: Builds | undefined, text: string, embedder: EmbedderSource | undefined, options: LoadOptions) {
      await start(builds, text);
      const bytes = new Uint8Array(await new Blob(job.pieces as Uint8Array<ArrayBuffer>[]).arrayBuffer());
      collection = await Collection.fromBytes(bytes, { ...options, ...withSignal(job), ...(await embedderOf(page, embedder)) });
    },
    addMany: (job: Job, options: AddDocsOptions) =>
      live().addMany((job.pieces as never[][]).flat(), { ...options, ...withSignal(job) }),
    add: ({ signal }: Job, doc: never) => live().add(doc, { signal }),
    update: ({ signal }: Job, doc: never) => live().update(doc, { signal }),
    deleteMany: (_job: Job, ids: readonly Id[]) => live().deleteMany(ids),
    has: (_job: Job, id: Id) => live().has(id),
    get: (_job: Job, id: Id) => live().get(id),
    ids(job: Job): void {
      const ids = live().ids();
      for (let at = 0; at < ids.length; at += partIds) job.part(ids.slice(at, at + partIds));
    },
    search: ({ signal }: Job, query: string, options: CollectionSearchOptions) => live().search(query, { ...options, signal }),
    toBytes: () => live().toBytes(),
  };
  return methods as Methods;
}, stateOf);
