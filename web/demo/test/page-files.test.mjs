// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { answered, ask, chooseFile, embedded, open, ready, startBrowser, TestServer } from './support/browser.mjs';

const browser = await startBrowser();
const server = await TestServer.start();

const notes = `The ferry to the island leaves twice a day from the old harbour, at nine in the morning and at four in the afternoon.

Bread needs flour, water, salt and yeast. Let the dough rest overnight in the fridge, and bake it in a very hot oven the next day.

Our cat was sick last week, so we took her to the vet, who gave her an injection and some pills against the infection.`;

const markdown = `# Travel

The **ferry** to the island leaves [twice a day](https://example.com/x) from the old harbour, at nine and at four.

# Kitchen

- Bread needs flour, water, salt and yeast
- Let the dough rest overnight in the fridge

# Animals

Our cat was sick last week, so we took her to the vet, who gave her an injection.
`;

const table = `item,notes\n"Ferry, island","leaves twice a day from the harbour"\nBread,"flour, water, salt and yeast"\nCat,"was sick, and the vet gave her an injection"\n`;

const lines = [
  { title: 'Ferry', text: 'It leaves twice a day from the old harbour.' },
  { title: 'Bread', text: 'It needs flour, water, salt and yeast.' },
  { title: 'Cat', text: 'She was sick, and the vet gave her an injection.' },
]
  .map((line) => JSON.stringify(line))
  .join('\n');

/** [name, content, what stands beside the best passage] */
const files = /** @type {const} */ ([
  ['notes.txt', notes, 'paragraph 3'],
  ['notes.md', markdown, 'Animals · paragraph 3'],
  ['notes.csv', table, 'row 4'],
  ['notes.jsonl', lines, 'Cat · line 3'],
]);

for (const [name, content, where] of files) {
  it(`searches a ${name.slice(name.indexOf('.'))} file by meaning`, async (t) => {
    const page = await open(t, browser, server.url);
    await ready(page);
    await chooseFile(page, name, content);
    await embedded(page, 3);
    assert.ok(await page.getByRole('radio', { name }).isChecked());
    const [best = ''] = await ask(page, 'an ill pet');
    assert.match(best, /vet/);
    assert.equal(await page.locator('.where').first().textContent(), where);
    assert.match((await page.locator('#status').textContent()) ?? '', /^3.passages · \d+.kB · embedded/);

    await page.keyboard.press('Enter');
    assert.match((await page.locator('.passage-text').textContent()) ?? '', /vet/);
    assert.match((await page.locator('.around').textContent()) ?? '', /flour|dough/, 'what stands before it');
    await page.keyboard.press('Escape');

    await page.getByRole('radio', { name: 'WordNet' }).click();
    await answered(page, 'an ill pet');
    await page.locator('.gloss').first().waitFor();
    await page.getByRole('button', { name: `Remove ${name}` }).click();
    assert.equal(await page.getByRole('radio').count(), 1);
    assert.ok(await page.getByRole('radio').isChecked());
  });
}

/** @param {number} count */
const manyParagraphs = (count) =>
  Array.from(
    { length: count },
    (_, i) =>
      `Report number ${i} says that the bridge over the river was inspected in the year ${1000 + i}, and that ${i} of its bolts were replaced by new ones.`,
  ).join('\n\n');

it('shows how the embedding goes, can be searched meanwhile, and stops when it is cancelled', async (t) => {
  // Every report from the worker comes in through a port.
  const page = await open(t, browser, server.url, {
    init: () => {
      Object.assign(globalThis, { reports: 0 });
      const listen = MessagePort.prototype.addEventListener;
      MessagePort.prototype.addEventListener = function (/** @type {string} */ type, /** @type {EventListener} */ listener) {
        listen.call(this, type, (event) => {
          Reflect.set(globalThis, 'reports', Reflect.get(globalThis, 'reports') + 1);
          listener(event);
        });
      };
    },
  });
  const reports = () => page.evaluate(() => Number(Reflect.get(globalThis, 'reports')));
  await ready(page);
  await chooseFile(page, 'reports.txt', manyParagraphs(5000));
  await page.locator('#job-text', { hasText: /^Embedded [\d,]+ of 5,000 passages · \d+ a second · .+ left$/ }).waitFor();
  const done = () => page.locator('#job-bar').evaluate((/** @type {HTMLProgressElement} */ bar) => bar.value);
  const early = await done();
  await page.waitForFunction(
    (before) => /** @type {HTMLProgressElement} */ (document.getElementById('job-bar')).value > before,
    early,
  );

  const [best = ''] = await ask(page, 'bolts of a bridge');
  assert.match(best, /bolts were replaced/);
  assert.ok(await page.locator('#job').isVisible(), 'it is still at work');

  await page.getByRole('button', { name: 'Cancel' }).click();
  assert.ok(await page.locator('#job').isHidden());
  assert.equal(await page.getByRole('radio').count(), 1);
  await answered(page, 'bolts of a bridge');
  await page.locator('.gloss').first().waitFor();
  await page.waitForTimeout(400);
  const settled = await reports();
  await page.waitForTimeout(1200);
  assert.equal(await reports(), settled, 'the worker goes on embedding');
  assert.ok(settled > 4, 'and its reports were counted');

  await chooseFile(page, 'notes.txt', notes);
  await embedded(page, 3);
});

