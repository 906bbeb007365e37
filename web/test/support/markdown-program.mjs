// SPDX-License-Identifier: Apache-2.0
// The programs in Markdown pages: their js blocks, one after the other, are one module; the text block that follows one is what it prints.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const web = fileURLToPath(new URL('../../', import.meta.url));
const mark = '\u0001';

/** @returns the blocks of a page: their language, their text, and what they print if a text block follows */
export function blocksOf(page) {
  const blocks = Array.from(page.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm), ([, language, text]) => ({ language, text }));
  return blocks.map((block, i) => ({ ...block, prints: blocks[i + 1]?.language === 'text' ? blocks[i + 1].text : undefined }));
}

/** A page of web/docs. */
export const page = (name) => readFileSync(join(web, 'docs', name), 'utf8');

/** The embedder of the tutorial, as a module that exports it; what the tutorial prints is left out. */
const tutorialEmbedder = () => {
  const { text } = blocksOf(page('tutorial.md')).find(({ language }) => language === 'js');
  return `${text.replace(/^console\.log.*\n/m, '')}export { embedder };\n`;
};

/**
 * What the js blocks of a page would print, and what they do print, in their order.
 * @param options - `before` and `after`: programs around those of the page; `embedder`: whether the page takes that of the tutorial
 */
export async function runPage(t, name, { before = '', after = '', embedder = false } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'simile-docs-'));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(web, join(folder, 'node_modules/simile'));
  symlinkSync(join(web, 'node_modules/@langchain'), join(folder, 'node_modules/@langchain'));
  const programs = blocksOf(page(name)).filter(({ language }) => language === 'js');
  const marked = programs.map(({ text }) => `${text}console.log('\\u0001');\n`);
  writeFileSync(join(folder, 'embedder.mjs'), tutorialEmbedder());
  const first = embedder ? "import { embedder } from './embedder.mjs';" : '';
  writeFileSync(join(folder, 'page.mjs'), [first, before, ...marked, after].join('\n'));
  const { stdout } = await promisify(execFile)(process.execPath, ['page.mjs'], { cwd: folder, encoding: 'utf8' });
  const printed = stdout.split(`${mark}\n`).slice(0, programs.length);
  return { promised: programs.map(({ prints = '' }) => prints), printed };
}
