// Long because expressions are in each other: a rule for each kind, and each uses the first.
import { suggest, type Span } from '@smc/protocol';
import type * as tree from '../syntax/tree.ts';
import {
  constructorAsFunction,
  functionAsValue,
  lambdaNotTaken,
  lambdaOutOfPlace,
  primitiveInExpression,
} from '../errors/arrows.ts';
import * as names from '../errors/names.ts';
import { unknownFunction } from '../errors/translation.ts';
import * as errors from '../errors/types.ts';
import { typeOf } from './annotations.ts';
import { BUILT_INS, callInsteadOf, isPrimitive } from './builtins.ts';
import {
  callableOf,
  constructorCalled,
  hasEffect,
  hintFor,
  isRefused,
  written,
  type Callable,
} from './callables.ts';
import {
  argumentCount,
  mayBeTuple,
  namedPayload,
  packArguments,
  reportCount,
  unitAt,
  unnamedPayload,
} from './calls.ts';
import { checkArms, checkIrrefutable, joinBranches } from './choice.ts';
import { constructorOf } from './constructors.ts';
import { resultOf, type Inference, type Wanted } from './inference.ts';
import { binaryType, unaryType } from './operators.ts';
import { inferPattern } from './patterns.ts';
import { Locals } from './scope.ts';
import {
  BOOL,
  BYTES,
  displayFields,
  displayWithArticle,
  ERROR,
  functionOf,
  INT,
  isError,
  listOf,
  mapOf,
  prune,
  recordOf,
  setOf,
  STRING,
  substitute,
  TIME,
  tupleOf,
} from './type.ts';
import type { Type, TypedExpression, TypedPattern } from './typed.ts';

/**
 * Types of expressions, bottom-up.
 */
export function inferExpression(
  expression: tree.Expression,
  locals: Locals,
  inference: Inference,
  wanted: Wanted | null = null,
): TypedExpression {
  const { span } = expression;
  switch (expression.kind) {
    case 'int':
      return literal(expression.value, INT, span, inference);
    case 'string':
      return literal(expression.value, STRING, span, inference);
    case 'bool':
      return literal(expression.value, BOOL, span, inference);
    case 'unit':
      return unitAt(span, inference);
    case 'variable':
      return inferVariable(expression.path, locals, inference);
    case 'call':
      return inferCall(expression, locals, inference);
    case 'construct':
      return inferConstruct(expression, locals, inference, wanted);
    case 'tuple':
      return inferTuple(expression, locals, inference);
    case 'record':
      return inferRecord(expression, locals, inference);
    case 'field':
      return inferField(expression, locals, inference);
    case 'list':
      return inferList(expression, locals, inference);
    case 'if':
      return inferIf(expression, locals, inference, wanted);
    case 'case':
      return inferCase(expression, locals, inference, wanted);
    case 'let':
      return inferLet(expression, locals, inference, wanted);
    case 'binary':
      return inferBinary(expression, locals, inference);
    case 'unary':
      return inferUnary(expression, locals, inference);
    case 'missing':
      return broken(span, inference);
    case 'bytes':
      return literal(expression.value, BYTES, span, inference);
    case 'time':
      return literal(expression.value, TIME, span, inference);
    case 'map':
      return inferMap(expression, locals, inference);
    case 'set':
      return inferSet(expression, locals, inference);
    case 'lambda':
      inference.report(lambdaOutOfPlace(span));
      return broken(span, inference);
  }
}

function literal(
  value: number | string | boolean | Uint8Array | null,
  type: Type,
  span: Span,
  inference: Inference,
): TypedExpression {
  return inference.node({ kind: 'literal', value, type, span });
}

/** What stands for an expression that has been refused: it goes with every type. */
const broken = (span: Span, inference: Inference): TypedExpression => literal(null, ERROR, span, inference);

// ------------------------------------------------------------------------------ names

