import { BOOL, List, Sum, sizeOf } from '@smc/protocol';
import type { TypeId, TypeTable, Value } from '@smc/protocol';
import { Program } from './construct.ts';
import { FAULTS, WRITES } from './effects.ts';
import { Failure, PRIMITIVE_ROWS } from './primitive.ts';
import type { Definition, Term } from './term.ts';
import { bottomUp, stages } from './traverse.ts';
import { WordCount } from './words.ts';

/**
 * The simplifier: equations of the category, used from left to right, from the leaves up.
 *
 * A term is *discardable* if it writes nothing and cannot fault, and *atomic* if it is a path
 * of projections or a small constant. Nothing that can fault or has effects is dropped, copied
 * or moved over another such; only atoms are copied. Fuel is counted on the result.
 *
 * ```
 * category       id >>> f = f = f >>> id              (f >>> g) >>> h = f >>> (g >>> h)
 *                f >>> constant = constant            so for get and now; f discardable
 *                fail >>> f = fail                    f gives data
 *                call d = its body                    the body is small and calls nothing
 * cartesian      ⟨… fᵢ …⟩ >>> πᵢ = fᵢ                 the other parts discardable
 *                ⟨h >>> π₀, …, h >>> πₙ⟩ = h          h a path, n + 1 all its components
 *                ⟨f₀, …⟩ >>> ⟨πᵢ >>> p, …⟩ = ⟨fᵢ >>> p, …⟩   unless a part that is not atomic is used
 *                                                     twice, or one that is dropped or passed
 *                                                     by another is not discardable
 * distributive   ⟨e, f >>> ιᵢ⟩ >>> case a = ⟨e, f⟩ >>> aᵢ
 *                case (π₁ >>> ι₀, …, π₁ >>> ιₙ) = π₁
 * conditionals   ⟨e, true⟩ >>> if a b = e >>> a        ⟨e, false⟩ >>> if a b = e >>> b
 *                ⟨e, f >>> NOT⟩ >>> if a b = ⟨e, f⟩ >>> if b a
 *                if true false = π₁
 * closed (β)     ⟨f >>> curry b, g⟩ >>> apply = ⟨f, g⟩ >>> b
 * constants      a product or list of constants, a component or constructor or primitive of a
 *                constant, is a constant              the primitive gives a value, and a small one
 * ```
 *
 * Every equation makes the term smaller, or makes forks fewer, so that the pass ends.
 */
export function simplify(source: {
  readonly types: TypeTable;
  readonly state: TypeId | null;
  readonly definitions: readonly Definition[];
}): Program {
  const program = new Program(source.types, source.state);
  const simplifier = new Simplifier(program);
  for (const { name, body } of source.definitions) program.define(name, simplifier.term(body));
  return program;
}

/** What the call of a definition becomes its body up to; a call itself has 2 words. */
const INLINED_WORDS_MAX = 8;
/** In bytes: up to this size a constant is copied, made by a primitive, or part of an inlined body. */
const SMALL_CONSTANT_BYTES_MAX = 96;
const PATH_LENGTH_MAX = 200;

/** A term as the terms that it runs one after the other, none of them a composition or an identity. */
type Stages = readonly Term[];

class Simplifier {
  readonly #program: Program;
  readonly #words: WordCount;
  readonly #memo = new Map<Term, Stages>();

  constructor(program: Program) {
    this.#program = program;
    this.#words = new WordCount(program.types);
  }

  term(term: Term): Term {
    const simple = bottomUp<Stages>(term, this.#memo, (node, parts) =>
      node.kind === 'compose' ? this.#join(parts.flat()) : this.#node(node, parts),
    );
    return this.#program.sequence(term.from, simple);
  }

