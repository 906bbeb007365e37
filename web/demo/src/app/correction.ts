// SPDX-License-Identifier: Apache-2.0
import { byId, setText } from './dom.js';

export interface CorrectionState {
  readonly isOwn: boolean;
  /** The whole index has arrived. */
  readonly isComplete: boolean;
  /** The index file holds what the correction needs. */
  readonly hasBank: boolean;
}

/** The switch between ranks by score and ranks that hubs, which come close to everything, do not lead. */
export class Correction {
  readonly #switch = byId('corrected', HTMLInputElement);
  readonly #label = byId('corrected-label', HTMLLabelElement);

  constructor(onChange: () => void) {
    this.#switch.addEventListener('change', onChange);
  }

  get isOn(): boolean {
    return this.#switch.checked && !this.#switch.disabled;
  }

  render(state: CorrectionState): void {
    const reason = reasonAgainst(state);
    this.#switch.disabled = reason !== '';
    this.#label.title = reason || explanation;
    setText(byId('corrected-why', HTMLElement), reason || explanation);
    this.#label.hidden = state.isOwn;
  }
}

const explanation = 'Some entries come close to nearly every question. With this, they have to come closer than the others.';

function reasonAgainst({ isOwn, isComplete, hasBank }: CorrectionState): string {
  if (isOwn) return 'Your file has no questions to learn this from.';
  if (!isComplete) return 'The dictionary is still loading; then this can be switched on.';
  return hasBank ? '' : 'This dictionary was built without it.';
}
