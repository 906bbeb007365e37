// SPDX-License-Identifier: Apache-2.0
import { posix } from 'node:path';
import { Marked } from 'marked';

const navigation = [
  ['index.md', 'simile'],
  ['tutorial.md', 'Tutorial'],
  ['recipes/static-site.md', 'Static site'],
  ['recipes/notes-app.md', 'Notes'],
  ['recipes/product-search.md', 'Products'],
  ['recipes/rag.md', 'LangChain'],
  ['comparison.md', 'Comparison'],
  ['api/index.html', 'Reference'],
];

const escaped = (text) => text.replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign]);

/** Where a heading is linked to. */
const slug = (text) =>
  text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '');

const labels = { js: 'JavaScript', ts: 'TypeScript', sh: 'Shell', html: 'HTML', text: 'Prints' };

const renderer = {
  heading({ tokens, depth, text }) {
    return `<h${depth} id="${escaped(slug(text))}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
  },
  code({ text, lang = '' }) {
    const label = labels[lang] ?? 'Code';
    const body = `<pre tabindex="0" role="group" aria-label="${label}"><code>${escaped(text)}</code></pre>`;
    return `<figure class="${lang === 'text' ? 'prints' : 'program'}"><figcaption>${label}</figcaption>${body}</figure>\n`;
  },
  link({ href, tokens }) {
    const target = href.replace(/\.md(#|$)/, '.html$1');
    return `<a href="${escaped(target)}">${this.parser.parseInline(tokens)}</a>`;
  },
  table(token) {
    const cell = (tag, rest) => (one) => `<${tag}${rest}>${this.parser.parseInline(one.tokens)}</${tag}>`;
    const head = token.header.map((one) => (one.text === '' ? '<td></td>' : cell('th', ' scope="col"')(one))).join('');
    const rows = token.rows.map(
      ([first, ...others]) => `<tr>${cell('th', ' scope="row"')(first)}${others.map(cell('td', '')).join('')}</tr>`,
    );
    const table = `<table><thead><tr>${head}</tr></thead><tbody>\n${rows.join('\n')}\n</tbody></table>`;
    return `<div class="table" tabindex="0" role="group" aria-label="Table">${table}</div>\n`;
  },
};

/** @param path - of a page, such as 'recipes/rag.md' @param markdown - its text */
export function htmlOf(path, markdown) {
  const title = /^# (.*)$/m.exec(markdown)?.[1] ?? path;
  const to = (target) => posix.relative(posix.dirname(path), target.replace(/\.md$/, '.html'));
  const entries = navigation.map(([target, name]) => {
    const current = target === path ? ' aria-current="page"' : '';
    return `<li><a href="${to(target)}"${current}>${name}</a></li>`;
  });
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)}${path === 'index.md' ? '' : ' · simile'}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${to('style.css')}">
</head>
<body>
<a class="skip" href="#content">To the content</a>
<header><nav aria-label="Pages"><ul>${entries.join('')}</ul></nav></header>
<main id="content">
${new Marked({ renderer }).parse(markdown)}</main>
</body>
</html>
`;
}
