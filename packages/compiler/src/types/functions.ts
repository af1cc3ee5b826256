import { PARAMETERS_MAX, type Span } from '@smc/protocol';
import type * as tree from '../syntax/tree.ts';
import * as arrowErrors from '../errors/arrows.ts';
import { tooMany } from '../errors/machines.ts';
import { duplicate, reservedName } from '../errors/names.ts';
import { nestedTooDeeply } from '../errors/syntax.ts';
import { misplacedDefault, notKey } from '../errors/types.ts';
import { typeOf, type TypeContext } from './annotations.ts';
import { arrowOutputsOf, inferArrow } from './arrows.ts';
import { isPrimitive } from './builtins.ts';
import { declareTypeParameters } from './declarations.ts';
import { inferExpression } from './expressions.ts';
import { sourceOf } from './culprit.ts';
import { order } from './graph.ts';
import { Inference } from './inference.ts';
import { tooDeep } from './nesting.ts';
import type { Report } from './report.ts';
import type { Definition, MachineScope, ModuleScope, Mutable, Use } from './scope.ts';
import { notKeyPart, packedOf, parametersIn, prune, UNIT } from './type.ts';
import type { Effects, Local, Type, TypedArrow, TypedFun, TypedPattern } from './typed.ts';

/** Declarations of `fun` and `arrow`: their signatures, their bodies, and what they use. */

/** The effects of what has none, to be added to. */
export const noEffects = (): Mutable<Effects> => ({
  reads: false,
  writes: false,
  clock: false,
  fails: false,
});

/**
 * Declares the functions of a file or a machine by their signatures. `machine` is that they are
 * in, whose scope is not complete yet: it is asked for when their bodies are checked.
 */
export function declareFunctions(
  declarations: readonly (tree.Fun | tree.Arrow)[],
  module: ModuleScope,
  machine: () => MachineScope | null,
  report: Report,
): Map<string, Definition> {
  const known = new Map<string, Definition>();
  for (const node of declarations) {
    const { text, span } = node.name;
    const first = known.get(text);
    const what = node.kind === 'fun' ? 'the function' : 'the arrow';
    if (isPrimitive(text)) report.add(reservedName(span, what, text));
    else if (first !== undefined) report.add(duplicate(span, what, text, first.name.span));
    else known.set(text, signatureOf(withoutDeepParts(node, report), module, machine, report));
  }
  return known;
}

/** The declaration without what is nested too deeply in it, which is reported. */
function withoutDeepParts<N extends tree.Fun | tree.Arrow>(node: N, report: Report): N {
  const deepBody = tooDeep(node.body);
  const deepSignature = tooDeep({ ...node, body: null });
  for (const deep of [deepBody, deepSignature]) if (deep !== null) report.add(nestedTooDeeply(deep));
  const missing = { kind: 'missing', span: node.name.span } as const;
  const shallow = deepBody === null ? node : { ...node, body: missing };
  if (deepSignature === null) return shallow;
  return shallow.kind === 'fun'
    ? {
        ...shallow,
        parameters: shallow.parameters.map((each) => ({ ...each, type: missing })),
        result: missing,
      }
    : { ...shallow, from: missing, to: missing };
}

function signatureOf(
  node: tree.Fun | tree.Arrow,
  module: ModuleScope,
  machine: () => MachineScope | null,
  report: Report,
): Definition {
  const typeParameters = declareTypeParameters(node.typeParameters, report);
  const role = node.kind === 'fun' ? 'the result of a function' : 'what flows through an arrow';
  const context: TypeContext = {
    module,
    typeParameters,
    report,
    role,
    generic: `${node.kind} ${node.name.text}`,
  };
  const names = [...typeParameters.keys()];
  const common = {
    name: node.name,
    typeParameters: names,
    uses: [],
    effects: noEffects(),
    keyParameters: new Set<number>(),
  };
  const named = { name: node.name.text, typeParameters: names, span: node.span };
  if (node.kind === 'arrow') {
    const [from, to] = [typeOf(node.from, context), typeOf(node.to, context)];
    const body = {
      kind: 'name',
      callee: { kind: 'primitive', name: 'id' },
      from,
      to,
      span: node.span,
    } as const;
    const typed: TypedArrow = { ...named, from, to, body, effects: noEffects() };
    return {
      ...common,
      kind: 'arrow',
      node,
      from,
      to,
      fromSpan: node.from.span,
      toSpan: node.to.span,
      get machine() {
        return machine();
      },
      typed,
    };
  }
  const parameters = parameterTypes(node.parameters, 'fun', context);
  const result = typeOf(node.result, context);
  const from = packedOf(parameters);
  const parameter = { kind: 'wildcard', type: from, span: node.name.span } as const;
  const body = { kind: 'literal', value: null, type: UNIT, span: node.span } as const;
  const typed: TypedFun = { ...named, parameter, result, body };
  return {
    ...common,
    kind: 'fun',
    node,
    from,
    to: result,
    fromSpan: node.name.span,
    toSpan: node.result.span,
    get machine() {
      return machine();
    },
    typed,
  };
}

