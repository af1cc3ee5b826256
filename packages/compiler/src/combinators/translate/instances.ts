import { printType } from '@smc/protocol';
import type { TypeId } from '@smc/protocol';
import { order } from '../../types/graph.ts';
import type { TypedArrow, TypedFun } from '../../types/typed.ts';
import type { Program } from '../construct.ts';
import type { Term } from '../term.ts';
import { translateArrow } from './arrow.ts';
import { calleesOf } from './callees.ts';
import type { Code, DeclaredCallee } from './callees.ts';
import type { Context, Position } from './context.ts';
import { translateExpression } from './expression.ts';
import { INSTANCES_MAX, TranslationLimit } from './limits.ts';
import type { TypeLowering } from './lowering.ts';
import { bindPattern } from './match.ts';
import { Scope } from './scope.ts';

const NAMED_TYPE_NODES_MAX = 5;

/** A `fun` or `arrow` for one choice of its type arguments. */
interface Instance {
  readonly callee: DeclaredCallee;
  readonly typeArguments: readonly TypeId[];
  /** Null until it is translated. */
  definition: number | null;
}

/**
 * Makes definitions of code, one for each instance of a function or arrow that it uses: the
 * program is monomorphic. Instances come before what uses them, so that no recursion follows
 * a chain of calls.
 */
export class Instances {
  readonly program: Program;
  readonly #lowering: TypeLowering;
  readonly #position: Position;
  readonly #instances = new Map<TypedFun | TypedArrow, Map<string, Instance>>();
  #count = 0;

  constructor(program: Program, lowering: TypeLowering, position: Position) {
    this.program = program;
    this.#lowering = lowering;
    this.#position = position;
  }

  /** The context of a body in which the parameters of types stand for these. */
  context(name: string, typeArguments: readonly TypeId[] = []): Context {
    return {
      program: this.program,
      name,
      lower: (type) => this.#lowering.lower(type, typeArguments),
      call: (callee) => this.program.call(this.#instance(callee, typeArguments).definition!),
      visit: (span) => {
        this.#position.span = span;
      },
    };
  }

  /** Translates what the code of a closed declaration uses, so that the code itself can be. */
  prepare(code: Code): void {
    const roots = this.#calleesOf(code, []);
    const { sorted } = order(roots, (instance) =>
      instance.definition === null ? this.#calleesOf(codeOf(instance.callee), instance.typeArguments) : [],
    );
    for (const instance of sorted) instance.definition ??= this.#translate(instance);
  }

  #translate({ callee, typeArguments }: Instance): number {
    const name = this.#nameOf(declarationOf(callee).name, typeArguments);
    const context = this.context(name, typeArguments);
    return this.program.define(name, this.#body(context, callee));
  }

  /** `swap<Int, String>`; without the types where they are long. */
  #nameOf(name: string, typeArguments: readonly TypeId[]): string {
    const { types } = this.program;
    const isLong = typeArguments.some((type) => types.treeNodes(type) > NAMED_TYPE_NODES_MAX);
    if (typeArguments.length === 0 || isLong) return name;
    return `${name}<${typeArguments.map((type) => printType(types, type)).join(', ')}>`;
  }

  #body(context: Context, callee: DeclaredCallee): Term {
    if (callee.kind === 'arrow') return translateArrow(context, callee.arrow.body);
    const { parameter, body, span } = callee.fun;
    this.#position.span = span;
    const root = new Scope(context.lower(parameter.type));
    const { scope, stages } = bindPattern(context, root, parameter, root.whole);
    return this.program.sequence(root.type, [...stages, translateExpression(context, body, scope)]);
  }

  #calleesOf(code: Code, typeArguments: readonly TypeId[]): Instance[] {
    return calleesOf(code).map((callee) => this.#instance(callee, typeArguments));
  }

  /** The instance that a use stands for, in code with these type arguments. */
  #instance(callee: DeclaredCallee, outer: readonly TypeId[]): Instance {
    const declaration = declarationOf(callee);
    this.#position.span = declaration.span;
    const typeArguments = callee.typeArguments.map((type) => this.#lowering.lower(type, outer));
    const key = typeArguments.join();
    const known = this.#instances.get(declaration) ?? new Map<string, Instance>();
    this.#instances.set(declaration, known);
    let instance = known.get(key);
    if (instance === undefined) {
      if (++this.#count > INSTANCES_MAX) {
        throw new TranslationLimit(`${declaration.name} is used with too many types`);
      }
      instance = { callee, typeArguments, definition: null };
      known.set(key, instance);
    }
    return instance;
  }
}

function declarationOf(callee: DeclaredCallee): TypedFun | TypedArrow {
  return callee.kind === 'fun' ? callee.fun : callee.arrow;
}

function codeOf(callee: DeclaredCallee): Code {
  return callee.kind === 'fun'
    ? { kind: 'expression', node: callee.fun.body }
    : { kind: 'arrow', node: callee.arrow.body };
}
