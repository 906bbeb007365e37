// SPDX-License-Identifier: Apache-2.0
// Runs in a page: what indexes in workers do to it.
import { Index } from '/dist/simile.js';
import { createWorkerIndex, WorkerIndex } from '/dist/worker/worker.js';

/**
 * `work`, and the longest time in milliseconds that the page could do nothing else meanwhile. Marked for traces.
 * @param ticks - whether it is measured; under a trace the many short tasks for it take longer than what is traced
 */
async function pausesOf(name, ticks, work) {
  performance.mark(`begin ${name}`);
  let last = performance.now();
  let longest = 0;
  const { port1, port2 } = new MessageChannel();
  const look = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  };
  port1.onmessage = () => {
    look();
    port2.postMessage(0);
  };
  if (ticks) port2.postMessage(0);
  const result = await work();
  look();
  port1.close();
  performance.mark(`end ${name}`);
  return { result, longest };
}

/** Quick numbers in [-1, 1), the same each time. */
export function numbers(count) {
  const out = new Float32Array(count);
  let state = 1;
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    out[i] = state / 2 ** 31;
  }
  return out;
}

/** The longest pause of the page in each part of an index's life. */
export async function pauses({ rows, dims, workers, codec = 'planes', ticks = true }) {
  const data = numbers(rows * dims);
  const ids = Array.from({ length: rows }, (_, i) => `document ${i}`);
  const query = data.slice(0, dims);
  const index = await createWorkerIndex({ dims, workers, codec });
  await index.search(query);
  // The garbage of making the data is not of the workers. (What of it is left, such as the ids, moves once more when it has lived through two collections.)
  for (let i = 0; i < 2; i++) globalThis.gc?.({ type: 'minor' });
  globalThis.gc?.();
  await new Promise((resolve) => setTimeout(resolve, 300));
  const added = await pausesOf('addMany', ticks, () => index.addMany(ids, data));
  const searched = await pausesOf('search', ticks, async () => {
    for (let i = 0; i < 20; i++) await index.search(data.subarray(i * dims, (i + 1) * dims), { k: 10 });
  });
  const many = await pausesOf('searchMany', ticks, () => index.searchMany(data.subarray(0, 200 * dims), { k: 10 }));
  const saved = await pausesOf('toBytes', ticks, () => index.toBytes());
  const loaded = await pausesOf('fromBytes', ticks, () => WorkerIndex.fromBytes(saved.result, { workers }));
  const listed = await pausesOf('ids', ticks, () => index.ids());
  const [first] = await loaded.result.search(query, { k: 1 });
  const found = [first.id, index.size, loaded.result.size, listed.result.length, many.result.length];
  index.terminate();
  loaded.result.terminate();
  const longest = { addMany: added, search: searched, searchMany: many, toBytes: saved, fromBytes: loaded, ids: listed };
  return {
    found,
    memory: index.memory,
    longest: Object.fromEntries(Object.entries(longest).map(([name, { longest }]) => [name, longest])),
  };
}

/** Whether an index in workers and one in the page answer alike. */
export async function answersAlike(workers) {
  const dims = 16;
  const rows = 500;
  const data = numbers(rows * dims);
  const ids = [...Array(rows).keys()];
  const index = await Index.create({ dims });
  const worker = await createWorkerIndex({ dims, workers });
  for (const one of [index, worker]) await one.addMany(ids, data);
  const asked = (one) =>
    Promise.all(ids.slice(0, 20).map((i) => one.search(data.subarray(i * dims, (i + 1) * dims), { recall: 1 })));
  const [mine, theirs] = [await asked(worker), await asked(index)];
  const again = await WorkerIndex.fromURL(URL.createObjectURL(new Blob([index.toBytes()])), { workers });
  await again.complete;
  const same = JSON.stringify(mine) === JSON.stringify(theirs) && JSON.stringify(await asked(again)) === JSON.stringify(theirs);
  worker.terminate();
  again.terminate();
  const error = await worker.search(data.subarray(0, dims)).catch(({ code }) => code);
  return { same, error, byWorkers: worker.workers, memory: worker.memory };
}

/** What is said when the script of the worker is not there. */
export const withoutScript = () =>
  createWorkerIndex({ dims: 2, worker: () => new Worker('/missing.js', { type: 'module' }) }).then(
    () => 'made',
    ({ code, message }) => `${code}: ${message}`,
  );
