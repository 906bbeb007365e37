// SPDX-License-Identifier: Apache-2.0
// Plays the browser on a static site, for a program in Node: the folder site/ is served, and addresses without a host belong to it.
import { mkdirSync } from 'node:fs';
import { startStaticServer } from './static-server.mjs';

mkdirSync('site', { recursive: true });
const server = await startStaticServer({}, { root: 'site', ranges: true });
globalThis.location = { href: `${server.address}/` };
const { fetch } = globalThis;
globalThis.fetch = (address, options) => fetch(new URL(address, server.address), options);

export const closeSite = () => server.close();
