// SPDX-License-Identifier: Apache-2.0
import type { Embedder } from '../embedders/embedder.js';
import { invalid, SimileError, shown } from '../errors.js';
import type { Id } from '../ids.js';
import { Index } from '../index.js';
import type { LoadOptions } from '../loader.js';
import type { Settings } from './collection.js';
import { passagePlan } from './passages.js';
import type { Part, Records } from './records.js';
import { own, type StoredDoc } from './schema.js';

/** Options of `Collection.fromBytes`. */
export interface LoadCollectionOptions extends LoadOptions {
  /** Of the model that made the vectors; without one, searches bring vectors or are lexical. */
  readonly embedder?: Embedder;
}

/** @internal */
export interface CollectionFile {
  readonly settings: Settings;
  readonly hasVectors: boolean;
  readonly documents: readonly { readonly document: StoredDoc; readonly parts: readonly (Part | undefined)[] }[];
  /** The position of each row, document after document. */
  readonly order: readonly number[] | undefined;
}

const format = 'simile collection';
const version = 1;

/** The metadata of an index: everything but the vectors. Words are indexed anew by who reads it. */
interface Stored {
  readonly format: typeof format;
  readonly version: number;
  readonly hasVectors: boolean;
  readonly settings: Settings;
  readonly documents: readonly StoredDoc[];
  /** For documents that were cut, by their number: field, start and end of each passage. */
  readonly parts: readonly (readonly [document: number, ...passages: (readonly [field: string, start: number, end: number])[]])[];
  readonly order?: readonly number[];
}

/** @internal */
export async function encodeFile(settings: Settings, records: Records, vectors: Index | undefined): Promise<Uint8Array> {
  const rows = records.docs.flatMap((record) => record.rows);
  const stored: Stored = {
    format,
    version,
    hasVectors: vectors !== undefined,
    settings,
    documents: records.docs.map(({ document }) => document),
    parts: records.docs.flatMap(({ rows: own }, i) =>
      own.some(({ part }) => part)
        ? [[i, ...own.map(({ part }) => [part?.field ?? '', part?.start ?? 0, part?.end ?? 0] as const)] as const]
        : [],
    ),
    ...(rows.every(({ at }, i) => at === i) ? {} : { order: rows.map(({ at }) => at) }),
  };
  const index = vectors ?? (await Index.create({ dims: 1, codec: 'f32' }));
  try {
    index.metadata = JSON.stringify(stored);
    return index.toBytes();
  } finally {
    if (vectors) vectors.metadata = '';
    else index.dispose();
  }
}

/** @throws {SimileError} `invalid_argument`, `unsupported_version`, `corrupt_file` @internal */
export function readFile(index: Index): CollectionFile {
  let stored: unknown;
  try {
    stored = JSON.parse(index.metadata);
  } catch {
    throw noCollection();
  }
  if (typeof stored !== 'object' || stored === null || own(stored, 'format') !== format) throw noCollection();
  const { version: found, hasVectors, settings, documents, parts, order } = stored as Stored;
  if (typeof found === 'number' && found > version)
    throw new SimileError('unsupported_version', `the collection is of version ${found}, this package reads up to ${version}`);
  const isRight =
    found === version &&
    typeof hasVectors === 'boolean' &&
    typeof settings === 'object' &&
    settings !== null &&
    [documents, parts, order ?? []].every(Array.isArray);
  if (!isRight) throw corrupt('its description is of another form');
  passagePlan(settings.passages ?? false);
  const cut = new Map<number, Part[]>();
  for (const entry of parts) {
    const [number, ...passages] = Array.isArray(entry) ? entry : [];
    if (!documents[number as number] || passages.length === 0)
      throw corrupt(`document ${shown(number)} has passages, and there are ${documents.length}`);
    cut.set(
      number as number,
      passages.map(([field, start, end]) => checkedPart(documents[number as number] as StoredDoc, field, start, end)),
    );
  }
  const whole = documents.map((document, i) => ({ document, parts: cut.get(i) ?? [undefined] }));
  return { settings, hasVectors, documents: whole, order };
}

/** After the records were made: the keys of the vectors are those of the rows. @throws {SimileError} `corrupt_file` @internal */
export function checkKeys(ids: readonly Id[], { rows }: Records): void {
  if (ids.length !== rows.length) throw corrupt(`${ids.length} vectors for ${rows.length} passages`);
  const wrong = rows.findIndex(({ key }, i) => key !== ids[i]);
  if (wrong >= 0)
    throw corrupt(`vector ${wrong} has the id ${shown(ids[wrong])}, and passage ${wrong} ${shown(rows[wrong]?.key)}`);
}

function checkedPart(document: StoredDoc, field: string, start: number, end: number): Part {
  const text = own(document, field);
  const isRight =
    typeof text === 'string' &&
    Number.isInteger(start) &&
    Number.isInteger(end) &&
    0 <= start &&
    start < end &&
    end <= text.length;
  if (!isRight)
    throw corrupt(`a passage from ${shown(start)} to ${shown(end)} of field ${shown(field)} of document ${shown(document.id)}`);
  return { field, start, end };
}

const noCollection = (): SimileError => invalid('the file is a plain index, not a collection: load it with Index.fromBytes');

/** @internal */
export const corrupt = (what: string): SimileError => new SimileError('corrupt_file', `the file is no collection: ${what}`);