/** A name; `fields` are those that are taken of it or changed in it, where it stands for a record. */
function inferVariable(
  path: tree.Path,
  locals: Locals,
  inference: Inference,
  fields: readonly string[] = [],
): TypedExpression {
  const { qualifier, name, span } = path;
  const local = locals.find((qualifier ?? name).text);
  if (local !== null) {
    const value = inference.node({
      kind: 'local' as const,
      local,
      type: local.type,
      span: (qualifier ?? name).span,
    });
    if (prune(local.type).kind === 'function') {
      inference.report(functionAsValue((qualifier ?? name).span, local.name, false));
      return broken(span, inference);
    }
    return qualifier === null ? value : fieldOf(value, name, span, inference);
  }
  const { isConstant, machine } = inference.place;
  const key = isConstant ? (machine?.typed.keyLocal ?? null) : null;
  if (key?.name === (qualifier ?? name).text) {
    inference.report(names.keyInConstant((qualifier ?? name).span, key.name, key.span));
  } else if (qualifier === null && !isFunction(name.text, inference)) {
    inference.report(unknownVariable(name, locals, inference, fields));
  } else if (
    qualifier !== null &&
    !inference.place.module.imports.has(qualifier.text) &&
    !/^[A-Z]/.test(qualifier.text)
  ) {
    inference.report(unknownVariable(qualifier, locals, inference, [name.text]));
  } else if (qualifier === null && hasEffect(name.text) && !inference.place.mayFail) {
    inference.report(primitiveInExpression(span, name.text, inference.place.isConstant));
  } else {
    const callable = callableOf(path, 'arrow', new Locals(null), inference);
    const isArrow = callable?.definition?.kind === 'arrow';
    if (callable !== null) inference.report(functionAsValue(span, written(path), isArrow));
  }
  return broken(span, inference);
}

function isFunction(name: string, { place }: Inference): boolean {
  return (
    isPrimitive(name) || place.machine?.definitions.has(name) === true || place.module.definitions.has(name)
  );
}

function unknownVariable(name: tree.Name, locals: Locals, inference: Inference, fields: readonly string[]) {
  const { isConstant, machine, module } = inference.place;
  const hidden = locals.findHidden(name.text);
  if (hidden !== null) {
    const refused = isConstant ? names.parameterInDefault : names.hiddenLocal;
    return refused(name.span, name.text, hidden.span);
  }
  const state = machine === null ? null : prune(machine.state);
  const isOfState = (text: string): boolean =>
    state?.kind === 'record' && state.fields.some((field) => field.name === text);
  const near = inference.reporter.isFull
    ? null
    : (constructorCalled(name.text, inference) ??
      suggest(name.text, [...locals.names(), ...module.imports.keys()]));
  const isState = near === null && !isConstant && fields.some(isOfState);
  const hint = !isOfState(name.text)
    ? (hintFor(name.text, inference) ?? (isState ? names.stateNotRead(name.text) : null))
    : isConstant
      ? `A constant is built of literals, pure functions and built-ins, and not of the field \`${name.text}\` of the state. A value that is used twice is given a name with \`fun\`: \`fun start() -> Int = 1\`.`
      : `\`${name.text}\` is a field of the state: read the state with \`s <- get\`, then write \`s.${name.text}\`.`;
  return names.unknownName(name.span, name.text, near, hint);
}

function inferField(
  expression: tree.Expression & { kind: 'field' },
  locals: Locals,
  inference: Inference,
): TypedExpression {
  const { record, name, span } = expression;
  // `v1.swap` reads as a field of `v1` where that is an import.
  if (record.kind === 'variable' && record.path.qualifier === null) {
    const qualifier = record.path.name;
    if (locals.find(qualifier.text) === null && inference.place.module.imports.has(qualifier.text)) {
      return inferVariable({ qualifier, name, span }, locals, inference);
    }
  }
  return fieldOf(inferRecordValue(record, [name.text], locals, inference), name, span, inference);
}

/** The value that fields are taken of, or that is copied with other ones. */
const inferRecordValue = (
  value: tree.Expression,
  fields: readonly string[],
  locals: Locals,
  inference: Inference,
): TypedExpression =>
  value.kind === 'variable'
    ? inferVariable(value.path, locals, inference, fields)
    : inferExpression(value, locals, inference);

/** How a message writes a value: `s.xs`; `…` where it is no name and its fields. */
function nameOf(value: TypedExpression): string {
  const fields: string[] = [];
  let seen = value;
  for (; seen.kind === 'field'; seen = seen.record) fields.unshift(seen.name);
  return seen.kind === 'local' ? [seen.local.name, ...fields].join('.') : '…';
}

