// SPDX-License-Identifier: Apache-2.0
// A change of the public types is a change of web/api.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { apiReport, storedReport, withoutComments } from '../../tools/api-report.mjs';

/** Lines that only one of two texts has, in their order: '-' for the first, '+' for the second (longest common subsequence). */
function changes(before, after) {
  const [a, b] = [before.split('\n'), after.split('\n')];
  const best = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      best[i][j] = a[i] === b[j] ? best[i + 1][j + 1] + 1 : Math.max(best[i + 1][j], best[i][j + 1]);
  const out = [];
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    if (i < a.length && a[i] === b[j]) [i, j] = [i + 1, j + 1];
    else if (j === b.length || (i < a.length && best[i + 1][j] >= best[i][j + 1])) out.push(`- ${a[i++]}`);
    else out.push(`+ ${b[j++]}`);
  }
  return out.filter((line) => line.length > 2);
}

test('web/api says what the public types are', () => {
  const [stored, now] = [storedReport(), apiReport()];
  const found = [...new Set([...stored.keys(), ...now.keys()])].sort().flatMap((name) => {
    const lines = changes(stored.get(name) ?? '', now.get(name) ?? '');
    return lines.length > 0 ? [`api/${name}`, ...lines.map((line) => `  ${line}`)] : [];
  });
  if (found.length > 0)
    assert.fail(`The public types are not those of web/api (- there, + in dist):\n${found.join('\n')}
If that is intended: npm --prefix web run build && npm --prefix web run api, and commit web/api with the change.`);
});

/** A package of these files, and its report. */
function reportOf(t, files) {
  const root = mkdtempSync(join(tmpdir(), 'simile-api-'));
  t.after(() => rmSync(root, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return apiReport(root);
}

test('the report follows names to where they are declared', (t) => {
  const types = (path) => ({ types: `./dist/${path}.d.ts`, default: `./dist/${path}.js` });
  const report = reportOf(t, {
    'package.json': JSON.stringify({
      name: 'p',
      exports: { '.': types('p'), './sub/x': types('sub/x'), './package.json': './package.json' },
    }),
    'dist/p.d.ts':
      "/** Main. */\nexport { type A, b as c } from './a.js';\nexport * from './star.js';\nexport declare const d: 'it /* is */';\n",
    'dist/a.d.ts':
      "import type { Hidden } from './hidden.js';\n/**\n * An A.\n */\nexport interface A {\n    /** Inside. */\n    readonly x: Hidden; // why\n}\nexport declare function b(): void;\nexport declare function b(x: number): void;\nexport interface Unused {\n}\n",
    'dist/hidden.d.ts': 'export interface Hidden {\n    readonly deeper: Deeper;\n}\ntype Deeper = string;\nexport {};\n',
    'dist/star.d.ts': 'export type S = number;\n',
    'dist/sub/x.d.ts':
      "import type { Other } from 'other';\nexport type { A } from '../a.js';\nexport declare function x(o: Other): void;\n",
  });
  assert.deepEqual([...report.keys()], ['p.md', 'sub-x.md']);
  const code = (name) => report.get(name).match(/```ts\n[\s\S]*?```/g);
  assert.deepEqual(code('p.md'), [
    "```ts\ninterface A {\n    readonly x: Hidden;\n}\n\ntype S = number;\n\ndeclare function b(): void;\ndeclare function b(x: number): void;\n\ndeclare const d: 'it /* is */';\n```",
    '```ts\ntype Deeper = string;\n\ninterface Hidden {\n    readonly deeper: Deeper;\n}\n```',
  ]);
  assert.deepEqual(code('sub-x.md'), ['```ts\ndeclare function x(o: Other): void;\n```']);
  assert.match(report.get('sub-x.md'), /- A: as A of p\n/);
});

test('what is in quotes is no comment', () => {
  assert.equal(
    withoutComments("type A = 'http://a' | `/*a*/`; // b\n/* c\n d */\ntype B = 1;"),
    "type A = 'http://a' | `/*a*/`;\ntype B = 1;",
  );
});

test('a difference is shown line by line', () => {
  assert.deepEqual(changes('a\nb\nc', 'a\nx\nc\nd'), ['- b', '+ x', '+ d']);
});
