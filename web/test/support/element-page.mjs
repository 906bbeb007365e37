// SPDX-License-Identifier: Apache-2.0
// Runs in a page with a strict policy: a <simile-search> over a small collection, and what is thrown at it.

import { Collection } from '/dist/collection/collection.js';
import { defineSimileSearch } from '/dist/element/element.js';

export { payloads } from './payloads.mjs';

const documents = [
  {
    id: 1,
    title: 'Growing tomatoes',
    text: 'Tomatoes want sun, water and a stake. Plant them after the last frost.',
    url: '/tomatoes',
  },
  { id: 2, title: 'Water in the garden', text: 'Collect rain water; tomatoes and beans thank you for it.', url: '/water' },
  {
    id: 3,
    title: 'Roses',
    text: 'Cut roses back in spring, above an eye that looks outward.',
    url: 'javascript:window.ran=true',
  },
  { id: 4, title: 'بستان الطماطم', text: 'تحتاج الطماطم إلى الشمس والماء. tomatoes', url: '' },
];

/** A page as a user writes it; the collection comes by `src` when `bytes` is asked for. */
export async function start({ attributes = {}, docs = documents, schema = { title: 'text', text: 'text' } } = {}) {
  defineSimileSearch();
  const main = document.createElement('main');
  const heading = document.createElement('h1');
  heading.textContent = 'Garden';
  const other = document.createElement('input');
  other.id = 'other';
  other.setAttribute('aria-label', 'Other');
  const element = document.createElement('simile-search');
  for (const [name, value] of Object.entries({ shortcut: 'mod+k', placeholder: 'Search the garden', ...attributes }))
    element.setAttribute(name, value);
  const after = document.createElement('p');
  after.textContent = 'Every plant has its place, and every place its plant.';
  main.append(heading, element, other, after);
  document.body.replaceChildren(main);
  const collection = await Collection.create({ schema });
  await collection.addMany(docs);
  window.element = element;
  window.collection = collection;
  window.selected = [];
  window.failures = [];
  element.addEventListener('simile-select', (event) => {
    event.preventDefault();
    window.selected.push(event.detail.hit.id);
  });
  element.addEventListener('simile-error', ({ detail }) => window.failures.push(String(detail)));
  if (!attributes.src) element.collection = collection;
}

/** What a person sees and hears of it. */
export function state() {
  const root = window.element.shadowRoot;
  const one = (selector) => root.querySelector(selector);
  const input = one('input');
  const active = input.getAttribute('aria-activedescendant');
  return {
    value: input.value,
    isOpen: !one('[part=panel]').hidden,
    expanded: input.getAttribute('aria-expanded'),
    options: [...root.querySelectorAll('[role=option] [part=title]')].map(({ textContent }) => textContent),
    marks: [...root.querySelectorAll('mark')].map(({ textContent }) => textContent),
    active: active === null ? '' : root.getElementById(active).querySelector('[part=title]').textContent,
    selected: [...root.querySelectorAll('[aria-selected=true]')].length,
    message: one('[part=message]').hidden ? '' : one('[part=message]').textContent,
    status: one('[role=status]').textContent,
    isFocused: document.activeElement === window.element && root.activeElement === input,
    caret: input.selectionStart,
  };
}