/** What is meant by a field of a value that has none; null where that is not known. */
function insteadOfField(
  record: TypedExpression,
  type: Type,
  { text }: tree.Name,
  inference: Inference,
): string | null {
  const call = callInsteadOf(type, nameOf(record), text);
  return call === null ? inference.apartHelp(record) : `Write \`${call}\`.`;
}

function fieldOf(
  record: TypedExpression,
  name: tree.Name,
  span: Span,
  inference: Inference,
): TypedExpression {
  const type = prune(record.type);
  const node = (field: Type): TypedExpression =>
    inference.node({ kind: 'field', record, name: name.text, type: field, span });
  if (type === ERROR) return node(ERROR);
  if (type.kind !== 'record') {
    const use = `there is no way to take the field \`${name.text}\``;
    inference.report(
      type.kind === 'unknown'
        ? errors.typeNotKnown(record.span, use)
        : errors.noRecord(
            name.span,
            type,
            `, so also no \`${name.text}\``,
            insteadOfField(record, type, name, inference),
          ),
    );
    return node(ERROR);
  }
  const field = type.fields.find((candidate) => candidate.name === name.text);
  if (field !== undefined) return node(field.type);
  const near = suggest(
    name.text,
    type.fields.map((candidate) => candidate.name),
  );
  inference.report(names.unknownField(name.span, name.text, displayFields(type), near, null));
  return node(ERROR);
}

// ------------------------------------------------------------------------------ calls

function inferCall(
  expression: tree.Expression & { kind: 'call' },
  locals: Locals,
  inference: Inference,
): TypedExpression {
  const { callee: path, span } = expression;
  const callable = callableOf(path, 'expression', locals, inference);
  if (callable === null) {
    // The arguments of what is refused as a whole need no further word, and a function in place none at all.
    const checked = isRefused(path, locals) ? [] : expression.arguments;
    for (const { value } of checked) if (value.kind !== 'lambda') inferExpression(value, locals, inference);
    return broken(span, inference);
  }
  const given = inferArguments(callable, expression, locals, inference);
  if (given === null) return broken(span, inference);
  const named = expression.arguments.find(({ name }) => name !== null);
  if (named?.name) {
    const message = `the arguments of \`${callable.name}\` have no names`;
    const help =
      'Arguments of functions are told by their place; those of operations and constructors can be named.';
    inference.report(errors.namedArguments(named.name.span, message, help));
    return broken(span, inference);
  }
  const argument = packArguments(callable, given, span, inference);
  callable.site.argument = argument;
  return inference.node({ kind: 'call', callee: callable.callee, argument, type: callable.to, span });
}

/**
 * The arguments of a call: those that are functions last, when more is known of their types. Null
 * where they stand in another order than the built-in functions have, which is reported.
 */
function inferArguments(
  callable: Callable,
  expression: tree.Expression & { kind: 'call' },
  locals: Locals,
  inference: Inference,
): readonly TypedExpression[] | null {
  const written = expression.arguments;
  const from = prune(callable.from);
  const types = written.length === 1 || from.kind !== 'tuple' ? [from] : from.items;
  const isBuiltIn = callable.callee.kind === 'builtin' && types.length === written.length;
  if (hasStrayLambda(callable, types, expression, locals, inference)) return null;
  // Loops, and not callbacks: calls nest as deeply as the host's stack allows.
  const given: (TypedExpression | null)[] = [];
  for (const [i, { value }] of written.entries()) {
    if (functionAt(i, types) !== null) {
      given.push(null);
      continue;
    }
    const typed = inferExpression(value, locals, inference);
    // What does not fit is told when all arguments are there.
    const expected = types.at(i);
    const first = given.at(0) ?? null;
    if (isBuiltIn && i === 1 && first !== null && isTurned(first.type, typed.type, types[0])) {
      inference.report(errors.otherOrder(first.span, 0, callable.name, true, types));
      return null;
    }
    if (expected !== undefined && types.length === written.length)
      inference.unify(typed.type, expected, value.span);
    given.push(typed);
  }
  const complete: TypedExpression[] = [];
  for (const [i, typed] of given.entries()) {
    const expected = functionAt(i, types);
    const { value } = written[i];
    if (typed !== null) complete.push(typed);
    else if (expected === null) complete.push(broken(value.span, inference));
    else complete.push(inferFunction(value, expected, callable, locals, inference));
  }
  return complete;
}

