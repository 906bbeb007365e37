// SPDX-License-Identifier: Apache-2.0
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SimileError } from '../errors.js';
import type { Id } from '../ids.js';
import { corrupt, messageOf, UsageError } from './failure.js';
import { decodeText, endingOf, nameOf, readInput } from './files.js';
import { checkField, type Fields, idField, idOf, type Row, readCsv, readJsonLines } from './formats/records.js';
import { plainText } from './plain-text.js';

/** A text with its id, and what else its record has. */
export interface Document {
  readonly id: Id;
  /** What is searched, by the name of its field. */
  readonly texts: Readonly<Record<string, string>>;
  readonly others: Fields;
}

export const documentFormats = ['jsonl', 'csv', 'tsv', 'folder'] as const;
export type DocumentFormat = (typeof documentFormats)[number];

export interface DocumentOptions {
  /** The fields that are searched. */
  readonly text?: readonly string[] | undefined;
  readonly id?: string | undefined;
}

const pageEndings = new Set(['md', 'markdown', 'html', 'htm', 'txt']);
const usual = ['title', 'text', 'body', 'content', 'description'];

/** @throws {UsageError} for what is neither */
export async function documentFormatOf(path: string, given: string | undefined): Promise<DocumentFormat | undefined> {
  if (given !== undefined) return documentFormats.find((format) => format === given);
  if (path === '-') return undefined;
  const about = await stat(path).catch((error: unknown) => {
    throw new SimileError('io_failure', messageOf(error), { cause: error });
  });
  if (about.isDirectory()) return 'folder';
  const ending = endingOf(path) === 'ndjson' ? 'jsonl' : endingOf(path);
  return documentFormats.find((format) => format === ending);
}

/** @throws {SimileError} `corrupt_file`, `io_failure`, `limit_exceeded` */
export async function readDocuments(path: string, format: DocumentFormat, options: DocumentOptions): Promise<Document[]> {
  if (format === 'folder') return readFolder(path);
  const name = nameOf(path);
  const text = decodeText(await readInput(path), name);
  const rows = format === 'jsonl' ? readJsonLines(text, name) : readCsv(text, name, format === 'csv' ? ',' : '\t');
  return [...documentsOf(rows, name, options)];
}

/** The records of a file that hold a vector are no texts. */
export async function firstFields(path: string, format: DocumentFormat): Promise<Fields | undefined> {
  if (format === 'folder' || path === '-') return undefined;
  const text = decodeText(await readInput(path), path);
  const rows = format === 'jsonl' ? readJsonLines(text, path) : readCsv(text, path, format === 'csv' ? ',' : '\t');
  return rows.next().value?.fields;
}

function* documentsOf(rows: Iterable<Row>, name: string, options: DocumentOptions): Generator<Document> {
  let names: { text: readonly string[]; id: string | undefined } | undefined;
  let number = 0;
  for (const { where, fields } of rows) {
    names ??= chosen(fields, name, options);
    const texts: Record<string, string> = {};
    const others: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(fields)) {
      if (key === names.id || key === '__proto__') continue;
      if (!names.text.includes(key)) others[key] = value;
      else if (typeof value === 'string') texts[key] = value;
      else if (value !== null && value !== undefined) throw corrupt(`${name}, ${where}: field ${JSON.stringify(key)} is no text`);
    }
    yield { id: names.id === undefined ? number : idOf(fields[names.id], name, where), texts, others };
    number++;
  }
}

function chosen(
  fields: Fields,
  name: string,
  { text, id }: DocumentOptions,
): { text: readonly string[]; id: string | undefined } {
  for (const each of [...(text ?? []), ...(id === undefined ? [] : [id])]) checkField(fields, each, name);
  const found = text ?? usual.filter((each) => typeof fields[each] === 'string');
  if (found.length === 0)
    throw new UsageError(
      `${name} has none of the fields ${usual.join(', ')}: name those with text by --text; it has ${Object.keys(fields).join(', ')}`,
    );
  return { text: found, id: id ?? idField(fields) };
}

/** Every page below a folder, in the order of their paths, which are the ids. Hidden files and links are left out. */
async function readFolder(folder: string): Promise<Document[]> {
  const documents: Document[] = [];
  for (const path of await pagesOf(folder, '')) {
    const text = decodeText(await readInput(join(folder, path)), path);
    const { title, body } = plainText(text, endingOf(path));
    documents.push({ id: path, texts: { title, text: body }, others: {} });
  }
  if (documents.length === 0) throw new UsageError(`${folder} has no pages (${[...pageEndings].join(', ')})`);
  return documents;
}

async function pagesOf(folder: string, below: string): Promise<string[]> {
  const entries = await readdir(join(folder, below), { withFileTypes: true }).catch((error: unknown) => {
    throw new SimileError('io_failure', messageOf(error), { cause: error });
  });
  const pages: string[] = [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) pages.push(...(await pagesOf(folder, path)));
    else if (entry.isFile() && pageEndings.has(endingOf(entry.name))) pages.push(path);
  }
  return pages;
}
