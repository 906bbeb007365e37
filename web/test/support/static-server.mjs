// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';

const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
  '.json': 'application/json',
};

const etags = new WeakMap();

/** By the content. */
function etagOf(body) {
  if (typeof body === 'object' && etags.has(body)) return etags.get(body);
  const etag = `"${createHash('sha1').update(body).digest('hex').slice(0, 16)}"`;
  if (typeof body === 'object') etags.set(body, etag);
  return etag;
}

/** As nginx and the hosts of static sites answer: an ETag, 304, and one range. @returns status, headers and body */
function answered(request, body) {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  const etag = etagOf(body);
  const common = { etag, 'accept-ranges': 'bytes' };
  if (request.headers['if-none-match'] === etag) return [304, common];
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  if (!range || ![undefined, etag].includes(request.headers['if-range'])) {
    return [200, { ...common, 'content-length': bytes.length }, bytes];
  }
  const first = Number(range[1]);
  const end = Math.min(bytes.length, range[2] === '' ? bytes.length : Number(range[2]) + 1);
  if (first >= end) return [416, { ...common, 'content-range': `bytes */${bytes.length}` }];
  const part = { 'content-range': `bytes ${first}-${end - 1}/${bytes.length}`, 'content-length': end - first };
  return [206, { ...common, ...part }, bytes.subarray(first, end)];
}

/**
 * A plain static server.
 * @param routes - folder on disk for each first part of a path: `{ dist: '/…/dist' }`
 * @param options - `headers` for every answer, `types` by file name ending, `missing` paths answered with 404, `pages` as text or bytes
 *   by path, `root` for all that is in no route, with an index.html, `ranges` for Range requests and ETags, `onAnswer` called with the path,
 *   the status and the number of bytes of each answer
 */
export async function startStaticServer(
  routes,
  { headers = {}, types: otherTypes = {}, missing = [], pages = {}, root = undefined, ranges = false, onAnswer = () => {} } = {},
) {
  const server = createServer(async (request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, 'http://x').pathname));
    const [, first, ...rest] = path.split('/');
    const inRoot = () => join(root, path.endsWith('/') ? `${path}index.html` : path);
    const file = () => (routes[first] === undefined && root !== undefined ? inRoot() : join(routes[first], ...rest));
    const type = { ...types, ...otherTypes }[extname(path) || '.html'] ?? 'application/octet-stream';
    try {
      const body = pages[path] ?? (missing.includes(path) ? undefined : await readFile(file()));
      if (body === undefined) throw new Error('missing');
      const [status, own, part] = ranges ? answered(request, body) : [200, {}, body];
      response.writeHead(status, { 'content-type': type, ...own, ...headers }).end(part);
      onAnswer(path, status, part?.length ?? 0);
    } catch {
      response.writeHead(404).end('not found');
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://127.0.0.1:${server.address().port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
