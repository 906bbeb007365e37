// SPDX-License-Identifier: Apache-2.0
// One half of a measurement in a process of its own; in-node.mjs starts it.
import { readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { docsOf, messageOf, queriesOf, run } from './contest.mjs';

/** For builds that refuse to run outside of a page. */
function pretendPage() {
  Object.defineProperty(process, 'versions', { value: { ...process.versions, node: undefined } });
  globalThis.window = globalThis;
  globalThis.self = globalThis;
  globalThis.location = { href: import.meta.url };
  globalThis.document = { currentScript: null, baseURI: import.meta.url };
}

function ioOf(job) {
  const read = (name) => {
    const bytes = readFileSync(join(job.folder, name));
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  };
  const json = (name) => JSON.parse(readFileSync(join(job.folder, name), 'utf8'));
  return {
    adapter: () => import(`./adapters/${job.module}`),
    runtime: {
      dims: job.dims,
      pretendPage,
      file: (path) => readFile(fileURLToPath(new URL(`node_modules/${path}`, import.meta.url))),
    },
    docs: () => docsOf(job, new Float32Array(read('rows.f32')), json('texts.json')),
    queries: () => queriesOf(job, new Float32Array(read('queries.f32')), json('texts.json')),
    saved: () => new Uint8Array(read('saved')),
    keep: (bytes) => writeFileSync(join(job.folder, 'saved'), bytes),
  };
}

process.once('message', async (job) => {
  const result = await run(job, ioOf(job)).catch((error) => ({ failed: messageOf(error) }));
  process.send(result, () => process.exit());
});
