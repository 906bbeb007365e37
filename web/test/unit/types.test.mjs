// SPDX-License-Identifier: Apache-2.0
// What the types of the plain functions take and what they refuse: an expected error that does not come is an error too.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const web = fileURLToPath(new URL('../../', import.meta.url));
const source = `
import { analogy, composeQuery, explain, fuse, type Hit, type Composition, type FusionOptions, type Scored, GalleryMoments, hybridScore, momentsOf, queryOfSets, type RelevanceModel, relevanceOf, softmax, weightedSum } from 'simile';
import { Collection } from 'simile/collection';
declare const hits: readonly Hit[];
interface Note { readonly id: number; readonly title: string; readonly pages?: number }
const notes: Collection<Note> = await Collection.create<Note>({ schema: { title: 'text', pages: 'number' } });
await notes.add({ id: 1, title: 'a' });
// @ts-expect-error the title of a note is a string
await notes.add({ id: 1, title: 1 });
const title: string | undefined = (await notes.search('a')).hits[0]?.document.title;
const anything: Collection = await Collection.create({ schema: { title: 'text' } });
await anything.add({ id: 'x', whatever: [1] });
// @ts-expect-error a document has an id
type WithoutId = Collection<{ title: string }>;
const composition: Composition = { plus: [[1, 2], { vector: new Float32Array(2), weight: 2 }], without: [[1, 0]] };
const q: Float32Array = composeQuery([1, 2], composition);
const fused: Scored[] = fuse([hits, hits], { method: 'linear', weights: [1, 0.5], boosts: [{ weight: 1, match: (id) => id === 'a' }] });
fuse([[{ id: 'a' }]]);
fuse([hits.map(({ id }) => ({ id }))], { method: 'rrf', rankConstant: 10, k: 3 });
// @ts-expect-error scores are needed
fuse([[{ id: 'a' }]], { method: 'linear' });
// @ts-expect-error moments are needed
fuse([hits], { method: 'zscore' });
// @ts-expect-error no such method
fuse([hits], { method: 'best' });
// @ts-expect-error the constant is of ranks only
const o: FusionOptions = { method: 'linear', rankConstant: 2 };
const model: RelevanceModel = { method: 'isotonic', steps: [[0, 1, 0.5]] };
// @ts-expect-error a number is missing
const wrong: RelevanceModel = { method: 'platt', a: 1 };
fuse([hits], { method: 'zscore', moments: [momentsOf([1, 2])] });
const e = explain(q, [q, q], { pooling: 'max', score: 1 }); e.parts.length; e.residual.toFixed();
weightedSum({ data: q, dims: [1, 2] }); analogy(q, [1, 2], q); queryOfSets([[q]], []).vector.length;
new GalleryMoments(2).of(q).mean; hybridScore({ cosines: [1] }); softmax(q, 0.1)[0]; relevanceOf(model, 1);
// @ts-expect-error read only
fused[0].score = 2;
export { o, title, wrong, type WithoutId };
`;
const compilerOptions = {
  target: 'es2022',
  module: 'nodenext',
  lib: ['es2022', 'dom'],
  types: [],
  strict: true,
  exactOptionalPropertyTypes: true,
  noEmit: true,
};

test('the types are strict about methods, options and parts', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'simile-types-'));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(web, join(folder, 'node_modules/simile'));
  writeFileSync(join(folder, 'typed.ts'), source);
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['typed.ts'] }));
  try {
    execFileSync(process.execPath, [join(web, 'node_modules/typescript/bin/tsc'), '-p', folder], { encoding: 'utf8' });
  } catch (error) {
    assert.fail(error.stdout);
  }
});
