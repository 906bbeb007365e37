// SPDX-License-Identifier: Apache-2.0
// One half of a measurement in a page; in-chromium.mjs opens it.
import { docsOf, messageOf, queriesOf, run } from './contest.mjs';

async function fetched(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response;
}

const bytes = async (path) => new Uint8Array(await (await fetched(path)).arrayBuffer());
const floats = async (path) => new Float32Array((await bytes(path)).buffer);
const texts = async () => (await fetched('/data/texts.json')).json();

export function measure(job) {
  const io = {
    adapter: () => import(job.module === 'simile.mjs' ? '/bench/peers/adapters/simile.mjs' : `/data/bundles/${job.module}`),
    runtime: { dims: job.dims, pretendPage: () => {}, file: (path) => bytes(`/modules/${path}`) },
    docs: async () => docsOf(job, await floats('/data/rows.f32'), await texts()),
    queries: async () => queriesOf(job, await floats('/data/queries.f32'), await texts()),
    saved: () => (job.isPrepared ? undefined : bytes('/data/saved')),
    reached: () => fetched('/first'),
    keep: (saved) => fetch(job.mailbox, { method: 'PUT', body: saved }),
  };
  return run(job, io).catch((error) => ({ failed: messageOf(error) }));
}
