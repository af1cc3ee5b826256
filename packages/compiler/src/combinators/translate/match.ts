import { BOOL } from '@smc/protocol';
import type { TypedPattern } from '../../types/typed.ts';
import type { Program } from '../construct.ts';
import type { Term } from '../term.ts';
import type { Context } from './context.ts';
import { decide, fieldIndex } from './decision.ts';
import type { Binding, Decision, Occurrence } from './decision.ts';
import { componentOf } from './scope.ts';
import type { Place, Scope } from './scope.ts';

/** Patterns to terms: a decision tree becomes nested `case` and `if`, a variable a place. */

/** Translates the body of an arm in a scope that has its variables. */
export type ArmBody = (arm: number, scope: Scope) => Term;

/**
 * From the environment to what the first arm gives whose pattern matches the value at
 * `subject`. The body of an arm that several ways lead to becomes a definition, so that code
 * is never copied.
 */
export function matchArms(
  context: Context,
  scope: Scope,
  subject: Place,
  patterns: readonly TypedPattern[],
  body: ArmBody,
): Term {
  const decision = decide(patterns);
  return new ArmSelection(context, scope, subject, body, waysTo(decision, patterns.length)).term(
    decision,
    scope,
  );
}

/** How many ways lead to each arm. */
function waysTo(decision: Decision, armCount: number): number[] {
  const ways = Array<number>(armCount).fill(0);
  const pending = [decision];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (next.kind === 'arm') ways[next.arm]++;
    else if (next.kind === 'test') pending.push(next.same, next.other);
    else for (const branch of next.branches) pending.push(branch.decision);
  }
  return ways;
}

class ArmSelection {
  readonly #context: Context;
  readonly #outer: Scope;
  readonly #subject: Place;
  readonly #body: ArmBody;
  readonly #ways: readonly number[];
  readonly #payloads = new Map<Occurrence, Place>();
  readonly #shared = new Map<number, number>();

  constructor(context: Context, outer: Scope, subject: Place, body: ArmBody, ways: readonly number[]) {
    this.#context = context;
    this.#outer = outer;
    this.#subject = subject;
    this.#body = body;
    this.#ways = ways;
  }

  term(decision: Decision, scope: Scope): Term {
    switch (decision.kind) {
      case 'arm':
        return this.#ways[decision.arm] === 1
          ? this.#body(decision.arm, this.#bound(scope, decision.bindings))
          : this.#callShared(decision.arm, decision.bindings, scope);
      case 'switch':
        return this.#switch(decision, scope);
      case 'test':
        return this.#test(decision, scope);
    }
  }

  #switch({ on, branches }: Extract<Decision, { kind: 'switch' }>, scope: Scope): Term {
    const { program } = this.#context;
    const sum = asSum(program, scope.project(program, this.#place(on)));
    const node = program.types.node(sum.to);
    if (node.kind !== 'sum') throw new Error(`a switch on a ${node.kind}`);
    const arms = branches.map(({ payload, decision }, constructor) => {
      const inner = scope.extend(program, node.constructors[constructor].payload);
      this.#payloads.set(payload, inner.newest);
      return this.term(decision, inner);
    });
    const input = program.tuple([program.identity(scope.type), sum]);
    return program.compose(input, program.case(scope.type, sum.to, arms));
  }

  #test(decision: Extract<Decision, { kind: 'test' }>, scope: Scope): Term {
    const { program } = this.#context;
    const { value } = decision.literal;
    const part = scope.project(program, this.#place(decision.on));
    const same = this.term(decision.same, scope);
    const other = this.term(decision.other, scope);
    const [then, otherwise] = value === false ? [other, same] : [same, other];
    let condition = part;
    if (part.to !== BOOL) {
      const both = program.tuple([part, program.constant(scope.type, part.to, value)]);
      condition = program.compose(both, program.primitive('EQ', both.to));
    }
    const input = program.tuple([program.identity(scope.type), condition]);
    return program.compose(input, program.if(then, otherwise));
  }

  #bound(scope: Scope, bindings: readonly Binding[]): Scope {
    return bindings.reduce((bound, { local, at }) => bound.bind(local, this.#place(at)), scope);
  }

  /** Calls the arm as a definition: its input is the environment of the `case` and the variables. */
  #callShared(arm: number, bindings: readonly Binding[], scope: Scope): Term {
    const { program, name } = this.#context;
    let input = scope.project(program, this.#outer.whole);
    for (const { at } of bindings) input = program.tuple([input, scope.project(program, this.#place(at))]);
    let definition = this.#shared.get(arm);
    if (definition === undefined) {
      let inner = this.#outer;
      for (const { local } of bindings) {
        inner = inner.extend(program, this.#context.lower(local.type));
        inner = inner.bind(local, inner.newest);
      }
      definition = program.define(`${name}, arm ${arm + 1}`, this.#body(arm, inner));
      this.#shared.set(arm, definition);
    }
    return program.compose(input, program.call(definition));
  }

  #place(occurrence: Occurrence): Place {
    switch (occurrence.kind) {
      case 'subject':
        return this.#subject;
      case 'component':
        return componentOf(this.#place(occurrence.of), occurrence.index);
      case 'payload':
        return this.#payloads.get(occurrence)!;
    }
  }
}

/** A list as the sum of nothing, and of its first item and the rest; a sum as it is. */
function asSum(program: Program, part: Term): Term {
  if (program.types.node(part.to).kind !== 'list') return part;
  return program.compose(part, program.primitive('LIST_UNCONS', part.to));
}

/**
 * Binds the variables of an irrefutable pattern to parts of the value at a place. The stages
 * run first: they open the constructor of a sum that has only one.
 */
export function bindPattern(
  context: Context,
  scope: Scope,
  pattern: TypedPattern,
  place: Place,
): { readonly scope: Scope; readonly stages: readonly Term[] } {
  const { program } = context;
  const stages: Term[] = [];
  let bound = scope;
  const visit = (inner: TypedPattern, part: Place): void => {
    switch (inner.kind) {
      case 'wildcard':
      case 'literal':
        return;
      case 'bind':
        bound = bound.bind(inner.local, part);
        return;
      case 'tuple':
        for (const [index, item] of inner.items.entries()) visit(item, componentOf(part, index));
        return;
      case 'record':
        for (const { name, pattern: field } of inner.fields) {
          visit(field, componentOf(part, fieldIndex(inner.type, name)));
        }
        return;
      case 'list':
        // `[...rest]`, the one that is irrefutable.
        if (inner.rest !== null) visit(inner.rest, part);
        return;
      case 'construct': {
        const sum = bound.project(program, part);
        const opened = bound.extend(program, context.lower(inner.payload.type));
        const input = program.tuple([program.identity(bound.type), sum]);
        stages.push(input, program.case(bound.type, sum.to, [program.identity(opened.type)]));
        bound = opened;
        visit(inner.payload, opened.newest);
      }
    }
  };
  visit(pattern, place);
  return { scope: bound, stages };
}
