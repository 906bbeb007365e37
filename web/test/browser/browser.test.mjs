// SPDX-License-Identifier: Apache-2.0
// The built files in a real Chromium, unbundled, from a plain static server under a strict security policy.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Index } from 'simile';
import { launchChromium, openPage } from '../support/chromium.mjs';
import { startFaultyServer } from '../support/faulty-server.mjs';
import { vectors } from '../support/random.mjs';
import { startStaticServer } from '../support/static-server.mjs';

const folder = (path) => fileURLToPath(new URL(path, import.meta.url));
const routes = { dist: folder('../../dist'), test: folder('..') };
const pages = { '/': '<!doctype html><meta charset="utf-8"><title>simile</title><link rel="icon" href="data:,">' };
const strict = "default-src 'none'; img-src data:; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src *";

let browser;
const servers = [];
before(async () => {
  browser = await launchChromium();
});
after(async () => {
  for (const server of servers) server.close();
  await browser.close();
});

/** A page on a server of its own; its complaints are none at the end of `work`. */
async function inPage(options, work) {
  const headers = { 'content-security-policy': strict, ...options.headers };
  const server = await startStaticServer(routes, { pages, ...options, headers });
  servers.push(server);
  const { page, complaints } = await openPage(browser, server.address);
  await work(page, complaints);
  await page.close();
}

const { expected } = JSON.parse(readFileSync(new URL('../../../conformance/determinism.json', import.meta.url), 'utf8'));

/** In the page: which build was loaded, and its hashes of files and results. */
const hashesOf = async (simd) => {
  const simile = await import('/dist/simile.js');
  const { determinism } = await import('/test/determinism.mjs');
  const core = await simile.init({ simd });
  return { simd: core.simd, hashes: await determinism(simile) };
};

test('known answers hold, and nothing is refused or complained about', async () => {
  await inPage({}, async (page, complaints) => {
    const asked = await page.evaluate(async () => {
      const simile = await import('/dist/simile.js');
      const { knownAnswers } = await import('/test/known-answers.mjs');
      return knownAnswers(simile);
    });
    assert.equal(asked, 216);
    assert.deepEqual(complaints, []);
  });
});

test('known answers hold in a module worker', async () => {
  const worker = `import * as simile from '/dist/simile.js';
    import { knownAnswers } from '/test/known-answers.mjs';
    knownAnswers(simile).then(postMessage, (error) => postMessage(String(error)));`;
  await inPage({ pages: { ...pages, '/worker.js': worker } }, async (page) => {
    const answer = await page.evaluate(
      () =>
        new Promise((resolve) => {
          new Worker('/worker.js', { type: 'module' }).onmessage = ({ data }) => resolve(data);
        }),
    );
    assert.equal(answer, 216);
  });
});

test('Chromium loads the relaxed build, and both have the bits of the native program', async () => {
  await inPage({}, async (page) => {
    assert.deepEqual(await page.evaluate(hashesOf), { simd: 'relaxed', hashes: expected });
    assert.deepEqual(await page.evaluate(hashesOf, 'simd128'), { simd: 'simd128', hashes: expected });
  });
});

test('the choice of the kernel is timed in a few milliseconds', async () => {
  await inPage({}, async (page, complaints) => {
    const times = [];
    for (let round = 0; round < 5; round++) {
      await page.reload();
      const { relaxedDot, time } = await page.evaluate(async () => {
        const core = await (await import('/dist/simile.js')).init();
        const start = performance.now();
        return { relaxedDot: core.relaxedDot, time: performance.now() - start };
      });
      assert.equal(typeof relaxedDot, 'boolean');
      times.push(time);
    }
    console.log(`timing the kernels took ${times.map((time) => time.toFixed(1)).join(', ')} ms`);
    assert.ok(Math.min(...times) < 4, `${times}`);
    assert.deepEqual(complaints, []);
  });
});

test('a server that calls the builds octet-streams does', async () => {
  await inPage({ types: { '.wasm': 'application/octet-stream' } }, async (page, complaints) => {
    assert.equal((await page.evaluate(hashesOf)).simd, 'relaxed');
    assert.deepEqual(complaints, []);
  });
});

