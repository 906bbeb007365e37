// SPDX-License-Identifier: Apache-2.0
import { SimileError, shown } from '../errors.js';
import type { Id } from '../ids.js';
import type { Index } from '../index.js';
import { Slicer } from '../slices.js';
import type { Text, TextIndex } from '../text/text.js';
import { type CollectionFile, checkKeys, corrupt } from './file.js';
import type { Splitter } from './passages.js';
import { type DocRecord, keyOf, type Part, Records, type RowDraft, rowsOf, rowText } from './records.js';
import type { Draft, SchemaPlan, StoredDoc } from './schema.js';

/** A change, as it is told to who keeps the collection. @internal */
export type Change = { readonly removed: readonly Id[]; readonly added: readonly AddedDoc[] };
/** @internal */
export interface AddedDoc {
  readonly document: StoredDoc;
  readonly own: boolean;
  readonly vectors: Float32Array | undefined;
}

/** @internal */
export type OnDuplicate = 'refuse' | 'replace' | 'skip';

/** A document and the rows that it becomes. @internal */
export interface PreparedDoc {
  readonly draft: Draft;
  readonly rows: readonly RowDraft[];
}

/** A row of a batch. */
interface NewRow {
  readonly key: Id;
  readonly text: Text;
  readonly vector: Float32Array | undefined;
  /** The position of the row that it replaces. */
  readonly at: number | undefined;
}

const docsBetweenPauses = 64;

/** Documents and the two indexes of their rows, which change together or not at all. @internal */
export class Contents {
  readonly schema: SchemaPlan;
  readonly vectors: Index | undefined;
  readonly texts: TextIndex | undefined;
  readonly records = new Records();
  readonly #splitter: Splitter | undefined;

  constructor(schema: SchemaPlan, vectors: Index | undefined, texts: TextIndex | undefined, splitter: Splitter | undefined) {
    this.schema = schema;
    this.vectors = vectors;
    this.texts = texts;
    this.#splitter = splitter;
  }

  get byteLength(): number {
    return (this.vectors?.byteLength ?? 0) + (this.texts?.byteLength ?? 0);
  }

  dispose(): void {
    this.vectors?.dispose();
    this.texts?.dispose();
  }

