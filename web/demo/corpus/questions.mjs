// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { gist, Paraphraser } from './paraphrase.mjs';

/**
 * @typedef {import('./wordnet.mjs').Synset} Synset
 * @typedef {import('./wordnet.mjs').Sense} Sense
 * @typedef {'verbatim' | 'half' | 'most' | 'absent'} Kind
 *
 * @typedef {object} Question  what somebody might type, and what would be a right answer
 * @property {string} text
 * @property {Kind} kind
 * @property {number} row  the entry that was described
 * @property {number[]} relevant  rows of right answers, in rising order; for `absent` without `row`
 */

/**
 * How the questions come about. `verbatim`: the first clause of the definition, as somebody types who knows the word's definition or
 * looks for something similar. `half` and `most`: every second or every word of it replaced. `absent`: every second replaced, and the
 * entry itself is taken out of the answers, as not everything that is asked for is in a dictionary.
 * @type {readonly Kind[]}
 */
export const kinds = ['verbatim', 'half', 'most', 'absent'];

/** Questions of a kind: all together 2,400, ten seconds of embedding on two cores. */
export const questionsOfKind = 600;

/**
 * Relations whose other end is a right answer too: derived forms, similar adjectives, groups of verbs, attributes, and the next
 * narrower meanings. Of a broader one ("doctor" for "a doctor who treats children") nobody would say that this was the word.
 */
const nextOfKin = new Set(['+', '\\', '&', '$', '=', '~']);

/** Shorter definitions, such as "very small", fit too many words. */
const fewestWords = 3;

/**
 * Questions about entries of the corpus, the same on every machine.
 * @param {readonly Synset[]} entries  the corpus
 * @param {readonly Synset[]} synsets  all of WordNet
 * @param {readonly Sense[]} senses
 * @param {number} [perKind]
 * @returns {Question[]}
 */
export function questionsAbout(entries, synsets, senses, perKind = questionsOfKind) {
  const paraphraser = new Paraphraser(synsets, senses);
  const rows = inOrderOfChance(entries).filter((row) => gist(entries[row].definition).split(' ').length >= fewestWords);
  const count = Math.min(perKind, Math.floor(rows.length / kinds.length));
  const answers = new Answers(entries);
  return kinds.flatMap((kind, k) =>
    rows.slice(k * count, (k + 1) * count).map((row) => {
      const relevant = answers.of(row).filter((other) => kind !== 'absent' || other !== row);
      return { text: wordingOf(paraphraser, entries[row], kind), kind, row, relevant };
    }),
  );
}

/** @param {Paraphraser} paraphraser @param {Synset} entry @param {Kind} kind */
function wordingOf(paraphraser, entry, kind) {
  if (kind === 'verbatim') return gist(entry.definition);
  return paraphraser.say(entry, kind === 'most' ? 1 : 2);
}

/** Rows in an order that has nothing to do with their contents. @param {readonly Synset[]} entries */
function inOrderOfChance(entries) {
  const keys = entries.map(({ id }) => createHash('sha256').update(id).digest('hex'));
  return Array.from(keys.keys()).sort((a, b) => (keys[a] < keys[b] ? -1 : 1));
}

/** Which rows answer a question about an entry: those that have one of its words, and its next of kin. */
class Answers {
  #entries;
  /** @type {Map<string, number>} */
  #rowOf;
  /** @type {Map<string, number[]>} */
  #rowsOfWord = new Map();

  /** @param {readonly Synset[]} entries */
  constructor(entries) {
    this.#entries = entries;
    this.#rowOf = new Map(entries.map(({ id }, row) => [id, row]));
    for (const [row, { words }] of entries.entries()) {
      for (const word of words) this.#rowsOfWord.set(word.toLowerCase(), [...this.#rowsWith(word), row]);
    }
  }

  /** @param {number} row */
  of(row) {
    const { words, pointers } = this.#entries[row];
    const kin = pointers.filter(({ symbol }) => nextOfKin.has(symbol)).flatMap(({ target }) => this.#rowOf.get(target) ?? []);
    return [...new Set([row, ...words.flatMap((word) => this.#rowsWith(word)), ...kin])].sort((a, b) => a - b);
  }

  /** @param {string} word */
  #rowsWith(word) {
    return this.#rowsOfWord.get(word.toLowerCase()) ?? [];
  }
}
