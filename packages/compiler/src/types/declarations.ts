import { TYPE_LIMITS } from '@smc/protocol';
import type { Span } from '@smc/protocol';
import type * as tree from '../syntax/tree.ts';
import { tooMany } from '../errors/machines.ts';
import { duplicate, reservedName } from '../errors/names.ts';
import { recursiveType } from '../errors/types.ts';
import { recordFields, typeOf, type TypeContext } from './annotations.ts';
import { order } from './graph.ts';
import type { Report } from './report.ts';
import type { ModuleScope } from './scope.ts';
import { BUILT_IN_CONSTRUCTORS, BUILT_IN_TYPES, type SumIdentities } from './sums.ts';
import { ERROR, hasError, noteName, recordOf, UNIT } from './type.ts';
import type { SumDeclaration, Type } from './typed.ts';

/** Declared types of a file: sums without parameters, and names of types. */

/** Fills in `module.types` and `module.constructors`. */
export function declareTypes(
  declarations: readonly tree.TypeDeclaration[],
  module: ModuleScope,
  sums: SumIdentities,
  report: Report,
): void {
  const byName = new Map<string, tree.TypeDeclaration>();
  for (const declaration of declarations) {
    const { text, span } = declaration.name;
    const first = byName.get(text);
    if (BUILT_IN_TYPES.has(text)) report.add(reservedName(span, 'the type', text));
    else if (first !== undefined) report.add(duplicate(span, 'the type', text, first.name.span));
    else byName.set(text, declaration);
  }
  const references = new Map(
    [...byName.values()].map((declaration) => [declaration, referencesOf(declaration, byName)] as const),
  );
  const edges = (declaration: tree.TypeDeclaration) => references.get(declaration) ?? [];
  const { sorted, cycles } = order(byName.values(), (declaration) =>
    edges(declaration).map(({ target }) => target),
  );
  for (const cycle of cycles) refuseCycle(cycle, edges, module, report);
  for (const declaration of sorted) {
    if (!module.types.has(declaration.name.text)) declare(declaration, byName, module, sums, report);
  }
}

interface Reference {
  readonly target: tree.TypeDeclaration;
  readonly span: Span;
}

function referencesOf(
  declaration: tree.TypeDeclaration,
  byName: ReadonlyMap<string, tree.TypeDeclaration>,
): readonly Reference[] {
  const found: Reference[] = [];
  const open = [...typesIn(declaration)];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.kind === 'tuple') for (const each of node.items) open.push(each);
    else if (node.kind === 'record') for (const field of node.fields) open.push(field.type);
    else if (node.kind === 'function') open.push(node.from, node.to);
    else if (node.kind === 'named') {
      const target = node.path.qualifier === null ? byName.get(node.path.name.text) : undefined;
      const isOwnConstructor = node.path.name === singleConstructor(declaration, byName);
      if (target !== undefined && !isOwnConstructor) found.push({ target, span: node.path.span });
      for (const each of node.arguments) open.push(each);
    }
  }
  return found;
}

function typesIn({ body }: tree.TypeDeclaration): readonly tree.TypeNode[] {
  if (body.kind === 'type') return [body.type];
  return body.constructors.flatMap(({ arguments: given }) =>
    given.kind === 'none'
      ? []
      : given.kind === 'unnamed'
        ? [given.type]
        : given.fields.map((field) => field.type),
  );
}

/** `type Unit = One` is a sum of one constructor, unless `One` is a type. */
function singleConstructor(
  { body, name }: tree.TypeDeclaration,
  byName: ReadonlyMap<string, tree.TypeDeclaration>,
): tree.Name | null {
  if (body.kind !== 'type' || body.type.kind !== 'named') return null;
  const { path, arguments: given } = body.type;
  const isType =
    BUILT_IN_TYPES.has(path.name.text) || (byName.has(path.name.text) && path.name.text !== name.text);
  return path.qualifier !== null || given.length > 0 || isType ? null : path.name;
}

function refuseCycle(
  cycle: readonly tree.TypeDeclaration[],
  edges: (declaration: tree.TypeDeclaration) => readonly Reference[],
  module: ModuleScope,
  report: Report,
): void {
  const spans = cycle.map((declaration, i) => {
    const next = cycle[(i + 1) % cycle.length];
    return edges(declaration).find(({ target }) => target === next)?.span ?? declaration.name.span;
  });
  const [first, ...others] = spans;
  report.add(
    recursiveType(
      first,
      cycle.map(({ name }) => name.text),
      others,
    ),
  );
  for (const declaration of cycle) refuse(declaration, module);
}

