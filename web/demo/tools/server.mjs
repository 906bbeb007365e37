// SPDX-License-Identifier: Apache-2.0
import { createServer } from 'node:http';
import sirv from 'sirv';

const policy = [
  "default-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * Answers requests for the files of a folder, with ranges and entity tags.
 * @param {string} folder
 */
export function filesOf(folder) {
  return sirv(folder, {
    etag: true,
    setHeaders(response, path) {
      // Asked for again each time, and answered with 304 unless a new build has replaced it.
      response.setHeader('Cache-Control', 'no-cache');
      response.setHeader('Content-Security-Policy', policy);
      response.setHeader('X-Content-Type-Options', 'nosniff');
      response.setHeader('Referrer-Policy', 'no-referrer');
      if (path.endsWith('.simile') || path.startsWith('/model/group'))
        response.setHeader('Content-Type', 'application/octet-stream');
    },
  });
}

/**
 * Listens on this machine only.
 * @param {import('node:http').RequestListener} answer
 * @param {number} port  0: any free one
 * @returns {Promise<import('node:http').Server>}
 */
export function listen(answer, port) {
  const server = createServer(answer);
  return new Promise((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', () => resolve(server)));
}
