// SPDX-License-Identifier: Apache-2.0
import { byId } from './dom.js';
import type { ResultList } from './result-list.js';

/** Milliseconds after the last keystroke: about the pause between two keys of a quick typist. */
const pause = 120;

/** The combobox: text in, queries out. Focus never leaves the input while one walks through the results. */
export class SearchBox {
  readonly #input = byId('query', HTMLInputElement);
  readonly #clear = byId('clear', HTMLButtonElement);
  readonly #without = byId('without', HTMLInputElement);
  readonly #onQuery: (text: string) => void;
  readonly #onKey: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param onKey - at once at every change, before the query is complete */
  constructor(onQuery: (text: string) => void, onKey: () => void) {
    this.#onQuery = onQuery;
    this.#onKey = onKey;
    this.#input.addEventListener('input', () => this.#changed(pause));
    this.#without.addEventListener('input', () => this.#changed(pause));
    this.#without.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || event.isComposing) return;
      this.#without.value = '';
      this.#changed(0);
      this.focus();
    });
    this.#clear.addEventListener('click', () => {
      this.set('');
      this.focus();
    });
  }

  /** The query: no spaces around or twice. */
  get text(): string {
    return oneLine(this.#input.value);
  }

  /** What the answers are not to be about. */
  get without(): string {
    return oneLine(this.#without.value);
  }

  /** A new query, to which what was not wanted of the last one does not belong. */
  set(text: string): void {
    this.#input.value = text;
    this.#without.value = '';
    this.#changed(0);
  }

  setExample(text: string): void {
    this.#input.placeholder = text;
  }

  focus(): void {
    this.#input.focus();
  }

  setActive(id: string | undefined): void {
    if (id) this.#input.setAttribute('aria-activedescendant', id);
    else this.#input.removeAttribute('aria-activedescendant');
  }

  setExpanded(isExpanded: boolean): void {
    this.#input.setAttribute('aria-expanded', String(isExpanded));
  }

  /** Home, End, Left and Right move the caret as in every text field. */
  controls(list: ResultList): void {
    byId('search', HTMLFormElement).addEventListener('submit', (event) => event.preventDefault());
    this.#input.addEventListener('keydown', (event) => {
      if (event.isComposing || event.altKey || event.ctrlKey || event.metaKey) return;
      if (this.#press(event.key, list)) event.preventDefault();
    });
  }

  #press(key: string, list: ResultList): boolean {
    switch (key) {
      case 'ArrowDown':
      case 'ArrowUp':
        list.move(key === 'ArrowDown' ? 1 : -1);
        return true;
      case 'Enter':
        list.open();
        return true;
      case 'Escape':
        if (list.hasActive) list.deactivate();
        else this.set('');
        return true;
      default:
        return false;
    }
  }

  #changed(wait: number): void {
    this.#onKey();
    this.#clear.hidden = this.#input.value === '';
    clearTimeout(this.#timer);
    // An empty box is answered at once.
    if (wait === 0 || this.text === '') this.#onQuery(this.text);
    else this.#timer = setTimeout(() => this.#onQuery(this.text), wait);
  }
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();
