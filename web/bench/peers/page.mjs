// SPDX-License-Identifier: Apache-2.0
// One half of a measurement in a page; in-chromium.mjs opens it.
import { docsOf, messageOf, queriesOf, run } from './contest.mjs';

const pieceBytes = 2 ** 24;

async function fetched(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response;
}

const bytes = async (path) => new Uint8Array(await (await fetched(path)).arrayBuffer());
const floats = async (path) => new Float32Array((await bytes(path)).buffer);
const texts = async () => (await fetched('/data/texts.json')).json();

/** In blobs, not too large: bytes would be told to the driver of the browser too, as a string. */
async function post(address, saved) {
  for (let at = 0; at < saved.length; at += pieceBytes) {
    const piece = new Blob([saved.subarray(at, at + pieceBytes)]);
    await fetch(`${address}/${at === 0 ? 'first' : 'next'}`, { method: 'PUT', body: piece });
  }
}

export function measure(job) {
  const io = {
    adapter: () => import(job.module === 'simile.mjs' ? '/bench/peers/adapters/simile.mjs' : `/data/bundles/${job.module}`),
    runtime: { dims: job.dims, pretendPage: () => {}, file: (path) => bytes(`/modules/${path}`) },
    docs: async () => docsOf(job, await floats('/data/rows.f32'), await texts()),
    queries: async () => queriesOf(job, await floats('/data/queries.f32'), await texts()),
    saved: () => (job.isPrepared ? undefined : bytes('/data/saved')),
    reached: () => fetched('/first'),
    keep: (saved) => post(job.mailbox, saved),
  };
  return run(job, io).catch((error) => ({ failed: messageOf(error) }));
}
