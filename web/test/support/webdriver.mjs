// SPDX-License-Identifier: Apache-2.0
// Firefox by its Marionette protocol and WebKitGTK by WebDriver, without a package in between: to go somewhere, to type, to read an attribute.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

const second = 1000;
export const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** The first of these programs that is on the path, or the path itself. */
const found = (...names) =>
  names
    .flatMap((name) =>
      name.includes('/') ? [name] : (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, name)),
    )
    .find((path) => existsSync(path));

const miniBrowser = () => {
  for (const folder of ['/usr/lib', '/usr/libexec', ...libraryFolders()]) {
    for (const version of ['6.0', '4.1', '4.0']) {
      const path = `${folder}/webkit2gtk-${version}/MiniBrowser`;
      if (existsSync(path)) return path;
    }
  }
  return undefined;
};
const libraryFolders = () =>
  existsSync('/usr/lib')
    ? readdirSync('/usr/lib')
        .filter((name) => name.includes('linux-gnu'))
        .map((name) => `/usr/lib/${name}`)
    : [];

const programs = {
  firefox: () => process.env.SIMILE_FIREFOX ?? found('firefox-esr', 'firefox'),
  driver: () => found('WebKitWebDriver'),
  screen: () => found('xvfb-run'),
};

/** What is missing for an engine, or false. */
export const missing = {
  firefox: () => (programs.firefox() ? false : 'there is no Firefox here (firefox-esr, or its path in SIMILE_FIREFOX)'),
  webkit: () => {
    const absent = [
      [programs.driver(), 'WebKitWebDriver (webkit2gtk-driver)'],
      [miniBrowser(), 'MiniBrowser of WebKitGTK'],
      [programs.screen(), 'xvfb-run (xvfb)'],
    ].filter(([path]) => path === undefined);
    return absent.length === 0 ? false : `there is no ${absent.map(([, name]) => name).join(', no ')} here`;
  },
};

/** What both protocols do, given `send(command, parameters)`, which the one and the other name otherwise. */
function browserOf({ version, go, text, type, close, kill }) {
  return {
    version,
    go,
    type,
    close,
    kill,
    /** The JSON in `document.documentElement.dataset[name]`, once it is there and `is` true of it. */
    async data(name, is = () => true, patience = 60 * second) {
      const end = Date.now() + patience;
      for (;;) {
        const json = await text(name);
        const value = json === null ? undefined : JSON.parse(json);
        if (value !== undefined && is(value)) return value;
        if (Date.now() > end) throw new Error(`${name} stays ${json}`);
        await wait(50);
      }
    },
  };
}

const reading = 'return document.documentElement.getAttribute("data-" + arguments[0])';

/** Groups of processes of ours, which end with this one. */
const running = new Set();
process.on('exit', () => {
  for (const { pid } of running) {
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
  }
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));

function started(program, args, env) {
  const child = spawn(program, args, { detached: true, stdio: 'ignore', env: { ...process.env, ...env } });
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

/** Ends all processes of a group of ours at once, or with `signal`. */
async function end(child, signal) {
  const ended = new Promise((resolve) =>
    child.exitCode !== null || child.signalCode !== null ? resolve() : child.once('exit', resolve),
  );
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It has ended.
  }
  await ended;
}

async function until(what, is, patience = 30 * second) {
  const end = Date.now() + patience;
  for (;;) {
    const value = await is();
    if (value !== undefined) return value;
    if (Date.now() > end) throw new Error(`${what}: not after ${patience} ms`);
    await wait(50);
  }
}

const preferences = {
  'browser.shell.checkDefaultBrowser': false,
  'browser.startup.page': 0,
  'datareporting.policy.dataSubmissionEnabled': false,
  'toolkit.telemetry.reportingpolicy.firstRun': false,
  'browser.aboutwelcome.enabled': false,
  'app.update.disabledForTesting': true,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'services.settings.server': 'data:,',
  'marionette.port': 0,
};

