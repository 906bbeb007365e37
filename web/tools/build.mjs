// SPDX-License-Identifier: Apache-2.0
// Builds dist/: one JavaScript file for each entry of the package, the types, and the WebAssembly builds that CMake left in ../build.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const { version, peerDependencies, devDependencies } = JSON.parse(readFileSync(at('package.json'), 'utf8'));
const modules = {
  simile: '../build/wasm/simile.wasm',
  'simile-relaxed': '../build/wasm-relaxed/simile-relaxed.wasm',
  'simile-shared': '../build/wasm/simile-shared.wasm',
  'simile-text': '../build/wasm/simile-text.wasm',
};

for (const path of Object.values(modules)) {
  if (existsSync(at(path))) continue;
  console.error(`${path} is missing: build it with cmake --preset wasm && cmake --build --preset wasm (and wasm-relaxed)`);
  process.exit(1);
}

const uninstalled = Object.keys(devDependencies).filter((name) => !existsSync(at(`node_modules/${name}`)));
if (uninstalled.length > 0) {
  console.error(`${uninstalled.join(', ')} is missing: npm ci --ignore-scripts`);
  process.exit(1);
}

rmSync(at('dist'), { recursive: true, force: true });
const common = {
  bundle: true,
  format: 'esm',
  target: 'es2022',
  minify: true,
  sourcemap: true,
  banner: { js: '// SPDX-License-Identifier: Apache-2.0' },
  define: { SIMILE_VERSION: JSON.stringify(version) },
};
// One file each; what a sub-path takes from another entry it imports from that entry's file, so that there is one class of each name.
const embedders = ['static', 'http', 'transformers', 'energetic'];
const entries = [
  'simile',
  'kept',
  'store/store',
  'remote/remote',
  'text/text',
  'collection/collection',
  'langchain/langchain',
  'worker/worker',
  'element/element',
  ...embedders.map((name) => `embedders/${name}`),
];
/** Modules whose exports the main entry passes on. */
const ofMain = ['simile-error', 'index', 'core', 'fuse', 'compose', 'relevance', 'models', 'scores', 'cosine-similarity'];
const home = new Map([...ofMain.map((name) => [`src/${name}.ts`, 'simile']), ...entries.map((name) => [`src/${name}.ts`, name])]);
const otherEntries = (entry) => ({
  name: 'other-entries',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^\..*\.js$/ }, ({ path, resolveDir }) => {
      const source = relative(at('.'), join(resolveDir, path.replace(/js$/, 'ts')));
      const other = home.get(source);
      if (other === undefined || other === entry) return undefined;
      const from = relative(dirname(entry), `${other}.js`);
      return { path: from.startsWith('.') ? from : `./${from}`, external: true };
    }),
});
for (const entry of entries)
  await build({
    ...common,
    entryPoints: [at(`src/${entry}.ts`)],
    outfile: at(`dist/${entry}.js`),
    external: Object.keys(peerDependencies),
    plugins: [otherEntries(entry)],
  });
// Scripts of workers are whole in themselves: a bundler that takes one for a plain file still gives it all that it needs.
for (const thread of ['worker/worker-thread', 'worker/collection-thread'])
  await build({ ...common, entryPoints: [at(`src/${thread}.ts`)], outfile: at(`dist/${thread}.js`) });
/** Puts expressions in the place of the addresses of WebAssembly. @param expressionOf - of a build's name; `prelude` of all names in a file */
const instead = (expressionOf, prelude = () => '') => ({
  name: 'instead-of-addresses',
  setup: ({ onLoad }) =>
    onLoad({ filter: /[\\/]src[\\/](wasm|text[\\/]engine)\.ts$/ }, ({ path }) => {
      const source = readFileSync(path, 'utf8');
      const address = /new URL\('\.{1,2}\/([\w-]+)\.wasm', import\.meta\.url\)/g;
      const names = [...source.matchAll(address)].map(([, name]) => name);
      if (names.length === 0) throw new Error(`${path} has no address of WebAssembly`);
      return { contents: prelude(names) + source.replace(address, (_, name) => expressionOf(name)), loader: 'ts' };
    }),
});
/** Builds that have no place in a file; no bytes, which nothing compiles, stand for the others, and the plain one is taken. */
const plainBuilds = ['simile', 'simile-text'];
const nothing = 'new Uint8Array(0)';
const bytesOf = (name) =>
  `Uint8Array.from(atob(${JSON.stringify(readFileSync(at(modules[name])).toString('base64'))}), (c) => c.charCodeAt(0))`;