/** The types of the parameters of a function or operation; names that are there twice are reported. */
export function parameterTypes(
  parameters: readonly tree.Parameter[],
  of: 'fun' | 'operation',
  context: TypeContext,
): readonly Type[] {
  const seen = new Map<string, Span>();
  const types: Type[] = [];
  for (const { name, type, default: byDefault } of parameters) {
    const first = seen.get(name.text);
    if (first !== undefined) context.report.add(duplicate(name.span, 'the parameter', name.text, first));
    seen.set(name.text, first ?? name.span);
    if (byDefault !== null && of === 'fun') context.report.add(misplacedDefault(byDefault.span));
    types.push(typeOf(type, { ...context, role: 'a parameter', takesFunctions: of === 'fun' }));
  }
  if (parameters.length > PARAMETERS_MAX) {
    const help = 'Put some into a record.';
    const place = parameters[PARAMETERS_MAX].span;
    context.report.add(tooMany(place, 'parameters', parameters.length, PARAMETERS_MAX, help));
  }
  return types;
}

/** Checks the body of a definition and completes its typed form. */
export function checkDefinition(definition: Definition, module: ModuleScope, report: Report): void {
  const typeParameters = new Map<string, Type>(
    definition.typeParameters.map((name, index) => [name, { kind: 'parameter', name, index }]),
  );
  const { uses, effects, machine, keyParameters } = definition;
  const inference = new Inference(
    { module, machine, typeParameters, uses, effects, mayFail: false, isConstant: false, keyParameters },
    report,
  );
  if (definition.kind === 'fun') checkFun(definition, inference);
  else checkArrow(definition, inference);
  inference.finish();
}

function checkFun(definition: Definition & { kind: 'fun' }, inference: Inference): void {
  const { node, typed, from, to, toSpan } = definition;
  const name = `\`${node.name.text}\``;
  const locals = inference.topLocals();
  const own = prune(from);
  const types = node.parameters.length > 1 && own.kind === 'tuple' ? own.items : [own];
  const parameters = node.parameters.map(({ name: { text, span } }, i) => {
    const local = inference.local(text, types[i], span);
    locals.bind(local);
    return local;
  });
  typed.parameter = parameterPattern(parameters, from, node.name.span, inference);
  const body = inferExpression(node.body, locals, inference, { type: to, what: `the result of ${name}` });
  inference.fit(body, to, {
    statement: (type) => `the result of ${name} is ${type}`,
    declared: { span: toSpan, text: 'declared here' },
    help: [],
  });
  typed.body = body;
}

function parameterPattern(
  locals: readonly Local[],
  type: Type,
  span: Span,
  inference: Inference,
): TypedPattern {
  const items = locals.map((local) =>
    inference.node({ kind: 'bind' as const, local, type: local.type, span: local.span }),
  );
  if (items.length === 0) return inference.node({ kind: 'wildcard', type, span });
  return items.length === 1 ? items[0] : inference.node({ kind: 'tuple', items, type, span });
}

function checkArrow(definition: Definition & { kind: 'arrow' }, inference: Inference): void {
  const { node, typed, from, to, fromSpan, toSpan } = definition;
  const name = `\`${node.name.text}\``;
  const input = { type: from, span: fromSpan, value: null };
  const wanted = { type: to, what: `the output of ${name}` };
  const body = inferArrow(node.body, input, inference.topLocals(), inference, wanted);
  inference.fitAt(body.to, arrowOutputsOf(body), to, {
    statement: (type) => `the output of ${name} is ${type}`,
    declared: { span: toSpan, text: 'declared here' },
    help: [],
  });
  typed.body = body;
}

// ------------------------------------------------------------------ what uses what

/**
 * Refuses recursion, adds to each arrow the effects of all that it uses, and refuses calls in
 * expressions of arrows that have any. `uses` are those of operations and upgrades.
 */
export function checkUses(definitions: readonly Definition[], uses: readonly Use[], report: Report): void {
  const { sorted, cycles } = order(definitions, (definition) => definition.uses.map(({ target }) => target));
  for (const cycle of cycles) {
    const places = cycle.map((definition, i) => {
      const next = cycle[(i + 1) % cycle.length];
      return definition.uses.find(({ target }) => target === next)?.span ?? definition.name.span;
    });
    report.add(
      arrowErrors.recursion(
        cycle.map(({ name }) => name.text),
        places,
      ),
    );
  }
  for (const { uses: own, effects, kind, typed, keyParameters } of sorted) {
    for (const use of own) checkKeys(use, keyParameters, report);
    for (const { target } of own) {
      effects.reads ||= target.effects.reads;
      effects.writes ||= target.effects.writes;
      effects.clock ||= target.effects.clock;
      effects.fails ||= target.effects.fails;
    }
    if (kind === 'arrow') (typed as Mutable<TypedArrow>).effects = effects;
  }
  for (const use of uses) checkKeys(use, new Set(), report);
  for (const { target, span, inExpression } of [...definitions.flatMap((each) => each.uses), ...uses]) {
    const { reads, writes, clock, fails } = target.effects;
    if (inExpression && (reads || writes || clock || fails)) {
      report.add(arrowErrors.impureInExpression(span, target.name.text, target.effects));
    }
  }
}

/** What stands for a type parameter that is a key must be one; if it has parameters itself, they are keys too. */
function checkKeys(
  { target, span, typeArguments, site }: Use,
  keyParameters: Set<number>,
  report: Report,
): void {
  for (const index of target.keyParameters) {
    const type = typeArguments[index];
    for (const parameter of parametersIn(type)) keyParameters.add(parameter);
    const part = notKeyPart(type);
    const place = part === null || site.argument === null ? span : sourceOf(site.argument, part).span;
    if (part === null) continue;
    // An argument that has been refused for it is not refused again.
    if (report.isFull || !report.hasWithin(site.argument?.span ?? span))
      report.add(notKey(place, type, part));
  }
}
