// SPDX-License-Identifier: Apache-2.0
// Runs in pages and workers: what the browser tests of the store ask for, on contents that say whether they are whole.

import { openCollection } from '/dist/collection/collection.js';
import { Index, SimileError } from '/dist/simile.js';
import { openStore } from '/dist/store/store.js';
import { wordEmbedder } from '/test/support/word-embedder.mjs';

/** Bytes that follow from a number and hold it at the beginning. */
export function contents(number, length) {
  const words = new Uint32Array(length >> 2);
  for (let i = 0; i < words.length; i++) words[i] = Math.imul(number + 1, 0x9e3779b1) ^ Math.imul(i, 0x85ebca77);
  words[0] = number;
  return new Uint8Array(words.buffer);
}

/** The number of contents; throws for what was never saved as a whole. */
export function numberOf(bytes) {
  if (bytes === undefined) return -1;
  const [number] = new Uint32Array(bytes.buffer, bytes.byteOffset, 1);
  const expected = contents(number, bytes.length);
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== expected[i]) throw new Error(`torn at ${i} of ${bytes.length}`);
  return number;
}

const outcome = (promise) =>
  promise.then(
    () => 'done',
    (error) => (error instanceof SimileError ? { code: error.code, message: error.message } : String(error)),
  );

const notes = { schema: { text: 'text' }, embedder: wordEmbedder({ dims: 256 }) };
const textOf = (id) => `note${id} of many, ${'word '.repeat(id % 50)}`;
async function opened(name, backend) {
  const saved = await openCollection(name, { ...notes, backend });
  return { saved, collection: saved.collection, save: () => saved.save() };
}

