// SPDX-License-Identifier: Apache-2.0
import type { PassageEntry, Result, WordEntry } from '../worker/protocol.js';
import { make, setText } from './dom.js';
import { relevanceAt, type Scale, wordOf } from './scale.js';

/** How the results are shown. */
export interface Look {
  /** What scores are worth; undefined: nobody has measured it, and only the score is shown. */
  readonly scale: Scale | undefined;
  /** The order is another one than that of the scores, so how the places have changed is shown. */
  readonly isReordered: boolean;
}

/** The listbox. Its rows stay in place and get new contents, so that the page does not move while one types. */
export class ResultList {
  readonly #list: HTMLUListElement;
  readonly #onOpen: (result: Result) => void;
  readonly #onActive: (id: string | undefined) => void;
  #results: readonly Result[] = [];
  #active = -1;

  constructor(list: HTMLUListElement, onOpen: (result: Result) => void, onActive: (id: string | undefined) => void) {
    this.#list = list;
    this.#onOpen = onOpen;
    this.#onActive = onActive;
    // Focus stays in the box.
    list.addEventListener('mousedown', (event) => event.preventDefault());
    list.addEventListener('click', (event) => {
      const row = event.target instanceof Element ? event.target.closest('[role=option]') : null;
      if (row) this.#open([...list.children].indexOf(row));
    });
  }

  get size(): number {
    return this.#results.length;
  }

  get hasActive(): boolean {
    return this.#active >= 0;
  }

  /** @param keepsActive - the same query with sharper scores: what was chosen stays chosen */
  show(results: readonly Result[], keepsActive: boolean, look: Look = { scale: undefined, isReordered: false }): void {
    const chosen = keepsActive ? this.#results[this.#active]?.row : undefined;
    this.#results = results;
    while (this.#list.children.length > results.length) this.#list.lastElementChild?.remove();
    results.forEach((result, i) => {
      const row = this.#list.children[i] ?? this.#list.appendChild(emptyRow(i));
      fillRow(row as HTMLLIElement, result, i + 1, look);
    });
    this.#list.hidden = results.length === 0;
    this.#activate(chosen === undefined ? -1 : results.findIndex(({ row }) => row === chosen), false);
  }

  /** One step down (1) or up (-1); past either end lies the box itself. */
  move(step: 1 | -1): void {
    const places = this.#results.length + 1;
    this.#activate(((this.#active + 1 + step + places) % places) - 1, true);
  }

  deactivate(): void {
    this.#activate(-1, false);
  }

  /** Opens the active result, or else the best. */
  open(): void {
    this.#open(Math.max(this.#active, 0));
  }

  #open(place: number): void {
    const result = this.#results[place];
    if (result) this.#onOpen(result);
  }

  #activate(place: number, scrolls: boolean): void {
    this.#active = place;
    for (const [i, row] of [...this.#list.children].entries()) row.setAttribute('aria-selected', String(i === place));
    const row = this.#list.children[place];
    if (scrolls) (row ?? document.body).scrollIntoView({ block: row ? 'nearest' : 'start' });
    this.#onActive(row?.id);
  }
}

function emptyRow(place: number): HTMLLIElement {
  const row = make('li', '');
  row.id = `result-${place}`;
  row.setAttribute('role', 'option');
  return row;
}

function fillRow(row: HTMLLIElement, result: Result, place: number, look: Look): void {
  const { entry, score } = result;
  row.className = 'result';
  row.dataset['kind'] = entry.kind;
  const change = look.isReordered ? [changePart(result.plainRank, place)] : [];
  const parts = entry.kind === 'word' ? wordParts(entry) : passageParts(entry);
  row.replaceChildren(...parts, make('p', 'score', ...change, ...levelParts(score, look.scale), numberPart(score)));
}

function wordParts({ words, pos, definition }: WordEntry): HTMLElement[] {
  const [word = '', ...synonyms] = words;
  const head = make('p', 'head', make('span', 'word', word), ' ', make('span', 'pos', pos));
  if (synonyms.length > 0) head.append(' ', make('span', 'synonyms', synonyms.join(', ')));
  return [head, make('p', 'gloss', definition)];
}

function passageParts({ text, title, place }: PassageEntry): HTMLElement[] {
  return [make('p', 'text', text), make('p', 'where', title ? `${title} · ${place}` : place)];
}

/** Places on the page: a result from further down is new on it. */
const places = 10;

function changePart(before: number, place: number): HTMLElement {
  const steps = before - place;
  const [sign, text, kind] =
    before > places ? ['', 'new', 'new'] : steps > 0 ? ['▲', String(steps), 'up'] : steps < 0 ? ['▼', String(-steps), 'down'] : ['', '=', 'same'];
  const part = make('span', `change ${kind}`);
  const spoken = kind === 'new' ? 'new, ' : kind === 'same' ? 'same place, ' : `${kind} ${text}, `;
  const seen = make('span', '', sign + text);
  seen.setAttribute('aria-hidden', 'true');
  part.append(seen, make('span', 'unseen', spoken));
  part.title = kind === 'new' ? `${before}th by score alone` : '';
  return part;
}

/** The bar shows the relevance where it is known, else the score. */
function levelParts(score: number, scale: Scale | undefined): HTMLElement[] {
  const bar = make('span', 'bar');
  bar.setAttribute('aria-hidden', 'true');
  bar.style.setProperty('--score', String(scale ? relevanceAt(scale, score) : Math.min(Math.max(score, 0), 1)));
  if (!scale) return [bar];
  const word = wordOf(scale, score);
  return [make('span', `level ${word}`, word), make('span', 'unseen', ', '), bar];
}

function numberPart(score: number): HTMLElement {
  const number = make('span', 'number', make('span', 'unseen', 'score '));
  const digits = make('span', '');
  setText(digits, score.toFixed(2));
  number.append(digits);
  return number;
}
