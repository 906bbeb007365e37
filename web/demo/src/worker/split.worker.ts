// SPDX-License-Identifier: Apache-2.0
import { expose } from 'comlink';
import type { Passage } from './protocol.js';
import { FileProblem, splitFile } from './split.js';

export type Split =
  | { readonly kind: 'passages'; readonly passages: readonly Passage[] }
  | { readonly kind: 'refused'; readonly message: string };

const splitter = {
  async split(file: File): Promise<Split> {
    try {
      return { kind: 'passages', passages: splitFile(file.name, new Uint8Array(await file.arrayBuffer())) };
    } catch (error) {
      if (error instanceof FileProblem) return { kind: 'refused', message: error.message };
      if (error instanceof DOMException) return { kind: 'refused', message: `${file.name} could not be read.` };
      throw error;
    }
  },
};

export type Splitter = typeof splitter;

expose(splitter);