await build({
  ...common,
  sourcemap: false,
  entryPoints: [at('src/inline.ts')],
  outfile: at('dist/inline.js'),
  plugins: [instead((name) => (plainBuilds.includes(name) ? bytesOf(name) : nothing))],
});
if (readFileSync(at('dist/inline.js'), 'utf8').includes('import.meta'))
  throw new Error('dist/inline.js has the address of a file');
// Cloudflare Workers may not compile bytes: there WebAssembly is imported, as these files do, which the condition `workerd` leads to.
const imported = (name) => name.replace('-', '_');
const importOf = (name, folder) => `import ${imported(name)} from '${folder}/${name}.wasm';\n`;
const isPlain = (name) => plainBuilds.includes(name);
for (const entry of entries.filter((name) => !['worker/worker', 'element/element'].includes(name))) {
  const folder = relative(dirname(`workerd/${entry}`), '.');
  await build({
    ...common,
    sourcemap: false,
    entryPoints: [at(`src/${entry}.ts`)],
    outfile: at(`dist/workerd/${entry}.js`),
    external: [...Object.keys(peerDependencies), '*.wasm'],
    plugins: [
      otherEntries(entry),
      instead(
        (name) => (isPlain(name) ? imported(name) : nothing),
        (names) =>
          names
            .filter(isPlain)
            .map((name) => importOf(name, folder))
            .join(''),
      ),
    ],
  });
}
await build({
  ...common,
  platform: 'node',
  sourcemap: false,
  banner: { js: '#!/usr/bin/env node\n// SPDX-License-Identifier: Apache-2.0' },
  entryPoints: [at('src/cli/simile.ts')],
  outfile: at('dist/cli/simile.js'),
  external: Object.keys(peerDependencies),
  plugins: [otherEntries('cli/simile')],
});
chmodSync(at('dist/cli/simile.js'), 0o755);
const { outputFiles } = await build({
  ...common,
  platform: 'node',
  sourcemap: false,
  stdin: {
    contents:
      "import { manualPage } from './manual.js'; import { commands } from './table.js'; export const page = manualPage(commands, SIMILE_VERSION);",
    resolveDir: at('src/cli'),
    loader: 'ts',
  },
  external: Object.keys(peerDependencies),
  write: false,
});
const { page } = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
writeFileSync(at('dist/simile.1'), page);
execFileSync(process.execPath, [at('node_modules/typescript/bin/tsc'), '-p', at('.')], { stdio: 'inherit' });

const declaration = `// SPDX-License-Identifier: Apache-2.0
/** As bundlers for Cloudflare Workers import it: hand it to init({ wasm }), or simile-text.wasm to initText({ wasm }). */
declare const module: WebAssembly.Module;
export default module;
`;
for (const [name, path] of Object.entries(modules)) {
  writeFileSync(at(`dist/${name}.wasm`), readFileSync(at(path)));
  writeFileSync(at(`dist/${name}.wasm.d.ts`), declaration);
}

// For `integrity`, in import maps and in script tags.
const published = readdirSync(at('dist'), { recursive: true })
  .filter((path) => /\.(js|wasm)$/.test(path))
  .sort();
const hashOf = (path) =>
  `sha384-${createHash('sha384')
    .update(readFileSync(at(`dist/${path}`)))
    .digest('base64')}`;
const hashes = Object.fromEntries(published.map((path) => [path.replaceAll('\\', '/'), hashOf(path)]));
writeFileSync(at('dist/integrity.json'), `${JSON.stringify(hashes, null, 2)}\n`);
