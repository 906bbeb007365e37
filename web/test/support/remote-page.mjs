// SPDX-License-Identifier: Apache-2.0
// Runs in pages and workers: one visit of a site with a partitioned index.
import { RemoteIndex } from '/dist/remote/remote.js';
import { Index } from '/dist/simile.js';

/** Opens, searches, keeps what it has fetched. */
export async function visit({ address, query, options }) {
  const index = await RemoteIndex.open(address, options);
  const { bytesFetched: headBytes } = index;
  const hits = await index.search(query, { k: 5 });
  await index.flush();
  const { bytesFetched, requests, cacheKind: kind = 'none', metadata } = index;
  index.dispose();
  return { hits, headBytes, bytesFetched, requests, kind, metadata };
}

/** Loads a whole index. */
export async function load({ address, query, options }) {
  const index = await Index.fromURL(address, options);
  await index.complete;
  const hits = await index.search(query, { k: 5 });
  index.dispose();
  return hits;
}

if (typeof document === 'undefined') {
  globalThis.onmessage = async ({ data }) => postMessage(await visit(data).catch((error) => ({ error: String(error) })));
}

/** The same in a new worker. */
export function visitInWorker(data) {
  const worker = new Worker(import.meta.url, { type: 'module' });
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => reject(new Error(event.message));
    worker.postMessage(data);
  }).finally(() => worker.terminate());
}
