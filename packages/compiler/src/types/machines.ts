import type { Span } from '@smc/protocol';
import type * as tree from '../syntax/tree.ts';
import { badKey, emptyState, typeInMachine } from '../errors/machines.ts';
import { duplicate } from '../errors/names.ts';
import { nestedTooDeeply } from '../errors/syntax.ts';
import { misplacedDefault } from '../errors/types.ts';
import { recordFields, typeOf, type TypeContext } from './annotations.ts';
import { inferBlock, outputsOf } from './arrows.ts';
import { checkIrrefutable } from './choice.ts';
import { inferExpression } from './expressions.ts';
import { declareFunctions, noEffects, parameterTypes } from './functions.ts';
import { Inference } from './inference.ts';
import { tooDeep } from './nesting.ts';
import { inferPattern } from './patterns.ts';
import { namesOfRecords, type RecordNames } from './record-names.ts';
import type { Report } from './report.ts';
import { Locals, type MachineScope, type ModuleScope, type Mutable, type Use } from './scope.ts';
import { BOOL, defaultsOf, ERROR, partsOf, prune, recordOf, substitute, UNIT } from './type.ts';
import type { Local, Type, TypedConversion, TypedExpression, TypedMachine, TypedOperation } from './typed.ts';

/** Machines: what they declare, their initial state, their operations. */

/** Declares a machine: its state, and the signatures of its arrows and functions. */
export function declareMachine(whole: tree.Machine, module: ModuleScope, report: Report): MachineScope {
  const node = withoutDeepMembers(whole, report);
  refuseTypes(node, report);
  const states = node.members.filter((member) => member.kind === 'state');
  for (const again of states.slice(1)) {
    report.add(duplicate(again.span, 'the state of', node.name.text, states[0].span));
  }
  const state = states.at(0) ?? null;
  // What could not be read may have been the state.
  const none = node.isWhole ? UNIT : ERROR;
  const stateType = state === null ? none : stateTypeOf(state, module, report);
  const functions = node.members.filter((member) => member.kind === 'fun' || member.kind === 'arrow');
  let scope: MachineScope | null = null;
  const definitions = declareFunctions(functions, module, () => scope, report);
  const initial = { kind: 'literal', value: null, type: UNIT, span: node.name.span } as const;
  const keyLocal = keyOf(node, module, report);
  const typed: TypedMachine = {
    name: node.name.text,
    key: keyLocal === null ? 'none' : keyLocal.type.kind === 'int' ? 'int' : 'string',
    keyLocal,
    state: stateType,
    initial,
    operations: [],
    invariants: [],
    defaults: [],
    image: null,
    fieldOrder: [],
    typeNames: [],
    documentation: [],
    span: node.span,
    nameSpan: node.name.span,
    statePlaces: state === null ? new Map() : fieldPlacesOf(state),
    stateSpan: stateSpanOf(state) ?? node.name.span,
  };
  scope = { node, state: stateType, stateSpan: typed.stateSpan, definitions, typed };
  return scope;
}

/** A member that is nested too deeply is refused, and not looked into. */
function withoutDeepMembers(node: tree.Machine, report: Report): tree.Machine {
  const members = node.members.filter((member) => {
    const isFunction = member.kind === 'fun' || member.kind === 'arrow';
    const deep = isFunction ? null : tooDeep(member);
    if (deep !== null) report.add(nestedTooDeeply(deep));
    return deep === null;
  });
  return { ...node, members, isWhole: node.isWhole && members.length === node.members.length };
}

function refuseTypes(node: tree.Machine, report: Report): void {
  for (const member of node.members) {
    if (member.kind === 'type') report.add(typeInMachine(member.name.span, member.name.text));
  }
}

/** The key of a keyed machine, as what is in it sees it. */
function keyOf({ key }: tree.Machine, module: ModuleScope, report: Report): Local | null {
  if (key === null) return null;
  const { name, span } = key;
  const role = 'a key';
  const type = prune(typeOf(key.type, { module, typeParameters: new Map(), report, role, generic: null }));
  if (key.default !== null) report.add(misplacedDefault(key.default.span));
  if (type.kind === 'int' || type.kind === 'string') return { name: name.text, type, span: name.span };
  if (type !== ERROR) report.add(badKey(key.type.span, type));
  return { name: name.text, type: ERROR, span };
}

