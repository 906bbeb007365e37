// SPDX-License-Identifier: Apache-2.0
// Those of the fixtures that need nothing but Node and Chromium; ./dev test fixtures tries them all.
import { after, before } from 'node:test';
import { fixtures, testFixtures } from '../fixtures/fixtures.mjs';
import { launchChromium } from '../support/chromium.mjs';
import { installPacked } from '../support/packed.mjs';

const shared = {};
before(async () => {
  shared.pack = installPacked();
  shared.browser = await launchChromium();
});
after(async () => {
  await shared.browser?.close();
  shared.pack?.remove();
});

testFixtures(
  (await fixtures()).filter(({ needs }) => needs.length === 0),
  () => shared,
);
