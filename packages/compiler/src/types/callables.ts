import { suggest, type Diagnostic, type Span } from '@smc/protocol';
import type * as tree from '../syntax/tree.ts';
import * as arrows from '../errors/arrows.ts';
import * as names from '../errors/names.ts';
import { constructorAsArrow } from '../errors/syntax.ts';
import {
  builtInFor,
  callInsteadOf,
  BUILT_INS,
  BUILT_IN_NAMES,
  isPrimitive,
  PRIMITIVE_NAMES,
  PRIMITIVE_SCHEMES,
} from './builtins.ts';
import type { Inference } from './inference.ts';
import type { Definition, Locals, Site } from './scope.ts';
import { BUILT_IN_CONSTRUCTORS } from './sums.ts';
import { isError, prune, substitute, UNIT } from './type.ts';
import type { Callee, Local, PrimitiveArrow, Type } from './typed.ts';

/** The function or arrow that a name stands for, at a use of it. */
export interface Callable {
  readonly callee: Callee;
  /** As written. */
  readonly name: string;
  readonly from: Type;
  readonly to: Type;
  readonly definition: Definition | null;
  readonly site: Site;
}

const noSite = (): Site => ({ argument: null });

/** Where the name stands: a call in an expression, or an arrow. */
export type Position = 'expression' | 'arrow';

/** A path as it is written. */
export const written = (path: tree.Path): string =>
  path.qualifier === null ? path.name.text : `${path.qualifier.text}.${path.name.text}`;

const startsUpper = (name: string): boolean => /^[A-Z]/.test(name);

/** Null after a diagnostic. */
export function callableOf(
  path: tree.Path,
  position: Position,
  locals: Locals,
  inference: Inference,
): Callable | null {
  const { qualifier } = path;
  if (qualifier === null) return unqualified(path, position, locals, inference);
  if (startsUpper(path.name.text)) {
    refuseUpper(path, inference);
    return null;
  }
  if (startsUpper(qualifier.text)) return builtIn(path, qualifier, inference);
  return imported(path, qualifier, position, locals, inference);
}

function unqualified(
  path: tree.Path,
  position: Position,
  locals: Locals,
  inference: Inference,
): Callable | null {
  const { text, span } = path.name;
  const { module, machine } = inference.place;
  const local = locals.find(text);
  if (local !== null && position === 'expression') {
    const type = prune(local.type);
    if (type.kind === 'function') {
      return {
        callee: { kind: 'local', local },
        name: text,
        from: type.from,
        to: type.to,
        definition: null,
        site: noSite(),
      };
    }
    const help = 'Only what is declared with `fun` or `arrow` can be called.';
    if (!isError(local.type)) inference.report(arrows.notCallable(span, text, 'a local value', help));
    return null;
  }
  const definition = machine?.definitions.get(text) ?? module.definitions.get(text);
  if (definition !== undefined) return use(definition, path, position, inference);
  if (isPrimitive(text)) return primitive(text, span, position, inference);
  const hidden = local ?? (position === 'arrow' ? locals.findHidden(text) : null);
  if (hidden !== null) {
    if (!isError(hidden.type)) inference.report(names.localInArrow(span, text, hidden.span));
  } else if (startsUpper(text)) refuseUpper(path, inference);
  else {
    const constructor = position === 'expression' ? constructorCalled(text, inference) : null;
    const near = constructor ?? nearestFunction(text, inference);
    inference.report(names.unknownName(span, text, near, hintFor(text, inference)));
  }
  return null;
}

/** The constructor that has this name, but for its upper case; null where there is none. */
export function constructorCalled(name: string, { place }: Inference): string | null {
  const upper = name.slice(0, 1).toUpperCase() + name.slice(1);
  return place.module.constructors.has(upper) || BUILT_IN_CONSTRUCTORS.has(upper) ? upper : null;
}

function nearestFunction(name: string, { place, reporter }: Inference): string | null {
  if (reporter.isFull) return null;
  const own = place.machine?.definitions.keys() ?? [];
  return suggest(name, [...own, ...place.module.definitions.keys(), ...PRIMITIVE_NAMES]);
}

/** Where a name is declared that is not visible here. */
export function hintFor(name: string, { place }: Inference): string | null {
  for (const [alias, module] of place.module.imports) {
    if (module?.definitions.has(name)) {
      return `\`${alias}.${name}\` is one: what is imported takes its alias before it.`;
    }
  }
  for (const machine of place.module.machines.values()) {
    if (machine.definitions.has(name)) {
      return `It is declared in the machine \`${machine.node.name.text}\`, and known there only.`;
    }
  }
  return null;
}

/** Whether what a name stands for has been refused as not supported, so that its arguments need no word. */
export function isRefused({ qualifier, name }: tree.Path, locals: Locals): boolean {
  if (qualifier !== null) return BUILT_IN_NAMES.get(qualifier.text)?.includes(name.text) === true;
  const local = locals.find(name.text);
  return local !== null && isError(local.type);
}

/** A name in upper case where an arrow stands. */
function refuseUpper({ qualifier, name, span }: tree.Path, inference: Inference): void {
  const { machine, module } = inference.place;
  const owner = qualifier === null ? machine : module.machines.get(qualifier.text);
  const isOperation = owner?.node.members.some((member) => isOperationOf(member, name.text)) === true;
  inference.report(
    isOperation ? arrows.operationInside(span, name.text) : constructorAsArrow(span, name.text),
  );
}

