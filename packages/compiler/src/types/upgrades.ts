import type { Span } from '@smc/protocol';
import type * as tree from '../syntax/tree.ts';
import * as names from '../errors/names.ts';
import { nestedTooDeeply } from '../errors/syntax.ts';
import { notSupportedYet } from '../errors/unsupported.ts';
import * as errors from '../errors/upgrades.ts';
import { inferExpression } from './expressions.ts';
import { checkIrrefutable } from './choice.ts';
import { noEffects } from './functions.ts';
import { Inference } from './inference.ts';
import { tooDeep } from './nesting.ts';
import { inferPattern } from './patterns.ts';
import type { Report } from './report.ts';
import type { MachineScope, ModuleScope, Use } from './scope.ts';
import { Locals } from './scope.ts';
import { suggest } from './suggest.ts';
import { display, hasError, packedOf } from './type.ts';
import type { Type, TypedConversion, TypedOperation, TypedUpgrade } from './typed.ts';
import { differ } from './unify.ts';

/** `upgrade old.M -> M { … }`: the written clauses, and that nothing else needs one. */

/** The typed upgrade; null where it has been refused. Uses of definitions are added to `uses`. */
export function checkUpgrade(
  node: tree.Upgrade,
  module: ModuleScope,
  uses: Use[],
  report: Report,
): TypedUpgrade | null {
  const deep = tooDeep(node);
  if (deep !== null) {
    report.add(nestedTooDeeply(deep));
    return null;
  }
  const older = machineOf(node.old, module, report);
  const newer = machineOf(node.new, module, report);
  if (older === null || newer === null) return null;
  const [oldName, newName] = [older.node.name, newer.node.name];
  if (oldName.text !== newName.text) {
    report.add(errors.otherMachine(node.new.span, oldName.text, newName.text, [oldName.span, newName.span]));
    return null;
  }
  const upgrade: Upgrade = { node, older, newer, module, uses, report };
  const clauses = clausesOf(upgrade);
  if (older === newer) {
    report.add(errors.sameMachine(node.span, newName.text, newName.span));
    return null;
  }
  // What a clause that is not supported would say about the rest is not known.
  if (!clauses.hasRefused) compareOperations(upgrade);
  if (!clauses.hasRefused && clauses.migration === null) compareStates(upgrade);
  const { migration, back } = clauses;
  return { old: older.typed, new: newer.typed, migration, back, span: node.span };
}

interface Upgrade {
  readonly node: tree.Upgrade;
  readonly older: MachineScope;
  readonly newer: MachineScope;
  readonly module: ModuleScope;
  readonly uses: Use[];
  readonly report: Report;
}

/** The machine that a name stands for; null after a diagnostic. */
export function machineOf(path: tree.Path, module: ModuleScope, report: Report): MachineScope | null {
  const { qualifier, name } = path;
  const scope = qualifier === null ? module : module.imports.get(qualifier.text);
  if (scope === undefined && qualifier !== null) {
    const near = suggest(qualifier.text, module.imports.keys());
    report.add(names.unknownImport(qualifier.span, qualifier.text, near));
  }
  if (!scope) return null;
  const known = scope.machines.get(name.text);
  if (known !== undefined) return known;
  const where = qualifier === null ? 'this file' : scope.file;
  report.add(names.unknownMachine(name.span, name.text, where, suggest(name.text, scope.machines.keys())));
  return null;
}

interface Clauses {
  readonly migration: TypedConversion | null;
  readonly back: TypedConversion | null;
  /** Whether there are clauses that are not supported: what they say is not known. */
  readonly hasRefused: boolean;
}

/** What to say of a clause that is not supported, and what to do instead. */
const NOT_SUPPORTED: { readonly [K in tree.Clause['kind']]: readonly [string, string] } = {
  convert: [
    'a clause for a part of the state or for a type',
    'Write the whole migration, `state old -> …`, and `back new -> …`.',
  ],
  on: ['a clause for an operation', 'Keep the operation as it was, and add one with another name.'],
  rename: [
    'a clause with `rename`',
    'Keep operations as they were; rename in the state by `state old -> …`.',
  ],
  drop: [
    'a clause with `drop`',
    'Keep operations and parameters as they were, and read all of the old state in `state old -> …`.',
  ],
};

