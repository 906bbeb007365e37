// SPDX-License-Identifier: Apache-2.0
// A server of one file by ranges, whose every answer a test can spoil.
import { createServer } from 'node:http';

/**
 * @param file - the bytes that every path serves
 * @returns `file` and `etag`, which may be replaced at any time; `requests` so far; `fault(request, response, part)`: a function of the
 *   test that is called before each answer, and answers itself where it returns true
 */
export async function startRangeServer(file) {
  const state = { file, etag: '"one"', requests: [], sent: 0, fault: () => false };
  const server = createServer(async (request, response) => {
    response.on('error', () => {});
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    const [first, end] = [Number(from), Math.min(state.file.length, Number(to) + 1)];
    state.requests.push({ first, end, headers: request.headers });
    const part = state.file.subarray(first, end);
    if (await state.fault({ first, end, count: state.requests.length, headers: request.headers }, response, part)) return;
    if (state.etag) response.setHeader('etag', state.etag);
    if (state.etag && request.headers['if-none-match'] === state.etag) {
      response.writeHead(304).end();
      return;
    }
    response.writeHead(206, { 'content-range': `bytes ${first}-${end - 1}/${state.file.length}`, 'content-length': part.length });
    response.end(part);
    state.sent += part.length;
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  state.address = `http://127.0.0.1:${server.address().port}/x.parts`;
  state.close = () => {
    server.closeAllConnections();
    server.close();
  };
  return state;
}
