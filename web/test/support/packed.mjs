// SPDX-License-Identifier: Apache-2.0
// The package as a user gets it: packed, and installed from the tarball into a folder of its own.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const web = fileURLToPath(new URL('../..', import.meta.url));

const npm = (args, cwd) => execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** @returns the folder, the tarball, what npm says about it, where the package lies, and `remove()` */
export function installPacked() {
  const folder = mkdtempSync(join(tmpdir(), 'simile-package-'));
  const [about] = JSON.parse(npm(['pack', '--json', '--pack-destination', folder], web));
  const tarball = join(folder, about.filename);
  const app = join(folder, 'app');
  mkdirSync(app);
  writeFileSync(join(app, 'package.json'), JSON.stringify({ name: 'app', private: true, type: 'module' }));
  npm(['install', '--ignore-scripts', '--no-audit', '--no-fund', '--offline', tarball], app);
  cpSync(join(web, 'test/known-answers.mjs'), join(app, 'known-answers.mjs'));
  return {
    about,
    app,
    tarball,
    installed: join(app, 'node_modules/simile'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
