import { PARAMETERS_MAX, TYPE_LIMITS, suggest } from '@smc/protocol';
import type * as tree from '../syntax/tree.ts';
import { tooMany } from '../errors/machines.ts';
import * as names from '../errors/names.ts';
import {
  emptyRecord,
  functionAsData,
  misplacedDefault,
  notKey,
  typeTooLarge,
  wrongCount,
} from '../errors/types.ts';
import type { Report } from './report.ts';
import type { ModuleScope, Mutable } from './scope.ts';
import { BASE_TYPES, BUILT_IN_SUMS, BUILT_IN_TYPES } from './sums.ts';
import {
  display,
  ERROR,
  type FieldDefault,
  functionOf,
  hasError,
  isTooLarge,
  listOf,
  mapOf,
  measure,
  noteDefaults,
  noteName,
  notKeyPart,
  recordOf,
  setOf,
  substitute,
  tupleOf,
  UNIT,
} from './type.ts';
import type { Type } from './typed.ts';

/** Types as they are written: from the syntax to a `Type`. */

/** Where a type is written. */
export interface TypeContext {
  readonly module: ModuleScope;
  readonly typeParameters: ReadonlyMap<string, Type>;
  readonly report: Report;
  /** What it is the type of, as in `a function can not be part of …`. */
  readonly role: string;
  /** The declaration whose type variables these are; null where there are none. */
  readonly generic: string | null;
  /** Whether it may be a function: of the parameter of a `fun`. */
  readonly takesFunctions?: boolean;
  /** Whether fields may have defaults: in a declared type. */
  readonly takesDefaults?: boolean;
}

/** The type that is written, or `ERROR` after a diagnostic. */
export function typeOf(node: tree.TypeNode, context: TypeContext): Type {
  const before = context.report.count;
  const type = resolve(node, context);
  if (context.report.count > before || hasError(type)) return ERROR;
  if (!isTooLarge(measure(type))) return type;
  context.report.add(typeTooLarge(node.span));
  return ERROR;
}

function resolve(node: tree.TypeNode, context: TypeContext): Type {
  switch (node.kind) {
    case 'unit':
      return UNIT;
    case 'missing':
      return ERROR;
    case 'variable':
      return variable(node.name, context);
    case 'tuple':
      return tuple(node, context);
    case 'record':
      return record(node, context);
    case 'function':
      if (context.takesFunctions !== true) {
        context.report.add(functionAsData(node.span, context.role));
        return ERROR;
      }
      return functionOf(
        resolve(node.from, { ...context, role: 'what a function takes' }),
        resolve(node.to, { ...context, takesFunctions: false, role: 'what a function gives' }),
      );
    case 'named':
      return node.path.qualifier === null
        ? named(node, context)
        : imported(node, node.path.qualifier, context);
  }
}

function variable(name: tree.Name, context: TypeContext): Type {
  const known = context.typeParameters.get(name.text);
  if (known !== undefined) return known;
  const where = context.generic ?? context.role;
  const upper = name.text.slice(0, 1).toUpperCase() + name.text.slice(1);
  const meant = BUILT_IN_TYPES.has(upper) || context.module.types.has(upper) ? upper : null;
  const declared = context.generic === null ? null : [...context.typeParameters.keys()];
  context.report.add(names.unknownTypeVariable(name.span, name.text, where, declared, meant));
  return ERROR;
}

function tuple(node: tree.TypeNode & { kind: 'tuple' }, context: TypeContext): Type {
  if (node.items.length > PARAMETERS_MAX) {
    const help = 'Use a record, or tuples in a tuple.';
    context.report.add(tooMany(node.span, 'components', node.items.length, PARAMETERS_MAX, help));
    return ERROR;
  }
  // The parameters of a function: each may be a function, and what is inside of one may not.
  const own = context.role === 'what a function takes' ? { ...context, role: 'a parameter' } : inner(context);
  return tupleOf(node.items.map((item) => resolve(item, own)));
}

function record(node: tree.TypeNode & { kind: 'record' }, context: TypeContext): Type {
  const fields = recordFields(node.fields, 'the field', context);
  if (fields.length === 0) {
    context.report.add(emptyRecord(node.span));
    return ERROR;
  }
  const type = recordOf(fields);
  const defaults = new Map<string, FieldDefault>();
  for (const { name, default: value, type: written } of node.fields) {
    if (value === null || context.takesDefaults !== true) continue;
    const field = fields.find((each) => each.name === name.text);
    if (field === undefined) continue;
    const byDefault: Mutable<FieldDefault> = { typed: null };
    defaults.set(name.text, byDefault);
    context.module.defaults.push({
      name: name.text,
      type: field.type,
      typeSpan: written.span,
      node: value,
      of: byDefault,
    });
  }
  if (defaults.size > 0) noteDefaults(type, defaults);
  return type;
}

