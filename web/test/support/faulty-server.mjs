// SPDX-License-Identifier: Apache-2.0
// A file server that fails as real ones do. The behaviour is chosen by the path.
import { createServer } from 'node:http';
import { gzipSync } from 'node:zlib';

/** @param file - the bytes that every path serves @returns its address, what was asked of it, and `close()` */
export async function startFaultyServer(file) {
  const requests = [];
  const etag = '"v1"';

  /** Sends `bytes` and breaks the connection after `most` of them. */
  function sendPart(response, bytes, most) {
    response.flushHeaders();
    response.write(bytes.subarray(0, most), () => setTimeout(() => response.destroy(), 20));
  }

  const range = (request) => Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const isFirst = (path) => requests.filter((request) => request.path === path).length === 1;

  const behaviours = {
    '/plain': (_, response) => response.setHeader('content-length', file.length).end(file),
    '/unknown-length': (_, response) => {
      response.write(file.subarray(0, 1000));
      setTimeout(() => response.end(file.subarray(1000)), 30);
    },
    '/slow': async (_, response) => {
      response.setHeader('content-length', file.length);
      for (let at = 0; at < file.length && !response.destroyed; at += Math.ceil(file.length / 40)) {
        response.write(file.subarray(at, at + Math.ceil(file.length / 40)));
        await new Promise((resolve) => setTimeout(resolve, 15));
      }
      response.end();
    },
    '/one-byte-pieces': async (_, response) => {
      response.setHeader('content-length', file.length);
      for (let at = 0; at < 200; at++) {
        response.write(file.subarray(at, at + 1));
        await new Promise((resolve) => setImmediate(resolve));
      }
      response.end(file.subarray(200));
    },
    '/ranges': (request, response) => {
      const first = request.headers['if-range'] === etag ? range(request) : 0;
      response.setHeader('etag', etag).setHeader('content-length', file.length - first);
      if (first > 0) response.writeHead(206, { 'content-range': `bytes ${first}-${file.length - 1}/${file.length}` });
      const rest = file.subarray(first);
      if (requests.filter(({ path }) => path === '/ranges').length <= 2) sendPart(response, rest, Math.floor(file.length / 3));
      else response.end(rest);
    },
    '/no-ranges': (_, response) => {
      response.setHeader('content-length', file.length);
      if (isFirst('/no-ranges')) sendPart(response, file, Math.floor(file.length / 2));
      else response.end(file);
    },
    '/restarted': (_, response) => {
      const asked = requests.filter(({ path }) => path === '/restarted').length;
      if (asked === 2) response.writeHead(503).end('starting');
      else if (asked === 1) sendPart(response.setHeader('content-length', file.length), file, 2000);
      else response.setHeader('content-length', file.length).end(file);
    },
    '/broken-encoding': (request, response) => {
      const first = range(request);
      response.setHeader('etag', etag);
      if (first > 0) {
        // A client that asks for a range accepts no encoding.
        response
          .writeHead(206, { 'content-range': `bytes ${first}-${file.length - 1}/${file.length}` })
          .end(file.subarray(first));
        return;
      }
      const packed = gzipSync(file);
      response.setHeader('content-encoding', 'gzip').setHeader('content-length', packed.length);
      if (isFirst('/broken-encoding')) sendPart(response, packed, Math.floor(packed.length / 2));
      else response.end(packed);
    },
    '/always-broken': (_, response) => sendPart(response.setHeader('content-length', file.length), file, 500),
    '/changed': (_, response) => {
      response.setHeader('content-length', file.length).setHeader('etag', `"v${requests.length}"`);
      if (isFirst('/changed')) sendPart(response, file, Math.floor(file.length / 2));
      else response.end(file);
    },
    '/missing': (_, response) => response.writeHead(404).end('<h1>Not here</h1>'),
    '/forbidden': (_, response) => response.writeHead(403).end(),
    '/down': (_, response) => response.writeHead(503).end(),
    '/page': (_, response) => response.setHeader('content-type', 'text/html').end(`<!doctype html>${' '.repeat(500)}`),
    '/empty': (_, response) => response.writeHead(204).end(),
    '/cut': (_, response) => response.end(file.subarray(0, file.length - 1)),
    '/cut-early': (_, response) => response.end(file.subarray(0, 300)),
    '/longer': (_, response) => response.end(Buffer.concat([file, Buffer.alloc(5)])),
    '/damaged-end': (_, response) => {
      const bad = Uint8Array.from(file);
      bad[bad.length - 70] ^= 4;
      response.write(bad.subarray(0, bad.length / 2));
      setTimeout(() => response.end(bad.subarray(bad.length / 2)), 30);
    },
    '/damaged-start': (_, response) => {
      const bad = Uint8Array.from(file);
      bad[20] ^= 4;
      response.end(bad);
    },
  };

  const server = createServer((request, response) => {
    const path = request.url.split('?')[0];
    if (request.method === 'GET') requests.push({ path, headers: request.headers });
    response.on('error', () => {});
    response.setHeader('access-control-allow-origin', '*').setHeader('access-control-allow-headers', '*');
    if (request.method === 'OPTIONS') {
      response.end();
      return;
    }
    behaviours[path](request, response);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://127.0.0.1:${server.address().port}`,
    asked: (path) => requests.filter((request) => request.path === path),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
