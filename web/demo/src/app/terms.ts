// SPDX-License-Identifier: Apache-2.0
import type { ReadTerm } from '../worker/protocol.js';
import { byId, make } from './dom.js';

/** How a sum of words was read: one chip a term, dashed where the dictionary does not know it. */
export function showTerms(terms: readonly ReadTerm[]): void {
  const list = byId('terms', HTMLUListElement);
  list.hidden = terms.length === 0;
  list.replaceChildren(...terms.map(chipOf));
}

function chipOf({ sign, text, isWord }: ReadTerm, place: number): HTMLElement {
  const shown = sign < 0 ? '−' : place > 0 ? '+' : '';
  const mark = make('span', 'sign', shown);
  mark.setAttribute('aria-hidden', 'true');
  const spoken = make('span', 'unseen', sign < 0 ? 'minus ' : place > 0 ? 'plus ' : '');
  const chip = make('li', `term ${sign < 0 ? 'minus' : 'plus'}${isWord ? '' : ' unknown'}`, ...(shown ? [mark] : []), spoken, text);
  chip.title = isWord ? 'A word of the dictionary: its meaning counts, too' : 'Not in the dictionary: only the word itself counts';
  return chip;
}
