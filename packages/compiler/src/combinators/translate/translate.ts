import { TypeLimitError, TypeTable, UNIT, equal, inputType } from '@smc/protocol';
import type { Checked, Diagnostic, OperationWay, Span, TypeId, Value } from '@smc/protocol';
import {
  brokenInitially,
  conflictingDefaults,
  faultInConstant,
  programTooLarge,
} from '../../errors/translation.ts';
import type {
  Local,
  Type,
  TypedConversion,
  TypedExpression,
  TypedMachine,
  TypedOperation,
  TypedTest,
  TypedUpgrade,
  TypedWay,
} from '../../types/typed.ts';
import { Program } from '../construct.ts';
import { evaluate } from '../evaluate.ts';
import { Failure, OUT_OF_FUEL } from '../primitive.ts';
import type { MachineTerms, OperationTerms, UpgradeTerms } from '../term.ts';
import { translateBlock } from './arrow.ts';
import type { Position } from './context.ts';
import { fieldIndex } from './decision.ts';
import { translateExpression } from './expression.ts';
import { Instances } from './instances.ts';
import { CONSTANT_FUEL, TranslationLimit } from './limits.ts';
import { TypeLowering } from './lowering.ts';
import { bindPattern } from './match.ts';
import { Scope, componentOf } from './scope.ts';
import type { Capture, FunctionScope } from './scope.ts';

/** The typed tree to combinators: the entry of the phase. */

/** A machine as combinators, or what is too large in it or has no value. */
export function translateMachine(machine: TypedMachine): Checked<MachineTerms> {
  return new Translation(machine.nameSpan).run((translation) => {
    const state = translation.lower(machine.state);
    const instances = translation.instances(state);
    const key = translation.captures(machine.keyLocal);
    const { name, key: keyKind, fieldOrder, typeNames, documentation } = machine;
    const initial = translation.constant('the initial state', machine.initial);
    const operations = machine.operations.map((node) => translation.operation(instances, node, key));
    const invariants = machine.invariants.map((node) =>
      translation.conversion(instances, 'invariant', node, key),
    );
    translation.checkInitial(instances, machine, initial, invariants);
    const terms = {
      name,
      key: keyKind,
      types: translation.types,
      definitions: instances.program.definitions,
      state,
      initial,
      operations,
      invariants,
      defaults: translation.defaults(machine),
      fieldOrder,
      typeNames: typeNames.map(({ name: of, type }) => ({ name: of, type: translation.lower(type) })),
      documentation,
    };
    return { ...terms, extent: instances.program.extent };
  });
}

/** The conversions of an upgrade as functions. */
export function translateUpgrade(upgrade: TypedUpgrade): Checked<UpgradeTerms> {
  return new Translation(upgrade.span).run((translation) => {
    const instances = translation.instances(null);
    const convert = (name: string, node: TypedConversion): number =>
      translation.conversion(instances, name, node, []);
    const way = (node: TypedWay): OperationWay =>
      node.kind !== 'adapter'
        ? node
        : {
            kind: 'adapter',
            name: node.name,
            to: node.to,
            request: convert(`request of ${node.name}`, node.request),
            reply: convert(`reply of ${node.to}`, node.reply),
          };
    const { migration, back, operations, backOperations } = upgrade;
    // First, as they are first in the encoding.
    const clauses = upgrade.clauses.map(({ span: _, ...clause }) => ({
      ...clause,
      type: clause.type && translation.lower(clause.type),
    }));
    return {
      types: translation.types,
      definitions: instances.program.definitions,
      migration: convert('migration', migration),
      back: back === null ? null : convert('back', back),
      operations: operations.map(way),
      backOperations: backOperations.map(way),
      clauses,
    };
  });
}

/** A test with the values of its constants. */
export interface TestTerms {
  readonly title: string;
  readonly span: Span;
  /** Null where the machine has no keys. */
  readonly key: Value | null;
  readonly lines: readonly TestLine[];
}

