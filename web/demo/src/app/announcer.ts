// SPDX-License-Identifier: Apache-2.0
import { setText } from './dom.js';

/** Milliseconds without news before something is read aloud: a screen reader is not to talk into every keystroke. */
const quietTime = 900;

/** A polite live region. */
export class Announcer {
  readonly #region: HTMLElement;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(region: HTMLElement) {
    this.#region = region;
  }

  say(text: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => setText(this.#region, text), quietTime);
  }
}
