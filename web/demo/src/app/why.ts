// SPDX-License-Identifier: Apache-2.0
import type { Explanation, Share } from '../worker/protocol.js';
import { byId, make } from './dom.js';
import { percent, relevanceAt, type Scale, type Word, wordOf } from './scale.js';

/** A share of a score below which a word is not coloured. */
const faint = 0.005;

/** Why a result has its score: worked out when the visitor opens it. */
export class Why {
  readonly #details = byId('why', HTMLDetailsElement);
  readonly #body = byId('why-body', HTMLElement);
  #load: () => Promise<void> = async () => {};
  /** Tells what was asked for an earlier result from what is wanted now. */
  #turn = 0;

  constructor() {
    this.#details.addEventListener('toggle', () => {
      if (this.#details.open) void this.#load();
    });
  }

  reset(score: number, scale: Scale | undefined, explain: () => Promise<Explanation>): void {
    const turn = ++this.#turn;
    this.#details.open = false;
    this.#body.replaceChildren();
    this.#load = async () => {
      if (this.#body.hasChildNodes()) return;
      const level = scale ? [levelPart(score, scale)] : [];
      this.#body.replaceChildren(...level, make('p', 'working', 'Working out which words count …'));
      const explanation = await explain();
      if (turn === this.#turn) this.#body.replaceChildren(...level, ...partsOf(explanation));
    };
  }
}

const meanings: Readonly<Record<Word, string>> = {
  strong: 'of the answers at least this close, four in five were right.',
  likely: 'of the answers at least this close, every second one was right.',
  weak: 'it may be right, but most answers like this one were not.',
};

function levelPart(score: number, scale: Scale): HTMLElement {
  const link = make('a', '', 'How this was measured');
  link.href = './reliability.html';
  const word = wordOf(scale, score);
  const exact = ` Of those that score ${score.toFixed(2)}, it was ${percent(relevanceAt(scale, score))}. `;
  return make('p', 'level-text', make('strong', word, word), `: ${meanings[word]}${exact}`, link, '.');
}

function partsOf(explanation: Explanation): HTMLElement[] {
  switch (explanation.kind) {
    case 'sum':
      return [make('p', 'why-lead', 'The score is the sum of what its terms bring:'), sumTable(explanation)];
    case 'words':
      return wordParts(explanation);
    default:
      return [make('p', '', 'That cannot be said any more: the question or the file has changed.')];
  }
}

function sumTable({ terms, residual, score }: Extract<Explanation, { kind: 'sum' }>): HTMLElement {
  const row = (name: string, value: number, className = ''): HTMLElement => {
    const head = make('th', '', name);
    head.scope = 'row';
    return make('tr', className, head, make('td', '', signed(value)), make('td', '', barOf(value)));
  };
  const rows = terms.map(({ text, share }) => row(text, share));
  const rest = Math.abs(residual) >= 0.005 ? [row('rounded away by the index', residual, 'rest')] : [];
  return make('table', 'shares', make('tbody', '', ...rows, ...rest, row('score', score, 'total')));
}

function barOf(value: number): HTMLElement {
  const bar = make('span', value < 0 ? 'share-bar less' : 'share-bar');
  bar.setAttribute('aria-hidden', 'true');
  bar.style.setProperty('--share', String(Math.min(Math.abs(value), 1)));
  return bar;
}

function wordParts({ query, entry, score }: Extract<Explanation, { kind: 'words' }>): HTMLElement[] {
  const sum = query.reduce((total, { share }) => total + share, 0);
  const most = Math.max(...[...query, ...entry].map(({ share }) => Math.abs(share)), faint);
  const lead = make('p', 'why-lead', 'The stronger the colour of a word, the more the score of ', score.toFixed(2), ' falls without it. Dashed: it rises.');
  const rest = make(
    'p',
    'why-rest',
    `Left out one at a time, the words of the question take ${Math.abs(sum).toFixed(2)} ${sum < 0 ? 'more' : 'off'} together, of a score of ${score.toFixed(2)}. The rest belongs to no word alone: the encoder reads a text as a whole.`,
  );
  return [lead, textPart('Your words', query, most), textPart('The entry', entry, most), rest];
}

function textPart(name: string, shares: readonly Share[], most: number): HTMLElement {
  const words = shares.flatMap(({ text, share }) => {
    const part = make('span', share < -faint ? 'heat less' : 'heat', text);
    const strength = Math.abs(share) < faint ? 0 : Math.abs(share) / most;
    part.style.setProperty('--heat', strength.toFixed(3));
    const value = make('span', 'unseen', ` (${signed(share)})`);
    part.append(value);
    part.title = signed(share);
    return [part, ' '];
  });
  return make('p', 'heated', make('span', 'heated-name', name), ...words);
}

/** "+0.31", "−0.12" */
const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`;
