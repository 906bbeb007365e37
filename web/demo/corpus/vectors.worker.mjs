// SPDX-License-Identifier: Apache-2.0
import { rename, writeFile } from 'node:fs/promises';
import { parentPort } from 'node:worker_threads';
import { createNodeEncoder } from '../src/encoder/node.js';

const encoder = await createNodeEncoder();

parentPort?.on('message', async ({ file, draft, texts }) => {
  let reported = 0;
  const vectors = await encoder.embed(texts, {
    onProgress({ done }) {
      parentPort?.postMessage({ rows: done - reported });
      reported = done;
    },
  });
  await writeFile(draft, vectors);
  await rename(draft, file);
  parentPort?.postMessage({ written: true });
});
