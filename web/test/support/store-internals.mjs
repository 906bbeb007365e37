// SPDX-License-Identifier: Apache-2.0
// The parts of simile/store that are not exported, from the sources, for tests that damage what is stored.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const contents = ['store', 'memory', 'header', 'checksum', 'names', 'failures']
  .map((name) => `export * from './store/${name}.js';`)
  .concat("export * from './errors.js';")
  .join('\n');
const { outputFiles } = await build({
  stdin: { contents, resolveDir: fileURLToPath(new URL('../../src', import.meta.url)), loader: 'ts' },
  bundle: true,
  format: 'esm',
  target: 'es2022',
  write: false,
});

export const internals = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