/** The type of the argument at a place, where that is a function. */
function functionAt(i: number, types: readonly Type[]): (Type & { kind: 'function' }) | null {
  const type = types.at(i);
  const seen = type === undefined ? null : prune(type);
  return seen?.kind === 'function' ? seen : null;
}

/** Whether a call has a function in place where it takes none, which is reported. */
function hasStrayLambda(
  callable: Callable,
  types: readonly Type[],
  { arguments: written, span }: tree.Expression & { kind: 'call' },
  locals: Locals,
  inference: Inference,
): boolean {
  const stray = written.findIndex(({ value }, i) => value.kind === 'lambda' && functionAt(i, types) === null);
  if (stray < 0) return false;
  const { name, callee, from } = callable;
  const expected = argumentCount(prune(from));
  const place = written[stray].span;
  if (expected !== null && expected !== written.length) {
    reportCount(callable, expected, written.length, span, inference);
  } else if (types.some((_, i) => functionAt(i, types) !== null)) {
    inference.report(errors.otherOrder(place, stray, name, callee.kind === 'builtin', types));
  } else {
    const isKnown = expected !== null && prune(types[stray]).kind !== 'unknown';
    inference.report(lambdaNotTaken(place, name, isKnown ? displayWithArticle(types[stray]) : null));
  }
  for (const { value } of written) if (value.kind !== 'lambda') inferExpression(value, locals, inference);
  return true;
}

/** Whether the collection that comes first was given second. */
function isTurned(first: Type, second: Type, expected: Type): boolean {
  const { kind } = prune(expected);
  const isCollection = kind === 'list' || kind === 'map' || kind === 'set' || kind === 'sum';
  const given = prune(first).kind;
  return isCollection && given !== 'unknown' && given !== kind && prune(second).kind === kind;
}

/** An argument that is a function: a lambda, or a name. */
function inferFunction(
  value: tree.Expression,
  expected: Type & { kind: 'function' },
  callable: Callable,
  locals: Locals,
  inference: Inference,
): TypedExpression {
  const { span } = value;
  if (value.kind === 'lambda') {
    const inner = new Locals(locals);
    const from = prune(expected.from);
    if (value.pattern.kind === 'tuple') {
      const { items } = value.pattern;
      const count = from.kind === 'tuple' ? from.items.length : mayBeTuple(from) ? items.length : 1;
      if (items.length !== count) {
        inference.report(errors.otherParameters(value.pattern.span, callable.name, count, items.length));
        return broken(span, inference);
      }
    }
    const pattern = inferPattern(value.pattern, { type: expected.from, span }, inner, inference);
    if (pattern.kind === 'bind' && from.kind === 'tuple')
      inference.standsForSeveral(pattern.local, callable.name, from.items.length);
    checkIrrefutable(pattern, inference);
    const wanted = { type: expected.to, what: `what the function gives to \`${callable.name}\`` };
    const body = inferExpression(value.body, inner, inference, wanted);
    const fits = inference.fit(body, expected.to, {
      statement: (type) => `the function given to \`${callable.name}\` gives ${type}`,
      declared: null,
      help: [],
    });
    const type = functionOf(expected.from, fits ? body.type : expected.to);
    return inference.node({ kind: 'lambda', pattern, body, type, span });
  }
  if (value.kind === 'construct' && value.arguments.length === 0) {
    const reference = constructorOf(value.constructor, expected.to, inference);
    const labels = reference?.declaration.constructors[reference.index].labels ?? null;
    const takesNone = labels !== null && labels.length === 0;
    if (reference !== null && !takesNone)
      inference.report(constructorAsFunction(span, written(value.constructor)));
    if (reference === null || !takesNone) return broken(span, inference);
  }
  const path = pathOf(value);
  const named = path === null ? null : functionNamed(path, locals, inference);
  if (named === 'refused') return broken(span, inference);
  if (named === null) {
    if (choosesFunction(value, locals, inference)) {
      inference.report(unknownFunction(span, value.kind));
      return broken(span, inference);
    }
    const typed = inferExpression(value, locals, inference);
    const fits = inference.fit(typed, expected, {
      statement: (type) => `\`${callable.name}\` takes ${type} here`,
      declared: null,
      help: ['Write one in place, `x -> …`, or the name of a `fun`.'],
    });
    if (fits && !isError(typed.type)) inference.report(unknownFunction(span, value.kind));
    return broken(span, inference);
  }
  const type = functionOf(named.from, named.to);
  const typed = inference.node({ kind: 'function' as const, callee: named.callee, type, span });
  inference.fit(typed, expected, {
    statement: (text) => `\`${callable.name}\` takes ${text} here`,
    declared: null,
    help: [],
  });
  return typed;
}

