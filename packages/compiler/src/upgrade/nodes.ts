import type { Span } from '@smc/protocol';
import { functionOf, STRING, tupleOf } from '../types/type.ts';
import type { Callee, Local, Type, TypedConversion, TypedExpression, TypedFun } from '../types/typed.ts';

/** Nodes of the typed tree, for conversions that nobody wrote. All stand at the place of the upgrade. */
export class Nodes {
  readonly span: Span;
  #locals = 0;

  constructor(span: Span) {
    this.span = span;
  }

  local(type: Type): Local {
    return { name: `value${this.#locals++}`, type, span: this.span };
  }

  use(local: Local): TypedExpression {
    return { kind: 'local', local, type: local.type, span: this.span };
  }

  field(record: TypedExpression, name: string, type: Type): TypedExpression {
    return { kind: 'field', record, name, type, span: this.span };
  }

  tuple(items: readonly TypedExpression[]): TypedExpression {
    return { kind: 'tuple', items, type: tupleOf(items.map(({ type }) => type)), span: this.span };
  }

  unit(): TypedExpression {
    return { kind: 'literal', value: null, type: { kind: 'unit' }, span: this.span };
  }

  /** A call of a function of one argument. */
  call(callee: Callee, argument: TypedExpression, type: Type): TypedExpression {
    return { kind: 'call', callee, argument, type, span: this.span };
  }

  builtIn(name: string, given: readonly TypedExpression[], type: Type): TypedExpression {
    return this.call({ kind: 'builtin', name }, given.length === 1 ? given[0] : this.tuple(given), type);
  }

  fail(message: string, type: Type): TypedExpression {
    const text: TypedExpression = { kind: 'literal', value: message, type: STRING, span: this.span };
    return this.call({ kind: 'primitive', name: 'fail' }, text, type);
  }

  /** `x -> body` */
  lambda(from: Type, body: (value: TypedExpression) => TypedExpression): TypedExpression {
    const { pattern, body: made } = this.conversion(from, body);
    return { kind: 'lambda', pattern, body: made, type: functionOf(from, made.type), span: this.span };
  }

  conversion(from: Type, body: (value: TypedExpression) => TypedExpression): TypedConversion {
    const local = this.local(from);
    const pattern = { kind: 'bind' as const, local, type: from, span: this.span };
    return { pattern, body: body(this.use(local)), span: this.span };
  }

  /** A function of its own, so that what occurs often is there once. */
  fun(name: string, from: Type, body: (value: TypedExpression) => TypedExpression): TypedFun {
    const { pattern, body: made } = this.conversion(from, body);
    return { name, typeParameters: [], parameter: pattern, result: made.type, body: made, span: this.span };
  }
}
