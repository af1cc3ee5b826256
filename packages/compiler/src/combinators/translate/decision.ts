import type { Value } from '@smc/protocol';
import { equal } from '@smc/protocol';
import type { Local, TypedPattern } from '../../types/typed.ts';
import { TranslationLimit } from './limits.ts';

/**
 * Patterns to a decision tree: which part of the subject to look at next, and which arm it
 * comes to. Rows are tried from the top and their tests from the left, no part is tested
 * twice on one way, and nothing is undone (Maranget 2008, without his choice of columns).
 */

/**
 * A part of the subject: the subject itself, a component of a part, or the payload of a
 * constructor. A list is a sum, too: of nothing, and of its first item and the rest.
 */
export type Occurrence =
  | { readonly kind: 'subject' }
  | { readonly kind: 'component'; readonly of: Occurrence; readonly index: number }
  | { readonly kind: 'payload'; readonly of: Occurrence };

/** How the arm of a `case` is chosen. */
export type Decision =
  /** The arm with this index; its variables are these parts. */
  | { readonly kind: 'arm'; readonly arm: number; readonly bindings: readonly Binding[] }
  /** By the constructor of a sum; each branch has the payload as an occurrence of its own. */
  | {
      readonly kind: 'switch';
      readonly on: Occurrence;
      readonly branches: readonly { readonly payload: Occurrence; readonly decision: Decision }[];
    }
  /** By equality with a literal. */
  | {
      readonly kind: 'test';
      readonly on: Occurrence;
      readonly literal: LiteralPattern;
      readonly same: Decision;
      readonly other: Decision;
    };

/** A variable of an arm, and the part of the value that it is. */
export interface Binding {
  readonly local: Local;
  readonly at: Occurrence;
}

type LiteralPattern = Extract<TypedPattern, { kind: 'literal' }>;

/** A constructor of the sum, or of the list as one; what its payload must match, as patterns at its components. */
interface ConstructorPattern {
  readonly kind: 'construct';
  readonly constructor: number;
  readonly constructorCount: number;
  /** The pattern of the payload, or those of its two components where it is a list's. */
  readonly payload: TypedPattern | readonly [TypedPattern, TypedPattern] | null;
}

/** A test that a row still has to pass. */
interface Test {
  readonly at: Occurrence;
  readonly pattern: LiteralPattern | ConstructorPattern;
}

interface Row {
  readonly arm: number;
  readonly tests: readonly Test[];
  readonly bindings: readonly Binding[];
}

/** Nodes of the tree of one `case`, and how deep it is: exhaustive patterns can make it exponential. */
const NODES_MAX = 4_096;
const DEPTH_MAX = 500;

/** The tree for the patterns of a `case`, which must be exhaustive. Throws a `TranslationLimit`. */
export function decide(patterns: readonly TypedPattern[]): Decision {
  const rows = patterns.map((pattern, arm) =>
    withPattern({ arm, tests: [], bindings: [] }, { kind: 'subject' }, pattern),
  );
  return new DecisionBuilder().build(rows, 0);
}

class DecisionBuilder {
  #nodes = 0;

  build(rows: readonly Row[], depth: number): Decision {
    if (++this.#nodes > NODES_MAX || depth > DEPTH_MAX) {
      throw new TranslationLimit('the patterns of this case take too many steps to tell apart');
    }
    const row = rows.at(0);
    if (row === undefined) throw new Error('the patterns are not exhaustive');
    const test = row.tests.at(0);
    if (test === undefined) return { kind: 'arm', arm: row.arm, bindings: row.bindings };
    return test.pattern.kind === 'literal'
      ? this.#test(rows, test.at, test.pattern, depth)
      : this.#switch(rows, test.at, test.pattern, depth);
  }

  #switch(rows: readonly Row[], on: Occurrence, pattern: ConstructorPattern, depth: number): Decision {
    const branches = Array.from({ length: pattern.constructorCount }, (_, constructor) => {
      const payload: Occurrence = { kind: 'payload', of: on };
      const left = rows.flatMap((row) => {
        const found = take(row, on);
        if (found === null) return [row];
        const { test, rest } = found;
        if (test.kind !== 'construct' || test.constructor !== constructor) return [];
        return [withPayload(rest, payload, test.payload)];
      });
      return { payload, decision: this.build(left, depth + 1) };
    });
    return { kind: 'switch', on, branches };
  }

  #test(rows: readonly Row[], on: Occurrence, literal: LiteralPattern, depth: number): Decision {
    const same: Row[] = [];
    const other: Row[] = [];
    for (const row of rows) {
      const found = take(row, on);
      if (found === null || isLiteral(found.test, literal.value)) same.push(found?.rest ?? row);
      if (found === null || !isLiteral(found.test, literal.value)) other.push(row);
    }
    // Of a Bool there is no third value: `other` has the rows of the other one, and no more to test.
    const settled = literal.type.kind === 'bool' ? other.map((row) => take(row, on)?.rest ?? row) : other;
    return {
      kind: 'test',
      on,
      literal,
      same: this.build(same, depth + 1),
      other: this.build(settled, depth + 1),
    };
  }
}

