// SPDX-License-Identifier: Apache-2.0

/** Reading may be shared with reading; writing never with anything. @internal */
export type LockMode = 'shared' | 'exclusive';

const queues = /* @__PURE__ */ new Map<string, Promise<unknown>>();

/** One after another within this page or worker, whatever the mode. */
async function inQueue<T>(name: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  const before = queues.get(name);
  const run = (async () => {
    await before?.catch(() => {});
    signal?.throwIfAborted();
    return work();
  })();
  queues.set(name, run);
  try {
    return await run;
  } finally {
    if (queues.get(name) === run) queues.delete(name);
  }
}

/**
 * Does the work under a Web Lock, which the browser frees when its tab is closed or crashes; a browser without them has the queue of
 * the page alone. @internal
 */
export function locked<T>(
  name: string,
  mode: LockMode,
  { signal, isShared }: { signal: AbortSignal | undefined; isShared: boolean },
  work: () => Promise<T>,
): Promise<T> {
  const locks = isShared ? globalThis.navigator?.locks : undefined;
  if (!locks) return inQueue(name, signal, work);
  return locks.request(name, signal ? { mode, signal } : { mode }, work) as Promise<T>;
}
