// SPDX-License-Identifier: Apache-2.0
import { spokenCount } from './familiarity.mjs';

/**
 * @typedef {import('./wordnet.mjs').Synset} Synset
 * @typedef {import('./wordnet.mjs').Sense} Sense
 */

/** Words that say how, not what. */
const functionWords = new Set(
  `a an the of or and to in on at by for with from that which who whom whose is are be been being was were as it its into
  not no any some one ones something someone somebody used such than other especially usually often very having has have had do
  does done can may more most this these those their his her your you they them he she if when where while up out over off about
  between through under without within against during after before all each every both`.split(/\s+/),
);

/** Occurrences in 51 million words of subtitles from which a word is one that people use; and for one from the same synset, which is closer. */
const familiar = { relative: 100, synonym: 20 };

/** The first clause of a definition, without what stands in brackets: what one would say of the thing. @param {string} definition */
export const gist = (definition) => (definition.replace(/\([^)]*\)/g, ' ').split(';')[0] ?? '').replace(/\s+/g, ' ').trim();

/** Says definitions in other words, by WordNet's synonyms and the next broader meaning. It is clumsy, but the meaning mostly stays. */
export class Paraphraser {
  #synsets;
  /** Meanings of a word, the most frequent first. @type {Map<string, Sense[]>} */
  #senses = new Map();

  /** @param {readonly Synset[]} synsets @param {readonly Sense[]} senses */
  constructor(synsets, senses) {
    this.#synsets = new Map(synsets.map((synset) => [synset.id, synset]));
    for (const sense of senses) this.#senses.set(sense.word, [...(this.#senses.get(sense.word) ?? []), sense]);
    for (const list of this.#senses.values()) list.sort((a, b) => b.tags - a.tags || a.number - b.number);
  }

  /**
   * The gist of a definition with some of its words replaced, never by one of the words that it defines.
   * @param {Pick<Synset, 'words' | 'definition'>} entry
   * @param {number} every  1: every word that says something, 2: every second one, from the first
   */
  say({ words, definition }, every) {
    const defined = words.map((word) => word.toLowerCase());
    let place = 0;
    const parts = gist(definition).split(' ').map((part) => {
      const [, word = '', mark = ''] = /^([a-z]+)([,.]?)$/.exec(part) ?? [];
      if (word === '' || functionWords.has(word) || place++ % every !== 0) return part;
      const other = this.#other(word, defined);
      return other ? other + mark : part;
    });
    return parts.join(' ');
  }

  /** @param {string} word @param {readonly string[]} defined @returns {string | undefined} */
  #other(word, defined) {
    for (const { singular, isPlural } of readings(word)) {
      const synset = this.#synsets.get(this.#senses.get(singular)?.[0]?.synset ?? '');
      if (!synset) continue;
      if (isPlural && synset.pos !== 'noun') return undefined;
      const found = this.#replacement(synset, [...defined, singular]);
      return found && isPlural ? pluralOf(found) : found;
    }
    return undefined;
  }

  /** @param {Synset} synset @param {readonly string[]} avoided */
  #replacement(synset, avoided) {
    const synonym = mostFamiliar(synset, avoided);
    if (synonym && spokenCount(synonym) >= familiar.relative) return synonym;
    const broader = synset.pointers.find(({ symbol }) => symbol === '@' || symbol === '&');
    const relative = mostFamiliar(this.#synsets.get(broader?.target ?? ''), avoided);
    if (relative && spokenCount(relative) >= familiar.relative) return relative;
    return synonym && spokenCount(synonym) >= familiar.synonym ? synonym : undefined;
  }
}

/** What a form may stand for. @param {string} word */
function readings(word) {
  const plural = (/** @type {string} */ ending, as = '') =>
    word.endsWith(ending) ? [{ singular: word.slice(0, -ending.length) + as, isPlural: true }] : [];
  return [{ singular: word, isPlural: false }, ...plural('ies', 'y'), ...plural('es'), ...(word.endsWith('ss') ? [] : plural('s'))];
}

/** @param {string} word */
const pluralOf = (word) => (/(?:s|x|ch|sh)$/.test(word) ? `${word}es` : /[^aeiou]y$/.test(word) ? `${word.slice(0, -1)}ies` : `${word}s`);

/** @param {Synset | undefined} synset @param {readonly string[]} avoided */
function mostFamiliar(synset, avoided) {
  const single = (synset?.words ?? []).filter((word) => /^[a-z]+$/.test(word) && !avoided.includes(word));
  return single.sort((a, b) => spokenCount(b) - spokenCount(a))[0];
}