/** Whether a member of a machine is the operation of a name. */
export const isOperationOf = (member: tree.Member, name: string): boolean =>
  member.kind === 'on' && member.name.text === name;

function builtIn(path: tree.Path, qualifier: tree.Name, inference: Inference): Callable | null {
  const name = written(path);
  const known = BUILT_INS.get(name);
  if (known !== undefined) {
    const site = noSite();
    const type = inference.instantiate(known, path.span, site);
    return { callee: { kind: 'builtin', name }, name, ...type, definition: null, site };
  }
  const own = BUILT_IN_NAMES.get(qualifier.text);
  if (own === undefined) {
    const near = suggest(qualifier.text, BUILT_IN_NAMES.keys());
    const better = near === null ? null : `${near}.${path.name.text}`;
    const hint =
      near === null ? `The built-in functions are those of ${[...BUILT_IN_NAMES.keys()].join(', ')}.` : null;
    inference.report(names.unknownName(path.span, name, better, hint));
  } else {
    const near = nearestBuiltIn(qualifier.text, path.name.text);
    const hint = near === null ? `\`${qualifier.text}\` has ${own.join(', ')}.` : null;
    inference.report(names.unknownName(path.span, name, near, hint));
  }
  return null;
}

/** The built-in function of a module that is nearest to a name: `List.length`. */
function nearestBuiltIn(module: string, name: string): string | null {
  const own = BUILT_IN_NAMES.get(module) ?? [];
  if (own.includes(name)) return `${module}.${name}`;
  const near = suggest(name, own);
  return builtInFor(module, name) ?? (near === null ? null : `${module}.${near}`);
}

function imported(
  path: tree.Path,
  alias: tree.Name,
  position: Position,
  locals: Locals,
  inference: Inference,
): Callable | null {
  const name = written(path);
  const local = locals.find(alias.text);
  if (local !== null) {
    inference.report(method(path, local));
    return null;
  }
  const hidden = position === 'arrow' ? locals.findHidden(alias.text) : null;
  if (hidden !== null) {
    if (!isError(hidden.type)) inference.report(names.localInArrow(path.span, name, hidden.span));
    return null;
  }
  const { imports } = inference.place.module;
  const module = imports.get(alias.text);
  if (module === undefined) {
    const near = suggest(alias.text, imports.keys());
    const upper = alias.text.slice(0, 1).toUpperCase() + alias.text.slice(1);
    const meant = near === null ? nearestBuiltIn(upper, path.name.text) : null;
    inference.report(
      meant === null
        ? names.unknownImport(alias.span, alias.text, near)
        : names.unknownName(path.span, name, meant, null),
    );
  }
  if (!module) return null;
  const definition = module.definitions.get(path.name.text);
  if (definition !== undefined) return use(definition, path, position, inference);
  const near = suggest(path.name.text, module.definitions.keys());
  const hint = near === null ? `There is no \`fun\` or \`arrow\` of this name in ${module.file}.` : null;
  inference.report(names.unknownName(path.span, name, near === null ? null : `${alias.text}.${near}`, hint));
  return null;
}

/** What is said of `value.name(…)`. */
function method({ name, span }: tree.Path, local: Local): Diagnostic {
  const type = prune(local.type);
  const isField = type.kind === 'record' && type.fields.some((field) => field.name === name.text);
  const text = `${local.name}.${name.text}`;
  if (isField) return arrows.notCallable(span, text, 'a field', 'A field is data, and can not be called.');
  return arrows.noMethods(span, text, callInsteadOf(type, local.name, name.text));
}

function use(definition: Definition, path: tree.Path, position: Position, inference: Inference): Callable {
  const typeArguments = inference.freshList(definition.typeParameters.length, path.span);
  const site = noSite();
  inference.place.uses.push({
    target: definition,
    span: path.span,
    inExpression: position === 'expression',
    typeArguments,
    site,
  });
  const callee: Callee =
    definition.kind === 'fun'
      ? { kind: 'fun', fun: definition.typed, typeArguments }
      : { kind: 'arrow', arrow: definition.typed, typeArguments };
  const from = substitute(definition.from, typeArguments);
  const to = substitute(definition.to, typeArguments);
  return { callee, name: written(path), from, to, definition, site };
}

/** Whether a name is that of a primitive that is no function. */
export const hasEffect = (name: string): boolean => ['get', 'put', 'now', 'fail'].includes(name);

function primitive(
  name: PrimitiveArrow,
  span: Span,
  position: Position,
  inference: Inference,
): Callable | null {
  const { machine, effects, mayFail } = inference.place;
  const callee: Callee = { kind: 'primitive', name };
  if (position === 'expression' && hasEffect(name) && !(name === 'fail' && mayFail)) {
    inference.report(arrows.primitiveInExpression(span, name, inference.place.isConstant));
    return null;
  }
  if (name === 'now') effects.clock = true;
  if (name === 'fail') effects.fails = true;
  if (name !== 'get' && name !== 'put') {
    const scheme = PRIMITIVE_SCHEMES.get(name);
    if (scheme === undefined) throw new Error(`no type of the primitive ${name}`);
    const site = noSite();
    return { callee, name, ...inference.instantiate(scheme, span, site), definition: null, site };
  }
  if (machine === null) {
    inference.report(arrows.stateOutsideMachine(span, name));
    return null;
  }
  if (name === 'get') effects.reads = true;
  else effects.writes = true;
  const [from, to] = name === 'get' ? [UNIT, machine.state] : [machine.state, UNIT];
  return { callee, name, from, to, definition: null, site: noSite() };
}
