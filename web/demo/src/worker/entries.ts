// SPDX-License-Identifier: Apache-2.0
import { readJson } from './download.js';
import type { WordEntry } from './protocol.js';

/** A file `entries-N.json`: columns of equal length. Synonyms of one entry; part of speech; definition. */
interface Columns {
  readonly words: readonly (readonly string[])[];
  readonly pos: readonly string[];
  readonly definition: readonly string[];
}

/** Words and definitions by row. They lie in many files, so that the first answers wait for a few of them only. */
export class Entries {
  readonly #folder: string;
  readonly #rows: number;
  readonly #chunkRows: number;
  readonly #chunks = new Map<number, Promise<Columns>>();
  /** The most familiar entry of each word, in lower case; of those chunks that `loadAll` has been through. */
  readonly #meanings = new Map<string, WordEntry>();

  constructor(folder: string, rows: number, chunkRows: number) {
    this.#folder = folder;
    this.#rows = rows;
    this.#chunkRows = chunkRows;
  }

  async at(rows: readonly number[]): Promise<WordEntry[]> {
    return Promise.all(rows.map((row) => this.#entry(row)));
  }

  /** One file after the other, so that what a search needs at once is not kept waiting. */
  async loadAll(): Promise<void> {
    for (let chunk = 0; chunk * this.#chunkRows < this.#rows; chunk++) this.#learn(await this.#chunk(chunk));
  }

  meaningOf(word: string): WordEntry | undefined {
    return this.#meanings.get(word.toLowerCase());
  }

  #learn(columns: Columns): void {
    columns.words.forEach((words, at) => {
      for (const word of words) {
        const key = word.toLowerCase();
        if (!this.#meanings.has(key)) this.#meanings.set(key, entryAt(columns, at));
      }
    });
  }

  async #entry(row: number): Promise<WordEntry> {
    return entryAt(await this.#chunk(Math.floor(row / this.#chunkRows)), row % this.#chunkRows);
  }

  #chunk(number: number): Promise<Columns> {
    const known = this.#chunks.get(number);
    if (known) return known;
    const columns = readJson<Columns>(`${this.#folder}entries-${number}.json`);
    this.#chunks.set(number, columns);
    columns.catch(() => this.#chunks.delete(number));
    return columns;
  }
}

function entryAt({ words, pos, definition }: Columns, at: number): WordEntry {
  return { kind: 'word', words: words[at] ?? [], pos: pos[at] ?? '', definition: definition[at] ?? '' };
}