/** A line of a test: an input and its reply, a look at the state, or the clock set, in milliseconds. */
export type TestLine = { readonly span: Span } & (
  | {
      readonly kind: 'input';
      readonly operation: string;
      readonly input: Value;
      readonly expected: Expectation;
    }
  | { readonly kind: 'state'; readonly expected: Value }
  | { readonly kind: 'now'; readonly time: number }
);

/** What an input of a test must give. */
export type Expectation = { readonly reply: Value } | 'fault';

/** A test, in which every expression is a constant. */
export function translateTest({ title, titleSpan, key, lines }: TypedTest): Checked<TestTerms> {
  return new Translation(titleSpan).run((translation) => ({
    title,
    span: titleSpan,
    key: key === null ? null : translation.constant('the key', key),
    lines: lines.map((line) => translation.testLine(line)),
  }));
}

/** The value of a closed expression that was checked to be a constant; null where it has none. */
export function valueOfConstant(node: TypedExpression): { readonly value: Value } | null {
  const made = new Translation(node.span).run((translation) => translation.constant('the constant', node));
  return made.ok ? { value: made.value } : null;
}

class Translation {
  readonly types = new TypeTable();
  readonly #lowering = new TypeLowering(this.types);
  readonly #position: Position;
  readonly #diagnostics: Diagnostic[] = [];
  /** What constants use, which is no part of the program. */
  readonly #constants: Instances;

  constructor(span: Span) {
    this.#position = { span };
    this.#constants = this.instances(null);
  }