/** The path that an expression is, if it is one: `f`, `List.length`, `v1.f`. */
function pathOf(value: tree.Expression): tree.Path | null {
  if (value.kind === 'variable') return value.path;
  if (value.kind !== 'field' || value.record.kind !== 'variable') return null;
  const { path } = value.record;
  return path.qualifier === null ? { qualifier: path.name, name: value.name, span: value.span } : null;
}

/** Whether an expression that is no function itself gives one, of what is written at its ends. */
function choosesFunction(value: tree.Expression, locals: Locals, inference: Inference): boolean {
  let seen: tree.Expression | undefined = value;
  for (;;) {
    if (seen?.kind === 'if') seen = seen.then;
    else if (seen?.kind === 'case') seen = seen.arms.at(0)?.body;
    else if (seen?.kind === 'let') seen = seen.body;
    else break;
  }
  if (seen === undefined || seen === value) return false;
  if (seen.kind === 'lambda') return true;
  const path = pathOf(seen);
  if (path === null) return false;
  const local = locals.find((path.qualifier ?? path.name).text);
  if (local !== null) return path.qualifier === null && prune(local.type).kind === 'function';
  return path.qualifier === null ? isFunction(path.name.text, inference) : BUILT_INS.has(written(path));
}

/** The function that a name stands for as an argument; null where it is a value. */
function functionNamed(path: tree.Path, locals: Locals, inference: Inference): Callable | 'refused' | null {
  const local = locals.find((path.qualifier ?? path.name).text);
  if (local !== null) {
    const type = prune(local.type);
    if (path.qualifier !== null || type.kind !== 'function') return null;
    const { from, to } = type;
    return {
      callee: { kind: 'local', local },
      name: local.name,
      from,
      to,
      definition: null,
      site: { argument: null },
    };
  }
  const isName = path.qualifier !== null || isFunction(path.name.text, inference);
  return isName ? (callableOf(path, 'expression', locals, inference) ?? 'refused') : null;
}

function inferConstruct(
  expression: tree.Expression & { kind: 'construct' },
  locals: Locals,
  inference: Inference,
  wanted: Wanted | null,
): TypedExpression {
  const { constructor: path, span } = expression;
  // A name that the parser has refused for its upper case.
  if (path.qualifier === null && locals.find(path.name.text) !== null) {
    return inferVariable(path, locals, inference);
  }
  const given = expression.arguments.map(({ value }) => inferExpression(value, locals, inference));
  const reference = constructorOf(path, wanted?.type ?? null, inference);
  if (reference === null) return broken(span, inference);
  const { declaration, index } = reference;
  const types = inference.freshList(declaration.parameters.length, span);
  const { labels, payload } = declaration.constructors[index];
  const payloadType = substitute(payload, types);
  const value =
    labels === null
      ? unnamedPayload(expression, given, payloadType, inference)
      : namedPayload(expression, given, labels, payloadType, inference);
  if (value === null) return broken(span, inference);
  const type: Type = { kind: 'sum', declaration, arguments: types };
  return inference.node({ kind: 'construct', constructor: index, payload: value, type, span });
}

// -------------------------------------------------------------------- tuples, records

function inferTuple(
  expression: tree.Expression & { kind: 'tuple' },
  locals: Locals,
  inference: Inference,
): TypedExpression {
  const items = expression.items.map((item) => inferExpression(item, locals, inference));
  const type = tupleOf(items.map((item) => item.type));
  return inference.node({ kind: 'tuple', items, type, span: expression.span });
}

function inferRecord(
  expression: tree.Expression & { kind: 'record' },
  locals: Locals,
  inference: Inference,
): TypedExpression {
  const { base, span } = expression;
  const given = expression.fields.map(({ name }) => name.text);
  const typedBase = base === null ? null : inferRecordValue(base, given, locals, inference);
  const seen = new Map<string, Span>();
  const fields: { name: string; nameSpan: Span; value: TypedExpression }[] = [];
  for (const { name, value } of expression.fields) {
    const typed = inferExpression(value, locals, inference);
    const first = seen.get(name.text);
    if (first === undefined) fields.push({ name: name.text, nameSpan: name.span, value: typed });
    else inference.report(names.givenTwice(name.span, 'the field', name.text, first));
    seen.set(name.text, first ?? name.span);
  }
  if (typedBase !== null) return update(expression, typedBase, fields, seen, inference);
  if (fields.length === 0) {
    inference.report(errors.emptyRecord(span));
    return broken(span, inference);
  }
  return recordNode(fields, span, inference);
}

