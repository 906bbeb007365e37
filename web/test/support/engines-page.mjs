// SPDX-License-Identifier: Apache-2.0
// Runs in a page of any engine: does what the address asks for, and leaves the outcome as JSON in an attribute of the document.

import { openCollection } from '/dist/collection/collection.js';
import * as simile from '/dist/simile.js';
import { openStore } from '/dist/store/store.js';
import * as worker from '/dist/worker/worker.js';
import { determinism } from '/test/determinism.mjs';
import { knownAnswers, workerAnswers } from '/test/known-answers.mjs';
import * as elementPage from '/test/support/element-page.mjs';
import { run as runStore } from '/test/support/store-page.mjs';
import { wordEmbedder } from '/test/support/word-embedder.mjs';

const notes = { schema: { text: 'text' }, embedder: wordEmbedder({ dims: 64 }) };
const docs = ['a boat on the river', 'bread in the oven', 'the river is wide'].map((text, id) => ({ id, text }));

const tasks = {
  /** Which build was loaded, and the hashes of files and results. */
  async bits({ simd }) {
    const core = await simile.init({ simd });
    return { simd: core.simd, hashes: await determinism(simile) };
  },

  answers: () => knownAnswers(simile),
  workers: () => workerAnswers(worker),

  /** An index into the store, and back. */
  async keep({ name }) {
    const store = await openStore(name);
    const index = await simile.Index.create({ dims: 3 });
    await index.addMany(['x', 'y', 'z'], [1, 0, 0, 0, 1, 0, 0, 0, 1]);
    await store.save(index);
    // It is left open: the page that comes next finds it all the same.
    return store.kind;
  },
  async kept({ name }) {
    const store = await openStore(name);
    const index = await simile.Index.fromBytes(await store.load());
    const { kind, generation, recovered } = store;
    const [{ id }] = await index.search([0.1, 1, 0], { k: 1 });
    await store.delete();
    store.close();
    return { kind, generation, recovered, id };
  },

  /** A task of store-page.mjs, in the page or in a worker of it; what it tells is kept in another attribute. */
  store: ({ task, options, isWorker }) =>
    runStore(task, options, isWorker, (told) => document.documentElement.setAttribute('data-told', JSON.stringify(told))),

  /** A collection that is opened, filled and saved; then opened, searched and deleted. */
  async collect({ name }) {
    const saved = await openCollection(name, notes);
    await saved.collection.addMany(docs);
    await saved.save();
    saved.close();
    return saved.kind;
  },
  async collected({ name }) {
    const saved = await openCollection(name, notes);
    const { kind, collection } = saved;
    const { hits } = await collection.search('river', { mode: 'lexical' });
    saved.close();
    return { kind, size: collection.size, ids: hits.map(({ id }) => id).sort() };
  },

  /** The element, whose state is kept in another attribute. */
  async element() {
    await elementPage.start({ attributes: { shortcut: 'mod+k' } });
    // Typing goes to what has the focus.
    window.element.focus();
    const tell = () =>
      document.documentElement.setAttribute('data-state', JSON.stringify({ ...elementPage.state(), chosen: window.selected }));
    tell();
    setInterval(tell, 50);
    return 'ready';
  },
};

const asked = new URL(location.href).searchParams;
const complaints = [];
addEventListener('error', ({ message }) => complaints.push(message));
addEventListener('unhandledrejection', ({ reason }) => complaints.push(String(reason)));
addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
  complaints.push(`${violatedDirective} ${blockedURI}`),
);

const outcome = await Promise.resolve(tasks[asked.get('task')](JSON.parse(asked.get('options')))).then(
  (value) => ({ value }),
  (error) => ({ error: `${error.code ?? ''} ${error}\n${error.stack}` }),
);
document.documentElement.setAttribute('data-outcome', JSON.stringify({ ...outcome, complaints }));