  /** The laws about two terms that meet, wherever they apply. */
  #join(terms: Stages): Stages {
    const done: Term[] = [];
    const pending = terms.toReversed();
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      if (next.kind === 'identity') continue;
      const last = done.at(-1);
      const simpler = last === undefined ? null : this.#meeting(last, next);
      if (simpler === null) {
        done.push(next);
        continue;
      }
      done.pop();
      for (let i = simpler.length - 1; i >= 0; i--) pending.push(simpler[i]);
    }
    return done;
  }

  /** The laws about a term with simple parts. */
  #node(term: Term, parts: readonly Stages[]): Stages {
    const program = this.#program;
    const part = (index: number, from: TypeId): Term => program.sequence(from, parts[index]);
    switch (term.kind) {
      case 'identity':
        return [];
      case 'call':
        return this.#inlined(term);
      case 'fork':
        return this.#fork(
          term,
          term.parts.map(({ from }, i) => part(i, from)),
        );
      case 'list': {
        const items = term.items.map(({ from }, i) => part(i, from));
        const values = this.#constantsOf(term.to, items);
        if (values === null) return [{ ...term, items }];
        return [{ ...keep(term), kind: 'constant', value: List.of(values) }];
      }
      case 'case': {
        const arms = term.arms.map(({ from }, i) => part(i, from));
        return arms.every((arm, i) => isInjectionOfPayload(arm, i, program.project(term.from, 1).to))
          ? [program.project(term.from, 1)]
          : [{ ...term, arms }];
      }
      case 'if':
        return this.#if({ ...term, then: part(0, term.then.from), else: part(1, term.else.from) });
      case 'curry':
      case 'fold':
      case 'map':
        return [{ ...term, body: part(0, term.body.from) }];
      default:
        return [term];
    }
  }

  /** What two terms, one after the other, are together; null where no law says so. */
  #meeting(first: Term, second: Term): Stages | null {
    const program = this.#program;
    if (first.kind === 'fail' && program.types.isFirstOrder(second.to)) {
      return [{ ...first, to: second.to }];
    }
    switch (second.kind) {
      case 'constant':
      case 'get':
      case 'now':
        return program.effects.isDiscardable(first) ? [{ ...second, from: first.from }] : null;
      case 'project':
        return this.#projection(first, second.index);
      case 'inject':
      case 'primitive':
        return this.#folded(first, second);
      case 'fork':
        return this.#rearranged(first, second);
      case 'case':
        return this.#chosenCase(first, second);
      case 'if':
        return this.#chosenIf(first, second);
      case 'apply':
        return this.#applied(first);
      default:
        return null;
    }
  }

  // ----------------------------------------------------------------------- cartesian

  #pair(left: Term, right: Term): Stages {
    const to = this.#program.types.pair(left.to, right.to);
    return this.#fork({ kind: 'fork', from: left.from, to, parts: [] }, [left, right]);
  }

  #fork(term: Extract<Term, { kind: 'fork' }>, parts: readonly Term[]): Stages {
    const values = this.#constantsOf(term.to, parts);
    if (values !== null) return [{ ...keep(term), kind: 'constant', value: values }];
    const whole = this.#wholeOf(term.to, parts);
    return whole ?? [{ ...term, parts }];
  }

  /** The path to a product of which the parts are all the components. */
  #wholeOf(to: TypeId, parts: readonly Term[]): Stages | null {
    const path = stages(parts[0]).slice(0, -1);
    const from = path.length === 0 ? parts[0].from : path[path.length - 1].to;
    if (from !== to) return null;
    for (const [index, part] of parts.entries()) {
      const own = pathOf(part);
      if (own === null || own.length !== path.length + 1 || own[path.length].index !== index) return null;
      if (path.some((step, i) => step.kind !== 'project' || step.index !== own[i].index)) return null;
    }
    return path;
  }

  #projection(first: Term, index: number): Stages | null {
    const parts = this.#componentsOf(first);
    if (parts === null) return null;
    const droppable = parts.every((part, i) => i === index || this.#program.effects.isDiscardable(part));
    return droppable ? stages(parts[index]) : null;
  }

  /** A fork of components of a fork: the parts are put where they are used. */
  #rearranged(first: Term, second: Extract<Term, { kind: 'fork' }>): Stages | null {
    const parts = this.#componentsOf(first);
    const paths = second.parts.map(pathOf);
    if (parts === null) return null;
    const uses: number[] = [];
    const moved: Term[] = [];
    for (const path of paths) {
      const step = path?.at(0);
      if (path === null || step === undefined || path.length > PATH_LENGTH_MAX) return null;
      uses.push(step.index);
      moved.push(
        this.#program.sequence(first.from, this.#join([...stages(parts[step.index]), ...path.slice(1)])),
      );
    }
    return this.#mayRearrange(parts, uses) ? this.#fork({ ...second, from: first.from }, moved) : null;
  }

  /** Whether the parts of a fork may be made in the order of these uses, each once for each use. */
  #mayRearrange(parts: readonly Term[], uses: readonly number[]): boolean {
    const { effects } = this.#program;
    const counts = parts.map((_, i) => uses.filter((use) => use === i).length);
    const fixed = parts.every((part, i) => {
      if (counts[i] === 0) return effects.isDiscardable(part);
      return counts[i] === 1 || isAtom(part);
    });
    if (!fixed) return false;
    const used = uses.map((use) => effects.of(parts[use]));
    const isInOrder = uses.every((use, i) => i === 0 || uses[i - 1] <= use);
    const faulting = used.filter((set) => (set & FAULTS) !== 0).length;
    return isInOrder || (faulting < 2 && used.every((set) => (set & WRITES) === 0));
  }

  /** The parts of a product that a term makes, or null. */
  #componentsOf(term: Term): readonly Term[] | null {
    if (term.kind === 'fork') return term.parts;
    if (term.kind !== 'constant') return null;
    const types = this.#program.types.components(term.to);
    return (
      types?.map((type, i) => ({ ...term, to: type, value: (term.value as readonly Value[])[i] })) ?? null
    );
  }

  // -------------------------------------------------------------- sums, conditionals

  #chosenCase(first: Term, second: Extract<Term, { kind: 'case' }>): Stages | null {
    const parts = this.#componentsOf(first);
    if (parts === null) return null;
    const [environment, sum] = parts;
    const payload = this.#payloadOf(sum);
    if (payload === null) return null;
    return [...this.#pair(environment, payload.term), ...stages(second.arms[payload.index])];
  }

  /** The constructor and the payload of a sum that a term makes, or null. */
  #payloadOf(sum: Term): { index: number; term: Term } | null {
    const steps = stages(sum);
    const before = steps.slice(0, -1);
    const last = steps[steps.length - 1];
    if (last.kind === 'inject') return { index: last.index, term: this.#program.sequence(sum.from, before) };
    const node = this.#program.types.node(last.to);
    if (last.kind !== 'constant' || node.kind !== 'sum') return null;
    const { tag, value } = last.value as Sum;
    const payload: Term = { ...last, to: node.constructors[tag].payload, value };
    return { index: tag, term: this.#program.sequence(sum.from, [...before, payload]) };
  }

  #if(term: Extract<Term, { kind: 'if' }>): Stages {
    const isCondition = isConstant(term.then, true) && isConstant(term.else, false);
    return isCondition ? [this.#program.project(term.from, 1)] : [term];
  }

  #chosenIf(first: Term, second: Extract<Term, { kind: 'if' }>): Stages | null {
    const parts = this.#componentsOf(first);
    if (parts === null) return null;
    const [environment, condition] = parts;
    if (condition.kind === 'constant') {
      return [...stages(environment), ...stages(condition.value === true ? second.then : second.else)];
    }
    const steps = stages(condition);
    const last = steps[steps.length - 1];
    if (last.kind !== 'primitive' || last.instruction !== 'NOT') return null;
    const positive = this.#program.sequence(condition.from, steps.slice(0, -1));
    const swapped = this.#if({ ...second, then: second.else, else: second.then });
    return [...this.#pair(environment, positive), ...swapped];
  }

  // ------------------------------------------------------------------ functions, calls

  #applied(first: Term): Stages | null {
    if (first.kind !== 'fork') return null;
    const [closure, argument] = first.parts;
    const steps = stages(closure);
    const last = steps[steps.length - 1];
    if (last.kind !== 'curry') return null;
    const environment = this.#program.sequence(closure.from, steps.slice(0, -1));
    return [...this.#pair(environment, argument), ...stages(last.body)];
  }

  #inlined(call: Extract<Term, { kind: 'call' }>): Stages {
    const { body } = this.#program.definitions[call.definition];
    if (this.#words.of(body) > INLINED_WORDS_MAX) return [call];
    let constantBytes = 0;
    const pending = [body];
    // The body is small, so this walk is short.
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      if (['call', 'fold', 'map', 'curry', 'case', 'if'].includes(next.kind)) return [call];
      if (next.kind === 'constant') constantBytes += sizeOf(next.value);
      if (next.kind === 'compose') pending.push(next.first, next.second);
      if (next.kind === 'fork') for (const each of next.parts) pending.push(each);
      if (next.kind === 'list') for (const each of next.items) pending.push(each);
    }
    return constantBytes <= SMALL_CONSTANT_BYTES_MAX ? this.#join(stages(body)) : [call];
  }

  // ------------------------------------------------------------------------ constants

  /** The values of constants that are the parts of a constant of type `to`, or null. */
  #constantsOf(to: TypeId, terms: readonly Term[]): Value[] | null {
    const values = terms.flatMap((term) => (term.kind === 'constant' ? [term.value] : []));
    return values.length === terms.length && this.#program.types.isData(to) ? values : null;
  }

  #folded(first: Term, second: Extract<Term, { kind: 'inject' | 'primitive' }>): Stages | null {
    if (first.kind !== 'constant' || !this.#program.types.isData(second.to)) return null;
    const { value } = first;
    const result =
      second.kind === 'inject'
        ? new Sum(second.index, value)
        : foldedPrimitive(this.#program.types, second, value);
    if (result === null) return null;
    return [{ ...keep(second), kind: 'constant', from: first.from, value: result }];
  }
}

