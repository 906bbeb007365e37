// SPDX-License-Identifier: Apache-2.0
// What the README and the examples say is what happens.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Index } from 'simile';
import { startStaticServer } from '../support/static-server.mjs';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const block = (language) =>
  readme.match(new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``))?.[1] ?? assert.fail(`README has no ${language}`);

/** A folder in which `import 'simile'` finds this package, as after npm install. */
function project(t) {
  const folder = mkdtempSync(join(tmpdir(), 'simile-readme-'));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(join(root, 'web'), join(folder, 'node_modules/simile'));
  return folder;
}
const run = (folder, ...args) => execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });

test("README's JavaScript runs and finds the nearest", (t) => {
  const folder = project(t);
  // Node 20 has no `using` yet; the README says what to write instead.
  writeFileSync(join(folder, 'readme.mjs'), block('js').replace('using index', 'const index'));
  assert.equal(run(folder, 'readme.mjs'), 'nearly east 1.00\neast 0.98\n3\n');
});

test("the package's README says what its plain JavaScript prints", (t) => {
  const folder = project(t);
  const text = readFileSync(join(root, 'web/README.md'), 'utf8');
  writeFileSync(join(folder, 'composed.mjs'), text.match(/## Composed queries[\s\S]*?```js\n([\s\S]*?)```/)[1]);
  assert.equal(run(folder, 'composed.mjs'), '[ 1, 0, 3 ]\ny x z\n0.34 0.00 0.17 0.51\n0.73\n');
});

test("the package's README says what relevance its hits have", (t) => {
  const folder = project(t);
  const text = readFileSync(join(root, 'web/README.md'), 'utf8');
  writeFileSync(join(folder, 'relevance.mjs'), text.match(/## Scores that mean[\s\S]*?```js\n([\s\S]*?)```/)[1]);
  assert.equal(run(folder, 'relevance.mjs'), 'nearly east 0.80\n[]\n');
});

test("the package's README says which words are found", (t) => {
  const folder = project(t);
  const text = readFileSync(join(root, 'web/README.md'), 'utf8');
  writeFileSync(join(folder, 'words.mjs'), text.match(/## Words[\s\S]*?```js\n([\s\S]*?)```/)[1]);
  assert.equal(run(folder, 'words.mjs'), '0 1.15\n1 0.55\n2 0.36\nCrème\nTart\n');
});

test("the package's README finds documents", (t) => {
  const folder = project(t);
  const text = readFileSync(join(root, 'web/README.md'), 'utf8');
  writeFileSync(join(folder, 'documents.mjs'), text.match(/## Documents in[\s\S]*?```js\n([\s\S]*?)```/)[1]);
  assert.equal(run(folder, 'documents.mjs'), "Rain coat name\nKettle about\n{ value: 'clothes', count: 1 }\n");
});

test("the package's README embeds texts and finds the nearest", (t) => {
  const folder = project(t);
  const text = readFileSync(join(root, 'web/README.md'), 'utf8');
  writeFileSync(join(folder, 'embedders.mjs'), text.match(/## Embedders[\s\S]*?```js\n([\s\S]*?)```/)[1]);
  assert.equal(run(folder, 'embedders.mjs'), "1 [ 'a' ]\n");
});

test("the package's README serves an index from a static site", async (t) => {
  const folder = project(t);
  const text = readFileSync(join(root, 'web/README.md'), 'utf8');
  const [, build, search] = text.match(/## Static sites[\s\S]*?```js\n([\s\S]*?)```[\s\S]*?```js\n([\s\S]*?)```/);
  writeFileSync(join(folder, 'build.mjs'), build);
  run(folder, 'build.mjs');
  const server = await startStaticServer({}, { root: folder, ranges: true });
  t.after(() => server.close());
  writeFileSync(join(folder, 'search.mjs'), search.replace("'/docs.parts'", `'${server.address}/docs.parts'`));
  const { stdout } = await promisify(execFile)(process.execPath, ['search.mjs'], { cwd: folder });
  assert.equal(stdout, 'cat 0.99\ndog 0.99\n');
});

test("README's C++ is the program that the native tests compile and run", () => {
  const program = readFileSync(join(root, 'native_tests/consume/main.cpp'), 'utf8');
  assert.equal(block('cpp').trim(), program.slice(program.indexOf('#include')).trim());
});

test('examples/search.mjs prints what its head comment says', async (t) => {
  const folder = project(t);
  cpSync(join(root, 'examples/search.mjs'), join(folder, 'search.mjs'));
  const rows = readFileSync(join(root, 'examples/colors.csv'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(','));
  const index = await Index.create({ dims: 3, similarity: 'squared_l2', codec: 'f32' });
  await index.addMany(
    rows.map(([name]) => name),
    rows.flatMap(([, ...rgb]) => rgb.map(Number)),
  );
  writeFileSync(join(folder, 'colors.simile'), index.toBytes());
  const printed = run(folder, 'search.mjs', 'colors.simile', '250', '10', '10');
  const promised = readFileSync(join(root, 'examples/search.mjs'), 'utf8').match(/prints\n\/\/\n([\s\S]*?)import/)[1];
  const lines = (text) =>
    text
      .split('\n')
      .map((line) => line.replace(/^\/\/ +|\(nearest.*/g, '').trim())
      .filter(Boolean);
  assert.deepEqual(lines(printed), lines(promised));
});
