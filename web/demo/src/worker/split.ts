// SPDX-License-Identifier: Apache-2.0
import { marked, type Token, type Tokens } from 'marked';
import Papa from 'papaparse';
import { type FileKind, fileKindOf, problemOf } from './file-kinds.js';
import type { Passage } from './protocol.js';

/** What is wrong with a file, as a sentence for the visitor. */
export class FileProblem extends Error {}

const maxPassages = 100_000;

/** Words. The encoder reads about 100 of them and ignores the rest; of short texts it makes the sharper vectors. */
const goal = 60;
const tooShort = 12;
const tooLong = 90;

/** Long runs without spaces count as many words. */
const size = (text: string): number => Math.max(text.split(' ').length, text.length / 10);

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();

const splitters: Readonly<Record<FileKind, (text: string, name: string) => Iterable<Passage>>> = {
  txt: splitText,
  md: splitMarkdown,
  csv: splitRows,
  jsonl: splitLines,
};

/**
 * Cuts a file into passages of about 60 words.
 * @throws {FileProblem} if it is empty, binary, not well formed, or of another type
 */
export function splitFile(name: string, bytes: Uint8Array): Passage[] {
  const kind = fileKindOf(name);
  const problem = problemOf({ name, size: bytes.length });
  if (problem || !kind) throw new FileProblem(problem ?? '');
  const passages: Passage[] = [];
  for (const passage of splitters[kind](decode(name, bytes), name)) {
    passages.push(passage);
    if (passages.length > maxPassages) {
      throw new FileProblem(
        `${name} has more than ${maxPassages.toLocaleString('en-US')} passages, which is more than a tab can embed in a reasonable time.`,
      );
    }
  }
  if (passages.length === 0) throw new FileProblem(`There is no text in ${name}.`);
  return passages;
}

function decode(name: string, bytes: Uint8Array): string {
  const encoding =
    bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : undefined;
  if (encoding) return new TextDecoder(encoding).decode(bytes);
  const binary = new FileProblem(`${name} is not a text file.`);
  if (bytes.includes(0)) throw binary;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    // Spreadsheets and old editors still write this encoding; it takes any bytes, so look at what came out.
    const text = new TextDecoder('windows-1252').decode(bytes);
    const controls = text.match(/[^\P{Cc}\s]/gu)?.length ?? 0;
    if (controls > text.length / 200) throw binary;
    return text;
  }
}

const sentenceEnds = new Intl.Segmenter('en', { granularity: 'sentence' });

function* sentences(text: string): Generator<string> {
  for (const { segment } of sentenceEnds.segment(text)) {
    if (size(segment) <= tooLong) yield segment.trim();
    else yield* cut(segment.trim());
  }
}

/** What has no sentences, such as a table in plain text. */
function* cut(text: string): Generator<string> {
  const letters = goal * 8;
  let rest = text;
  while (size(rest) > goal) {
    const space = rest.lastIndexOf(' ', letters);
    const end = space > letters / 2 ? space : letters;
    yield rest.slice(0, end).trim();
    rest = rest.slice(end).trim();
  }
  if (rest) yield rest;
}

/** Whole sentences, about 60 words at a time; what would be left over as a few words stays with what is before. */
function pack(text: string): string[] {
  if (text === '') return [];
  if (size(text) <= tooLong) return [text];
  const packed: string[] = [];
  for (const sentence of sentences(text)) {
    const last = packed.at(-1);
    const joins =
      last !== undefined && (size(last) + size(sentence) <= goal || size(sentence) < tooShort || size(last) < tooShort);
    if (joins) packed[packed.length - 1] = `${last} ${sentence}`;
    else if (sentence) packed.push(sentence);
  }
  return packed.flatMap((part) => (size(part) > tooLong ? [...cut(part)] : [part]));
}

function* passagesOf(text: string, title: string, place: string): Generator<Passage> {
  for (const part of pack(oneLine(text))) yield { text: part, title, place };
}

