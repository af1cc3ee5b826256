import { BOOL, BYTES, INT, List, MapValue, STRING, SetValue, keyOrder } from '@smc/protocol';
import type { Span, TypeId, TypeTable, Value } from '@smc/protocol';
import type { Callee, Local, Type, TypedExpression, TypedPattern } from '../../types/typed.ts';
import { FAULTS } from '../effects.ts';
import type { Primitive, Term } from '../term.ts';
import { higherBuiltIn } from './builtins.ts';
import type { FunctionUse } from './builtins.ts';
import { applyKnown } from './calls.ts';
import { at } from './context.ts';
import type { Context } from './context.ts';
import { fieldIndex } from './decision.ts';
import type { KnownFunction, Lambda } from './functions.ts';
import { bindPattern, matchArms } from './match.ts';
import { gather } from './products.ts';
import { componentOf, projectPath } from './scope.ts';
import type { Place, Scope, SettledScope } from './scope.ts';
import { itemsOf } from './uses.ts';
import type { Code } from './uses.ts';

/** Expressions to terms from the environment to the value. */

type Expression<K extends TypedExpression['kind']> = Extract<TypedExpression, { kind: K }>;

/** The term of an expression, from the environment of its scope. */
export function translateExpression(context: Context, node: TypedExpression, scope: Scope): Term {
  const { program } = context;
  const inner = (part: TypedExpression): Term => translateExpression(context, part, scope);
  context.visit(node.span);
  switch (node.kind) {
    case 'literal':
      return at(node.span, program.constant(scope.type, context.lower(node.type), node.value));
    case 'local':
      return node.type.kind === 'function'
        ? translateFunction(context, node, scope)
        : scope.project(program, scope.placeOf(node.local));
    case 'call':
      return translateCall(context, node.callee, node.argument, context.lower(node.type), node.span, scope);
    case 'lambda':
    case 'function':
      return translateFunction(context, node, scope);
    case 'construct':
      return program.compose(
        inner(node.payload),
        at(node.span, program.inject(context.lower(node.type), node.constructor)),
      );
    case 'tuple':
      return program.tuple(node.items.map(inner));
    case 'record':
      return translateRecord(context, node, scope);
    case 'field': {
      const record = inner(node.record);
      return program.compose(record, program.project(record.to, fieldIndex(node.record.type, node.name)));
    }
    case 'list':
      return node.items.length === 0
        ? program.constant(scope.type, context.lower(node.type), List.of([]))
        : at(node.span, program.list(node.items.map(inner)));
    case 'map':
      return translateCollection(
        context,
        node,
        node.entries.map(({ key, value }) => program.tuple([inner(key), inner(value)])),
        scope,
      );
    case 'set':
      return translateCollection(context, node, node.items.map(inner), scope);
    case 'if':
      return chooseByCondition(context, scope, inner(node.condition), inner(node.then), inner(node.else));
    case 'case': {
      const subject = namedValue(context, node.subject, scope);
      const patterns = node.arms.map((arm) => arm.pattern);
      const body = matchArms(context, subject.scope, subject.place, patterns, (arm, armScope) =>
        translateSettled(context, node.arms[arm].body, armScope),
      );
      return program.sequence(scope.type, [...subject.stages, body]);
    }
    case 'let': {
      const value = namedValue(context, node.value, scope);
      const bound = bindPattern(context, value.scope, node.pattern, value.place);
      const body = translateSettled(context, node.body, bound.scope);
      return program.sequence(scope.type, [...value.stages, ...bound.stages, body]);
    }
    case 'binary':
      return translateBinary(context, node, scope);
    case 'unary':
      return program.compose(
        inner(node.operand),
        at(node.span, node.operator === '-' ? program.primitive('NEG', INT) : program.primitive('NOT', BOOL)),
      );
  }
}

/** An expression from an environment that may hold more than it needs. */
function translateSettled(context: Context, node: TypedExpression, scope: Scope): Term {
  const { scope: inner, stages } = settle(context, scope, () => ({ kind: 'expression', node }));
  return context.program.sequence(scope.type, [...stages, translateExpression(context, node, inner)]);
}

/** A scope for code that is all that comes after. */
export function settle(context: Context, scope: Scope, code: () => Code): SettledScope {
  return scope.settle(context.program, () => {
    const live = new Set(context.capturesOf(code()).map(({ local }) => local));
    return (local) => live.has(local);
  });
}