const stateSpanOf = (state: tree.State | null): Span | null =>
  state?.form.kind === 'value' ? state.form.type.span : (state?.span ?? null);

/** Where each field of the state is declared, as far as they are written there. */
function fieldPlacesOf({ form }: tree.State): ReadonlyMap<string, Span> {
  const record = form.kind === 'fields' ? form : form.type;
  const fields = record.kind === 'fields' || record.kind === 'record' ? record.fields : [];
  return new Map(fields.map(({ name }) => [name.text, name.span]));
}

function stateTypeOf({ form, span }: tree.State, module: ModuleScope, report: Report): Type {
  const context: TypeContext = {
    module,
    typeParameters: new Map(),
    report,
    role: 'the state',
    generic: null,
  };
  if (form.kind === 'value') return typeOf(form.type, context);
  if (form.fields.length === 0) {
    report.add(emptyState(span));
    return ERROR;
  }
  const before = report.count;
  // The initial value of a field stands where the default of a parameter does.
  const fields = recordFields(
    form.fields.map((field) => ({ ...field, default: null })),
    'the field',
    context,
  );
  return report.count > before ? ERROR : recordOf(fields);
}

/** Checks the initial state and the operations. Uses of definitions are added to `uses`. */
export function checkMachine(
  scope: MachineScope,
  module: ModuleScope,
  records: RecordNames,
  uses: Use[],
  report: Report,
): void {
  const { node, typed } = scope;
  const inferenceOf = (isConstant: boolean): Inference => {
    const place = {
      module,
      machine: scope,
      typeParameters: new Map(),
      uses,
      effects: noEffects(),
      mayFail: false,
      isConstant,
    };
    return new Inference(place, report);
  };
  const state = node.members.find((member) => member.kind === 'state');
  // Of a state that was refused, the initial value can only repeat what is wrong.
  if (state !== undefined && scope.state !== ERROR)
    typed.initial = initialOf(state, scope, inferenceOf(true));
  typed.operations = operationsOf(scope, module, inferenceOf, report);
  typed.invariants = scope.node.members.flatMap((member) =>
    member.kind === 'invariant' ? [invariantOf(member, scope, inferenceOf(false))] : [],
  );
  typed.defaults = defaultsOfInputs(typed);
  Object.assign(typed, namesOfRecords(typed, records));
  typed.documentation = documentationOf(node);
}

function initialOf(
  { form, span }: tree.State,
  { state }: MachineScope,
  inference: Inference,
): TypedExpression {
  const locals = new Locals(null);
  if (form.kind === 'value') {
    const value = inferExpression(form.initial, locals, inference);
    inference.fit(value, state, {
      statement: (type) => `the state is ${type}`,
      declared: { span: form.type.span, text: 'declared here' },
      help: [],
    });
    inference.finish();
    return value;
  }
  const fields = form.fields.flatMap(({ name, type, default: initial }) => {
    // The parser has said so.
    if (initial === null) return [];
    const value = inferExpression(initial, locals, inference);
    const declared =
      state.kind === 'record' ? state.fields.find((field) => field.name === name.text) : undefined;
    inference.fit(value, declared?.type ?? ERROR, {
      statement: (text) => `the field \`${name.text}\` is ${text}`,
      declared: { span: type.span, text: 'declared here' },
      help: [],
    });
    return [{ name: name.text, value }];
  });
  const record = inference.node({ kind: 'record' as const, fields, type: state, span });
  inference.finish();
  return record;
}

/** `invariant s -> e`: a pure function of the state. */
function invariantOf(node: tree.Invariant, scope: MachineScope, inference: Inference): TypedConversion {
  const locals = inference.topLocals();
  const subject = { type: scope.state, span: scope.stateSpan };
  const pattern = inferPattern(node.pattern, subject, locals, inference);
  checkIrrefutable(pattern, inference);
  const body = inferExpression(node.body, locals, inference, { type: BOOL, what: 'the invariant' });
  inference.fit(body, BOOL, {
    statement: (type) => `an invariant is ${type}`,
    declared: null,
    help: ['It says of each state whether it may be: `invariant s -> s.count >= 0`.'],
  });
  inference.finish();
  return { pattern, body, span: node.span };
}

