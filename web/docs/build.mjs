// SPDX-License-Identifier: Apache-2.0
// Builds the documentation into ../../build/docs: the pages of this folder as HTML, and the reference of all entries by TypeDoc. A link that
// leads nowhere ends it with an error.
//   --pages   without the reference (links to it are not checked)
//   --out DIR another folder
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { brokenLinks } from './links.mjs';
import { htmlOf } from './page.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const web = join(here, '..');
const { values } = parseArgs({ options: { pages: { type: 'boolean', default: false }, out: { type: 'string' } } });
const out = resolve(values.out ?? join(web, '../build/docs'));

/** Paths of all files below a folder, with '/' between their parts. */
const filesOf = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/'));

function buildPages() {
  const pages = filesOf(here).filter((path) => path.endsWith('.md') && !path.startsWith('node_modules/'));
  for (const path of pages) {
    const target = join(out, path.replace(/\.md$/, '.html'));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, htmlOf(path, readFileSync(join(here, path), 'utf8')));
  }
  cpSync(join(here, 'style.css'), join(out, 'style.css'));
  return pages.length;
}

function buildReference() {
  const { exports, version } = JSON.parse(readFileSync(join(web, 'package.json'), 'utf8'));
  const sources = Object.values(exports)
    .filter(({ types }) => types && !types.includes('.wasm.') && !types.includes('inline'))
    .map(({ types }) => join(web, types.replace('./dist/', 'src/').replace('.d.ts', '.ts')));
  const folder = mkdtempSync(join(tmpdir(), 'simile-docs-'));
  try {
    const tsconfig = join(folder, 'tsconfig.json');
    const compilerOptions = { rootDir: join(web, 'src'), noEmit: true };
    writeFileSync(
      tsconfig,
      JSON.stringify({ extends: join(web, 'tsconfig.json'), include: [join(web, 'src')], compilerOptions }),
    );
    const options = ['--name', `simile ${version}`, '--readme', 'none', '--githubPages', 'false'];
    const quiet = ['--excludeInternal', '--excludePrivate', '--hideGenerator', '--logLevel', 'Error', '--disableSources'];
    const typedoc = join(here, 'node_modules/typedoc/bin/typedoc');
    const paths = ['--tsconfig', tsconfig, '--out', join(out, 'api'), '--entryPoints', ...sources];
    execFileSync(process.execPath, [typedoc, ...options, ...quiet, ...paths], { stdio: 'inherit', cwd: web });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

rmSync(out, { recursive: true, force: true });
const count = buildPages();
if (!values.pages) buildReference();
const html = new Map(
  filesOf(out)
    .filter((path) => path.endsWith('.html'))
    .map((path) => [path, readFileSync(join(out, path), 'utf8')]),
);
const isThere = (path) => existsSync(join(out, path)) || (values.pages && path.startsWith('api/'));
const broken = brokenLinks(html, isThere);
for (const { page, link, why } of broken) console.error(`${page}: ${link} ${why}`);
console.log(
  `${count} pages and ${html.size - count} of the reference in ${relative(process.cwd(), out)}; ${broken.length} broken links`,
);
if (broken.length > 0) process.exit(1);
