// SPDX-License-Identifier: Apache-2.0
// What a reader sees of a page. Every step is one walk over the text: no pattern looks back.

export interface Page {
  readonly title: string;
  readonly body: string;
}

/** @param ending - md, html, txt … */
export function plainText(text: string, ending: string): Page {
  if (ending === 'html' || ending === 'htm') return htmlPage(text);
  return ending === 'txt' ? { title: '', body: text.trim() } : markdownPage(text);
}

const hidden = new Set(['script', 'style', 'template', 'noscript', 'svg', 'head']);
const blocks = new Set(
  'p div li ul ol br tr td th table h1 h2 h3 h4 h5 h6 section article header footer main nav pre blockquote'.split(' '),
);

function htmlPage(html: string): Page {
  let body = '';
  let title = '';
  let at = 0;
  while (at < html.length) {
    const open = html.indexOf('<', at);
    body += html.slice(at, open < 0 ? html.length : open);
    if (open < 0) break;
    if (html.startsWith('<!--', open)) {
      at = after(html, '-->', open + 4);
      continue;
    }
    const close = after(html, '>', open);
    const name = /^<\/?([a-zA-Z][a-zA-Z0-9]{0,20})/.exec(html.slice(open, open + 24))?.[1]?.toLowerCase();
    at = close;
    if (name === undefined) {
      // A sign of comparison, or a declaration.
      if (html[open + 1] !== '!' && html[open + 1] !== '?') {
        body += '<';
        at = open + 1;
      }
      continue;
    }
    if (blocks.has(name)) body += '\n';
    if (html[open + 1] === '/' || !(hidden.has(name) || name === 'title')) continue;
    const end = endOf(html, name, close);
    if (name === 'head') title ||= titleIn(html.slice(close, end));
    if (name === 'title') title ||= html.slice(close, end);
    at = after(html, '>', end);
  }
  return { title: tidy(decodeEntities(title)), body: tidy(decodeEntities(body)) };
}

const after = (text: string, mark: string, from: number): number => {
  const found = text.indexOf(mark, from);
  return found < 0 ? text.length : found + mark.length;
};

/** Where an element's end tag begins. */
function endOf(html: string, name: string, from: number): number {
  for (let at = from; ; at++) {
    at = html.indexOf('</', at);
    if (at < 0) return html.length;
    if (html.slice(at + 2, at + 2 + name.length).toLowerCase() === name) return at;
  }
}

function titleIn(head: string): string {
  const open = head.search(/<title/i);
  if (open < 0) return '';
  const start = after(head, '>', open);
  return head.slice(start, endOf(head, 'title', start));
}

const entities = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
  ['nbsp', ' '],
  ['ndash', '–'],
  ['mdash', '—'],
  ['hellip', '…'],
  ['copy', '©'],
]);

const decodeEntities = (text: string): string =>
  text.replace(/&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|([a-zA-Z]{1,8}));/g, (whole, decimal, hex, name) => {
    if (name !== undefined) return entities.get(name) ?? whole;
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
    const isCharacter = code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
    return isCharacter ? String.fromCodePoint(code) : '\ufffd';
  });

function markdownPage(markdown: string): Page {
  const { title: given, rest } = frontMatter(markdown);
  let title = given;
  const lines: string[] = [];
  let isCode = false;
  for (const line of rest.split('\n')) {
    if (/^\s{0,3}(```|~~~)/.test(line)) {
      isCode = !isCode;
      continue;
    }
    const heading = isCode ? undefined : /^#{1,6}\s+(\S.*)$/.exec(line)?.[1];
    if (heading !== undefined && title === '') title = inline(heading);
    else lines.push(isCode ? line : inline(heading ?? line.replace(/^\s*(?:[-*+>]|\d{1,9}\.)\s+/, '')));
  }
  return { title, body: tidy(lines.join('\n')) };
}

/** Between two lines of --- at the very beginning. */
function frontMatter(markdown: string): { title: string; rest: string } {
  const end = markdown.startsWith('---\n') ? markdown.indexOf('\n---', 3) : -1;
  if (end < 0) return { title: '', rest: markdown };
  const line = markdown
    .slice(4, end)
    .split('\n')
    .find((each) => each.startsWith('title:'));
  const title =
    line
      ?.slice('title:'.length)
      .trim()
      .replace(/^(["'])(.*)\1$/, '$2') ?? '';
  return { title, rest: markdown.slice(markdown.indexOf('\n', end + 1) + 1) };
}

/** Links and pictures become their words; marks of emphasis and code go. */
const inline = (line: string): string =>
  line
    .replace(/!?\[([^[\]]*)\]\([^()\s]*(?:\s[^()]*)?\)/g, '$1')
    .replace(/[*_]{1,3}([^*_]+)[*_]{1,3}/g, '$1')
    .replaceAll('`', '')
    .trim();

const tidy = (text: string): string =>
  text
    .split('\n')
    .map((line) =>
      line
        .split(/[ \t\r\f]/)
        .filter((word) => word !== '')
        .join(' '),
    )
    .filter((line) => line !== '')
    .join('\n');
