// SPDX-License-Identifier: Apache-2.0
import { setText } from './dom.js';

/** Milliseconds without news before something is read aloud: a screen reader is not to talk into every keystroke. */
const quietTime = 900;

/** A polite live region. */
export class Announcer {
  readonly #region: HTMLElement;
  readonly #waiting = new Map<'file' | 'results', string>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(region: HTMLElement) {
    this.#region = region;
  }

  /** Takes the place of what waits to be said about the same. */
  say(about: 'file' | 'results', text: string): void {
    this.#waiting.set(about, text);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      setText(this.#region, [...this.#waiting.values()].join(' '));
      this.#waiting.clear();
    }, quietTime);
  }
}