/** What is inside of a type can be no function. */
const inner = (context: TypeContext): TypeContext =>
  context.takesFunctions === true ? { ...context, takesFunctions: false } : context;

/** The fields of a record, the arguments of a constructor: each name once, without defaults. */
export function recordFields(
  parameters: readonly tree.Parameter[],
  what: string,
  context: TypeContext,
): { name: string; type: Type; span: tree.Name['span'] }[] {
  const first = new Map<string, tree.Name>();
  const fields = [];
  const max = TYPE_LIMITS.recordFieldsMax;
  // What is too much is not looked into: it may be any number.
  for (const { name, type, default: byDefault } of parameters.slice(0, max)) {
    const earlier = first.get(name.text);
    const resolved = resolve(type, inner(context));
    if (byDefault !== null && context.takesDefaults !== true) {
      context.report.add(misplacedDefault(byDefault.span));
    }
    if (earlier !== undefined) context.report.add(names.duplicate(name.span, what, name.text, earlier.span));
    else fields.push({ name: name.text, type: resolved, span: name.span });
    first.set(name.text, earlier ?? name);
  }
  if (parameters.length > max) {
    const help = 'Group them in records.';
    context.report.add(tooMany(parameters[max].span, 'fields', parameters.length, max, help));
  }
  noteFieldOrder(
    fields.map(({ name }) => name),
    context.module.fieldOrders,
  );
  return fields;
}

/** Keeps the order in which the fields of a record are declared; the first declaration counts. */
export function noteFieldOrder(fields: readonly string[], orders: ModuleScope['fieldOrders']): void {
  const key = [...fields].sort().join(',');
  if (fields.length > 0 && !orders.has(key)) orders.set(key, fields);
}

function named(node: tree.TypeNode & { kind: 'named' }, context: TypeContext): Type {
  const { name } = node.path;
  const parameters = BUILT_IN_TYPES.get(name.text);
  if (parameters === undefined) return declared(node, context.module, context);
  if (node.arguments.length !== parameters) {
    const what = `the type \`${name.text}\``;
    context.report.add(wrongCount(node.span, what, parameters, node.arguments.length, null));
    return ERROR;
  }
  const types = node.arguments.map((argument) => resolve(argument, inner(context)));
  if (name.text === 'List') return listOf(types[0]);
  if (name.text === 'Map' || name.text === 'Set') {
    const part = notKeyPart(types[0]);
    if (part !== null) {
      context.report.add(notKey(node.arguments[0].span, types[0], part));
      return ERROR;
    }
    return name.text === 'Map' ? mapOf(types[0], types[1]) : setOf(types[0]);
  }
  const declaration = BUILT_IN_SUMS.find((sum) => sum.name === name.text);
  if (declaration !== undefined) return { kind: 'sum', declaration, arguments: types };
  return BASE_TYPES.get(name.text) ?? ERROR;
}

function imported(node: tree.TypeNode & { kind: 'named' }, alias: tree.Name, context: TypeContext): Type {
  const module = context.module.imports.get(alias.text);
  if (module === undefined) {
    const near = suggest(alias.text, context.module.imports.keys());
    context.report.add(names.unknownImport(alias.span, alias.text, near));
  }
  return module ? declared(node, module, context) : ERROR;
}

function declared(node: tree.TypeNode & { kind: 'named' }, module: ModuleScope, context: TypeContext): Type {
  const { name } = node.path;
  const known = module.types.get(name.text);
  if (known === undefined) {
    const builtIn = module === context.module ? BUILT_IN_TYPES.keys() : [];
    const near = suggest(name.text, [...module.types.keys(), ...builtIn]);
    context.report.add(
      names.unknownType(name.span, name.text, near, module === context.module ? null : module.file),
    );
    return ERROR;
  }
  if (known.type === ERROR) return ERROR;
  const { length } = node.arguments;
  if (length !== known.parameters) {
    const what = `the type \`${name.text}\``;
    context.report.add(wrongCount(node.span, what, known.parameters, length, null));
    return ERROR;
  }
  const types = node.arguments.map((argument) => resolve(argument, inner(context)));
  const type = substitute(known.type, types);
  if (type !== known.type) noteName(type, `${name.text}<${types.map(display).join(', ')}>`);
  return type;
}