test('a server without the relaxed build does', async () => {
  await inPage({ missing: ['/dist/simile-relaxed.wasm'] }, async (page) => {
    assert.equal((await page.evaluate(hashesOf)).simd, 'simd128');
  });
});

const codeOfInit = async () => {
  const { init } = await import('/dist/simile.js');
  return init().then(
    () => 'ready',
    (error) => `${error.code}: ${error.message}`,
  );
};

test('what is missing is named: the build, the permission, SIMD', async () => {
  await inPage({ missing: ['/dist/simile-relaxed.wasm', '/dist/simile.wasm'] }, async (page) => {
    assert.match(await page.evaluate(codeOfInit), /^io_failure: .*404/);
  });
  await inPage({ headers: { 'content-security-policy': "script-src 'self'" } }, async (page) => {
    assert.match(await page.evaluate(codeOfInit), /^not_supported: .*[Cc]ontent [Ss]ecurity/);
  });
  await inPage({}, async (page) => {
    await page.evaluate(() => {
      WebAssembly.validate = () => false;
    });
    assert.match(await page.evaluate(codeOfInit), /^not_supported: .*SIMD/);
  });
});

test('frames go on while a large batch is added', async () => {
  await inPage({}, async (page) => {
    const { longest, total } = await page.evaluate(async () => {
      const { Index } = await import('/dist/simile.js');
      const index = await Index.create({ dims: 384 });
      const [rows, data] = [40_000, new Float32Array(40_000 * 384).map((_, i) => Math.sin(i))];
      let longest = 0;
      let last = performance.now();
      let running = true;
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        longest = Math.max(longest, performance.now() - last);
        last = performance.now();
        if (running) port2.postMessage(0);
      };
      port2.postMessage(0);
      const start = performance.now();
      await index.addMany(
        Array.from({ length: rows }, (_, i) => `id ${i}`),
        data,
      );
      running = false;
      return { longest, total: performance.now() - start };
    });
    console.log(`${total.toFixed(0)} ms, the longest task took ${longest.toFixed(0)} ms`);
    assert.ok(longest < Math.max(100, total / 4));
  });
});

test('a download from another origin, broken and resumed, is what Node has saved', async () => {
  const index = await Index.create({ dims: 128 });
  await index.addMany(
    Array.from({ length: 6000 }, (_, i) => `id ${i}`),
    vectors(6000, 128, 1),
  );
  const query = vectors(1, 128, 2);
  const expected = JSON.stringify(await index.search(query));
  const server = await startFaultyServer(index.toBytes());
  servers.push(server);
  await inPage({}, async (page) => {
    for (const path of ['/plain', '/unknown-length', '/slow', '/ranges', '/no-ranges', '/broken-encoding']) {
      const answer = await page.evaluate(
        async ([url, query]) => {
          const { Index } = await import('/dist/simile.js');
          const levels = new Set();
          const index = await Index.fromURL(url, { onProgress: ({ level }) => levels.add(level) });
          const early = index.level;
          await index.complete;
          return { early, levels: [...levels], hits: JSON.stringify(await index.search(query)) };
        },
        [server.address + path, [...query]],
      );
      assert.equal(answer.hits, expected, path);
      if (path === '/slow') assert.deepEqual([answer.early, answer.levels], [1, [0, 1, 2, 3]]);
    }
    const refusals = await page.evaluate(async (address) => {
      const { Index } = await import('/dist/simile.js');
      const codes = [];
      for (const path of ['/missing', '/damaged-start', '/damaged-end', '/cut', '/page', '/always-broken']) {
        const load = async () => (await Index.fromURL(address + path)).complete;
        codes.push(
          await load().then(
            () => 'loaded',
            (error) => error.code,
          ),
        );
      }
      return codes;
    }, server.address);
    const codes = ['io_failure', 'corrupt_file', 'corrupt_file', 'truncated_file', 'corrupt_file', 'io_failure'];
    assert.deepEqual(refusals, codes);
  });
});
