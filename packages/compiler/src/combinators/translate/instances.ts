import { printType } from '@smc/protocol';
import type { TypeId } from '@smc/protocol';
import { order } from '../../types/graph.ts';
import type { Callee, Local, Type, TypedArrow, TypedExpression, TypedFun } from '../../types/typed.ts';
import type { Program } from '../construct.ts';
import type { Term } from '../term.ts';
import { translateArrow } from './arrow.ts';
import type { Context, Position } from './context.ts';
import { translateExpression } from './expression.ts';
import { bindFunctions, closedEnvironment, holdsFunction } from './functions.ts';
import type { Environment, FunctionCode, KnownFunction } from './functions.ts';
import { INSTANCES_MAX, TranslationLimit } from './limits.ts';
import type { TypeLowering } from './lowering.ts';
import { bindPattern } from './match.ts';
import { Scope, captureType } from './scope.ts';
import type { Capture } from './scope.ts';
import { itemsOf, usesOf } from './uses.ts';
import type { Code, Use } from './uses.ts';

const NAMED_TYPE_NODES_MAX = 5;

/** A function with code of its own. */
type DeclaredCode = Extract<FunctionCode, { kind: 'fun' | 'arrow' | 'lambda' }>;

type Functions = readonly (KnownFunction | null)[];

/** A `fun`, `arrow` or lambda for one choice of its type arguments and the functions that it takes. */
interface Instance {
  readonly known: KnownFunction;
  readonly code: DeclaredCode;
  readonly functions: Functions;
  readonly environment: Environment;
  /** Null until it is translated. */
  definition: number | null;
}

/**
 * Makes definitions of code, one for each instance of a function or arrow that it uses: the
 * program is monomorphic, and first-order but for what built-ins take. Instances come before
 * what uses them, so that no recursion follows a chain of calls.
 */
export class Instances {
  readonly program: Program;
  readonly #lowering: TypeLowering;
  readonly #position: Position;
  /** Of code that is no instance: operations, conversions, constants. */
  readonly #root = closedEnvironment();
  readonly #instances = new Map<string, Instance>();
  readonly #numbers = new Map<TypedFun | TypedArrow, number>();
  readonly #arrowCaptures = new Map<TypedArrow, readonly Capture[]>();
  #lambdas = 0;

  constructor(program: Program, lowering: TypeLowering, position: Position) {
    this.program = program;
    this.#lowering = lowering;
    this.#position = position;
  }

  /** The context of code in which names stand for these. */
  context(name: string, environment: Environment = this.#root): Context {
    const functionOf = (node: TypedExpression): KnownFunction => this.#functionOf(node, environment);
    return {
      program: this.program,
      name,
      lower: (type) => this.#lowering.lower(type, environment.typeArguments),
      resolve: (callee) => this.#resolve(callee, environment),
      functionOf,
      functionsOf: (argument) => this.#functionsOf(argument, environment),
      capturesOf: (code) => this.#capturesOf(code, environment),
      call: (known, functions) => this.program.call(this.#instance(known, functions).definition!),
      visit: (span) => {
        this.#position.span = span;
      },
    };
  }

  /** Translates what the code of a declaration uses, so that the code itself can be. */
  prepare(code: Code, environment: Environment = this.#root): void {
    const { sorted } = order(this.#usedBy(code, environment), (instance) =>
      instance.definition === null ? this.#usedBy(codeOf(instance.code), instance.environment) : [],
    );
    for (const instance of sorted) instance.definition ??= this.#translate(instance);
  }

  // --------------------------------------------------------------------- instances

  #usedBy(code: Code, environment: Environment): Instance[] {
    return usesOf(code).direct.flatMap((use) => this.#ofUse(use, environment));
  }

  #ofUse({ callee, argument, span }: Use, environment: Environment): Instance[] {
    this.#position.span = span;
    const known = this.#resolve(callee, environment);
    if (callee.kind !== 'builtin') {
      return this.#applied(known, argument === null ? [] : this.#functionsOf(argument, environment));
    }
    // A lambda is part of the code in which the built-in stands.
    const parts = argument === null ? [] : itemsOf(argument).filter(({ kind }) => kind !== 'lambda');
    return parts.flatMap((part) =>
      part.type.kind === 'function' ? this.#applied(this.#functionOf(part, environment), []) : [],
    );
  }