function clausesOf(upgrade: Upgrade): Clauses {
  const { node, older, newer, report } = upgrade;
  let hasRefused = false;
  const first: { forward: Span | null; back: Span | null } = { forward: null, back: null };
  const found: { forward: TypedConversion | null; back: TypedConversion | null } = {
    forward: null,
    back: null,
  };
  for (const clause of node.clauses) {
    if (clause.kind !== 'convert' || clause.subject.kind !== 'state' || clause.subject.path.length > 0) {
      hasRefused = true;
      report.add(notSupportedYet(clause.span, ...NOT_SUPPORTED[clause.kind]));
      continue;
    }
    const { direction } = clause;
    const earlier = first[direction];
    const [from, to] = direction === 'forward' ? [older, newer] : [newer, older];
    const conversion = checkConversion(clause, from, to, upgrade);
    if (earlier === null) found[direction] = conversion;
    else
      report.add(
        names.duplicate(clause.span, 'the clause', direction === 'forward' ? 'state' : 'back', earlier),
      );
    first[direction] = earlier ?? clause.span;
  }
  return { migration: found.forward, back: found.back, hasRefused };
}

function checkConversion(
  clause: tree.Clause & { kind: 'convert' },
  from: MachineScope,
  to: MachineScope,
  { module, uses, report }: Upgrade,
): TypedConversion {
  const place = {
    module,
    machine: null,
    typeParameters: new Map(),
    uses,
    effects: noEffects(),
    mayFail: true,
    isConstant: false,
  };
  const inference = new Inference(place, report);
  const locals = new Locals(null);
  const input = { type: from.state, span: from.stateSpan };
  const pattern = inferPattern(clause.pattern, input, locals, inference);
  checkIrrefutable(pattern, inference);
  const age = clause.direction === 'forward' ? 'new' : 'old';
  const body = inferExpression(clause.body, locals, inference, { type: to.state, what: `the ${age} state` });
  inference.fit(body, to.state, {
    statement: (type) =>
      age === 'new'
        ? `the migration gives the new state, ${type}`
        : `the way back gives the old state, ${type}`,
    declared: { span: to.stateSpan, text: `the ${age} state` },
    help: [],
  });
  inference.finish();
  return { pattern, body, span: clause.span };
}

function headOf({ node }: Upgrade): Span {
  return { ...node.span, end: Math.max(node.new.span.end, node.span.start) };
}

function compareStates(upgrade: Upgrade): void {
  const { older, newer, report } = upgrade;
  if (hasError(older.state) || hasError(newer.state) || !differ(older.state, newer.state)) return;
  report.add(
    errors.derivedMigration({
      old: older.state,
      oldSpan: older.stateSpan,
      new: newer.state,
      newSpan: newer.stateSpan,
    }),
  );
}

/** Every operation is still there, with its parameters and its reply. */
function compareOperations(upgrade: Upgrade): void {
  const { older, newer, report } = upgrade;
  const removed: { name: string; span: Span }[] = [];
  for (const before of older.typed.operations) {
    const after = newer.typed.operations.find(({ name }) => name === before.name);
    const oldNode = operationNode(older, before.name);
    if (after === undefined) {
      removed.push({ name: before.name, span: oldNode.name.span });
      continue;
    }
    const newNode = operationNode(newer, before.name);
    if (inputText(before) !== inputText(after) || parametersDiffer(before, after)) {
      report.add(
        errors.changedOperation({
          span: newNode.name.span,
          name: before.name,
          what: 'parameters',
          before: inputText(before),
          after: inputText(after),
          oldSpan: oldNode.name.span,
          types: [inputOf(before), inputOf(after)],
        }),
      );
    }
    if (differ(before.reply, after.reply)) {
      report.add(
        errors.changedOperation({
          span: newNode.reply?.span ?? newNode.name.span,
          name: before.name,
          what: 'reply',
          before: display(before.reply),
          after: display(after.reply),
          oldSpan: oldNode.reply?.span ?? oldNode.name.span,
          types: [before.reply, after.reply],
        }),
      );
    }
  }
  if (removed.length > 0) {
    const machine = { name: newer.typed.name, span: newer.typed.nameSpan };
    report.add(errors.removedOperations(headOf(upgrade), machine, removed));
  }
}

function operationNode({ node, typed }: MachineScope, name: string): tree.Operation {
  const found = node.members.find((member) => member.kind === 'on' && member.name.text === name);
  if (found?.kind !== 'on') throw new Error(`the machine ${typed.name} has no operation ${name}`);
  return found;
}

const inputOf = ({ parameters }: TypedOperation): Type => packedOf(parameters.map(({ type }) => type));

const inputText = ({ parameters }: TypedOperation): string =>
  parameters.length === 0
    ? 'nothing'
    : `(${parameters.map(({ name, type }) => `${name}: ${display(type)}`).join(', ')})`;

function parametersDiffer(before: TypedOperation, after: TypedOperation): boolean {
  if (before.parameters.length !== after.parameters.length) return true;
  return before.parameters.some(({ name, type }, i) => {
    const other = after.parameters[i];
    return name !== other.name || differ(type, other.type);
  });
}