/** The fields that inputs may leave out, of all records in parameters; of types that look alike those of each. */
function defaultsOfInputs({ operations }: TypedMachine): TypedMachine['defaults'] {
  const found: { type: Type; field: string; value: TypedExpression }[] = [];
  const seen = new Set<Type>();
  const open = operations.flatMap(({ parameters }) => parameters.map(({ type }) => type));
  for (let type = open.pop(); type !== undefined; type = open.pop()) {
    const own = prune(type);
    if (seen.has(own)) continue;
    seen.add(own);
    for (const each of partsOf(own)) open.push(each);
    if (own.kind === 'sum') {
      for (const { payload } of own.declaration.constructors) open.push(substitute(payload, own.arguments));
    }
    for (const [field, { typed: value }] of defaultsOf(own) ?? []) {
      // Of what is wrong in it, its declaration has told.
      if (value === null) continue;
      found.push({ type: own, field, value });
    }
  }
  return found;
}

function operationsOf(
  scope: MachineScope,
  module: ModuleScope,
  inferenceOf: (isConstant: boolean) => Inference,
  report: Report,
): TypedOperation[] {
  const seen = new Map<string, Span>();
  const operations: TypedOperation[] = [];
  for (const member of scope.node.members) {
    if (member.kind !== 'on') continue;
    const { text, span } = member.name;
    const first = seen.get(text);
    const operation = checkOperation(member, module, inferenceOf, report);
    if (first !== undefined) report.add(duplicate(span, 'the operation', text, first));
    else operations.push(operation);
    seen.set(text, first ?? span);
  }
  return operations;
}

function checkOperation(
  node: tree.Operation,
  module: ModuleScope,
  inferenceOf: (isConstant: boolean) => Inference,
  report: Report,
): TypedOperation {
  const inference = inferenceOf(false);
  const context: TypeContext = { module, typeParameters: new Map(), report, role: 'a reply', generic: null };
  const types = parameterTypes(node.parameters, 'operation', context);
  const reply = node.reply === null ? UNIT : typeOf(node.reply, context);
  const locals = inference.topLocals();
  const bound = node.parameters.map(({ name }, i) => {
    const local = inference.local(name.text, types[i], name.span);
    locals.bind(local);
    return local;
  });
  const parameters = node.parameters.map(({ name, type, default: initial }, i) => {
    const value =
      initial === null
        ? null
        : constantOf(initial, types[i], name.text, type.span, inferenceOf(true), locals);
    return { name: name.text, local: bound[i], type: types[i], default: value };
  });
  const what = `the reply of \`${node.name.text}\``;
  const body = inferBlock(node.body, locals, inference, { type: reply, what });
  const declared =
    node.reply === null
      ? { span: node.name.span, text: 'no reply is declared' }
      : { span: node.reply.span, text: 'declared here' };
  inference.fitAt(body.type, outputsOf(body), reply, {
    statement: (type) => `${what} is ${type}`,
    declared,
    help:
      node.reply === null
        ? [`Declare it, \`on ${node.name.text} -> …\`, or end with \`return -< ()\`.`]
        : prune(body.type).kind === 'unit'
          ? ['The last command gives the reply: end with one such as `return -< …`.']
          : [],
  });
  inference.finish();
  const { text, span: nameSpan } = node.name;
  return { name: text, parameters, reply, body, nameSpan, span: node.span };
}

/** The default of a parameter or field: a constant of its type, which does not see the parameters beside it. */
export function constantOf(
  node: tree.Expression,
  type: Type,
  name: string,
  typeSpan: Span,
  inference: Inference,
  beside: Locals | null = null,
): TypedExpression {
  const value = inferExpression(node, new Locals(null, beside), inference);
  inference.fit(value, type, {
    statement: (text) => `\`${name}\` is ${text}`,
    declared: { span: typeSpan, text: 'declared here' },
    help: [],
  });
  inference.finish();
  return value;
}

/** Doc comments: of the machine under its name, of an operation under `Machine.Operation`. */
function documentationOf(node: tree.Machine): Mutable<TypedMachine>['documentation'] {
  const own = node.doc === null ? [] : [{ subject: node.name.text, text: node.doc }];
  const operations = node.members.flatMap((member) =>
    member.kind === 'on' && member.doc !== null
      ? [{ subject: `${node.name.text}.${member.name.text}`, text: member.doc }]
      : [],
  );
  return [...own, ...operations];
}
