// SPDX-License-Identifier: Apache-2.0
import { byId } from './dom.js';
import type { ResultList } from './result-list.js';

/** Milliseconds after the last keystroke: about the pause between two keys of a quick typist. */
const pause = 120;

/** The combobox: text in, queries out. Focus never leaves the input while one walks through the results. */
export class SearchBox {
  readonly #input = byId('query', HTMLInputElement);
  readonly #clear = byId('clear', HTMLButtonElement);
  readonly #onQuery: (text: string) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(onQuery: (text: string) => void) {
    this.#onQuery = onQuery;
    this.#input.addEventListener('input', () => this.#changed(pause));
    this.#clear.addEventListener('click', () => {
      this.set('');
      this.focus();
    });
  }

  /** The query: no spaces around or twice. */
  get text(): string {
    return this.#input.value.replace(/\s+/g, ' ').trim();
  }

  set(text: string): void {
    this.#input.value = text;
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
    this.#clear.hidden = this.#input.value === '';
    clearTimeout(this.#timer);
    // An empty box is answered at once.
    if (wait === 0 || this.text === '') this.#onQuery(this.text);
    else this.#timer = setTimeout(() => this.#onQuery(this.text), wait);
  }
}
