// SPDX-License-Identifier: Apache-2.0
// Texts that nobody wrote, whose words come as often as those of real ones.

const vocabulary = 30_000;

/** xorshift32: the same numbers every time, from 0 to 1. */
export function random(seed) {
  let x = seed;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) / 2 ** 32;
  };
}

/** Texts of 6 to 18 words, which come as often as Zipf's law has it. */
export function madeTexts(rows, next) {
  const word = () => `w${Math.floor(vocabulary ** next()).toString(36)}`;
  return Array.from({ length: rows }, () => Array.from({ length: 6 + Math.floor(12 * next()) }, word).join(' '));
}

/** Three words of a text, not its most common ones. */
export function queryOf(text, next) {
  const words = text.split(' ').sort((a, b) => b.length - a.length);
  return Array.from({ length: 3 }, () => words[Math.floor(next() * Math.min(6, words.length))]).join(' ');
}
