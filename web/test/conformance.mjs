// SPDX-License-Identifier: Apache-2.0
// Runs conformance vectors through the package: node test/conformance.mjs [--ops] [FILE|FOLDER...], by default ../conformance.
// A line for each failed case; the last line is "N passed, N failed"; exit 1 on a failure.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { init, SimileError } from 'simile';
import { operations } from './support/operations.mjs';

const special = { inf: Number.POSITIVE_INFINITY, '-inf': Number.NEGATIVE_INFINITY, nan: Number.NaN };

/** The JSON value with its words for numbers replaced. */
function decoded(value) {
  if (typeof value === 'string') return Object.hasOwn(special, value) ? special[value] : value;
  if (Array.isArray(value)) return value.map(decoded);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, decoded(inner)]));
}

const filesOf = (path) => {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return [path];
  const names = readdirSync(path, { recursive: true }).filter((name) => name.endsWith('.json'));
  return names.sort().map((name) => join(path, name));
};

function isClose(actual, expected, { rel = 0, abs = 0 }) {
  if (Number.isNaN(expected)) return Number.isNaN(actual);
  return actual === expected || Math.abs(actual - expected) <= Math.max(abs, rel * Math.abs(expected));
}

const isObject = (value) => typeof value === 'object' && value !== null;

/** The first difference as text, or undefined. Every field that is expected must be there. */
function difference(actual, expected, tolerance, path) {
  if (typeof expected === 'number') {
    return typeof actual === 'number' && isClose(actual, expected, tolerance)
      ? undefined
      : `${path} is ${actual}, not ${expected}`;
  }
  if (!isObject(expected)) return actual === expected ? undefined : `${path} is ${actual}, not ${JSON.stringify(expected)}`;
  if (Array.isArray(expected) && actual?.length !== expected.length)
    return `${path} has ${actual?.length} elements, not ${expected.length}`;
  for (const [key, inner] of Object.entries(expected)) {
    if (!isObject(actual) || !Object.hasOwn(actual, key)) return `${path}.${key} is not compared`;
    const found = difference(actual[key], inner, tolerance, `${path}.${key}`);
    if (found) return found;
  }
  return undefined;
}

/** What is wrong with one case, or undefined. */
async function fault(core, operation, { in: input, out, error: code }, tolerance) {
  let actual;
  try {
    actual = await operation(core, decoded(input ?? {}), decoded(out ?? {})); // where several answers are right, it may look
  } catch (error) {
    if (error instanceof SimileError && error.code === code) return undefined;
    return `threw ${error instanceof SimileError ? `${error.code} (${error.message})` : error}`;
  }
  if (code !== undefined) return `did not throw ${code}`;
  if (out === undefined || Object.keys(out).length === 0) return 'expects nothing';
  return difference(actual, decoded(out), tolerance, 'out');
}

function cases(file) {
  try {
    const { op, cases: given, ...rest } = JSON.parse(readFileSync(file, 'utf8'));
    return op === undefined ? [] : given.map((one) => ({ ...rest, op, one })); // without op it is no vector file
  } catch (error) {
    return [{ one: { name: 'the file' }, unreadable: error.message }];
  }
}

async function faultOf(core, { format, op, tolerance, one, unreadable }) {
  if (unreadable) return unreadable;
  if (format !== 1) return `unknown format ${format}`;
  if (!Object.hasOwn(operations, op)) return 'unknown operation';
  return fault(core, operations[op], one, one.tolerance ?? tolerance ?? {});
}

/** Runs files or folders; returns how many cases passed and failed. */
export async function runConformance(paths, print = console.log) {
  const core = await init();
  const counts = { passed: 0, failed: 0 };
  for (const file of paths.flatMap(filesOf)) {
    for (const one of cases(file)) {
      const found = await faultOf(core, one);
      counts[found ? 'failed' : 'passed']++;
      if (found) print(`${file}: ${one.op}, ${one.one.name}: ${found}`);
    }
  }
  print(`${counts.passed} passed, ${counts.failed} failed`);
  return counts;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const paths = process.argv.slice(2);
  if (paths[0] === '--ops') {
    for (const name of Object.keys(operations)) console.log(name);
  } else {
    const { passed, failed } = await runConformance(
      paths.length > 0 ? paths : [fileURLToPath(new URL('../../conformance', import.meta.url))],
    );
    process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
  }
}
