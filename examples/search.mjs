// SPDX-License-Identifier: Apache-2.0
// Loads an index that a native program built, and searches it in Node.
//
//   npm install simile
//   node search.mjs colors.simile 250 10 10      prints
//
//   red            -225
//   brown         -9273
//   maroon       -15084     (nearest first; the score is the negated squared distance)
import { readFile } from 'node:fs/promises';
import { Index } from 'simile';

const [file, ...numbers] = process.argv.slice(2);
const index = await Index.fromBytes(await readFile(file));
for (const { id, score } of await index.search(numbers.map(Number), { k: 3 })) console.log(`${String(id).padEnd(10)} ${String(score).padStart(8)}`);
index.dispose();
