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

/** What the js blocks of a page would print, and what they do print, in their order. */
export async function runPage(t, name, { before = '', after = '', env = {} } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'simile-docs-'));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(web, join(folder, 'node_modules/simile'));
  symlinkSync(join(web, 'node_modules/@langchain'), join(folder, 'node_modules/@langchain'));
  const programs = blocksOf(page(name)).filter(({ language }) => language === 'js');
  const marked = programs.map(({ text }) => `${text}console.log('\\u0001');\n`);
  writeFileSync(join(folder, 'page.mjs'), [before, ...marked, after].join('\n'));
  const options = { cwd: folder, env: { ...process.env, ...env }, encoding: 'utf8' };
  const { stdout } = await promisify(execFile)(process.execPath, ['page.mjs'], options);
  const printed = stdout.split(`${mark}\n`).slice(0, programs.length);
  return { promised: programs.map(({ prints = '' }) => prints), printed };
}
