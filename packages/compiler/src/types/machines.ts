import type { Span } from '@smc/protocol';
import type * as tree from '../syntax/tree.ts';
import { emptyState } from '../errors/machines.ts';
import { duplicate } from '../errors/names.ts';
import { nestedTooDeeply } from '../errors/syntax.ts';
import { notSupportedYet } from '../errors/unsupported.ts';
import { recordFields, typeOf, type TypeContext } from './annotations.ts';
import { inferBlock, outputPlace } from './arrows.ts';
import { inferExpression } from './expressions.ts';
import { declareFunctions, noEffects, parameterTypes } from './functions.ts';
import { Inference } from './inference.ts';
import { tooDeep } from './nesting.ts';
import type { Report } from './report.ts';
import { Locals, type MachineScope, type ModuleScope, type Mutable, type Use } from './scope.ts';
import { ERROR, partsOf, recordOf, UNIT } from './type.ts';
import type { Type, TypedExpression, TypedMachine, TypedOperation } from './typed.ts';

/** Machines: what they declare, their initial state, their operations. */

/** Declares a machine: its state, and the signatures of its arrows and functions. */
export function declareMachine(whole: tree.Machine, module: ModuleScope, report: Report): MachineScope {
  const node = withoutDeepMembers(whole, report);
  refuseUnsupported(node, report);
  const states = node.members.filter((member) => member.kind === 'state');
  for (const again of states.slice(1)) {
    report.add(duplicate(again.span, 'the state of', node.name.text, states[0].span));
  }
  const state = states.at(0) ?? null;
  const stateType = state === null ? UNIT : stateTypeOf(state, module, report);
  const functions = node.members.filter((member) => member.kind === 'fun' || member.kind === 'arrow');
  let scope: MachineScope | null = null;
  const definitions = declareFunctions(functions, module, () => scope, report);
  const initial = { kind: 'literal', value: null, type: UNIT, span: node.name.span } as const;
  const typed: TypedMachine = {
    name: node.name.text,
    state: stateType,
    initial,
    operations: [],
    fieldOrder: [],
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

function refuseUnsupported(node: tree.Machine, report: Report): void {
  if (node.key !== null) report.add(notSupportedYet(node.key.span, 'a machine with a key'));
  for (const member of node.members) {
    if (member.kind === 'invariant') report.add(notSupportedYet(member.span, 'an invariant'));
    if (member.kind === 'type') {
      const help = 'Declare it beside the machine.';
      report.add(notSupportedYet(member.name.span, 'a type declared in a machine', help));
    }
  }
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
export function checkMachine(scope: MachineScope, module: ModuleScope, uses: Use[], report: Report): void {
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
  typed.operations = operationsOf(scope, module, () => inferenceOf(false), report);
  typed.fieldOrder = fieldOrdersOf(typed, module);
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

function operationsOf(
  scope: MachineScope,
  module: ModuleScope,
  inferenceOf: () => Inference,
  report: Report,
): TypedOperation[] {
  const seen = new Map<string, Span>();
  const operations: TypedOperation[] = [];
  for (const member of scope.node.members) {
    if (member.kind !== 'on') continue;
    const { text, span } = member.name;
    const first = seen.get(text);
    const operation = checkOperation(member, module, inferenceOf(), report);
    if (first !== undefined) report.add(duplicate(span, 'the operation', text, first));
    else operations.push(operation);
    seen.set(text, first ?? span);
  }
  return operations;
}

function checkOperation(
  node: tree.Operation,
  module: ModuleScope,
  inference: Inference,
  report: Report,
): TypedOperation {
  const context: TypeContext = { module, typeParameters: new Map(), report, role: 'a reply', generic: null };
  const types = parameterTypes(node.parameters, 'operation', context);
  const reply = node.reply === null ? UNIT : typeOf(node.reply, context);
  const locals = inference.topLocals();
  const parameters = node.parameters.map(({ name }, i) => {
    const local = inference.local(name.text, types[i], name.span);
    locals.bind(local);
    return { name: name.text, local, type: types[i], default: null };
  });
  const what = `the reply of \`${node.name.text}\``;
  const body = inferBlock(node.body, locals, inference, { type: reply, what });
  const { span, value } = outputPlace(body);
  const declared =
    node.reply === null
      ? { span: node.name.span, text: 'no reply is declared' }
      : { span: node.reply.span, text: 'declared here' };
  inference.fitAt(body.type, span, value, reply, {
    statement: (type) => `${what} is ${type}`,
    declared,
    help:
      node.reply === null ? [`Declare it, \`on ${node.name.text} -> …\`, or end with \`return -< ()\`.`] : [],
  });
  inference.finish();
  return { name: node.name.text, parameters, reply, body, span: node.span };
}

/** Declared orders of the records in a machine's state, inputs and replies. */
function fieldOrdersOf(typed: TypedMachine, module: ModuleScope): TypedMachine['fieldOrder'] {
  const scopes = [module, ...[...module.imports.values()].filter((other) => other !== null)];
  const orders = new Map<string, readonly string[]>();
  const seen = new Set<Type>();
  const open: Type[] = [typed.state];
  for (const { parameters, reply } of typed.operations)
    open.push(...parameters.map(({ type }) => type), reply);
  for (let type = open.pop(); type !== undefined; type = open.pop()) {
    if (seen.has(type)) continue;
    seen.add(type);
    open.push(...partsOf(type));
    if (type.kind === 'sum') open.push(...type.declaration.constructors.map(({ payload }) => payload));
    if (type.kind !== 'record') continue;
    const key = type.fields.map(({ name }) => name).join(',');
    const declared = scopes
      .map(({ fieldOrders }) => fieldOrders.get(key))
      .find((names) => names !== undefined);
    if (declared !== undefined) orders.set(key, declared);
  }
  return [...orders].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, names]) => names);
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
