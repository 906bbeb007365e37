// SPDX-License-Identifier: Apache-2.0
import { type Remote, wrap } from 'comlink';
import type { Split, Splitter } from './split.worker.js';

/** A sentence about the file, for the visitor. */
export class RefusedFile extends Error {}

/** Reads files in a thread of its own, so that queries go on meanwhile. It stays, because without a network no other could start. */
export class SplitWorker {
  #splitter: Remote<Splitter> | undefined;
  #failed: Promise<never> | undefined;

  start(): void {
    if (this.#splitter) return;
    const worker = new Worker(new URL('./split.js', import.meta.url), { type: 'module' });
    this.#splitter = wrap<Splitter>(worker);
    this.#failed = new Promise((_, reject) => {
      worker.addEventListener('error', () => {
        this.#splitter = undefined;
        reject(new RefusedFile('The part of this page that reads files could not be loaded. Please try again.'));
      });
    });
    this.#failed.catch(() => {});
  }

  async split(file: File): Promise<Split> {
    this.start();
    const { split } = this.#splitter as Remote<Splitter>;
    return Promise.race([split(file), this.#failed as Promise<never>]);
  }
}