  /** The instances that are called where a function is applied, with these functions among its arguments. */
  #applied(known: KnownFunction, functions: Functions): Instance[] {
    switch (known.code.kind) {
      case 'primitive':
        return [];
      case 'builtin':
        return functions.flatMap((each) => (each === null ? [] : this.#applied(each, [])));
      default:
        return [this.#instance(known, functions)];
    }
  }

  #instance(known: KnownFunction, functions: Functions): Instance {
    const { code } = known;
    if (code.kind === 'builtin' || code.kind === 'primitive') throw new Error(`${known.key} has no code`);
    const isFirstOrder = functions.every((each) => each === null);
    const key = isFirstOrder ? known.key : `${known.key}(${functions.map((each) => each?.key ?? '').join()})`;
    let instance = this.#instances.get(key);
    if (instance === undefined) {
      if (this.#instances.size >= INSTANCES_MAX) {
        throw new TranslationLimit('functions are used with too many types and functions');
      }
      const environment = environmentOf(code, isFirstOrder ? [] : functions);
      instance = { known, code, functions: isFirstOrder ? [] : functions, environment, definition: null };
      this.#instances.set(key, instance);
    }
    return instance;
  }

  #translate(instance: Instance): number {
    const name = this.#nameOf(instance);
    return this.program.define(name, this.#body(this.context(name, instance.environment), instance));
  }

  #body(context: Context, { known, code, functions }: Instance): Term {
    const { program } = this;
    if (code.kind === 'arrow') return translateArrow(context, code.arrow.body, known.captures);
    const { pattern, body, span } =
      code.kind === 'lambda' ? code.node : { ...code.fun, pattern: code.fun.parameter };
    this.#position.span = span;
    const argument = this.#argumentType(context, pattern.type, functions);
    const entered = Scope.ofFunction(program.types, known.captures, argument);
    const { scope, stages } = bindPattern(context, entered.scope, pattern, entered.argument);
    return program.sequence(entered.scope.type, [...stages, translateExpression(context, body, scope)]);
  }

