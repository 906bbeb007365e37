// SPDX-License-Identifier: Apache-2.0
import { NetworkError } from './failure.js';

/** `reload` passes the browser's cache by, for a file that came in damaged. */
export async function request(url: string, cache: RequestCache = 'default'): Promise<Response> {
  const response = await fetch(url, { cache }).catch((error: unknown) => {
    throw new NetworkError(`GET ${url}: ${error}`, { cause: error });
  });
  if (!response.ok) throw new NetworkError(`GET ${url} answered ${response.status}`);
  return response;
}

export async function readJson<T>(url: string, cache?: RequestCache): Promise<T> {
  const text = await (await request(url, cache)).text().catch((error: unknown) => {
    throw new NetworkError(`GET ${url}: ${error}`, { cause: error });
  });
  return JSON.parse(text) as T;
}

/** A whole file, with the count of its bytes as they come in. */
export async function readBytes(url: string, onBytes: (count: number) => void): Promise<ArrayBuffer> {
  const response = await request(url);
  const counted = response.body?.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(piece, controller) {
        onBytes(piece.length);
        controller.enqueue(piece);
      },
    }),
  );
  return new Response(counted ?? null).arrayBuffer().catch((error: unknown) => {
    throw new NetworkError(`GET ${url}: ${error}`, { cause: error });
  });
}