/** Paragraphs are divided by empty lines; in a file without any, each line is one. */
function* splitText(text: string): Generator<Passage> {
  const paragraphs = text.trim().split(/\r?\n[ \t]*(?:\r?\n[ \t]*)+/);
  const isLines = paragraphs.length === 1;
  const units = isLines ? text.trim().split(/\r?\n/) : paragraphs;
  const name = isLines ? 'line' : 'paragraph';
  let heading = '';
  for (const [i, unit] of units.entries()) {
    const whole = oneLine(`${heading} ${unit}`);
    const isLast = i === units.length - 1;
    // A few words alone, such as a heading, say little: they go with what follows.
    heading = !isLines && !isLast && size(whole) < tooShort ? whole : '';
    if (!heading) yield* passagesOf(whole, '', `${name} ${i + 1}`);
  }
}

const hasTokens = (token: Token): token is Token & { tokens: Token[] } => 'tokens' in token && Array.isArray(token.tokens);

/** The text of inline Markdown without its marks. */
function plain(tokens: readonly Token[]): string {
  return tokens
    .map((token) => (hasTokens(token) ? plain(token.tokens) : 'text' in token ? token.text : token.type === 'br' ? ' ' : ''))
    .join('');
}

const cellsOf = (cells: readonly Tokens.TableCell[]): string[] => cells.map(({ tokens }) => plain(tokens));

/** The texts of a block, in order. */
function* texts(token: Token): Generator<string> {
  switch (token.type) {
    case 'table': {
      const { header, rows } = token as Tokens.Table;
      for (const row of rows) yield joinRow(cellsOf(header), cellsOf(row));
      break;
    }
    case 'list':
      yield (token as Tokens.List).items.map((item) => item.tokens.flatMap((inner) => [...texts(inner)]).join(' ')).join('\n');
      break;
    case 'blockquote':
      for (const inner of (token as Tokens.Blockquote).tokens) yield* texts(inner);
      break;
    case 'html':
    case 'space':
    case 'hr':
    case 'def':
      break;
    default:
      yield hasTokens(token) ? plain(token.tokens) : 'text' in token ? String(token.text) : '';
  }
}

function* splitMarkdown(text: string): Generator<Passage> {
  let title = '';
  let count = 0;
  for (const token of marked.lexer(text)) {
    if (token.type === 'heading') title = oneLine(plain((token as Tokens.Heading).tokens));
    else
      for (const part of texts(token)) {
        if (part.trim()) yield* passagesOf(part, title, `paragraph ${++count}`);
      }
  }
}

function joinRow(headers: readonly string[], cells: readonly string[]): string {
  const named = cells.map((cell, i) => [oneLine(headers[i] ?? ''), oneLine(cell)] as const).filter(([, cell]) => cell !== '');
  return named.map(([header, cell]) => (header ? `${header}: ${cell}` : cell)).join('; ');
}

/** The first row names the columns. */
function* splitRows(text: string, name: string): Generator<Passage> {
  const { data, errors } = Papa.parse<string[]>(text, { skipEmptyLines: 'greedy' });
  const unclosed = errors.find(({ code }) => code === 'MissingQuotes');
  if (unclosed) throw new FileProblem(`A quotation mark in row ${(unclosed.row ?? 0) + 1} of ${name} is never closed.`);
  const [headers = [], ...rows] = data;
  for (const [i, row] of rows.entries()) yield* passagesOf(joinRow(headers, row), '', `row ${i + 2}`);
}

const titleFields = ['title', 'name', 'headline', 'heading', 'word', 'question'];
const textFields = ['text', 'content', 'body', 'abstract', 'description', 'summary', 'passage', 'definition', 'answer'];

/** One JSON value a line: a string, or an object whose title and text are found by their usual names. */
function* splitLines(text: string, name: string): Generator<Passage> {
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue;
    const [title, body] = titleAndText(parseLine(line, i + 1, name));
    const only = body || title;
    yield* passagesOf(only, body ? title : '', `line ${i + 1}`);
  }
}

function parseLine(line: string, number: number, name: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new FileProblem(`Line ${number} of ${name} is not valid JSON.`);
  }
}

function titleAndText(value: unknown): [title: string, text: string] {
  if (typeof value === 'string') return ['', value];
  if (typeof value !== 'object' || value === null) return ['', ''];
  const fields = new Map(
    Object.entries(value).flatMap(([key, field]) => (typeof field === 'string' ? [[key.toLowerCase(), oneLine(field)]] : [])),
  );
  const first = (names: readonly string[]): string => names.map((key) => fields.get(key) ?? '').find(Boolean) ?? '';
  const [title, text] = [first(titleFields), first(textFields)];
  return title || text ? [title, text] : ['', [...fields.values()].join('; ')];
}
