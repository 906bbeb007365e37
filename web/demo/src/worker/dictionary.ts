// SPDX-License-Identifier: Apache-2.0
import { Index, type LoadProgress } from 'simile';
import { modelId } from '../encoder/encoder.js';
import { Entries } from './entries.js';
import { MismatchError } from './failure.js';
import type { Manifest, WordEntry } from './protocol.js';

/** What the index says about itself. */
interface IndexInfo {
  readonly model: string;
  readonly rows: number;
}

/** The index of all meanings, and the words that belong to its rows. */
export class Dictionary {
  readonly index: Index;
  /** Bytes of the index file. */
  readonly bytes: number;
  readonly #entries: Entries;

  private constructor(index: Index, bytes: number, entries: Entries) {
    this.index = index;
    this.bytes = bytes;
    this.#entries = entries;
  }

  /** Resolves when it can be searched; `complete` says when all of it is there. */
  static async load(
    folder: string,
    manifest: Manifest,
    cache: RequestCache,
    onProgress: (progress: LoadProgress) => void,
  ): Promise<Dictionary> {
    const index = await Index.fromURL(`${folder}words.simile`, {
      onProgress,
      fetch: (input, init) => fetch(input, { ...init, cache }),
    });
    try {
      checkMatch(JSON.parse(index.metadata) as IndexInfo, manifest);
    } catch (error) {
      index.dispose();
      throw error;
    }
    // The first search chooses the kernel and is compiled on the way: 5 ms, which are not the visitor's.
    await index.search(new Float32Array(index.dims).fill(1));
    return new Dictionary(index, manifest.indexBytes, new Entries(folder, manifest.rows, manifest.chunkRows));
  }

  entries(rows: readonly number[]): Promise<WordEntry[]> {
    return this.#entries.at(rows);
  }

  /** The first meaning of a word; of some words only once all entries are loaded. */
  meaningOf(word: string): WordEntry | undefined {
    return this.#entries.meaningOf(word);
  }

  loadEntries(): Promise<void> {
    return this.#entries.loadAll();
  }

  dispose(): void {
    this.index.dispose();
  }
}

/** Vectors of another model would give answers that look like answers. */
function checkMatch({ model, rows }: IndexInfo, manifest: Manifest): void {
  if (model !== modelId) throw new MismatchError(`the index was made with ${model}, the page has ${modelId}`);
  if (rows !== manifest.rows) throw new MismatchError(`the index has ${rows} rows, the page expects ${manifest.rows}`);
}
