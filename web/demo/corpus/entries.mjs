// SPDX-License-Identifier: Apache-2.0
export { textOf } from '../src/encoder/entry-text.js';
import { byFamiliarity } from './familiarity.mjs';
import { readSenses, readSynsets } from './wordnet.mjs';

/** Rows of the default corpus: common words, ready in about three minutes on two cores. */
export const defaultRows = 20_000;

/** All meanings in WordNet, the most familiar first. */
export const readEntries = () => readWordNet().entries;

/** All meanings, the most familiar first, and all senses of words. */
export function readWordNet() {
  const senses = readSenses();
  return { entries: byFamiliarity(readSynsets(), senses), senses };
}

/**
 * The entries as columns, which is smaller and quicker to parse than objects.
 * @typedef {{ words: string[][], pos: import('./wordnet.mjs').PartOfSpeech[], definition: string[], id: string[] }} EntryColumns
 * @param {readonly import('./wordnet.mjs').Synset[]} entries
 * @returns {EntryColumns}
 */
export const columnsOf = (entries) => ({
  words: entries.map(({ words }) => words),
  pos: entries.map(({ pos }) => pos),
  definition: entries.map(({ definition }) => definition),
  id: entries.map(({ id }) => id),
});
