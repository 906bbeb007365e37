// SPDX-License-Identifier: Apache-2.0
import { Index } from 'simile';
import { dims, type Encoder } from '../encoder/encoder.js';
import type { FileEvent, Passage, PassageEntry } from './protocol.js';
import { RefusedFile, type SplitWorker } from './split-worker.js';

/** Passages that become searchable together. */
const batchRows = 64;

/** The visitor's file: its passages, and an index that grows while they are embedded. */
export class OwnFile {
  readonly index: Index;
  readonly #stop = new AbortController();
  #passages: readonly Passage[] = [];

  private constructor(index: Index) {
    this.index = index;
  }

  static async create(): Promise<OwnFile> {
    return new OwnFile(await Index.create({ dims, codec: 'int8' }));
  }

  get isStopped(): boolean {
    return this.#stop.signal.aborted;
  }

  /** Resolves with the number of passages once all can be searched. */
  async fill(file: File, splitter: SplitWorker, encoder: Encoder, report: (event: FileEvent) => void): Promise<number> {
    const { signal } = this.#stop;
    this.#passages = await split(file, splitter);
    signal.throwIfAborted();
    const total = this.#passages.length;
    report({ kind: 'split', total });
    for (let first = 0; first < total; first += batchRows) {
      const batch = this.#passages.slice(first, first + batchRows);
      const onProgress = ({ done }: { done: number }): void => report({ kind: 'embedded', done: first + done, total });
      const vectors = await encoder.embed(batch.map(textOf), { signal, onProgress });
      signal.throwIfAborted();
      await this.index.addMany(
        Array.from(batch, (_, i) => first + i),
        vectors,
        { signal },
      );
    }
    return total;
  }

  entries(rows: readonly number[]): PassageEntry[] {
    return rows.map((row) => {
      const passage = this.#passages[row] ?? { text: '', title: '', place: '' };
      const text = (at: number): string => this.#passages[at]?.text ?? '';
      return { kind: 'passage', ...passage, before: text(row - 1), after: text(row + 1) };
    });
  }

  dispose(): void {
    this.#stop.abort();
    this.index.dispose();
  }
}

/** What stands for a passage in the search. */
export const textOf = ({ title, text }: Pick<Passage, 'title' | 'text'>): string => (title ? `${title}. ${text}` : text);

async function split(file: File, splitter: SplitWorker): Promise<readonly Passage[]> {
  const answer = await splitter.split(file);
  if (answer.kind === 'refused') throw new RefusedFile(answer.message);
  return answer.passages;
}
