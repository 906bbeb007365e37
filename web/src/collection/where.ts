// SPDX-License-Identifier: Apache-2.0
import { invalid, shown } from '../errors.js';
import type { SchemaPlan, Value } from './schema.js';
import { labelOf, own } from './schema.js';

/** What can stand in a filter for a value: that of the field, or of one of its values. */
export type Label = string | number | boolean | Date;

/** Conditions of one field, all of which must be true of a value (of a field with several values: of any of them, for each condition). */
export interface Condition {
  readonly eq?: Label;
  /** Also true where there is no value. */
  readonly ne?: Label;
  readonly in?: readonly Label[];
  readonly gt?: Label;
  readonly gte?: Label;
  readonly lt?: Label;
  readonly lte?: Label;
  /** Whether there is a value; `null` and an empty list are none. */
  readonly exists?: boolean;
}

/**
 * A filter: all that it says must be true.
 *
 * @example { lang: 'en', price: { gte: 10, lt: 20 }, tags: { in: ['new', 'sale'] } }
 * @example { or: [{ date: { gt: '2026-01-01' } }, { not: { draft: true } }] }
 */
export type Where = { readonly [field: string]: Label | Condition | Where | readonly Where[] | undefined } & {
  readonly and?: readonly Where[];
  readonly or?: readonly Where[];
  readonly not?: Where;
};

/** Asked about the values of a document's field. @internal */
type Test = (values: readonly Value[]) => boolean;
/** Asked about a document: the values of all columns at its number. @internal */
export type Predicate = (labels: readonly (readonly Value[])[]) => boolean;

const maxDepth = 64;

/** @throws {SimileError} `invalid_argument` @internal */
export function predicateOf(where: unknown, schema: SchemaPlan, depth = 0): Predicate {
  if (depth > maxDepth) throw invalid(`where is more than ${maxDepth} levels deep`);
  if (typeof where !== 'object' || where === null || Array.isArray(where))
    throw invalid(`where must be an object, not ${shown(where)}`);
  const parts: Predicate[] = [];
  for (const [name, value] of Object.entries(where)) {
    if (value === undefined) continue;
    if (name === 'and' || name === 'or') {
      if (!Array.isArray(value)) throw invalid(`'${name}' must be a list of filters, not ${shown(value)}`);
      const all = value.map((one) => predicateOf(one, schema, depth + 1));
      parts.push(name === 'and' ? (labels) => all.every((one) => one(labels)) : (labels) => all.some((one) => one(labels)));
    } else if (name === 'not') {
      const other = predicateOf(value, schema, depth + 1);
      parts.push((labels) => !other(labels));
    } else {
      const place = schema.placeOf(name, 'where');
      const tests = testsOf(name, value, schema);
      parts.push((labels) => {
        const values = labels[place] as readonly Value[];
        return tests.every((test) => test(values));
      });
    }
  }
  return parts.length === 1 ? (parts[0] as Predicate) : (labels) => parts.every((part) => part(labels));
}

function testsOf(name: string, condition: unknown, schema: SchemaPlan): Test[] {
  const type = schema.typeOf(name);
  const value = (given: unknown): Value => labelOf(type, given, `where: the value for ${shown(name)}`);
  if (typeof condition !== 'object' || condition === null || condition instanceof Date) {
    const wanted = value(condition);
    return [(values) => values.includes(wanted)];
  }
  const makers: Record<string, (given: unknown) => Test> = {
    eq: (given) => {
      const wanted = value(given);
      return (values) => values.includes(wanted);
    },
    ne: (given) => {
      const other = value(given);
      return (values) => !values.includes(other);
    },
    in: (given) => {
      if (!Array.isArray(given)) throw invalid(`where: 'in' of ${shown(name)} must be a list, not ${shown(given)}`);
      const wanted = new Set(given.map(value));
      return (values) => values.some((one) => wanted.has(one));
    },
    gt: (given) => comparison(value(given), (a, b) => a > b),
    gte: (given) => comparison(value(given), (a, b) => a >= b),
    lt: (given) => comparison(value(given), (a, b) => a < b),
    lte: (given) => comparison(value(given), (a, b) => a <= b),
    exists: (given) => {
      if (typeof given !== 'boolean')
        throw invalid(`where: 'exists' of ${shown(name)} must be true or false, not ${shown(given)}`);
      return (values) => values.length > 0 === given;
    },
  };
  const entries = Object.entries(condition).filter(([, given]) => given !== undefined);
  return entries.map(([operator, given]) => {
    const make = own(makers, operator) as ((given: unknown) => Test) | undefined;
    if (!make) throw invalid(`where: ${shown(operator)} of ${shown(name)} is none of ${Object.keys(makers).join(', ')}`);
    return make(given);
  });
}

const comparison =
  (bound: Value, holds: (a: Value, b: Value) => boolean): Test =>
  (values) =>
    values.some((value) => holds(value, bound));