const tasks = {
  async load({ name, backend }) {
    const store = await openStore(name, { backend });
    const number = numberOf(await store.load());
    const { kind, generation, recovered } = store;
    store.close();
    return { kind, number, generation: generation ?? 0, recovered };
  },

  async save({ name, backend, number, length, options }) {
    const store = await openStore(name, { backend });
    const saved = await outcome(store.save(contents(number, length), options));
    store.close();
    return saved;
  },

  async remove({ name, backend }) {
    const store = await openStore(name, { backend });
    await store.delete();
    store.close();
  },

  async kind({ name, backend }) {
    return (await openStore(name, { backend })).kind;
  },

  /** A save in which the page is left and come back to, as browsers tell of it. @returns the outcome; a later save is done */
  async saveAndLeave({ name, backend, number, length }) {
    const store = await openStore(name, { backend });
    const saving = outcome(store.save(contents(number, length)));
    await new Promise((resolve) => setTimeout(resolve, 5));
    dispatchEvent(new Event('pagehide'));
    const saved = await saving;
    const refused = await outcome(store.load());
    dispatchEvent(new Event('pageshow'));
    if (refused.code !== 'io_failure') throw new Error(`loaded by a page that was left: ${JSON.stringify(refused)}`);
    if (numberOf(await store.load()) !== 1) throw new Error('what was saved before is gone');
    store.close();
    return saved;
  },

  /** What the browser says when it is asked to keep what there is; `answers` are those of a browser, which else would ask a person. */
  async persist({ name, backend, answers }) {
    if (answers === null) navigator.storage.persist = undefined;
    else
      Object.assign(navigator.storage, {
        persisted: async () => answers[0],
        persist: async () => answers[1] ?? Promise.reject(new Error('no')),
      });
    const store = await openStore(name, { backend });
    const isKept = await store.persist();
    store.close();
    return [isKept, await outcome(store.persist())];
  },

  async index({ name, backend }) {
    const store = await openStore(name, { backend });
    const index = await Index.create({ dims: 3 });
    await index.addMany(['x', 'y', 'z'], [1, 0, 0, 0, 1, 0, 0, 0, 1]);
    await store.save(index);
    const again = await Index.fromBytes(await store.load());
    return (await again.search([0.1, 1, 0], { k: 1 }))[0].id;
  },

  /** Saves one after another, and tells of each once it is acknowledged, until the browser is killed. */
  async saveForEver({ name, backend, from, length, tell }) {
    const store = await openStore(name, { backend });
    await store.load();
    for (let number = from; ; number++) {
      await store.save(contents(number, length + 4 * (number % 1000)));
      tell(number);
    }
  },

  /** Counts up `times` times, as one of several that do: by loading, adding one and saving, anew after a conflict. */
  async count({ name, backend, times, length }) {
    const store = await openStore(name, { backend });
    let conflicts = 0;
    for (let done = 0; done < times; ) {
      const number = numberOf(await store.load());
      const saved = await outcome(store.save(contents(number + 1, length)));
      if (saved === 'done') done++;
      else if (saved.code === 'conflict') conflicts++;
      else throw new Error(JSON.stringify(saved));
    }
    store.close();
    return conflicts;
  },

  /** Loads whenever another tab has saved, until it has seen `last`. */
  async follow({ name, backend, last }) {
    const store = await openStore(name, { backend });
    let seen = -1;
    let loads = 0;
    let changes = 0;
    await new Promise((resolve, reject) => {
      const look = async () => {
        const number = numberOf(await store.load());
        loads++;
        if (number < seen) throw new Error(`${number} after ${seen}`);
        seen = number;
        if (number === last) resolve();
      };
      store.onChange(() => {
        changes++;
        look().catch(reject);
      });
      look().catch(reject);
    });
    store.close();
    return { loads, changes };
  },

  /** How many documents a collection has; throws unless they are 0, 1, 2, … as they were added. */
  async collected({ name, backend }) {
    const saved = await openCollection(name, { ...notes, backend });
    const { collection, kind } = saved;
    const ids = collection.ids().sort((a, b) => a - b);
    for (const [i, id] of ids.entries())
      if (id !== i || collection.get(id).text !== textOf(id)) throw new Error(`document ${id} at ${i}`);
    const found = ids.length > 0 ? (await collection.search(textOf(ids.length - 1), { limit: 1 })).hits[0].id : -1;
    if (found !== ids.length - 1) throw new Error(`found ${found} of ${ids.length}`);
    saved.close();
    return { kind, size: ids.length };
  },

  /** Adds documents and saves, one after another, and tells of each once it is acknowledged, until the browser is killed. */
  async collectForEver({ name, backend, tell }) {
    const { collection, save } = await opened(name, backend);
    for (let { size } = collection; ; size += 4) {
      await collection.addMany([0, 1, 2, 3].map((i) => ({ id: size + i, text: textOf(size + i) })));
      await save();
      tell(size + 4);
    }
  },

  /** Adds documents as one of several that do, anew after a conflict. */
  async collectTogether({ name, backend, times }) {
    const { saved, save } = await opened(name, backend);
    let conflicts = 0;
    for (let done = 0; done < times; ) {
      const id = saved.collection.size;
      await saved.collection.add({ id, text: textOf(id) });
      const result = await outcome(save());
      if (result === 'done') done++;
      else if (result.code !== 'conflict') throw new Error(JSON.stringify(result));
      else {
        conflicts++;
        await saved.reload();
      }
    }
    saved.close();
    return conflicts;
  },

  /** The longest time that the page could do nothing else during a save and a load. */
  async longestPause({ name, backend, length }) {
    const store = await openStore(name, { backend });
    const bytes = contents(1, length);
    let last = performance.now();
    let longest = 0;
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
      port2.postMessage(0);
    };
    port2.postMessage(0);
    await store.save(bytes);
    await store.load();
    port1.close();
    return longest;
  },
};

/** In this page, or in a worker of it. */
export function run(task, options, isWorker, tell) {
  if (!isWorker) return tasks[task]({ ...options, tell });
  const worker = new Worker('/test/support/store-worker.mjs', { type: 'module' });
  // WebKit keeps a page for going back with its worker, and with the locks and transactions that it has.
  addEventListener('pagehide', () => worker.terminate());
  return new Promise((resolve, reject) => {
    worker.onerror = (event) => reject(new Error(event.message));
    worker.onmessage = ({ data: { told, result, failed } }) => {
      if (told !== undefined) return tell(told);
      worker.terminate();
      return failed === undefined ? resolve(result) : reject(new Error(failed));
    };
    worker.postMessage({ task, options });
  });
}
