// SPDX-License-Identifier: Apache-2.0
// The package's sentence encoder gives the numbers of the page's.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import { tensor1d, tensor2d } from '@tensorflow/tfjs-core';
import { energeticEmbedder } from 'simile/embedders/energetic';
import { createNodeEncoder, readModelFile } from '../src/encoder/node.js';

test("simile/embedders/energetic gives the page's vectors bit for bit", async () => {
  const encoder = await createNodeEncoder();
  const tf = { loadGraphModel, tensor1d, tensor2d };
  const embedder = await energeticEmbedder({ tf, files: readModelFile });
  const texts = ['A girl is styling her hair.', 'fear of closed spaces', 'ﬁ – 日本語 😀', 'x', 'many words '.repeat(100)];
  const vectors = await embedder.embed(texts, { kind: 'passage' });
  assert.deepEqual(vectors, await encoder.embed(texts));
  // The numbers that the original package gives.
  const known = [-0.012014017, 0.031932108, -0.071127534, 0.006887858];
  for (const [i, x] of known.entries()) assert.ok(Math.abs(vectors[i] - x) < 1e-6, `${vectors[i]}, not ${x}`);
  assert.deepEqual(embedder.info, { model: encoder.id, dims: encoder.dims, pooling: 'mean' });
  encoder.dispose();
  embedder.dispose();
});