/** @param profile - a folder that stays; else one that goes with `close()` */
export async function openFirefox(profile) {
  const folder = profile ?? mkdtempSync(join(tmpdir(), 'simile-firefox-'));
  const lines = Object.entries(preferences).map(
    ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`,
  );
  writeFileSync(join(folder, 'user.js'), lines.join('\n'));
  const portFile = join(folder, 'MarionetteActivePort');
  rmSync(portFile, { force: true });
  const args = ['--headless', '--no-remote', '--marionette', '--profile', folder, 'about:blank'];
  const child = started(programs.firefox(), args, { MOZ_CRASHREPORTER_DISABLE: '1' });
  const port = await until('the port of Firefox', () => {
    const text = existsSync(portFile) ? readFileSync(portFile, 'utf8').trim() : '';
    return text === '' ? undefined : Number(text);
  });
  const send = await marionette(port);
  const { capabilities } = await send('WebDriver:NewSession', { capabilities: { alwaysMatch: {} } });
  const remove = () => profile ?? rmSync(folder, { recursive: true, force: true });
  return browserOf({
    version: `Firefox ${capabilities.browserVersion}`,
    go: (url) => send('WebDriver:Navigate', { url }),
    text: async (name) => (await send('WebDriver:ExecuteScript', { script: reading, args: [name] })).value,
    type: async (keys) => {
      const active = (await send('WebDriver:GetActiveElement')).value;
      await send('WebDriver:ElementSendKeys', { id: Object.values(active)[0], text: keys });
    },
    async kill() {
      await end(child, 'SIGKILL');
      remove();
    },
    async close() {
      await send('Marionette:Quit', { flags: ['eForceQuit'] }).catch(() => {});
      await end(child, 'SIGTERM');
      remove();
    },
  });
}

/** Messages are JSON after their length; an answer has the number of its command. */
async function marionette(port) {
  const socket = connect(port, '127.0.0.1');
  const waiting = new Map();
  let buffer = Buffer.alloc(0);
  let count = 0;
  let failure;
  const hello = new Promise((resolve) => waiting.set('hello', { resolve }));
  socket.on('data', (piece) => {
    buffer = Buffer.concat([buffer, piece]);
    for (;;) {
      const colon = buffer.indexOf(':');
      const length = colon < 0 ? Number.NaN : Number(buffer.subarray(0, colon));
      if (!(buffer.length >= colon + 1 + length)) return;
      const message = JSON.parse(buffer.subarray(colon + 1, colon + 1 + length));
      buffer = buffer.subarray(colon + 1 + length);
      if (!Array.isArray(message)) {
        waiting.get('hello').resolve();
        continue;
      }
      const [, id, error, result] = message;
      const { resolve, reject } = waiting.get(id);
      waiting.delete(id);
      if (error) reject(new Error(`${error.error}: ${error.message}`));
      else resolve(result);
    }
  });
  const gone = (error) => {
    failure = error ?? new Error('Firefox has closed the connection');
    for (const { reject } of waiting.values()) reject?.(failure);
  };
  socket.on('error', gone);
  socket.on('close', () => gone());
  await hello;
  return (command, parameters = {}) =>
    new Promise((resolve, reject) => {
      if (failure) throw failure;
      const text = JSON.stringify([0, ++count, command, parameters]);
      waiting.set(count, { resolve, reject });
      socket.write(`${Buffer.byteLength(text)}:${text}`);
    });
}

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

export async function openWebKit() {
  const port = await freePort();
  const home = mkdtempSync(join(tmpdir(), 'simile-webkit-'));
  const folders = {
    HOME: home,
    XDG_DATA_HOME: home,
    XDG_CACHE_HOME: home,
    XDG_CONFIG_HOME: home,
    WEBKIT_DISABLE_DMABUF_RENDERER: '1',
  };
  const child = started(programs.screen(), ['-a', programs.driver(), `--port=${port}`], folders);
  const address = `http://127.0.0.1:${port}`;
  const ask = async (method, path, body) => {
    const response = await fetch(address + path, { method, ...(body ? { body: JSON.stringify(body) } : {}) });
    const { value } = await response.json();
    if (!response.ok) throw new Error(`${value.error}: ${value.message}`);
    return value;
  };
  await until('WebKitWebDriver', () => ask('GET', '/status').catch(() => undefined));
  const options = { binary: miniBrowser(), args: ['--automation'] };
  const { sessionId, capabilities } = await ask('POST', '/session', {
    capabilities: { alwaysMatch: { 'webkitgtk:browserOptions': options } },
  });
  const session = `/session/${sessionId}`;
  const stop = async () => {
    await end(child, 'SIGTERM');
    rmSync(home, { recursive: true, force: true, maxRetries: 3 });
  };
  return browserOf({
    version: `WebKitGTK ${capabilities.browserVersion}`,
    go: (url) => ask('POST', `${session}/url`, { url }),
    text: (name) => ask('POST', `${session}/execute/sync`, { script: reading, args: [name] }),
    type: async (keys) => {
      const active = await ask('GET', `${session}/element/active`);
      await ask('POST', `${session}/element/${Object.values(active)[0]}/value`, { text: keys });
    },
    kill: stop,
    async close() {
      await ask('DELETE', session).catch(() => {});
      await stop();
    },
  });
}
