// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { filesOf, listen } from '../../tools/server.mjs';

export const demo = (/** @type {string} */ path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

const executablePath = process.env.SIMILE_CHROMIUM ?? '/usr/bin/chromium';
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function needDist() {
  assert.ok(existsSync(demo('dist/index.html')), 'there is no page in web/demo/dist: run npm run corpus and npm run build first');
  const rows = (/** @type {string} */ path) => JSON.parse(readFileSync(demo(path), 'utf8')).rows;
  assert.equal(
    rows('dist/data/manifest.json'),
    rows('.cache/corpus-default/corpus.json'),
    'web/demo/dist holds another corpus: run npm run build',
  );
}

/** For all tests of a file. */
export async function startBrowser() {
  needDist();
  assert.ok(existsSync(executablePath), `there is no Chromium at ${executablePath}: install it, or set SIMILE_CHROMIUM`);
  const browser = await chromium.launch({ executablePath, args: flags });
  after(() => browser.close());
  return browser;
}

/**
 * What a rule does with a request instead of sending the file.
 * @typedef {(request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse) => unknown} Act
 */

/** Serves dist/, but for what a test has set a rule for. */
export class TestServer {
  /** Rules by the beginning of the path. @type {Map<string, Act>} */
  rules = new Map();
  #server;

  /** @param {import('node:http').Server} server */
  constructor(server) {
    this.#server = server;
  }

  /** For one test, or without one for all of a file. @param {import('node:test').TestContext} [t] */
  static async start(t) {
    const files = filesOf(demo('dist'));
    /** @type {TestServer} */
    let self;
    const server = await listen((request, response) => {
      const path = request.url ?? '/';
      const rule = [...self.rules].find(([start]) => path.startsWith(start));
      if (rule) rule[1](request, response);
      else files(request, response);
    }, 0);
    self = new TestServer(server);
    if (t) t.after(() => self.stop());
    else after(() => self.stop());
    return self;
  }

  get url() {
    return `http://localhost:${/** @type {import('node:net').AddressInfo} */ (this.#server.address()).port}/`;
  }

  stop() {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

/** @param {number} code @returns {Act} */
export const status = (code) => (_, response) => response.writeHead(code).end();

/** The connection breaks at once. @type {Act} */
export const hangUp = (request) => request.socket.destroy();

/** Sends a file of dist/ with one bit changed. @param {string} path @param {number} offset @returns {Act} */
export const damaged = (path, offset) => async (_, response) => {
  const bytes = await readFile(demo(`dist/${path}`));
  bytes[offset] ^= 1;
  response.writeHead(200, { 'Content-Length': bytes.length }).end(bytes);
};

/** Sends a file of dist/ only as far as the test allows. */
export class Gate {
  #path;
  #allowed = 0;
  /** @type {(() => void)[]} */
  #waiting = [];

  /** @param {string} path */
  constructor(path) {
    this.#path = path;
  }

  /** @param {number} bytes  from the beginning of the file */
  allow(bytes) {
    this.#allowed = bytes;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** @type {Act} */
  act = async (_, response) => {
    const bytes = await readFile(demo(`dist/${this.#path}`));
    response.writeHead(200, { 'Content-Length': bytes.length });
    for (let sent = 0; sent < bytes.length; ) {
      const end = Math.min(this.#allowed, bytes.length);
      if (end > sent) response.write(bytes.subarray(sent, end));
      sent = Math.max(sent, end);
      if (sent < bytes.length) await new Promise((wake) => this.#waiting.push(() => wake(undefined)));
    }
    response.end();
  };
}

/**
 * @typedef {object} OpenOptions
 * @property {import('playwright-core').BrowserContextOptions} [context]
 * @property {() => void} [init]  runs in the page before its own scripts
 * @property {boolean} [failsToLoad]  requests that fail are part of the test
 * @property {boolean} [hasOwnClock]  its time can be stopped by `page.clock`
 */

/**
 * Opens the page. At the end of the test nothing may have been written to the console as an error, and nothing asked of another server.
 * @param {import('node:test').TestContext} t
 * @param {import('playwright-core').Browser} browser
 * @param {string} url
 * @param {OpenOptions} [options]
 */
export async function open(t, browser, url, { context: contextOptions, init, failsToLoad = false, hasOwnClock = false } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...contextOptions });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000); // what takes long on a busy machine is no fault
  /** @type {string[]} */
  const errors = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => {
    if (!['error', 'warning'].includes(message.type())) return;
    if (failsToLoad && message.text().startsWith('Failed to load resource')) return;
    errors.push(message.text());
  });
  context.on('request', (request) => {
    if (!request.url().startsWith(url)) errors.push(`asked for ${request.url()}`);
  });
  if (init) await page.addInitScript(init);
  if (hasOwnClock) await page.clock.install();
  t.after(async () => {
    await context.close();
    assert.deepEqual(errors, []);
  });
  await page.goto(url);
  return page;
}

/** @typedef {import('playwright-core').Page} Page */

/** Everything is loaded. @param {Page} page */
export async function ready(page) {
  await page.locator('#status', { hasText: 'meanings' }).waitFor();
  await page.locator('#sharpness[data-level="3"]').waitFor();
}

/** Waits for the answer to the text in the box. @param {Page} page @param {string} text */
export async function answered(page, text) {
  const list = `#results[data-query=${JSON.stringify(text)}]`;
  // Either results, or the message that none is close enough.
  await page.locator(`${list}:not([hidden]), #nothing:not([hidden]) ~ ${list}`).waitFor({ state: 'attached' });
}

/** Types a query and waits for its answer. @param {Page} page @param {string} text @returns {Promise<string[]>} what stands in each result */
export async function ask(page, text) {
  await page.locator('#query').fill(text);
  await answered(page, text);
  return page.locator('[role=option]').allTextContents();
}

/** @param {Page} page @param {string} name @param {string | Buffer} content */
export async function chooseFile(page, name, content) {
  await page.locator('#file').setInputFiles({ name, mimeType: '', buffer: Buffer.from(content) });
}

/** @param {Page} page @param {number} passages */
export async function embedded(page, passages) {
  await page.locator('#job').waitFor({ state: 'hidden' });
  await page.locator('#announcer', { hasText: `${passages.toLocaleString('en-US')} passage` }).waitFor();
}
