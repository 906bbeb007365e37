// SPDX-License-Identifier: Apache-2.0

/** Runs work one after the other, in the order of the calls; what fails does not stop what follows. @internal */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  take<T>(work: () => T | Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.then(
      () => {},
      () => {},
    );
    return result;
  }
}
