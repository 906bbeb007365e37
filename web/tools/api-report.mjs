// SPDX-License-Identifier: Apache-2.0
// Writes api/: for each entry of the package the text of everything public, without comments, so that a change of the types is a change of
// a file that is looked at. It reads the declarations in dist, as tsc writes them: a declaration begins at the first column.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const web = fileURLToPath(new URL('../', import.meta.url));

/** Declarations without comments; strings are left alone. */
export function withoutComments(text) {
  return text
    .replace(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\[\s\S])*`|\/\*[\s\S]*?\*\/|\/\/.*/g, (part) =>
      part.startsWith('/') ? '' : part,
    )
    .split('\n')
    .map((line) => line.trimEnd())
    .filter(Boolean)
    .join('\n');
}

/** Statements, each from a line at the first column to the next such line that does not close it. */
function statements(text) {
  const found = [];
  for (const line of text.split('\n')) {
    if (/^[A-Za-z]/.test(line)) found.push(line);
    else if (found.length > 0) found[found.length - 1] += `\n${line}`;
  }
  return found;
}

/** `a, type b as c` as pairs of the name there and the name here. */
const namesOf = (list) =>
  list
    .split(',')
    .map((part) => part.trim().replace(/^type /, ''))
    .filter(Boolean)
    .map((part) => part.split(' as '))
    .map(([there, here = there]) => [there, here]);

/** What a file declares, imports and exports. */
function moduleOf(path) {
  const module = { path, declared: new Map(), imported: new Map(), exported: new Map(), stars: [] };
  const target = (from) => (from.startsWith('.') ? join(dirname(path), from.replace(/\.js$/, '.d.ts')) : undefined);
  for (const statement of statements(withoutComments(readFileSync(path, 'utf8')))) {
    const star = /^export \* from ['"]([^'"]+)['"]/.exec(statement);
    const list = /^(import|export) (?:type )?\{([^}]*)\}(?: from ['"]([^'"]+)['"])?/.exec(statement);
    const declaration =
      /^(export )?(?:default )?(?:declare )?(?:abstract )?(?:class|interface|type|function|const|let|var|enum) ([\w$]+)/.exec(
        statement,
      );
    if (star) {
      module.stars.push(target(star[1]));
    } else if (list) {
      const [, kind, names, from] = list;
      for (const [there, here] of namesOf(names)) {
        if (kind === 'import') module.imported.set(here, { file: target(from), name: there, from });
        else module.exported.set(here, from ? { file: target(from), name: there, from } : { file: path, name: there });
      }
    } else if (declaration) {
      const [, isExported, name] = declaration;
      // An overload is another statement of the same name.
      module.declared.set(name, [...(module.declared.get(name) ?? []), statement.replace(/^export (default )?/, '')]);
      if (isExported) module.exported.set(name, { file: path, name });
    } else if (!/^(import|export \{\}|export default )/.test(statement)) {
      throw new Error(`${path}: a statement that the report does not know:\n${statement}`);
    }
  }
  return module;
}

/** The text of the report for each entry: file name in api/ to contents. */
export function apiReport(root = web) {
  const modules = new Map();
  const at = (path) => {
    if (!modules.has(path)) modules.set(path, moduleOf(path));
    return modules.get(path);
  };
  /** Where a name that is used in a module is declared; undefined for those of TypeScript's libraries and of other packages. */
  const resolve = (module, name) => {
    if (module.declared.has(name)) return { module, name };
    const from =
      module.exported.get(name)?.file === module.path ? undefined : (module.exported.get(name) ?? module.imported.get(name));
    if (from) return from.file && resolve(at(from.file), from.name);
    for (const star of module.stars) {
      const found = star && resolve(at(star), name);
      if (found) return found;
    }
    return undefined;
  };
  const exportsOf = (module) => {
    const names = new Map([...module.exported].map(([here, { file, name }]) => [here, file && resolve(at(file), name)]));
    for (const star of module.stars)
      for (const [name, found] of exportsOf(at(star))) if (!names.has(name)) names.set(name, found);
    return names;
  };
  const keyOf = ({ module, name }) => `${relative(root, module.path)}#${name}`;
  const textOf = ({ module, name }) => module.declared.get(name).join('\n');

  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const entries = Object.entries(manifest.exports).filter(([, { types }]) => types && !types.includes('.wasm.'));
  const publicOf = new Map(entries.map(([entry, { types }]) => [entry, exportsOf(at(join(root, types)))]));
  /** The entry that a declaration is written under: the first that exports it. */
  const homes = new Map();
  for (const [entry, names] of publicOf)
    for (const [name, found] of names) {
      if (!found) continue;
      if (!homes.has(keyOf(found))) homes.set(keyOf(found), { entry, name });
    }

  const report = new Map();
  for (const [entry, names] of publicOf) {
    const address = join(manifest.name, entry);
    const elsewhere = [];
    const texts = new Map();
    const pending = [];
    for (const [name, found] of names) {
      const home = found && homes.get(keyOf(found));
      if (!found || home.entry !== entry || home.name !== name)
        elsewhere.push(`${name}: as ${home ? `${home.name} of ${join(manifest.name, home.entry)}` : 'another package has it'}`);
      else {
        texts.set(name, textOf(found));
        pending.push(found);
      }
    }
    // What exported declarations use is public too, under whatever name.
    const hidden = new Map();
    for (let one = pending.pop(); one; one = pending.pop())
      for (const [word] of textOf(one)
        .replace(/'[^'\n]*'/g, '')
        .matchAll(/[A-Za-z_$][\w$]*/g)) {
        const found = resolve(one.module, word);
        if (!found || homes.has(keyOf(found)) || hidden.has(keyOf(found))) continue;
        hidden.set(keyOf(found), textOf(found));
        pending.push(found);
      }
    const fenced = (lines) => ['```ts', lines.join('\n\n'), '```'];
    const sorted = (map) => [...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text);
    const sections = [
      `# ${address}`,
      '',
      'Written by `npm run api`; do not edit.',
      '',
      ...(texts.size > 0 ? fenced(sorted(texts)) : []),
      ...(elsewhere.length > 0 ? ['', '## Passed on', '', ...elsewhere.sort().map((line) => `- ${line}`)] : []),
      ...(hidden.size > 0 ? ['', '## Not exported, but used by what is', '', ...fenced(sorted(hidden))] : []),
    ];
    const file = `${entry === '.' ? manifest.name : entry.slice(2).replaceAll('/', '-')}.md`;
    report.set(file, `${sections.join('\n')}\n`);
  }
  return report;
}

/** What is in api/ now. */
export function storedReport(root = web) {
  const folder = join(root, 'api');
  if (!existsSync(folder)) return new Map();
  return new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const folder = join(web, 'api');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  for (const [name, text] of apiReport()) writeFileSync(join(folder, name), text);
}
