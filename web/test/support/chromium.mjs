// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const quiet = ['gpu', 'quic', 'background-networking', 'component-update', 'sync'].map((name) => `--disable-${name}`);

const args = ['--no-sandbox', '--no-first-run', ...quiet];

/** That of SIMILE_CHROMIUM, or Debian's. */
function chromiumPath() {
  const path = process.env.SIMILE_CHROMIUM ?? '/usr/bin/chromium';
  if (!existsSync(path)) throw new Error(`no Chromium at ${path}: set SIMILE_CHROMIUM`);
  return path;
}

/** A real Chromium. @param more - arguments of its command line */
export function launchChromium(...more) {
  return chromium.launch({ executablePath: chromiumPath(), args: [...args, ...more] });
}

/**
 * A Chromium with a profile that stays.
 * @returns its `context`; `close()`, which lets it end in order; and `kill()`, which ends all of its processes at once, as a loss of power does
 */
export async function spawnChromium(profile) {
  const own = ['--headless', `--user-data-dir=${profile}`, '--remote-debugging-port=0', 'about:blank'];
  const child = spawn(chromiumPath(), [...args, ...own], { detached: true, stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const kill = async () => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid, 'SIGKILL');
    await ended;
  };
  const address = await new Promise((resolve, reject) => {
    let said = '';
    child.stderr.on('data', (text) => {
      said += text;
      const found = /DevTools listening on (ws:\S+)/.exec(said);
      if (found) resolve(found[1]);
    });
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`Chromium ended: ${said}`)));
  });
  const browser = await chromium.connectOverCDP(address);
  const close = async () => {
    const devtools = await browser.newBrowserCDPSession();
    await devtools.send('Browser.close').catch(() => {});
    await ended;
  };
  return { context: browser.contexts()[0], close, kill };
}

/** Opens an address in a page whose errors and refusals by the security policy are collected in `complaints`. */
export async function openPage(browser, address) {
  const page = await browser.newPage();
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  await page.goto(address);
  return { page, complaints };
}