/** The value of a primitive at a constant, if it has one and both are small. */
function foldedPrimitive(types: TypeTable, term: Extract<Term, { kind: 'primitive' }>, value: Value): Value {
  // The result of these is not bounded by the size of their argument.
  const isUnbounded = term.instruction === 'LIST_RANGE' || term.instruction === 'STRING_REPEAT';
  if (isUnbounded || sizeOf(value) > SMALL_CONSTANT_BYTES_MAX) return null;
  const result = PRIMITIVE_ROWS[term.instruction].run(value, types, term.from);
  return result instanceof Failure ? null : result;
}

/** The type and place of a term, for another in its stead. */
function keep({ from, to, span }: Term): Pick<Term, 'from' | 'to' | 'span'> {
  return span === undefined ? { from, to } : { from, to, span };
}

type Projection = Extract<Term, { kind: 'project' }>;

/** The projections that a term is made of, if there is nothing else; of the identity none. */
function pathOf(term: Term): readonly Projection[] | null {
  if (term.kind === 'identity') return [];
  const path: Projection[] = [];
  for (const step of stages(term)) {
    if (step.kind !== 'project') return null;
    path.push(step);
  }
  return path;
}

function isAtom(term: Term): boolean {
  return term.kind === 'constant' ? sizeOf(term.value) <= SMALL_CONSTANT_BYTES_MAX : pathOf(term) !== null;
}

function isConstant(term: Term, value: Value): boolean {
  return term.kind === 'constant' && term.to === BOOL && term.value === value;
}

/** Whether an arm gives the constructor back that it was chosen for. */
function isInjectionOfPayload(arm: Term, index: number, sum: TypeId): boolean {
  const [payload, injection, more] = stages(arm);
  return (
    more === undefined &&
    payload.kind === 'project' &&
    payload.index === 1 &&
    injection?.kind === 'inject' &&
    injection.index === index &&
    injection.to === sum
  );
}