it('takes a file that is dropped anywhere', async (t) => {
  const page = await open(t, browser, server.url);
  await ready(page);
  const data = await page.evaluateHandle((text) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([text], 'dropped.txt'));
    return transfer;
  }, notes);
  await page.dispatchEvent('footer', 'dragenter', { dataTransfer: data });
  assert.ok(await page.locator('#drop').isVisible());
  await page.dispatchEvent('footer', 'dragleave', { dataTransfer: data });
  assert.ok(await page.locator('#drop').isHidden());
  await page.dispatchEvent('footer', 'dragenter', { dataTransfer: data });
  await page.dispatchEvent('footer', 'drop', { dataTransfer: data });
  assert.ok(await page.locator('#drop').isHidden());
  await embedded(page, 3);
  assert.ok(await page.getByRole('radio', { name: 'dropped.txt' }).isChecked());
});

it('keeps a file that is dropped early until the model is there', async (t) => {
  const page = await open(t, browser, server.url);
  await chooseFile(page, 'notes.txt', notes);
  await embedded(page, 3);
  const [best = ''] = await ask(page, 'when does the boat go');
  assert.match(best, /ferry/);
});

/** [what, name, content, what the visitor is told] */
const refused = /** @type {const} */ ([
  ['another type', 'photo.png', 'x', 'This page reads .txt, .md, .csv and .jsonl files; photo.png is none of them.'],
  ['an empty file', 'empty.txt', '', 'empty.txt is empty.'],
  ['a file without text', 'blank.md', '\n \n\n', 'There is no text in blank.md.'],
  ['a table of nothing but headers', 'headers.csv', 'a,b,c\n', 'There is no text in headers.csv.'],
  ['binary data', 'program.txt', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0, 1, 2, 3]), 'program.txt is not a text file.'],
  ['a line that is not JSON', 'lines.jsonl', '{"text":"fine"}\n{"text":\n', 'Line 2 of lines.jsonl is not valid JSON.'],
  [
    'a table with an open quotation mark',
    'open.csv',
    'a,b\n1,"never closed\n2,x\n',
    'A quotation mark in row 2 of open.csv is never closed.',
  ],
  [
    'more than 20 MB',
    'large.txt',
    Buffer.alloc(20_000_001, 'word '),
    'large.txt has 20.0 MB; this page takes files of up to 20 MB.',
  ],
]);

it('says in plain words why a file cannot be searched, and goes on', async (t) => {
  const page = await open(t, browser, server.url);
  await ready(page);
  for (const [what, name, content, message] of refused) {
    await t.test(what, async () => {
      await chooseFile(page, name, content);
      await page.locator('#notice-text', { hasText: message }).waitFor();
      assert.equal(await page.locator('#notice-text').textContent(), message);
      await page.getByRole('button', { name: 'OK', exact: true }).click();
      assert.ok(await page.locator('#notice').isHidden());
      assert.equal(await page.getByRole('radio').count(), 1);
    });
  }
  const [best = ''] = await ask(page, 'afraid of heights');
  assert.match(best, /acrophobia/);

  await chooseFile(page, 'notes.txt', notes);
  await embedded(page, 3);
  await chooseFile(page, 'photo.png', 'x');
  await page.locator('#notice').waitFor();
  const [own = ''] = await ask(page, 'an ill pet');
  assert.match(own, /vet/, 'a file that was there before stays');
});