function recordNode(
  fields: readonly { readonly name: string; readonly value: TypedExpression }[],
  span: Span,
  inference: Inference,
): TypedExpression {
  const type = recordOf(fields.map(({ name, value }) => ({ name, type: value.type })));
  return inference.node({ kind: 'record', fields, type, span });
}

/** `{ ...base, x: e }`: all other fields are those of the base, which is evaluated first, once. */
function update(
  expression: tree.Expression & { kind: 'record' },
  base: TypedExpression,
  fields: readonly { readonly name: string; readonly value: TypedExpression }[],
  places: ReadonlyMap<string, Span>,
  inference: Inference,
): TypedExpression {
  const { span } = expression;
  const type = prune(base.type);
  if (type.kind !== 'record') {
    if (type.kind !== 'unknown') {
      inference.report(errors.noRecord(base.span, type, ', so it can not be copied with changes'));
    } else if (type !== ERROR) {
      inference.report(errors.typeNotKnown(base.span, 'it can not be copied with changes'));
    }
    return broken(span, inference);
  }
  const known = new Set(type.fields.map(({ name }) => name));
  for (const [name, place] of places) {
    if (known.has(name)) continue;
    inference.report(names.unknownField(place, name, displayFields(type), suggest(name, known), null));
  }
  // Without those that are not there, it is of the type of the base.
  const changed = fields.filter(({ name }) => known.has(name));
  const kept = type.fields.filter(({ name }) => !places.has(name));
  const copies = (source: TypedExpression) => [
    ...kept.map(({ name, type: field }) => ({
      name,
      value: inference.node({ kind: 'field' as const, record: source, name, type: field, span: base.span }),
    })),
    ...changed,
  ];
  if (base.kind === 'local') return recordNode(copies(base), span, inference);
  const local = inference.local('base', type, base.span);
  const pattern: TypedPattern = inference.node({ kind: 'bind', local, type, span: base.span });
  const source: TypedExpression = inference.node({ kind: 'local', local, type, span: base.span });
  const body = recordNode(copies(source), span, inference);
  return inference.node({ kind: 'let', pattern, value: base, body, type: body.type, span });
}

function inferList(
  expression: tree.Expression & { kind: 'list' },
  locals: Locals,
  inference: Inference,
): TypedExpression {
  const items = expression.items.map((item) => inferExpression(item, locals, inference));
  return inference.node({
    kind: 'list',
    items,
    type: listOf(itemType(items, inference)),
    span: expression.span,
  });
}

function inferMap(
  expression: tree.Expression & { kind: 'map' },
  locals: Locals,
  inference: Inference,
): TypedExpression {
  const entries = expression.entries.map(({ key, value }) => ({
    key: inferExpression(key, locals, inference),
    value: inferExpression(value, locals, inference),
  }));
  const type = mapOf(
    itemType(
      entries.map(({ key }) => key),
      inference,
    ),
    itemType(
      entries.map(({ value }) => value),
      inference,
    ),
  );
  return inference.node({ kind: 'map', entries, type, span: expression.span });
}

function inferSet(
  expression: tree.Expression & { kind: 'set' },
  locals: Locals,
  inference: Inference,
): TypedExpression {
  const items = expression.items.map((item) => inferExpression(item, locals, inference));
  return inference.node({
    kind: 'set',
    items,
    type: setOf(itemType(items, inference)),
    span: expression.span,
  });
}

/** The one type of items. */
function itemType(items: readonly TypedExpression[], inference: Inference): Type {
  const branches = items.map((item) => ({ type: item.type, span: resultOf(item) }));
  return items.length === 0 ? inference.fresh() : joinBranches('list', branches, null, inference);
}

// ------------------------------------------------------------------------------ choice

