import { BOOL, INT, List, STRING } from '@smc/protocol';
import type { Span, TypeId } from '@smc/protocol';
import { BUILT_INS } from '../../types/builtins.ts';
import type { Callee, TypedExpression } from '../../types/typed.ts';
import { FAULTS } from '../effects.ts';
import { PRIMITIVES } from '../term.ts';
import type { Primitive, Term } from '../term.ts';
import { at } from './context.ts';
import type { Context } from './context.ts';
import { fieldIndex } from './decision.ts';
import { bindPattern, matchArms } from './match.ts';
import { componentOf, projectPath } from './scope.ts';
import type { Place, Scope } from './scope.ts';

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
      return scope.project(program, scope.placeOf(node.local));
    case 'call': {
      const argument = inner(node.argument);
      const callee = translateCallee(context, node.callee, argument.to, context.lower(node.type), node.span);
      return program.compose(argument, callee);
    }
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
    case 'if':
      return chooseByCondition(context, scope, inner(node.condition), inner(node.then), inner(node.else));
    case 'case': {
      const subject = namedValue(context, node.subject, scope);
      const patterns = node.arms.map((arm) => arm.pattern);
      const body = matchArms(context, subject.scope, subject.place, patterns, (arm, armScope) =>
        translateExpression(context, node.arms[arm].body, armScope),
      );
      return program.sequence(scope.type, [...subject.stages, body]);
    }
    case 'let': {
      const value = namedValue(context, node.value, scope);
      const bound = bindPattern(context, value.scope, node.pattern, value.place);
      const body = translateExpression(context, node.body, bound.scope);
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

/** What a name stands for, as a term from `from` to `to`. */
export function translateCallee(
  context: Context,
  callee: Callee,
  from: TypeId,
  to: TypeId,
  span: Span,
): Term {
  const { program } = context;
  switch (callee.kind) {
    case 'fun':
    case 'arrow':
      return at(span, context.call(callee));
    case 'builtin':
      return at(span, program.primitive(instructionOf(callee.name), from));
    case 'primitive':
      switch (callee.name) {
        case 'id':
        case 'return':
          return program.identity(from);
        case 'fst':
          return program.project(from, 0);
        case 'snd':
          return program.project(from, 1);
        case 'inl':
          return program.inject(to, 0);
        case 'inr':
          return program.inject(to, 1);
        case 'get':
          return at(span, program.get(from));
        case 'put':
          return at(span, program.put());
        case 'now':
          return at(span, program.now(from));
        case 'fail':
          return at(span, program.fail(to));
      }
  }
}

function instructionOf(builtIn: string): Primitive {
  const row = BUILT_INS.get(builtIn);
  const instruction = PRIMITIVES.find((name) => name === row?.instruction);
  if (instruction === undefined) throw new Error(`no primitive for the built-in ${builtIn}`);
  return instruction;
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
      const concatenation = left.to === STRING ? 'STRING_CONCAT' : 'LIST_CONCAT';
      const instruction = node.operator === '++' ? concatenation : OPERATORS[node.operator];
      const both = program.tuple([left, right]);
      return program.compose(both, at(node.span, program.primitive(instruction, both.to)));
    }
  }
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
  const { term, paths } = gather(context, values);
  const fields = written.map((position) => projectPath(program, term.to, paths[position]));
  return program.compose(term, program.fork(type, fields));
}

const TUPLE_ITEMS_MAX = 16;

/** Any number of values in one, made in this order, and the path to each: tuples of tuples. */
function gather(context: Context, values: readonly Term[]): { term: Term; paths: readonly number[][] } {
  if (values.length === 1) return { term: values[0], paths: [[]] };
  const groupSize = Math.ceil(values.length / TUPLE_ITEMS_MAX);
  const groups: { term: Term; paths: readonly number[][] }[] = [];
  for (let i = 0; i < values.length; i += groupSize) {
    groups.push(gather(context, values.slice(i, i + groupSize)));
  }
  return {
    term: context.program.tuple(groups.map((group) => group.term)),
    paths: groups.flatMap(({ paths }, index) => paths.map((path) => [index, ...path])),
  };
}
