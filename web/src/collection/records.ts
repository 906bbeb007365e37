// SPDX-License-Identifier: Apache-2.0
import type { Id } from '../ids.js';
import type { Text } from '../text/text.js';
import type { Span, Splitter } from './passages.js';
import { type Draft, passageMark, type SchemaPlan, type StoredDoc, textOf, type Value } from './schema.js';

/** Part of a text field, where a document was cut. @internal */
export interface Part extends Span {
  readonly field: string;
}

/** What is found: a whole document, or a passage of it. @internal */
export interface Row {
  /** That of the document, or with the number of the passage. */
  readonly key: Id;
  readonly record: DocRecord;
  readonly part: Part | undefined;
  /** Its position among rows. */
  at: number;
}

/** @internal */
export interface DocRecord {
  readonly id: Id;
  readonly document: StoredDoc;
  readonly labels: readonly (readonly Value[])[];
  readonly rows: Row[];
  /** Its position among documents. */
  at: number;
}

/** A passage that is to become a row. @internal */
export interface RowDraft {
  readonly part: Part | undefined;
  /** What is embedded; empty when nothing is to be. */
  readonly embedded: string;
}

const headUnits = 200; // of the short fields that go before each passage

/** What is searched by words in a row. @internal */
export function rowText(
  document: StoredDoc,
  part: Part | undefined,
  isCut: (field: string) => boolean,
  schema: SchemaPlan,
): Text {
  return schema.texts
    .filter(({ name }) => part === undefined || name === part.field || !isCut(name))
    .map(({ name, weight }) => {
      const text = textOf(document, name);
      return { text: name === part?.field ? text.slice(part.start, part.end) : text, weight };
    });
}

/** The rows of a document: one, unless a text is longer than a passage. @internal */
export function rowsOf(draft: Draft, schema: SchemaPlan, splitter: Splitter | undefined): RowDraft[] {
  const texts = schema.texts
    .map((field) => ({ ...field, text: textOf(draft.document, field.name) }))
    .filter(({ text }) => text !== '');
  const cut =
    splitter && draft.vector === undefined ? texts.map((field) => ({ ...field, parts: splitter.split(field.text) })) : [];
  const long = cut.filter(({ parts }) => parts.length > 1);
  const short = texts.filter(({ name }) => !long.some((field) => field.name === name));
  const joined = (all: readonly { readonly text: string; readonly embed: boolean }[]): string =>
    all
      .filter(({ embed }) => embed)
      .map(({ text }) => text.trim())
      .filter((text) => text !== '')
      .join('\n');
  if (long.length === 0) return [{ part: undefined, embedded: joined(texts) }];
  const head = [...joined(short)].slice(0, headUnits).join('');
  return long.flatMap(({ name, text, embed, parts }) =>
    parts.map(({ start, end }): RowDraft => {
      const pieces = embed ? [head, text.slice(start, end).trim()] : [head];
      return { part: { field: name, start, end }, embedded: pieces.filter((one) => one !== '').join('\n') };
    }),
  );
}

/** The key of a row in the vector index: the first is the document itself to whoever else reads the file. @internal */
export const keyOf = (id: Id, passage: number): Id =>
  passage === 0 ? id : `${passageMark}${typeof id === 'number' ? '#' : ''}${id}${passageMark}${passage}`;

/** Documents and their rows, each in an order in which a removed one gives its place to the last. @internal */
export class Records {
  readonly docs: DocRecord[] = [];
  readonly rows: Row[] = [];
  readonly #byId = new Map<Id, DocRecord>();
  readonly #byKey = new Map<Id, Row>();

  get(id: Id): DocRecord | undefined {
    return this.#byId.get(id);
  }

  row(key: Id): Row | undefined {
    return this.#byKey.get(key);
  }

  /**
   * Adds a document at the end, or puts it in the place of the one with its id, its passages in the places of that one's.
   * @returns rows of the document before that are left over: to be dropped
   */
  put({ id, document, labels }: Draft, parts: readonly (Part | undefined)[]): Row[] {
    const before = this.#byId.get(id);
    const record: DocRecord = { id, document, labels, rows: [], at: before?.at ?? this.docs.length };
    for (const [i, part] of parts.entries()) {
      const row: Row = { key: keyOf(id, i), record, part, at: before?.rows[i]?.at ?? this.rows.length };
      record.rows.push(row);
      this.rows[row.at] = row;
      this.#byKey.set(row.key, row);
    }
    this.docs[record.at] = record;
    this.#byId.set(id, record);
    return before?.rows.slice(parts.length) ?? [];
  }

  /** @param onRow - as of `drop` */
  remove(record: DocRecord, onRow: (at: number) => void): void {
    this.drop(record.rows, onRow);
    replaceByLast(this.docs, record.at);
    this.#byId.delete(record.id);
  }

  /**
   * Rows go one by one, each giving its place to the last, as in the indexes.
   * @param onRow - called before a row goes, with the position that it has then
   */
  drop(rows: readonly Row[], onRow: (at: number) => void): void {
    for (const row of rows) {
      onRow(row.at);
      replaceByLast(this.rows, row.at);
      this.#byKey.delete(row.key);
    }
  }

  /** @param order - the position of each row, document after document @returns whether it is one */
  reorder(order: readonly number[]): boolean {
    const rows = this.docs.flatMap((record) => record.rows);
    if (order.length !== rows.length) return false;
    const placed: (Row | undefined)[] = new Array(rows.length);
    for (const [i, at] of order.entries()) {
      if (!Number.isInteger(at) || at < 0 || at >= rows.length || placed[at]) return false;
      placed[at] = rows[i] as Row;
    }
    for (const [at, row] of placed.entries()) {
      (row as Row).at = at;
      this.rows[at] = row as Row;
    }
    return true;
  }

  /** One bit for each row whose document passes. */
  bits(passes: (record: DocRecord) => boolean): RowBits {
    const chosen = new Uint8Array(this.docs.length);
    for (const [i, record] of this.docs.entries()) chosen[i] = passes(record) ? 1 : 0;
    const bits = new RowBits(this.rows.length);
    for (const row of this.rows) if (chosen[row.record.at] === 1) bits.set(row.at);
    return bits;
  }
}

function replaceByLast(list: { at: number }[], at: number): void {
  const last = list.pop() as { at: number };
  if (list.length === at) return;
  last.at = at;
  list[at] = last;
}

/** A set of rows. @internal */
export class RowBits {
  readonly words: Uint32Array;
  count = 0;
  #first = Number.POSITIVE_INFINITY;
  #last = -1;

  constructor(rows: number) {
    this.words = new Uint32Array(Math.ceil(rows / 32));
  }

  static of(rows: number, chosen: readonly number[]): RowBits {
    const bits = new RowBits(rows);
    for (const row of chosen) bits.set(row);
    return bits;
  }

  /** Rows that are not in the set yet. */
  set(row: number): void {
    this.words[row >>> 5] = (this.words[row >>> 5] as number) | (1 << (row & 31));
    this.count++;
    if (row < this.#first) this.#first = row;
    if (row > this.#last) this.#last = row;
  }

  has(row: number): boolean {
    return (((this.words[row >>> 5] as number) >>> (row & 31)) & 1) === 1;
  }

  /** Where they are one piece, as rows sorted by their label are: a slice costs a search nothing. */
  get slice(): readonly [first: number, end: number] | undefined {
    return this.count > 0 && this.#last - this.#first + 1 === this.count ? [this.#first, this.#last + 1] : undefined;
  }
}
