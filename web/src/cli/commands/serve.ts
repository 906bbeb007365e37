// SPDX-License-Identifier: Apache-2.0
import { createReadStream, type Stats } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, sep } from 'node:path';
import { pipeline } from 'node:stream';
import { SimileError } from '../../errors.js';
import type { Command } from '../command.js';
import { messageOf, UsageError } from '../failure.js';
import { endingOf } from '../files.js';

const types = new Map([
  ['html', 'text/html; charset=utf-8'],
  ['htm', 'text/html; charset=utf-8'],
  ['js', 'text/javascript; charset=utf-8'],
  ['mjs', 'text/javascript; charset=utf-8'],
  ['css', 'text/css; charset=utf-8'],
  ['json', 'application/json'],
  ['map', 'application/json'],
  ['wasm', 'application/wasm'],
  ['svg', 'image/svg+xml'],
  ['png', 'image/png'],
  ['jpg', 'image/jpeg'],
  ['jpeg', 'image/jpeg'],
  ['webp', 'image/webp'],
  ['ico', 'image/x-icon'],
  ['woff2', 'font/woff2'],
  ['txt', 'text/plain; charset=utf-8'],
  ['md', 'text/markdown; charset=utf-8'],
  ['xml', 'application/xml'],
  ['pdf', 'application/pdf'],
]);

const isolation = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-resource-policy': 'same-origin',
};

export const serve: Command = {
  name: 'serve',
  summary: 'a folder over HTTP, for trying out',
  usage: '[FOLDER]',
  positionals: [0, 1],
  options: {
    port: { type: 'string', short: 'p', value: 'N', help: 'where it listens (8080); 0 takes one that is free' },
    host: { type: 'string', value: 'NAME', help: 'to whom it listens (127.0.0.1: this machine alone)' },
    isolate: { type: 'boolean', help: 'sends the headers that shared memory and threads need' },
    cors: { type: 'boolean', help: 'lets pages of other origins read' },
  },
  examples: ['simile serve public', 'simile serve dist --port 0 --isolate'],
  async run(args, terminal) {
    const folder = args.positionals[0] ?? '.';
    const root = await realpath(folder).catch((error: unknown) => {
      throw new SimileError('io_failure', messageOf(error), { cause: error });
    });
    if (!(await stat(root)).isDirectory()) throw new UsageError(`${folder} is no folder`);
    const port = args.number('port', { least: 0, most: 65_535, isWhole: true }) ?? 8080;
    const host = args.text('host') ?? '127.0.0.1';
    const headers = {
      ...(args.has('isolate') ? isolation : {}),
      ...(args.has('cors') ? { 'access-control-allow-origin': '*' } : {}),
    };
    const server = createServer((request, response) => {
      answer(root, request, response, headers).catch(() => response.destroy());
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(new SimileError('io_failure', error.message, { cause: error })));
      server.listen(port, host, resolve);
    });
    const { port: taken } = server.address() as AddressInfo;
    const address = `http://${host.includes(':') ? `[${host}]` : host}:${taken}/`;
    await terminal.result({ address, folder: root }, () => [address]);
    terminal.note(`serving ${root}; Ctrl+C ends it`);
    await new Promise<void>((resolve) => server.once('close', resolve));
  },
};

async function answer(
  root: string,
  request: IncomingMessage,
  response: ServerResponse,
  headers: Record<string, string>,
): Promise<void> {
  response.setHeader('x-content-type-options', 'nosniff');
  response.setHeader('cache-control', 'no-cache');
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(response, 405, { allow: 'GET, HEAD' });
  const found = await fileOf(root, request.url ?? '/');
  if (found === undefined) return refuse(response, 404);
  if ('location' in found) return refuse(response, 301, { location: found.location });
  const { path, about } = found;
  const etag = `"${about.size.toString(36)}-${Math.round(about.mtimeMs).toString(36)}"`;
  response.setHeader('etag', etag);
  response.setHeader('last-modified', about.mtime.toUTCString());
  response.setHeader('accept-ranges', 'bytes');
  if (request.headers['if-none-match'] === etag) return refuse(response, 304);
  response.setHeader('content-type', types.get(endingOf(path)) ?? 'application/octet-stream');
  const ifRange = request.headers['if-range'];
  const range = ifRange === undefined || ifRange === etag ? rangeOf(request.headers.range, about.size) : undefined;
  if (range === null) return refuse(response, 416, { 'content-range': `bytes */${about.size}` });
  const [first, end] = range ?? [0, about.size];
  if (range) response.setHeader('content-range', `bytes ${first}-${end - 1}/${about.size}`);
  response.setHeader('content-length', end - first);
  response.statusCode = range ? 206 : 200;
  if (request.method === 'HEAD' || end === first) {
    response.end();
    return;
  }
  pipeline(createReadStream(path, { start: first, end: end - 1 }), response, () => {});
}

function refuse(response: ServerResponse, status: number, headers: Record<string, string> = {}): void {
  response.writeHead(status, headers).end();
}

type Found = { readonly path: string; readonly about: Stats } | { readonly location: string };

/** A file below the root, not hidden; links that lead out of it are not followed. */
async function fileOf(root: string, url: string): Promise<Found | undefined> {
  let pathname: string;
  try {
    pathname = decodeURIComponent(url.split(/[?#]/)[0] as string);
  } catch {
    return undefined;
  }
  const parts = pathname.split('/').filter((part) => part !== '');
  if (parts.some((part) => part.startsWith('.') || part.includes('\0') || part.includes('\\'))) return undefined;
  const path = await realpath(join(root, ...parts)).catch(() => undefined);
  if (path === undefined || (path !== root && !path.startsWith(root.endsWith(sep) ? root : root + sep))) return undefined;
  const about = await stat(path);
  if (about.isFile()) return { path, about };
  if (!about.isDirectory()) return undefined;
  // Relative addresses in the page need the slash.
  if (!pathname.endsWith('/')) return { location: `/${parts.map(encodeURIComponent).join('/')}/` };
  const page = join(path, 'index.html');
  const pageAbout = await stat(page).catch(() => undefined);
  return pageAbout?.isFile() ? { path: page, about: pageAbout } : undefined;
}

/** First and end; null for one that cannot be, undefined for none or several, which get everything. */
function rangeOf(header: string | undefined, size: number): readonly [number, number] | null | undefined {
  const [, from, to] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (from === undefined || to === undefined || (from === '' && to === '')) return undefined;
  if (from === '') return Number(to) === 0 ? null : [Math.max(0, size - Number(to)), size];
  const first = Number(from);
  const end = to === '' ? size : Math.min(size, Number(to) + 1);
  return first >= size || first >= end ? null : [first, end];
}
