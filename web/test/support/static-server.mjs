// SPDX-License-Identifier: Apache-2.0
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

/**
 * A plain static server.
 * @param routes - folder on disk for each first part of a path: `{ dist: '/…/dist' }`
 * @param options - `headers` for every answer, `types` by file name ending, `missing` paths answered with 404, `pages` as text by path,
 *   `root` for all that is in no route, with an index.html
 */
export async function startStaticServer(
  routes,
  { headers = {}, types: otherTypes = {}, missing = [], pages = {}, root = undefined } = {},
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
      response.writeHead(200, { 'content-type': type, ...headers }).end(body);
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