/** Keeps the names of a refused type, so that nothing is said about their uses. */
function refuse(declaration: tree.TypeDeclaration, module: ModuleScope): void {
  module.types.set(declaration.name.text, { parameters: 0, type: ERROR });
  if (declaration.body.kind !== 'sum') return;
  for (const { name } of declaration.body.constructors) module.refusedConstructors.add(name.text);
}

function declare(
  declaration: tree.TypeDeclaration,
  byName: ReadonlyMap<string, tree.TypeDeclaration>,
  module: ModuleScope,
  sums: SumIdentities,
  report: Report,
): void {
  const { name, parameters, body } = declaration;
  module.typePlaces.set(name.text, name.span);
  const role = `the type \`${name.text}\``;
  const typeParameters = declareTypeParameters(parameters, report);
  const generic = parameters.length === 0 ? null : `type ${name.text}`;
  const context: TypeContext = { module, typeParameters, report, role, generic, takesDefaults: true };
  const single = singleConstructor(declaration, byName);
  if (body.kind === 'type' && single === null) {
    const type = typeOf(body.type, context);
    if (typeParameters.size === 0) noteName(type, name.text);
    module.types.set(name.text, { parameters: typeParameters.size, type });
    return;
  }
  const constructors: readonly tree.ConstructorNode[] =
    body.kind === 'sum'
      ? body.constructors
      : [{ name: single ?? name, arguments: { kind: 'none' }, span: body.type.span }];
  const before = report.count;
  const sum: Omit<SumDeclaration, 'identity'> = {
    name: name.text,
    parameters: [...typeParameters.keys()],
    constructors: distinct(constructors, module, report).map((constructor) =>
      constructorOf(constructor, { ...context, takesDefaults: false }),
    ),
  };
  if (report.count > before || sum.constructors.some(({ payload }) => hasError(payload))) {
    refuse(declaration, module);
    return;
  }
  const identified = sums.identified(sum);
  const type: Type = { kind: 'sum', declaration: identified, arguments: [...typeParameters.values()] };
  module.types.set(name.text, { parameters: typeParameters.size, type });
  for (const [index, constructor] of identified.constructors.entries()) {
    module.constructors.set(constructor.name, { declaration: identified, index });
  }
}

/** Constructors with a name of their own, of the sum and of the file. */
function distinct(
  constructors: readonly tree.ConstructorNode[],
  module: ModuleScope,
  report: Report,
): readonly tree.ConstructorNode[] {
  const seen = new Map<string, Span>();
  for (const { name } of constructors) {
    const first = seen.get(name.text);
    if (BUILT_IN_CONSTRUCTORS.has(name.text))
      report.add(reservedName(name.span, 'the constructor', name.text));
    else if (first !== undefined) report.add(duplicate(name.span, 'the constructor', name.text, first));
    else if (module.constructors.has(name.text)) {
      const other = module.constructors.get(name.text)?.declaration.name;
      const help = `It is one of \`${other}\` already; two types of a file can not share a constructor.`;
      const diagnostic = duplicate(name.span, 'the constructor', name.text, name.span);
      report.add({ ...diagnostic, labels: diagnostic.labels.slice(0, 1), help: [help] });
    }
    seen.set(name.text, first ?? name.span);
  }
  const max = TYPE_LIMITS.constructorsMax;
  if (constructors.length > max) {
    const help = 'Group them in types of their own.';
    report.add(tooMany(constructors[max].span, 'constructors', constructors.length, max, help));
  }
  return constructors;
}

function constructorOf(
  { name, arguments: given }: tree.ConstructorNode,
  context: TypeContext,
): SumDeclaration['constructors'][number] {
  if (given.kind === 'none' || (given.kind === 'named' && given.fields.length === 0)) {
    return { name: name.text, labels: [], payload: UNIT };
  }
  if (given.kind === 'unnamed')
    return { name: name.text, labels: null, payload: typeOf(given.type, context) };
  const tag = given.fields.find((field) => field.name.text === 'tag');
  if (tag !== undefined) context.report.add(reservedName(tag.name.span, 'the argument name', 'tag'));
  const fields = recordFields(given.fields, 'the argument', context);
  return { name: name.text, labels: fields.map((field) => field.name), payload: recordOf(fields) };
}

/** The type parameters of a declaration, each as itself; names that are there twice are reported. */
export function declareTypeParameters(
  names: readonly tree.Name[],
  report: Report,
): ReadonlyMap<string, Type> {
  const known = new Map<string, Type>();
  const first = new Map<string, Span>();
  for (const { text, span } of names) {
    const earlier = first.get(text);
    if (earlier !== undefined) report.add(duplicate(span, 'the type variable', text, earlier));
    else known.set(text, { kind: 'parameter', name: text, index: known.size });
    first.set(text, earlier ?? span);
  }
  return known;
}
