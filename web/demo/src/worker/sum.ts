// SPDX-License-Identifier: Apache-2.0
import type { Term } from './protocol.js';

/** A word or a phrase; what is longer is a sentence with a dash in it. */
const longestTerm = 3;

const sign = /\s+([+\-−–])\s+/u;
const beginsAsWord = /^[\p{L}\p{N}]/u;

/**
 * Reads "king - man + woman": words or phrases of at most three words, with signs between spaces.
 *
 * @returns the terms, the first of them positive; undefined for everything else, which is a text
 */
export function parseSum(text: string): Term[] | undefined {
  const parts = text.trim().split(sign);
  if (parts.length < 3) return undefined;
  const terms: Term[] = [];
  for (let i = 0; i < parts.length; i += 2) {
    const term = (parts[i] ?? '').trim();
    if (!beginsAsWord.test(term) || term.split(/\s+/).length > longestTerm) return undefined;
    terms.push({ sign: i === 0 || parts[i - 1] === '+' ? 1 : -1, text: term });
  }
  return terms;
}
