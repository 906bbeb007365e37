// SPDX-License-Identifier: Apache-2.0
// A server of the OpenAI shape for tests, which fails when it is told to.
import { createServer } from 'node:http';

/** A vector that tells which text it is of. */
export const vectorOf = (text, dims = 4) =>
  Array.from({ length: dims }, (_, i) => (i === 0 ? text.length : text.charCodeAt(i % text.length) / 128));

/**
 * @param answers - what to do with each request in turn, then with all others as usual: functions of ({ body, response, reply, request })
 * @returns its address, the bodies and headers that came, `next(...answers)`, and `close()`
 */
export async function startEmbeddingServer(...answers) {
  const requests = [];
  let open = 0;
  const reply = (response, value, status = 200, headers = {}) =>
    response
      .writeHead(status, { 'content-type': 'application/json', ...headers })
      .end(typeof value === 'string' ? value : JSON.stringify(value));
  const server = createServer(async (request, response) => {
    open++;
    response.on('close', () => open--);
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    const body = JSON.parse(Buffer.concat(pieces).toString());
    requests.push({ body, headers: request.headers });
    const answer = answers.shift();
    if (answer) return answer({ body, response, request, reply: (...args) => reply(response, ...args) });
    const data = body.input.map((text, index) => ({ object: 'embedding', index, embedding: vectorOf(text, body.dimensions) }));
    if (body.encoding_format === 'base64')
      for (const item of data) item.embedding = Buffer.from(Float32Array.from(item.embedding).buffer).toString('base64');
    // Out of order, as the index allows.
    reply(response, { object: 'list', data: data.reverse(), model: body.model });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/v1/embeddings`,
    requests,
    next: (...more) => answers.push(...more),
    /** How many answers are not finished. */
    open: () => open,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
