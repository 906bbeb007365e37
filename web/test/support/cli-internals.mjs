// SPDX-License-Identifier: Apache-2.0
// The readers of the command line, from the sources: a process for every damaged file would take long.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const { outputFiles } = await build({
  stdin: {
    contents: "export { decodeVectors } from './cli/formats/vectors.js'; export { exitCodeOf } from './cli/failure.js';",
    resolveDir: fileURLToPath(new URL('../../src', import.meta.url)),
    loader: 'ts',
  },
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'es2022',
  external: ['hyparquet', 'hyparquet-writer'],
  write: false,
});

export const { decodeVectors, exitCodeOf } = await import(
  `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`
);
