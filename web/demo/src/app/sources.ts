// SPDX-License-Identifier: Apache-2.0
import type { Source } from '../worker/protocol.js';
import { byId, setText } from './dom.js';

/** The switch between the dictionary and the visitor's file: radio buttons that look like tabs. */
export class Sources {
  readonly #tabs = byId('tabs', HTMLFieldSetElement);
  readonly #ownTab = byId('own-tab', HTMLElement);
  readonly #ownName = byId('own-name', HTMLElement);

  constructor(onChange: () => void) {
    this.#tabs.addEventListener('change', onChange);
  }

  get current(): Source {
    return this.#tabs.querySelector<HTMLInputElement>('input:checked')?.value === 'own' ? 'own' : 'dictionary';
  }

  get ownName(): string {
    return this.#ownName.textContent ?? '';
  }

  setDictionary(name: string): void {
    setText(byId('dictionary-name', HTMLElement), name);
  }

  /** Shows the file's tab and goes there. */
  addOwn(name: string): void {
    setText(this.#ownName, name);
    this.#ownName.title = name;
    byId('remove', HTMLButtonElement).setAttribute('aria-label', `Remove ${name}`);
    setText(byId('pick-text', HTMLElement), 'Another file');
    this.#ownTab.hidden = false;
    this.choose('own');
  }

  removeOwn(): void {
    this.#ownTab.hidden = true;
    setText(byId('pick-text', HTMLElement), 'Your own file');
    this.choose('dictionary');
  }

  choose(source: Source): void {
    const tab = this.#tabs.querySelector<HTMLInputElement>(`input[value=${source}]`);
    if (tab) tab.checked = true;
  }
}
