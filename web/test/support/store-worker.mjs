// SPDX-License-Identifier: Apache-2.0
import { run } from './store-page.mjs';

self.onmessage = async ({ data: { task, options } }) => {
  try {
    const result = await run(task, options, false, (told) => postMessage({ told }));
    postMessage({ result });
  } catch (error) {
    postMessage({ failed: String(error) });
  }
};
