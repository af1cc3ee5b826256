import { TypeLimitError, TypeTable, UNIT, inputType } from '@smc/protocol';
import type { Checked, Diagnostic, Span, TypeId, Value } from '@smc/protocol';
import { faultInConstant, programTooLarge } from '../../errors/translation.ts';
import type {
  Type,
  TypedConversion,
  TypedExpression,
  TypedMachine,
  TypedOperation,
  TypedUpgrade,
} from '../../types/typed.ts';
import { Program } from '../construct.ts';
import { evaluate } from '../evaluate.ts';
import { Failure } from '../primitive.ts';
import type { MachineTerms, OperationTerms, UpgradeTerms } from '../term.ts';
import { translateBlock } from './arrow.ts';
import type { Position } from './context.ts';
import { translateExpression } from './expression.ts';
import { Instances } from './instances.ts';
import { CONSTANT_FUEL, TranslationLimit } from './limits.ts';
import { TypeLowering } from './lowering.ts';
import { bindPattern } from './match.ts';
import { Scope, componentOf } from './scope.ts';

/** The typed tree to combinators: the entry of the phase. */

/** A machine as combinators, or what is too large in it or has no value. */
export function translateMachine(machine: TypedMachine): Checked<MachineTerms> {
  return new Translation(machine.nameSpan).run((translation) => {
    const state = translation.lower(machine.state);
    const instances = translation.instances(state);
    const operations = machine.operations.map((node) => translation.operation(instances, node));
    return {
      name: machine.name,
      key: 'none',
      types: translation.types,
      definitions: instances.program.definitions,
      state,
      initial: translation.constant('the initial state', machine.initial),
      operations,
      invariants: [],
      fieldOrder: machine.fieldOrder,
      documentation: machine.documentation,
    };
  });
}

/** The conversions of an upgrade as functions; where nothing is written the state stays as it is. */
export function translateUpgrade(upgrade: TypedUpgrade): Checked<UpgradeTerms> {
  return new Translation(upgrade.span).run((translation) => {
    const instances = translation.instances(null);
    const oldState = translation.lower(upgrade.old.state);
    const newState = translation.lower(upgrade.new.state);
    const { migration, back } = upgrade;
    const convert = (node: TypedConversion, to: TypeId): number =>
      translation.conversion(instances, node, to);
    const keep = (): number => instances.program.define('same', instances.program.identity(oldState));
    if (migration === null && oldState !== newState) {
      throw new Error(`no conversion from state ${oldState} to ${newState}`);
    }
    const isSame = migration === null && back === null;
    return {
      types: translation.types,
      migration: migration === null ? keep() : convert(migration, newState),
      back: back !== null ? convert(back, oldState) : isSame ? keep() : null,
      definitions: instances.program.definitions,
    };
  });
}

class Translation {
  readonly types = new TypeTable();
  readonly #lowering = new TypeLowering(this.types);
  readonly #position: Position;
  readonly #diagnostics: Diagnostic[] = [];

  constructor(span: Span) {
    this.#position = { span };
  }

  run<T>(translate: (translation: Translation) => T): Checked<T> {
    try {
      const value = translate(this);
      const diagnostics = this.#diagnostics;
      return diagnostics.length === 0 ? { ok: true, value, diagnostics } : { ok: false, diagnostics };
    } catch (error) {
      if (!(error instanceof TypeLimitError || error instanceof TranslationLimit)) throw error;
      return { ok: false, diagnostics: [programTooLarge(this.#position.span, error.message)] };
    }
  }

  lower(type: Type): TypeId {
    return this.#lowering.lower(type, []);
  }

  instances(state: TypeId | null): Instances {
    return new Instances(new Program(this.types, state), this.#lowering, this.#position);
  }

  operation(instances: Instances, node: TypedOperation): OperationTerms {
    const { program } = instances;
    instances.prepare({ kind: 'block', node: node.body });
    this.#position.span = node.span;
    const parameters = node.parameters.map(({ name, type, default: value }) => ({
      name,
      type: this.lower(type),
      default: value === null ? undefined : this.constant(`the default of ${name}`, value),
    }));
    let scope = new Scope(inputType(this.types, parameters));
    for (const [i, { local }] of node.parameters.entries()) {
      const place = parameters.length === 1 ? scope.whole : componentOf(scope.whole, i);
      scope = scope.bind(local, place);
    }
    const body = translateBlock(instances.context(node.name), node.body, scope);
    const { name, reply } = node;
    return { name, parameters, reply: this.lower(reply), body: program.define(name, body) };
  }

  /** A pure function from what the pattern matches. */
  conversion(instances: Instances, node: TypedConversion, to: TypeId): number {
    const { program } = instances;
    instances.prepare({ kind: 'expression', node: node.body });
    const context = instances.context('conversion');
    const root = new Scope(context.lower(node.pattern.type));
    const { scope, stages } = bindPattern(context, root, node.pattern, root.whole);
    const body = translateExpression(context, node.body, scope);
    if (body.to !== to) throw new Error(`a conversion to ${to} gives ${body.to}`);
    return program.define('conversion', program.sequence(root.type, [...stages, body]));
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
    const instances = this.instances(null);
    const { program } = instances;
    instances.prepare({ kind: 'expression', node });
    const body = translateExpression(instances.context(what), node, new Scope(UNIT));
    const world = { state: null, now: 0, fuel: CONSTANT_FUEL };
    const outcome = evaluate(program, program.define(what, body), null, world);
    return outcome.ok ? outcome.value : outcome.failure;
  }
}
