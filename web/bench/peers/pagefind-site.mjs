// SPDX-License-Identifier: Apache-2.0
// Pagefind reads the pages of a site and puts an index beside them.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const program = fileURLToPath(
  new URL(`node_modules/@pagefind/${process.platform}-${process.arch}/bin/pagefind_extended`, import.meta.url),
);

/** @returns seconds of indexing and bytes of what it made; or `failed` with the reason */
export async function buildSite(site, texts, limit) {
  if (!existsSync(program)) return { failed: `no program for ${process.platform}-${process.arch}` };
  await mkdir(site);
  for (const [i, text] of texts.entries())
    await writeFile(join(site, `${i}.html`), `<!doctype html><html lang="en"><title>${i}</title><body>${text}</body></html>`);
  const begin = performance.now();
  try {
    await promisify(execFile)(program, ['--site', site], { timeout: 1000 * limit, killSignal: 'SIGKILL' });
  } catch (error) {
    return { failed: error.killed ? `did not finish in ${limit} s` : error.message.split('\n')[0] };
  }
  const build = (performance.now() - begin) / 1000;
  const made = join(site, 'pagefind');
  const names = await readdir(made, { recursive: true });
  const sizes = await Promise.all(
    names.map(async (name) => stat(join(made, name)).then((found) => (found.isFile() ? found.size : 0))),
  );
  return { build, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}
