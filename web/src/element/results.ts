// SPDX-License-Identifier: Apache-2.0
// Turns hits into elements. Whatever stands in a document becomes text, and never markup.

/** A stretch of a text to be marked, in UTF-16 positions. */
export interface MarkedRange {
  readonly start: number;
  readonly end: number;
}

/** What `<simile-search>` reads of a hit: those of a `Collection` have all of it, those of an index only an id. */
export interface ElementHit {
  readonly id: string | number;
  readonly score?: number;
  readonly document?: object;
  readonly passage?: { readonly field: string; readonly start: number; readonly end: number };
  readonly ranges?: Readonly<Record<string, readonly MarkedRange[]>>;
}

/** Which fields of a document are shown. @internal */
export interface Fields {
  readonly title: string;
  readonly text: string;
}

const maxTitle = 200; // characters
const maxExcerpt = 240;
const before = 60; // characters of an excerpt before the first mark

/** The text of a field; of a list its words. Only what is the document's own. @internal */
export function textOf(document: object | undefined, field: string): string {
  if (document === undefined || !Object.hasOwn(document, field)) return '';
  const value: unknown = Reflect.get(document, field);
  if (Array.isArray(value)) return value.filter((one) => typeof one === 'string').join(', ');
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/** Where to cut, so that no character of two halves is torn. */
function cutAt(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code >= 0xdc00 && code <= 0xdfff ? at - 1 : at;
}

/** Adds text with marks; ranges may overlap, and lie outside. */
function fill(target: HTMLElement, text: string, ranges: readonly MarkedRange[], first: number, end: number): void {
  const from = cutAt(text, Math.max(0, first));
  const to = cutAt(text, Math.min(text.length, end));
  const plain = (a: number, b: number): void => {
    if (b > a) target.append(text.slice(a, b));
  };
  if (from > 0) target.append('… ');
  let at = from;
  for (const { start, end: stop } of [...ranges].sort((a, b) => a.start - b.start)) {
    const [a, b] = [Math.max(start, at), Math.min(stop, to)];
    if (!(b > a)) continue;
    plain(at, a);
    const mark = document.createElement('mark');
    mark.setAttribute('part', 'mark');
    mark.textContent = text.slice(a, b);
    target.append(mark);
    at = b;
  }
  plain(at, to);
  if (to < text.length) target.append(' …');
}

function line(part: string): HTMLElement {
  const element = document.createElement('div');
  element.setAttribute('part', part);
  return element;
}

/** @internal */
export function optionOf(hit: ElementHit, id: string, fields: Fields): HTMLElement {
  const option = line('option');
  option.id = id;
  option.setAttribute('role', 'option');
  option.setAttribute('aria-selected', 'false');
  const rangesOf = (field: string): readonly MarkedRange[] =>
    hit.ranges && Object.hasOwn(hit.ranges, field) ? (hit.ranges[field] ?? []) : [];

  const titleText = textOf(hit.document, fields.title);
  const title = line('title');
  fill(title, titleText || String(hit.id), titleText ? rangesOf(fields.title) : [], 0, maxTitle);
  option.append(title);

  const field = hit.passage && hit.passage.field !== fields.title ? hit.passage.field : fields.text;
  const text = field === fields.title ? '' : textOf(hit.document, field);
  if (text !== '') {
    const ranges = rangesOf(field);
    const passage = hit.passage?.field === field ? hit.passage : undefined;
    const mark = ranges.find(({ start }) => start >= (passage?.start ?? 0));
    const first = mark ? Math.max(passage?.start ?? 0, mark.start - before) : (passage?.start ?? 0);
    const excerpt = line('excerpt');
    fill(excerpt, text, ranges, first, first + maxExcerpt);
    option.append(excerpt);
  }
  return option;
}
