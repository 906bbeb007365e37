// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { demo } from './support/browser.mjs';

const folder = await mkdtemp(join(tmpdir(), 'simile-split-'));
after(() => rm(folder, { recursive: true }));
const outfile = join(folder, 'split.mjs');
await build({
  entryPoints: [demo('src/worker/split.ts')],
  outfile,
  bundle: true,
  format: 'esm',
  target: 'es2022',
  logLevel: 'error',
});
/** @type {typeof import('../src/worker/split.ts')} */
const { splitFile, FileProblem } = await import(pathToFileURL(outfile).href);

/** @param {string} name @param {string | Uint8Array} content */
const split = (name, content) => splitFile(name, typeof content === 'string' ? new TextEncoder().encode(content) : content);
/** @param {string} text */
const words = (text) => text.split(/\s+/).length;

const sentence = 'The old man walked down to the river in the morning and sat on a stone until noon.'; // 17 words

it('cuts long paragraphs between sentences, into passages of about 60 words', () => {
  const passages = split(
    'a.txt',
    `${Array(40).fill(sentence).join(' ')}\n\nA second paragraph, short enough to stay as it is but not so short that it is joined.`,
  );
  assert.equal(passages.filter(({ place }) => place === 'paragraph 2').length, 1);
  const first = passages.filter(({ place }) => place === 'paragraph 1');
  assert.equal(first.map(({ text }) => text).join(' '), Array(40).fill(sentence).join(' '), 'nothing is lost');
  for (const { text } of first) {
    assert.ok(words(text) <= 75, text);
    assert.match(text, /^The old man.*noon\.$/);
  }
  assert.ok(first.length >= 10 && first.length <= 14);
});

it('cuts what has no sentences or no spaces, and loses nothing', () => {
  for (const text of [Array.from({ length: 500 }, (_, i) => `word${i}`).join(' '), 'x'.repeat(5000), '字'.repeat(3000)]) {
    const passages = split('a.txt', text);
    assert.ok(passages.length > 3);
    assert.equal(
      passages
        .map((passage) => passage.text)
        .join('')
        .replaceAll(' ', ''),
      text.replaceAll(' ', ''),
    );
    for (const passage of passages) assert.ok(passage.text.length <= 900, String(passage.text.length));
  }
});

it('takes each line as a passage where no lines are empty, and puts headings to what follows', () => {
  assert.deepEqual(
    split('a.txt', 'one\ntwo\r\nthree').map(({ text, place }) => [text, place]),
    [
      ['one', 'line 1'],
      ['two', 'line 2'],
      ['three', 'line 3'],
    ],
  );
  const [passage, ...others] = split('a.txt', `Chapter one\n\n${sentence}\n\nThe end`);
  assert.equal(passage?.text, `Chapter one ${sentence}`);
  assert.deepEqual(
    others.map(({ text }) => text),
    ['The end'],
  );
});

it('reads Markdown: headings, lists, tables, quotations and code, without their marks', () => {
  const passages = split(
    'a.md',
    '# Big *title*\n\nText with `code`, a [link](http://x.example) and ![a picture](y.png).\n\n> quoted\n\n- one\n- two **bold**\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```js\nlet x = 1;\n```\n\n<div>html</div>\n',
  );
  assert.deepEqual(
    passages.map(({ text }) => text),
    ['Text with code, a link and a picture.', 'quoted', 'one two bold', 'a: 1; b: 2', 'let x = 1;'],
  );
  assert.ok(passages.every(({ title }) => title === 'Big title'));
});

it('names the columns of a table in every row, whatever divides them', () => {
  for (const [name, content] of [
    ['a.csv', 'name,note\nAnn,"likes, commas"\n,\nBob,'],
    ['a.tsv', 'name\tnote\nAnn\tlikes, commas\n\t\nBob\t'],
    ['b.csv', 'name;note\nAnn;likes, commas\n;\nBob;'],
  ]) {
    assert.deepEqual(
      split(name, content).map(({ text }) => text),
      ['name: Ann; note: likes, commas', 'name: Bob'],
      name,
    );
  }
});

it('finds title and text in the objects of a .jsonl file', () => {
  const lines = [
    { Title: 'T', body: 'B' },
    { name: 'only a name' },
    { x: 'other', n: 1, y: 'fields' },
    'a string',
    7,
    null,
    { text: 'no title' },
  ];
  const passages = split('a.jsonl', lines.map((line) => JSON.stringify(line)).join('\n'));
  assert.deepEqual(
    passages.map(({ title, text, place }) => [title, text, place]),
    [
      ['T', 'B', 'line 1'],
      ['', 'only a name', 'line 2'],
      ['', 'other; fields', 'line 3'],
      ['', 'a string', 'line 4'],
      ['', 'no title', 'line 7'],
    ],
  );
});

it('reads the encodings that editors and spreadsheets write', () => {
  const utf16 = (/** @type {boolean} */ isBig) => {
    const bytes = Buffer.from('\ufeffCafé résumé', 'utf16le');
    return isBig ? bytes.swap16() : bytes;
  };
  for (const bytes of [Buffer.from('\ufeffCafé résumé'), utf16(false), utf16(true), Buffer.from('Café résumé', 'latin1')]) {
    assert.deepEqual(
      split('a.txt', bytes).map(({ text }) => text),
      ['Café résumé'],
    );
  }
});

it('refuses what it cannot read, with a sentence for the visitor', () => {
  for (const [name, content, message] of /** @type {const} */ ([
    ['a.pdf', '%PDF', /reads \.txt, \.md, \.csv and \.jsonl files/],
    ['README', 'text', /none of them/],
    ['a.txt', Buffer.from(Array.from({ length: 300 }, (_, i) => ((i * 7) % 255) + 1)), /not a text file/],
    ['a.txt', ' \n ', /no text/],
    ['a.csv', `h\n${'x\n'.repeat(100_001)}`, /more than 100,000 passages/],
  ])) {
    assert.throws(
      () => split(name, content),
      (error) => error instanceof FileProblem && message.test(error.message),
      name,
    );
  }
});