  /** The type of an argument, in which functions are what they capture. */
  #argumentType(context: Context, type: Type, functions: Functions): TypeId {
    const { types } = this.program;
    const part = (item: Type, known: KnownFunction | null | undefined): TypeId =>
      known === null || known === undefined ? context.lower(item) : captureType(types, known.captures);
    if (!holdsFunction(type)) return context.lower(type);
    if (type.kind !== 'tuple') return part(type, functions[0]);
    return types.tuple(type.items.map((item, i) => part(item, functions[i])));
  }

  /** `swap<Int, String>`; without the types where they are long. */
  #nameOf({ code, environment }: Instance): string {
    const { types } = this.program;
    const { typeArguments } = environment;
    if (code.kind === 'lambda') return 'lambda';
    const { name } = declarationOf(code);
    const isLong = typeArguments.some((type) => types.treeNodes(type) > NAMED_TYPE_NODES_MAX);
    if (typeArguments.length === 0 || isLong) return name;
    return `${name}<${typeArguments.map((type) => printType(types, type)).join(', ')}>`;
  }

  // --------------------------------------------------------------------- functions

  #resolve(callee: Callee, environment: Environment): KnownFunction {
    switch (callee.kind) {
      case 'builtin':
      case 'primitive':
        return { key: callee.name, code: callee, captures: [] };
      case 'local': {
        const known = environment.functions.get(callee.local);
        if (known === undefined) throw new Error(`the function ${callee.local.name} is not bound`);
        return known;
      }
      default:
        return this.#declared(callee, environment);
    }
  }

  #declared(callee: Extract<Callee, { kind: 'fun' | 'arrow' }>, environment: Environment): KnownFunction {
    const declaration = callee.kind === 'fun' ? callee.fun : callee.arrow;
    this.#position.span = declaration.span;
    const typeArguments = callee.typeArguments.map((type) =>
      this.#lowering.lower(type, environment.typeArguments),
    );
    const number = this.#numbers.get(declaration) ?? this.#numbers.size;
    this.#numbers.set(declaration, number);
    return {
      key: `${number}<${typeArguments.join()}>`,
      code: { ...callee, typeArguments },
      captures: callee.kind === 'arrow' ? this.#capturesOfArrow(callee.arrow) : [],
    };
  }

  #functionOf(node: TypedExpression, environment: Environment): KnownFunction {
    if (node.kind === 'function') return this.#resolve(node.callee, environment);
    this.#position.span = node.span;
    if (node.kind !== 'lambda') throw new Error(`a ${node.kind} is given as a function`);
    let known = environment.lambdas.get(node);
    if (known === undefined) {
      const captures = this.#capturesOf({ kind: 'expression', node }, environment);
      known = { key: `lambda ${this.#lambdas++}`, code: { kind: 'lambda', node, environment }, captures };
      environment.lambdas.set(node, known);
    }
    return known;
  }

  #functionsOf(argument: TypedExpression, environment: Environment): Functions {
    if (!holdsFunction(argument.type)) return [];
    return itemsOf(argument).map((item) =>
      holdsFunction(item.type) ? this.#functionOf(item, environment) : null,
    );
  }

  // ---------------------------------------------------------------------- captures

  #capturesOf(code: Code, environment: Environment): readonly Capture[] {
    const { free, callees } = usesOf(code);
    const captures = new Map<Local, TypeId>();
    for (const local of free) {
      const known = environment.functions.get(local);
      const type =
        known === undefined
          ? this.#lowering.lower(local.type, environment.typeArguments)
          : captureType(this.program.types, known.captures);
      if (known === undefined || known.captures.length > 0) captures.set(local, type);
    }
    for (const callee of callees) {
      if (callee.kind !== 'arrow') continue;
      for (const { local, type } of this.#capturesOfArrow(callee.arrow)) captures.set(local, type);
    }
    return [...captures].map(([local, type]) => ({ local, type }));
  }

  /** Of what is outside an arrow it can see the key of its machine alone. */
  #capturesOfArrow(arrow: TypedArrow): readonly Capture[] {
    const known = this.#arrowCaptures.get(arrow);
    if (known !== undefined) return known;
    // Callees first, without recursion.
    const { sorted } = order([arrow], (each) =>
      this.#arrowCaptures.has(each)
        ? []
        : usesOf({ kind: 'arrow', node: each.body }).callees.flatMap((callee) =>
            callee.kind === 'arrow' ? [callee.arrow] : [],
          ),
    );
    for (const each of sorted) {
      if (this.#arrowCaptures.has(each)) continue;
      const code: Code = { kind: 'arrow', node: each.body };
      this.#arrowCaptures.set(each, this.#capturesOf(code, closedEnvironment()));
    }
    return this.#arrowCaptures.get(arrow)!;
  }
}

function environmentOf(code: DeclaredCode, functions: Functions): Environment {
  switch (code.kind) {
    case 'arrow':
      return { ...closedEnvironment(), typeArguments: code.typeArguments };
    case 'fun': {
      const bound = bindFunctions(new Map(), code.fun.parameter, functions);
      return { ...closedEnvironment(), typeArguments: code.typeArguments, functions: bound };
    }
    case 'lambda': {
      const { node, environment } = code;
      if (functions.length === 0) return environment;
      return {
        ...environment,
        functions: bindFunctions(environment.functions, node.pattern, functions),
        lambdas: new Map(),
      };
    }
  }
}

function declarationOf(code: Extract<DeclaredCode, { kind: 'fun' | 'arrow' }>): TypedFun | TypedArrow {
  return code.kind === 'fun' ? code.fun : code.arrow;
}

function codeOf(code: DeclaredCode): Code {
  switch (code.kind) {
    case 'fun':
      return { kind: 'expression', node: code.fun.body };
    case 'arrow':
      return { kind: 'arrow', node: code.arrow.body };
    case 'lambda':
      return { kind: 'expression', node: code.node.body };
  }
}
