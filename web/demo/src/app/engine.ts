// SPDX-License-Identifier: Apache-2.0
import { proxy, type Remote, wrap } from 'comlink';
import type { Addresses, Answer, Ask, Explanation, FileEnd, FileEvent, LoadEvent, Result, Source } from '../worker/protocol.js';
import type { Service } from '../worker/service.js';

const addressOf = (path: string): string => new URL(path, document.baseURI).href;

/** The worker that embeds and searches. */
export class Engine {
  readonly #onEvent: (event: LoadEvent) => void;
  #service: Remote<Service> | undefined;

  constructor(onEvent: (event: LoadEvent) => void) {
    this.#onEvent = onEvent;
  }

  async load(isRetry: boolean): Promise<void> {
    this.#service ??= this.#start();
    const addresses: Addresses = { data: addressOf('./data/'), model: addressOf('./model/'), tfjs: addressOf('./tfjs/') };
    await this.#service.load(addresses, isRetry, proxy(this.#onEvent));
  }

  async search(source: Source, ask: Ask): Promise<Answer> {
    return (await this.#service?.search(source, ask)) ?? { kind: 'outdated' };
  }

  async explain(source: Source, ask: Ask, { row, score }: Result): Promise<Explanation> {
    return (await this.#service?.explain(source, ask, { row, score })) ?? { kind: 'unknown' };
  }

  async addFile(file: File, onEvent: (event: FileEvent) => void): Promise<FileEnd> {
    return (await this.#service?.addFile(file, proxy(onEvent))) ?? { kind: 'cancelled' };
  }

  async removeFile(): Promise<void> {
    await this.#service?.removeFile();
  }

  #start(): Remote<Service> {
    const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
    worker.addEventListener('error', (event) => {
      worker.terminate();
      this.#service = undefined;
      // An event without a message says that the script was not found; with one, that it threw.
      const detail = event.message ?? '';
      this.#onEvent({ kind: 'failed', failure: { part: 'page', reason: detail ? 'unknown' : 'network', detail } });
    });
    return wrap<Service>(worker);
  }
}
