// SPDX-License-Identifier: Apache-2.0
import { invalid, SimileError, shown } from '../errors.js';
import { encodeIds, type Id } from '../ids.js';
import { readVector, type Vector } from '../vectors.js';

/**
 * What a field of a document holds.
 *
 * - `text`: what is searched by meaning and by words
 * - `string`, `number`, `boolean`: for filters, facets and groups
 * - `date`: likewise; a `Date`, milliseconds since 1970, or a string that `Date` understands
 * - `string[]`, `number[]`: several values, of which a filter looks for any
 */
export type FieldType = 'text' | 'string' | 'number' | 'boolean' | 'date' | 'string[]' | 'number[]';

/** A searched field that counts more, or is not embedded. */
export interface TextFieldOptions {
  readonly type: 'text';
  /** As if its words stood there so many times; an integer from 1 to 100. @defaultValue 1 */
  readonly weight?: number;
  /** Whether it belongs to what is embedded. @defaultValue true */
  readonly embed?: boolean;
}

/** The fields that a collection knows; whatever else a document has is kept with it. Names: all but `id`, `vector`, `and`, `or`, `not`. */
export type Schema = Readonly<Record<string, FieldType | TextFieldOptions>>;

/** What every document has. An interface of your own with fields of the schema, and any other JSON, is one. */
export interface AnyDoc {
  readonly id: Id;
  /** Its vector, where there is no embedder, or in the place of the embedder's. Not kept with the document. */
  readonly vector?: Vector;
}

/** A document: its id, fields of the schema, and any other JSON. */
export interface Doc extends AnyDoc {
  readonly [field: string]: unknown;
}

/** One value of a column: numbers also for dates and booleans. @internal */
export type Value = string | number;

/** @internal */
export interface TextFieldPlan {
  readonly name: string;
  readonly weight: number;
  readonly embed: boolean;
}

/** A document that was checked. @internal */
export interface Draft {
  readonly id: Id;
  readonly document: StoredDoc;
  /** By the position of the field in `SchemaPlan.labels`. */
  readonly labels: readonly (readonly Value[])[];
  readonly vector: Float32Array | undefined;
}

/** A document as it is kept: without vector, and JSON all through. */
export type StoredDoc = Readonly<Record<string, unknown>> & { readonly id: Id };

const reserved = new Set(['id', 'vector', 'and', 'or', 'not']);
const types: readonly unknown[] = ['text', 'string', 'number', 'boolean', 'date', 'string[]', 'number[]'];
const maxWeight = 100;
/** Divides an id from the number of a passage. @internal */
export const passageMark = '\u001f';

/** A schema that was checked. @internal */
export class SchemaPlan {
  readonly texts: readonly TextFieldPlan[];
  /** The other fields, in the order of the schema. */
  readonly labels: readonly string[];
  readonly types: ReadonlyMap<string, FieldType>;
  readonly #places: ReadonlyMap<string, number>;

  /** @throws {SimileError} `invalid_argument` */
  constructor(readonly source: Schema) {
    if (typeof source !== 'object' || source === null || Array.isArray(source))
      throw invalid(`the schema must be an object such as { title: 'text' }, not ${shown(source)}`);
    const texts: TextFieldPlan[] = [];
    const known = new Map<string, FieldType>();
    for (const [name, field] of Object.entries(source)) {
      if (name === '' || reserved.has(name)) throw invalid(`a field cannot have the name ${shown(name)}`);
      const { type, weight = 1, embed = true } = typeof field === 'object' && field !== null ? field : { type: field };
      if (!types.includes(type))
        throw invalid(`the type of field ${shown(name)} must be one of ${types.join(', ')}, not ${shown(type)}`);
      if (!Number.isInteger(weight) || weight < 1 || weight > maxWeight)
        throw invalid(`the weight of field ${shown(name)} must be an integer from 1 to ${maxWeight}, not ${shown(weight)}`);
      if (typeof embed !== 'boolean') throw invalid(`embed of field ${shown(name)} must be true or false, not ${shown(embed)}`);
      known.set(name, type);
      if (type === 'text') texts.push({ name, weight, embed });
    }
    this.texts = texts;
    this.types = known;
    this.labels = [...known].filter(([, type]) => type !== 'text').map(([name]) => name);
    this.#places = new Map(this.labels.map((name, i) => [name, i]));
  }