/** The environment goes on into one of two arms. */
export function chooseByCondition(
  context: Context,
  scope: Scope,
  condition: Term,
  then: Term,
  otherwise: Term,
): Term {
  const { program } = context;
  const input = program.tuple([program.identity(scope.type), condition]);
  return program.compose(input, program.if(then, otherwise));
}

/**
 * A place that has the value of an expression, in a scope that it can be seen from. A variable
 * or a field of one has its place already; any other value is added to the environment by the
 * stages.
 */
export function namedValue(
  context: Context,
  node: TypedExpression,
  scope: Scope,
): { readonly scope: Scope; readonly place: Place; readonly stages: readonly Term[] } {
  const known = knownPlace(node, scope);
  if (known !== null) return { scope, place: known, stages: [] };
  const { program } = context;
  const value = translateExpression(context, node, scope);
  const extended = scope.extend(program, value.to);
  const stages = [program.tuple([program.identity(scope.type), value])];
  return { scope: extended, place: extended.newest, stages };
}

function knownPlace(node: TypedExpression, scope: Scope): Place | null {
  if (node.kind === 'local') return scope.placeOf(node.local);
  if (node.kind !== 'field') return null;
  const record = knownPlace(node.record, scope);
  return record === null ? null : componentOf(record, fieldIndex(node.record.type, node.name));
}

/** A call by name; the argument is one expression, a tuple where there are several. */
export function translateCall(
  context: Context,
  callee: Callee,
  argument: TypedExpression,
  to: TypeId,
  span: Span,
  scope: Scope,
): Term {
  const known = context.resolve(callee);
  const higher = known.code.kind === 'builtin' ? higherBuiltIn(known.code.name) : null;
  if (higher !== null) {
    return at(span, higher(functionUse(context, itemsOf(argument), callee.kind === 'builtin', scope), to));
  }
  return applyKnown(context, {
    known,
    captured: capturedBy(context, known, callee.kind === 'local' ? callee.local : null, scope),
    argument: translateExpression(context, argument, scope),
    functions: context.functionsOf(argument),
    to,
    span,
  });
}

/** At run time a function is what it captures; one that is a parameter stands in the environment. */
function capturedBy(context: Context, known: KnownFunction, parameter: Local | null, scope: Scope): Term {
  const { program } = context;
  return parameter === null || known.captures.length === 0
    ? scope.capture(program, known.captures)
    : scope.project(program, scope.placeOf(parameter));
}

/** An expression that is a function, as what it captures. */
function translateFunction(context: Context, node: TypedExpression, scope: Scope): Term {
  return capturedBy(context, context.functionOf(node), parameterOf(node), scope);
}

/** The function parameter that an expression names, if it does. */
function parameterOf(node: TypedExpression): Local | null {
  if (node.kind === 'local') return node.local;
  return node.kind === 'function' && node.callee.kind === 'local' ? node.callee.local : null;
}

/** The arguments of a built-in that takes a function, which is the last of them. */
function functionUse(
  context: Context,
  items: readonly TypedExpression[],
  isInline: boolean,
  scope: Scope,
): FunctionUse {
  const { program } = context;
  const node = items[items.length - 1];
  const values = items.slice(0, -1).map((item) => translateExpression(context, item, scope));
  const apply: FunctionUse['apply'] =
    node.kind === 'lambda' && isInline
      ? (inner, places) => translateLambdaBody(context, node, inner, places)
      : (inner, places) => {
          const known = context.functionOf(node);
          const parts = places.map((place) => inner.project(program, place));
          return applyKnown(context, {
            known,
            captured: capturedBy(context, known, parameterOf(node), inner),
            argument: parts.length === 1 ? parts[0] : program.tuple(parts),
            functions: [],
            to: context.lower(resultOf(node.type)),
            span: node.span,
          });
        };
  return { program, scope, values, apply };
}

function resultOf(type: Type): Type {
  if (type.kind !== 'function') throw new Error(`a ${type.kind} is called`);
  return type.to;
}