/** The parts of a list that is not empty: the first item and the rest. */
const [HEAD, TAIL] = [0, 1];
const [NIL, CONS] = [0, 1];

function constructorCount({ type }: TypedPattern): number {
  if (type.kind !== 'sum') throw new Error(`a constructor's pattern has a ${type.kind} type`);
  return type.declaration.constructors.length;
}

/** The test that a list pattern is, which is not `[...rest]`. */
function testOfList(pattern: Extract<TypedPattern, { kind: 'list' }>): ConstructorPattern {
  const [head, ...items] = pattern.items;
  if (head === undefined) return { kind: 'construct', constructor: NIL, constructorCount: 2, payload: null };
  const payload = [head, { ...pattern, items }] as const;
  return { kind: 'construct', constructor: CONS, constructorCount: 2, payload };
}

const isLiteral = (pattern: Test['pattern'], value: Value): boolean =>
  pattern.kind === 'literal' && equal(pattern.value, value);

/** A row that also has to match a pattern at an occurrence: its tests and variables, from the left. */
function withPattern(row: Row, at: Occurrence, pattern: TypedPattern): Row {
  const tests: Test[] = [];
  const bindings = [...row.bindings];
  const visit = (inner: TypedPattern, place: Occurrence): void => {
    switch (inner.kind) {
      case 'wildcard':
        return;
      case 'bind':
        bindings.push({ local: inner.local, at: place });
        return;
      case 'tuple':
        for (const [index, item] of inner.items.entries()) {
          visit(item, { kind: 'component', of: place, index });
        }
        return;
      case 'record':
        for (const field of inner.fields) {
          visit(field.pattern, { kind: 'component', of: place, index: fieldIndex(inner.type, field.name) });
        }
        return;
      case 'literal':
        // There is only one unit.
        if (inner.type.kind !== 'unit') tests.push({ at: place, pattern: inner });
        return;
      case 'list':
        if (inner.items.length === 0 && inner.rest !== null) visit(inner.rest, place);
        else tests.push({ at: place, pattern: testOfList(inner) });
        return;
      case 'construct':
        tests.push({ at: place, pattern: { ...inner, constructorCount: constructorCount(inner) } });
    }
  };
  visit(pattern, at);
  return { arm: row.arm, tests: [...tests, ...row.tests], bindings };
}

/** A row that also has to match what is asked of a payload. */
function withPayload(row: Row, at: Occurrence, payload: ConstructorPattern['payload']): Row {
  if (payload === null) return row;
  if (!('0' in payload)) return withPattern(row, at, payload);
  const [head, tail] = payload;
  const inner = withPattern(row, { kind: 'component', of: at, index: TAIL }, tail);
  return withPattern(inner, { kind: 'component', of: at, index: HEAD }, head);
}

/** The index of a field of a record type, whose fields are sorted. */
export function fieldIndex(type: TypedPattern['type'], name: string): number {
  const index = type.kind === 'record' ? type.fields.findIndex((field) => field.name === name) : -1;
  if (index < 0) throw new Error(`no field ${name} in a ${type.kind}`);
  return index;
}

/** The test of a row at an occurrence and the row without it; null where it has none. */
function take(row: Row, at: Occurrence): { test: Test['pattern']; rest: Row } | null {
  const index = row.tests.findIndex((test) => sameOccurrence(test.at, at));
  if (index < 0) return null;
  const tests = row.tests.filter((_, i) => i !== index);
  return { test: row.tests[index].pattern, rest: { ...row, tests } };
}

function sameOccurrence(a: Occurrence, b: Occurrence): boolean {
  if (a === b) return true;
  // A payload is an object of its branch, so only that object is it.
  if (a.kind === 'component' && b.kind === 'component')
    return a.index === b.index && sameOccurrence(a.of, b.of);
  return a.kind === 'subject' && b.kind === 'subject';
}
