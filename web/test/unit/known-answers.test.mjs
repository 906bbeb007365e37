// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as simile from 'simile';
import { knownAnswers } from '../known-answers.mjs';

test('every codec and similarity gives the nearest first, for every form of input', async () => {
  assert.equal(await knownAnswers(simile), 216);
});