  /** The number of a column. @throws {SimileError} `invalid_argument` */
  placeOf(name: string, what: string): number {
    const place = this.#places.get(name);
    if (place === undefined) {
      const rest = this.types.has(name) ? 'is a text, which cannot be filtered by' : 'is not in the schema';
      throw invalid(`${what}: the field ${shown(name)} ${rest} (${this.labels.join(', ') || 'there are no others'})`);
    }
    return place;
  }

  typeOf(name: string): FieldType {
    return this.types.get(name) as FieldType;
  }

  /** Copies and checks a document. @param which - for messages @throws {SimileError} as `Collection.add` */
  draft(doc: unknown, which: string): Draft {
    if (typeof doc !== 'object' || doc === null || Array.isArray(doc))
      throw invalid(`${which} must be an object, not ${shown(doc)}`);
    const { vector, ...rest } = doc as Doc;
    const id: unknown = rest.id;
    encodeIds([id as Id]);
    if (typeof id === 'string' && id.includes(passageMark)) throw invalid(`${which}: an id cannot hold the character U+001F`);
    const document = plain(rest, `document ${shown(id)}`) as StoredDoc;
    for (const { name } of this.texts) textOf(document, name);
    const labels = this.labels.map((name) =>
      valuesOf(this.typeOf(name), own(document, name), own(rest, name), `field ${shown(name)} of document ${shown(id)}`),
    );
    return {
      id: id as Id,
      document,
      labels,
      vector: vector === undefined ? undefined : readVector(vector, `the vector of document ${shown(id)}`),
    };
  }
}

/** @internal */
export const own = (object: object, name: string): unknown =>
  Object.hasOwn(object, name) ? (object as Record<string, unknown>)[name] : undefined;

/** The text of a field; empty where there is none. @throws {SimileError} `invalid_argument` @internal */
export function textOf(document: StoredDoc, name: string): string {
  const text = own(document, name) ?? '';
  if (typeof text !== 'string')
    throw invalid(`field ${shown(name)} of document ${shown(document.id)} must be a string, not ${shown(text)}`);
  return text;
}

/** As JSON keeps it. */
function plain(value: unknown, what: string): unknown {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    throw new SimileError(
      'invalid_argument',
      `${what} cannot be kept as JSON: ${cause instanceof Error ? cause.message : cause}`,
      { cause },
    );
  }
  return frozen(JSON.parse(text) as unknown);
}

function frozen(value: unknown): unknown {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(frozen);
    Object.freeze(value);
  }
  return value;
}

/** What a filter compares. @param kept - of JSON @param given - as it came @internal */
export function valuesOf(type: FieldType, kept: unknown, given: unknown, what: string): Value[] {
  if (kept === undefined || kept === null) {
    // JSON makes null of NaN and infinity.
    if (typeof given === 'number') throw new SimileError('not_finite', `${what} is ${given}`);
    return [];
  }
  const isList = type.endsWith('[]');
  if (isList !== Array.isArray(kept)) throw wrong(type, kept, what);
  return (isList ? (kept as unknown[]) : [kept]).map((value) => labelOf(type, value, what));
}

/** @throws {SimileError} `invalid_argument` @internal */
export function labelOf(type: FieldType, value: unknown, what: string): Value {
  if (type === 'string' || type === 'string[]') {
    if (typeof value === 'string') return value;
  } else if (type === 'boolean') {
    if (typeof value === 'boolean') return Number(value);
  } else if (type === 'date') {
    const isDate = typeof value === 'string' || typeof value === 'number' || value instanceof Date;
    const time = isDate ? new Date(value).getTime() : Number.NaN;
    if (!Number.isNaN(time)) return time;
  } else if (typeof value === 'number' && Number.isFinite(value)) {
    return value;
  }
  throw wrong(type, value, what);
}

const wrong = (type: FieldType, value: unknown, what: string): SimileError =>
  invalid(`${what} must be a ${type}, not ${shown(value)}`);