  run<T>(translate: (translation: Translation) => T): Checked<T> {
    try {
      const value = translate(this);
      const diagnostics = this.#diagnostics;
      return diagnostics.length === 0 ? { ok: true, value, diagnostics } : { ok: false, diagnostics };
    } catch (error) {
      return { ok: false, diagnostics: [this.#refusal(error)] };
    }
  }

  /** What the error of a program that can not be translated says; any other is thrown again. */
  #refusal(error: unknown): Diagnostic {
    const { span } = this.#position;
    if (error instanceof TypeLimitError || error instanceof TranslationLimit) {
      return programTooLarge(span, error.message);
    }
    throw error;
  }

  lower(type: Type): TypeId {
    return this.#lowering.lower(type, []);
  }

  instances(state: TypeId | null): Instances {
    return new Instances(new Program(this.types, state), this.#lowering, this.#position);
  }

  /** What the code of a machine gets beside its input: the key, where there is one. */
  captures(key: Local | null): readonly Capture[] {
    return key === null ? [] : [{ local: key, type: this.lower(key.type) }];
  }

  operation(instances: Instances, node: TypedOperation, key: readonly Capture[]): OperationTerms {
    instances.prepare({ kind: 'block', node: node.body });
    this.#position.span = node.span;
    const parameters = node.parameters.map(({ name, type, default: value }) => ({
      name,
      type: this.lower(type),
      default: value === null ? undefined : this.constant(`the default of ${name}`, value),
    }));
    const entered = Scope.ofFunction(this.types, key, inputType(this.types, parameters));
    const scope = node.parameters.reduce((outer, { local }, i) => {
      const { argument } = entered;
      return outer.bind(local, parameters.length === 1 ? argument : componentOf(argument, i));
    }, entered.scope);
    const body = translateBlock(instances.context(node.name), node.body, scope);
    const { name, reply } = node;
    return { name, parameters, reply: this.lower(reply), body: instances.program.define(name, body) };
  }

  /** A pure function from what the pattern matches, and the key where it is given one. */
  conversion(instances: Instances, name: string, node: TypedConversion, key: readonly Capture[]): number {
    const { program } = instances;
    instances.prepare({ kind: 'expression', node: node.body });
    this.#position.span = node.span;
    const context = instances.context(name);
    const entered: FunctionScope = Scope.ofFunction(this.types, key, context.lower(node.pattern.type));
    const { scope, stages } = bindPattern(context, entered.scope, node.pattern, entered.argument);
    const body = translateExpression(context, node.body, scope);
    return program.define(name, program.sequence(entered.scope.type, [...stages, body]));
  }

  /** Of each field that inputs may leave out one value; keeps a diagnostic where there are two. */
  defaults(machine: TypedMachine): MachineTerms['defaults'] {
    const found = new Map<string, MachineTerms['defaults'][number] & { readonly node: TypedExpression }>();
    for (const { type, field, value: node } of machine.defaults) {
      const own = { type: this.lower(type), field: fieldIndex(type, field) };
      const key = `${own.type} ${own.field}`;
      const other = found.get(key);
      if (node === other?.node) continue;
      const before = this.#diagnostics.length;
      const value = this.constant(`the default of ${field}`, node);
      if (this.#diagnostics.length > before) continue;
      if (other === undefined) found.set(key, { ...own, value, node });
      else if (!equal(value, other.value))
        this.#diagnostics.push(conflictingDefaults(node.span, field, other.node.span));
    }
    return [...found.values()].map(({ node: _, ...each }) => each);
  }

  /** Keeps a diagnostic of each invariant that the initial state breaks; of one that reads the key nothing is known. */
  checkInitial(
    instances: Instances,
    { keyLocal, invariants, stateSpan }: TypedMachine,
    initial: Value,
    definitions: readonly number[],
  ): void {
    // The value of a state without one is none.
    if (this.#diagnostics.length > 0) return;
    const context = instances.context('invariant');
    for (const [i, { body, span }] of invariants.entries()) {
      const captured = context.capturesOf({ kind: 'expression', node: body });
      if (captured.some(({ local }) => local === keyLocal)) continue;
      const anyKey = keyLocal?.type.kind === 'int' ? 0 : '-';
      const argument = keyLocal === null ? initial : [anyKey, initial];
      const world = { state: null, now: 0, fuel: CONSTANT_FUEL };
      const outcome = evaluate(instances.program, definitions[i], argument, world);
      const failure = outcome.ok ? null : outcome.failure;
      // What takes that long is checked where the machine is deployed.
      if (failure === OUT_OF_FUEL || (outcome.ok && outcome.value === true)) continue;
      this.#diagnostics.push(brokenInitially(span, stateSpan, failure?.message ?? null));
    }
  }

  testLine(line: TypedTest['lines'][number]): TestLine {
    const { span } = line;
    switch (line.kind) {
      case 'input': {
        const expected: Expectation =
          line.expected === 'fault' ? 'fault' : { reply: this.constant('what is expected', line.expected) };
        const input = this.constant('the input', line.input);
        return { kind: 'input', operation: line.operation.name, input, expected, span };
      }
      case 'state':
        return { kind: 'state', expected: this.constant('what is expected', line.expected), span };
      case 'now':
        return { kind: 'now', time: this.constant('the time', line.time) as number, span };
    }
  }

  /** The value of a closed expression; where there is none a diagnostic is kept, and any value is given. */
  constant(what: string, node: TypedExpression): Value {
    const failure = this.#evaluate(what, node);
    if (!(failure instanceof Failure)) return failure;
    // The part of a record that faults is the place to show.
    const parts = node.kind === 'record' ? node.fields.map((field) => field.value) : [];
    const culprit = parts.find((part) => this.#evaluate(what, part) instanceof Failure) ?? node;
    this.#diagnostics.push(faultInConstant(culprit.span, what, failure.message));
    return null;
  }

  #evaluate(what: string, node: TypedExpression): Value | Failure {
    if (node.kind === 'literal') return node.value;
    const { program } = this.#constants;
    this.#constants.prepare({ kind: 'expression', node });
    const body = translateExpression(this.#constants.context(what), node, new Scope(UNIT));
    const world = { state: null, now: 0, fuel: CONSTANT_FUEL };
    const outcome = evaluate(program, program.define(what, body), null, world);
    return outcome.ok ? outcome.value : outcome.failure;
  }
}