  prepare(draft: Draft): PreparedDoc {
    return { draft, rows: rowsOf(draft, this.schema, this.#splitter) };
  }

  /**
   * Adds documents, or puts them in the place of those with their ids.
   * @param vectors - of all rows, in order
   * @returns what has changed; undefined if nothing
   * @throws {SimileError} `duplicate_id`, and as `Index.addMany` and `TextIndex.add`; nothing is changed then
   */
  async commit(
    batch: readonly PreparedDoc[],
    vectors: Float32Array | undefined,
    onDuplicate: OnDuplicate,
  ): Promise<Change | undefined> {
    // Another batch may have brought an id since this one was checked.
    const known = new Set(batch.filter(({ draft }) => this.records.get(draft.id)));
    for (const { draft } of onDuplicate === 'refuse' ? known : []) throw duplicate(draft.id);
    const added: AddedDoc[] = [];
    const rows: NewRow[] = [];
    const kept = onDuplicate === 'skip' ? batch.filter((one) => !known.has(one)) : batch;
    const vectorsOf = this.#parts(batch, vectors);
    for (const one of kept) {
      const own = vectorsOf.get(one);
      rows.push(...this.#newRows(one, own));
      added.push({ document: one.draft.document, own: one.draft.vector !== undefined, vectors: own });
    }
    if (kept.length === 0) return undefined;
    await this.#index(rows);
    const left = kept.flatMap(({ draft, rows }) =>
      this.records.put(
        draft,
        rows.map(({ part }) => part),
      ),
    );
    await this.vectors?.deleteMany(left.map(({ key }) => key));
    this.records.drop(left, (at) => this.texts?.remove(at));
    return { removed: onDuplicate === 'replace' ? Array.from(known, ({ draft }) => draft.id) : [], added };
  }

  /** @returns whether it was there */
  async remove(id: Id): Promise<boolean> {
    const record = this.records.get(id);
    if (!record) return false;
    await this.vectors?.deleteMany(record.rows.map(({ key }) => key));
    this.records.remove(record, (at) => this.texts?.remove(at));
    return true;
  }

  /** Makes a change again that was told once: the same bits. */
  async replay({ removed, added }: Change): Promise<void> {
    const replaced = new Set(added.map(({ document }) => document.id));
    for (const id of removed) if (!replaced.has(id)) await this.remove(id);
    const batch = added.map(({ document, own, vectors }) =>
      this.prepare({ ...this.schema.draft(document, 'a stored document'), vector: own ? vectors : undefined }),
    );
    const dims = this.vectors?.dims ?? 0;
    batch.forEach(({ draft, rows }, i) => {
      const numbers = added[i]?.vectors?.length ?? 0;
      if (numbers !== rows.length * dims)
        throw corrupt(`${numbers} numbers for ${rows.length} passages of ${dims} dims of document ${shown(draft.id)}`);
    });
    const vectors = joined(added.map(({ vectors }) => vectors ?? new Float32Array()));
    await this.commit(batch, vectors, removed.length > 0 ? 'replace' : 'refuse');
  }

  /** Takes what a file had; the words are indexed anew. */
  async fill({ documents, order, hasVectors }: CollectionFile, index: Index, signal: AbortSignal | undefined): Promise<void> {
    const slicer = new Slicer(signal, 'loading');
    for (const [i, { document, parts }] of documents.entries()) {
      const draft = this.schema.draft(document, `document ${i}`);
      if (this.records.get(draft.id)) throw corrupt(`two documents have the id ${shown(draft.id)}`);
      this.records.put(draft, parts);
      if (i % docsBetweenPauses === 0) await slicer.pause();
    }
    if (order && !this.records.reorder(order)) throw corrupt('the order of its passages is none');
    if (hasVectors) checkKeys(index.ids(), this.records);
    const texts = this.records.rows.map(({ record, part }) => this.#textOf(record.document, part, record.rows));
    await this.texts?.addMany(texts, signal ? { signal } : {});
  }

  /** Which of the vectors are whose. */
  #parts(batch: readonly PreparedDoc[], vectors: Float32Array | undefined): Map<PreparedDoc, Float32Array> {
    const parts = new Map<PreparedDoc, Float32Array>();
    if (!this.vectors || !vectors) return parts;
    let at = 0;
    for (const one of batch) {
      const size = one.rows.length * this.vectors.dims;
      parts.set(one, vectors.subarray(at, at + size));
      at += size;
    }
    return parts;
  }

  #newRows({ draft, rows }: PreparedDoc, vectors: Float32Array | undefined): NewRow[] {
    const before: DocRecord['rows'] = this.records.get(draft.id)?.rows ?? [];
    const dims = this.vectors?.dims ?? 0;
    return rows.map(({ part }, i) => ({
      key: keyOf(draft.id, i),
      text: this.#textOf(draft.document, part, rows),
      vector: vectors?.subarray(i * dims, (i + 1) * dims),
      at: before[i]?.at,
    }));
  }

  /** What is searched by words in a row. */
  #textOf(document: StoredDoc, part: Part | undefined, rows: readonly { readonly part: Part | undefined }[]): Text {
    return rowText(document, part, (field) => rows.some((row) => row.part?.field === field), this.schema);
  }

  /** Into both indexes, or into none: texts first, at the end, from where they can be taken back. */
  async #index(rows: readonly NewRow[]): Promise<void> {
    const { texts, vectors } = this;
    const places = rows.map(({ at }) => at).filter((at) => at !== undefined);
    const size = texts?.size ?? 0;
    try {
      const ordered = [...rows.filter(({ at }) => at === undefined), ...rows.filter(({ at }) => at !== undefined)];
      for (const { text } of ordered) texts?.add(text);
      await vectors?.addMany(
        rows.map(({ key }) => key),
        joined(rows.map(({ vector }) => vector ?? new Float32Array())),
        { onDuplicate: 'replace' },
      );
    } catch (error) {
      while (texts && texts.size > size) texts.remove(texts.size - 1);
      throw error;
    }
    // The last text gets the row of the one that it replaces.
    for (const at of places.reverse()) texts?.remove(at);
  }
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** @internal */
export const duplicate = (id: Id): SimileError => new SimileError('duplicate_id', `id ${shown(id)} is in the collection already`);
