// SPDX-License-Identifier: Apache-2.0
// Lines of JSON, and tables of CSV: records with names.
import type { Id } from '../../ids.js';
import { corrupt, UsageError } from '../failure.js';
import { type Matrix, RowCollector } from './matrix.js';

export type Fields = Readonly<Record<string, unknown>>;

/** A record, and where it stands, for messages. */
export interface Row {
  readonly where: string;
  readonly fields: Fields;
}

/** One JSON object a line; empty lines are left out. @throws {SimileError} `corrupt_file` with the number of the line */
export function* readJsonLines(text: string, name: string): Generator<Row> {
  let number = 0;
  for (const line of linesOf(text)) {
    number++;
    if (line.trim() === '') continue;
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch (error) {
      throw corrupt(`${name}, line ${number} is no JSON: ${error instanceof Error ? error.message : error}`);
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw corrupt(`${name}, line ${number} is no JSON object: ${line.slice(0, 60)}`);
    yield { where: `line ${number}`, fields: value as Fields };
  }
}

export function* linesOf(text: string): Generator<string> {
  for (let start = 0; start < text.length; ) {
    const end = text.indexOf('\n', start);
    const line = text.slice(start, end < 0 ? text.length : end);
    yield line.endsWith('\r') ? line.slice(0, -1) : line;
    start = end < 0 ? text.length : end + 1;
  }
}

/** RFC 4180, with a first line of names. @throws {SimileError} `corrupt_file` for an open quote, or a row of another length */
export function* readCsv(text: string, name: string, delimiter: string): Generator<Row> {
  let names: string[] | undefined;
  for (const { cells, line } of cellsOf(text, name, delimiter)) {
    if (cells.length === 1 && cells[0] === '') continue;
    if (!names) {
      names = cells;
      const twice = names.find((each, i) => cells.indexOf(each) !== i);
      if (twice !== undefined) throw corrupt(`${name} has two columns ${JSON.stringify(twice)}`);
      continue;
    }
    if (cells.length !== names.length)
      throw corrupt(`${name}, line ${line} has ${cells.length} cells, and the first line ${names.length}`);
    yield { where: `line ${line}`, fields: Object.fromEntries(names.map((each, i) => [each, cells[i]])) };
  }
}

function* cellsOf(text: string, name: string, delimiter: string): Generator<{ cells: string[]; line: number }> {
  let cells: string[] = [];
  let line = 1;
  let first = 1;
  for (let at = 0; at <= text.length; ) {
    let cell = '';
    if (text[at] === '"') {
      for (at++; ; ) {
        const quote = text.indexOf('"', at);
        if (quote < 0) throw corrupt(`${name}, line ${first}: a quote is opened and never closed`);
        cell += text.slice(at, quote);
        at = quote + 1;
        if (text[at] !== '"') break;
        cell += '"';
        at++;
      }
      line += cell.split('\n').length - 1;
    } else {
      const end = nextOf(text, delimiter, at);
      cell = text.slice(at, end);
      at = end;
    }
    cells.push(cell);
    if (text[at] === '\r' && text[at + 1] === '\n') at++;
    if (text[at] === delimiter) {
      at++;
      continue;
    }
    if (at < text.length && text[at] !== '\n') throw corrupt(`${name}, line ${line}: something stands after a closing quote`);
    yield { cells, line: first };
    cells = [];
    first = ++line;
    at++;
    if (at === text.length) return;
  }
}

function nextOf(text: string, delimiter: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const character = text[at];
    if (character === delimiter || character === '\n') return at;
    if (character === '\r' && text[at + 1] === '\n') return at;
  }
  return text.length;
}

const vectorNames = ['vector', 'embedding', 'embeddings', 'values'];
const idNames = ['id', '_id'];

/** The name of the field that holds the vector, if there is one. */
export const vectorField = (fields: Fields): string | undefined => vectorNames.find((name) => Object.hasOwn(fields, name));
export const idField = (fields: Fields): string | undefined => idNames.find((name) => Object.hasOwn(fields, name));

/** @throws {UsageError} for a name that the first record has not */
export function checkField(fields: Fields, field: string, name: string): void {
  if (!Object.hasOwn(fields, field))
    throw new UsageError(`${name} has no field ${JSON.stringify(field)}; it has ${Object.keys(fields).join(', ')}`);
}

/**
 * The vectors of records, and their ids.
 * @param names - `vector`: one field with a list (in CSV: JSON), or several fields with a number each
 */
export function vectorsOf(rows: Iterable<Row>, name: string, names: { vector?: readonly string[]; id?: string }): Matrix {
  const collector = new RowCollector(name);
  const ids: Id[] = [];
  let fieldsOf: { vector: readonly string[]; id: string | undefined } | undefined;
  for (const { where, fields } of rows) {
    fieldsOf ??= chosen(fields, name, names);
    const { vector, id } = fieldsOf;
    collector.add(
      vector.length === 1 ? listOf(fields[vector[0] as string]) : vector.map((each) => numberOf(fields[each])),
      where,
    );
    if (id !== undefined) ids.push(idOf(fields[id], name, where));
  }
  return collector.matrix(fieldsOf?.id === undefined ? undefined : ids);
}

function chosen(fields: Fields, name: string, names: { vector?: readonly string[]; id?: string }) {
  const vector = names.vector ?? [vectorField(fields)].filter((each) => each !== undefined);
  if (vector.length === 0) throw new UsageError(`${name} has no field ${vectorNames.join(', ')}: name it with --vector`);
  for (const each of [...vector, ...(names.id === undefined ? [] : [names.id])]) checkField(fields, each, name);
  return { vector, id: names.id ?? idField(fields) };
}

const numberOf = (value: unknown): unknown => (typeof value === 'string' && value.trim() !== '' ? Number(value) : value);

/** A list, or the JSON of one. */
function listOf(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/** @throws {SimileError} `corrupt_file` for what is no id */
export function idOf(value: unknown, name: string, where: string): Id {
  if (typeof value === 'string' || (Number.isSafeInteger(value) && (value as number) >= 0)) return value as Id;
  if (typeof value === 'bigint' && value >= 0n && value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
  throw corrupt(
    `${name}, ${where}: an id is a string or a whole number from 0, not ${typeof value === 'bigint' ? value : (JSON.stringify(value) ?? typeof value)}`,
  );
}

const linesAtOnce = 1000;

/** Lines of `{ id, vector }`. */
export function* writeJsonLines({ rows, dims, values, ids }: Matrix): Generator<string> {
  for (let first = 0; first < rows; first += linesAtOnce) {
    let text = '';
    for (let row = first; row < Math.min(rows, first + linesAtOnce); row++) {
      const vector = Array.from(values.subarray(row * dims, (row + 1) * dims), shortest);
      text += `${JSON.stringify({ id: ids ? ids[row] : row, vector })}\n`;
    }
    yield text;
  }
}

/** The double with the fewest digits that is the same 32-bit float. */
function shortest(x: number): number {
  if (!Number.isFinite(x)) throw corrupt(`JSON has no number ${x}`);
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(x.toPrecision(digits));
    if (Math.fround(short) === x) return short;
  }
  return Number(x.toPrecision(9));
}