/** The body of a lambda where its arguments are at places: that is how a built-in calls it. */
function translateLambdaBody(
  context: Context,
  { pattern, body }: Lambda,
  scope: Scope,
  places: readonly Place[],
): Term {
  const { program } = context;
  const stages: Term[] = [];
  let bound = scope;
  const bind = (part: TypedPattern, place: Place): void => {
    const { scope: next, stages: more } = bindPattern(context, bound, part, place);
    stages.push(...more);
    bound = next;
  };
  if (places.length === 1) {
    bind(pattern, places[0]);
  } else if (pattern.kind === 'tuple') {
    for (const [i, item] of pattern.items.entries()) bind(item, places[i]);
  } else if (pattern.kind !== 'wildcard') {
    const whole = program.tuple(places.map((place) => scope.project(program, place)));
    stages.push(program.tuple([program.identity(scope.type), whole]));
    bound = scope.extend(program, whole.to);
    bind(pattern, bound.newest);
  }
  return program.sequence(scope.type, [...stages, translateExpression(context, body, bound)]);
}

const OPERATORS = {
  '==': 'EQ',
  '!=': 'NE',
  '<': 'LT',
  '<=': 'LE',
  '>': 'GT',
  '>=': 'GE',
  '+': 'ADD',
  '-': 'SUB',
  '*': 'MUL',
  '/': 'DIV',
  '%': 'REM',
} as const satisfies Record<string, Primitive>;

const concatenationOf = (type: TypeId): Primitive =>
  type === STRING ? 'STRING_CONCAT' : type === BYTES ? 'BYTES_CONCAT' : 'LIST_CONCAT';

function translateBinary(context: Context, node: Expression<'binary'>, scope: Scope): Term {
  const { program } = context;
  const left = translateExpression(context, node.left, scope);
  const right = translateExpression(context, node.right, scope);
  const constant = (value: boolean): Term => program.constant(scope.type, BOOL, value);
  switch (node.operator) {
    case '&&':
      return chooseByCondition(context, scope, left, right, constant(false));
    case '||':
      return chooseByCondition(context, scope, left, constant(true), right);
    default: {
      const instruction = node.operator === '++' ? concatenationOf(left.to) : OPERATORS[node.operator];
      const both = program.tuple([left, right]);
      return program.compose(both, at(node.span, program.primitive(instruction, both.to)));
    }
  }
}

/** A map or set: of a list of what is in it, or a constant where that is nothing. */
function translateCollection(
  context: Context,
  node: Expression<'map' | 'set'>,
  items: readonly Term[],
  scope: Scope,
): Term {
  const { program } = context;
  const type = context.lower(node.type);
  if (items.length === 0) return program.constant(scope.type, type, emptyOf(program.types, type));
  const list = program.list(items);
  const instruction = node.kind === 'map' ? 'MAP_FROM_LIST' : 'SET_FROM_LIST';
  return program.compose(at(node.span, list), at(node.span, program.primitive(instruction, list.to)));
}

function emptyOf(types: TypeTable, type: TypeId): Value {
  const node = types.node(type);
  if (node.kind === 'map') return MapValue.empty(keyOrder(types, node.key));
  if (node.kind === 'set') return SetValue.empty(keyOrder(types, node.item));
  throw new Error(`type ${type} is a ${node.kind}, not a map or set`);
}

/**
 * The fields run in the order in which they are written. Where that can be seen, since two of
 * them can fault, and is not the order of their names, they are made in the one and put into
 * the other.
 */
function translateRecord(context: Context, node: Expression<'record'>, scope: Scope): Term {
  const { program } = context;
  const type = context.lower(node.type);
  const values = node.fields.map((field) => translateExpression(context, field.value, scope));
  // The position among the written fields, for each field by its name.
  const written = node.fields
    .map((field, position) => ({ position, index: fieldIndex(node.type, field.name) }))
    .sort((a, b) => a.index - b.index)
    .map(({ position }) => position);
  const isSorted = written.every((position, i) => position === i);
  const faulting = values.filter((value) => (program.effects.of(value) & FAULTS) !== 0);
  if (isSorted || faulting.length < 2) {
    return program.fork(
      type,
      written.map((position) => values[position]),
    );
  }
  const { whole, paths } = gather(values, (items) => program.tuple(items));
  const fields = written.map((position) => projectPath(program, whole.to, paths[position]));
  return program.compose(whole, program.fork(type, fields));
}
