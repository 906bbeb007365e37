// SPDX-License-Identifier: Apache-2.0
import { createWriteStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { launchChromium, openPage } from '../../test/support/chromium.mjs';
import { startStaticServer } from '../../test/support/static-server.mjs';
import { messageOf } from './contest.mjs';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const ofLibrary = /^\/(dist|modules|site|data\/bundles)\//;
const pages = { '/first': '', '/': '<!doctype html><meta charset="utf-8"><title>peers</title><link rel="icon" href="data:,">' };
// Only then does the clock of a page have steps of 5 microseconds.
const headers = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };

/** The adapters of others as one file each, as a bundler would give them to a page. */
async function bundle(folder) {
  const adapters = (await readdir(at('adapters'))).filter((name) => name !== 'simile.mjs');
  await build({
    entryPoints: adapters.map((name) => at(`adapters/${name}`)),
    outdir: join(folder, 'bundles'),
    outExtension: { '.js': '.mjs' },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    external: ['/site/*'],
    logLevel: 'error',
  });
}

/** Takes what a page wants to keep, piece by piece. */
async function startMailbox(file) {
  const server = createServer(async (request, response) => {
    response.setHeader('access-control-allow-origin', '*').setHeader('access-control-allow-methods', 'PUT');
    const flags = request.url === '/first' ? 'w' : 'a';
    if (request.method === 'PUT') await pipeline(request, createWriteStream(file, { flags }));
    response.writeHead(204).end();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { address: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

/** A browser of its own for everything that is measured. */
export async function chromiumRuntime(folder) {
  await bundle(folder);
  const mailbox = await startMailbox(join(folder, 'saved'));
  let fetched = 0;
  let fetchedAtFirst;
  const onAnswer = (path, _status, bytes) => {
    if (ofLibrary.test(path)) fetched += bytes;
    if (path === '/first') fetchedAtFirst = fetched;
  };
  const server = await startStaticServer(
    { dist: at('../../dist'), bench: at('..'), modules: at('node_modules'), data: folder, site: join(folder, 'site') },
    { pages, headers, ranges: true, onAnswer },
  );
  const first = await launchChromium();
  const where = `Chromium ${first.version()}`;
  await first.close();
  return {
    where,
    /** @returns what `run` gives, or `failed` with the reason */
    async measure(job, limit) {
      fetched = 0;
      fetchedAtFirst = undefined;
      const browser = await launchChromium();
      try {
        const { page } = await openPage(browser, server.address);
        const work = page.evaluate(async (job) => (await import('/bench/peers/page.mjs')).measure(job), {
          ...job,
          mailbox: mailbox.address,
        });
        const failed = (why) => ({ failed: why });
        const late = new Promise((resolve) => setTimeout(resolve, 1000 * limit, failed(`did not finish in ${limit} s`)).unref());
        const result = await Promise.race([work.catch((error) => failed(messageOf(error))), late]);
        return fetchedAtFirst === undefined ? result : { ...result, fetched: fetchedAtFirst };
      } finally {
        await browser.close();
      }
    },
    close: () => {
      mailbox.close();
      server.close();
    },
  };
}