/** The condition of an `if`, in an expression or a command. */
export function inferCondition(
  condition: tree.Expression,
  locals: Locals,
  inference: Inference,
): TypedExpression {
  const typed = inferExpression(condition, locals, inference);
  inference.fit(typed, BOOL, {
    statement: (type) => `the condition of an \`if\` is ${type}`,
    declared: null,
    help: ['Compare it with something: `==`, `<`, `>`.'],
  });
  return typed;
}

function inferIf(
  expression: tree.Expression & { kind: 'if' },
  locals: Locals,
  inference: Inference,
  wanted: Wanted | null,
): TypedExpression {
  const condition = inferCondition(expression.condition, locals, inference);
  const then = inferExpression(expression.then, locals, inference, wanted);
  const otherwise = inferExpression(expression.else, locals, inference, wanted);
  const branches = [then, otherwise].map((branch) => ({ type: branch.type, span: resultOf(branch) }));
  const type = joinBranches('if', branches, wanted, inference);
  return inference.node({ kind: 'if', condition, then, else: otherwise, type, span: expression.span });
}

function inferCase(
  expression: tree.Expression & { kind: 'case' },
  locals: Locals,
  inference: Inference,
  wanted: Wanted | null,
): TypedExpression {
  const { span } = expression;
  const subject = inferExpression(expression.subject, locals, inference);
  const arms = expression.arms.map((arm) => {
    const own = new Locals(locals);
    const pattern = inferPattern(arm.pattern, { type: subject.type, span: subject.span }, own, inference);
    return { pattern, body: inferExpression(arm.body, own, inference, wanted) };
  });
  checkArms(
    arms.map(({ pattern }) => pattern),
    subject,
    span,
    inference,
  );
  const branches = arms.map(({ body }) => ({ type: body.type, span: resultOf(body) }));
  const type = arms.length === 0 ? ERROR : joinBranches('case', branches, wanted, inference);
  return inference.node({ kind: 'case', subject, arms, type, span });
}

/** The value and the pattern of a `let`, in an expression or a command; the pattern is bound in `inner`. */
export function inferBinding(
  binding: Pick<tree.Expression & { kind: 'let' }, 'pattern' | 'type' | 'value'>,
  locals: Locals,
  inner: Locals,
  inference: Inference,
): { pattern: TypedPattern; value: TypedExpression } {
  const annotation = binding.type;
  const declared = annotation === null ? null : annotationType(annotation, inference);
  const wanted = declared === null ? null : { type: declared, what: 'as declared' };
  const value = inferExpression(binding.value, locals, inference, wanted);
  if (declared !== null && annotation !== null) {
    inference.fit(value, declared, {
      statement: (type) => `the value declared here is ${type}`,
      declared: { span: annotation.span, text: 'declared here' },
      help: [],
    });
  }
  const type = declared ?? value.type;
  const pattern = inferPattern(binding.pattern, { type, span: value.span }, inner, inference);
  checkIrrefutable(pattern, inference);
  return { pattern, value };
}

function annotationType(node: tree.TypeNode, inference: Inference): Type {
  const { module, typeParameters } = inference.place;
  return typeOf(node, {
    module,
    typeParameters,
    report: inference.reporter,
    role: 'a local value',
    generic: null,
  });
}

function inferLet(
  expression: tree.Expression & { kind: 'let' },
  locals: Locals,
  inference: Inference,
  wanted: Wanted | null,
): TypedExpression {
  const inner = new Locals(locals);
  const { pattern, value } = inferBinding(expression, locals, inner, inference);
  const body = inferExpression(expression.body, inner, inference, wanted);
  return inference.node({ kind: 'let', pattern, value, body, type: body.type, span: expression.span });
}

// --------------------------------------------------------------------------- operators

function inferBinary(
  expression: tree.Expression & { kind: 'binary' },
  locals: Locals,
  inference: Inference,
): TypedExpression {
  const { operator, span } = expression;
  const left = inferExpression(expression.left, locals, inference);
  const right = inferExpression(expression.right, locals, inference);
  const type = binaryType(operator, left, right, inference);
  return inference.node({ kind: 'binary', operator, left, right, type, span });
}

function inferUnary(
  expression: tree.Expression & { kind: 'unary' },
  locals: Locals,
  inference: Inference,
): TypedExpression {
  const { operator, span } = expression;
  const operand = inferExpression(expression.operand, locals, inference);
  const type = unaryType(operator, operand, inference);
  return inference.node({ kind: 'unary', operator, operand, type, span });
}
