// SPDX-License-Identifier: Apache-2.0
import { readBytes } from './download.js';

/** The encoder's files. What has arrived is kept until all have, so that another attempt loads only what is missing. */
export class ModelFiles {
  readonly #folder: string;
  readonly #onBytes: (loaded: number) => void;
  readonly #files = new Map<string, ArrayBuffer>();
  #loaded = 0;

  constructor(folder: string, onBytes: (loaded: number) => void) {
    this.#folder = folder;
    this.#onBytes = onBytes;
  }

  read = async (name: string): Promise<ArrayBuffer> => {
    const known = this.#files.get(name);
    if (known) return known;
    let own = 0;
    try {
      const bytes = await readBytes(this.#folder + name, (count) => {
        own += count;
        this.#count(count);
      });
      this.#files.set(name, bytes);
      return bytes;
    } catch (error) {
      this.#count(-own);
      throw error;
    }
  };

  #count(bytes: number): void {
    this.#loaded += bytes;
    this.#onBytes(this.#loaded);
  }
}
