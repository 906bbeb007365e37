// SPDX-License-Identifier: Apache-2.0
// Runs the built command line as users do: as a process of its own.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const program = fileURLToPath(new URL('../../dist/cli/simile.js', import.meta.url));

/** @returns the process; `input` goes to its stdin, which else is closed */
export function start(args, { cwd, input, env = {} } = {}) {
  const child = spawn(process.execPath, [program, ...args], { cwd, env: { ...process.env, ...env }, stdio: 'pipe' });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  return child;
}

/** Runs it to its end. */
export function run(args, options) {
  return new Promise((resolve, reject) => {
    const child = start(args, options);
    const out = [];
    const err = [];
    child.stdout.on('data', (piece) => out.push(piece));
    child.stderr.on('data', (piece) => err.push(piece));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const bytes = Buffer.concat(out);
      resolve({ code, signal, bytes, out: bytes.toString(), err: Buffer.concat(err).toString() });
    });
  });
}

/** A folder that goes with the test. */
export function folderFor(t) {
  const folder = mkdtempSync(join(tmpdir(), 'simile-cli-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
