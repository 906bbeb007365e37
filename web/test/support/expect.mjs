// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { SimileError } from 'simile';

/** Runs `work` and returns the SimileError that it throws or rejects with; anything else fails the test. */
export async function refusal(work) {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof SimileError)) throw error;
    assert.notEqual(error.message, '', 'an error says what is wrong');
    return error;
  }
  assert.fail('nothing was thrown');
}

/** Fails unless `work` is refused with this code. */
export async function refused(code, work, what = '') {
  const error = await refusal(work);
  assert.equal(error.code, code, `${what} ${error.message}`);
  return error;
}
