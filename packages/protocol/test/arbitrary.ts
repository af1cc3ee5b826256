import fc from 'fast-check';
import { expect } from 'vitest';
import {
  type Constant,
  equal,
  type FieldDefault,
  type FunctionCode,
  type Image,
  inputType,
  INSTRUCTIONS,
  keyOrder,
  List,
  MapValue,
  type Operation,
  SetValue,
  Sum,
  TIME_MAX,
  type TypeId,
  TypeTable,
  type Unit,
  UNIT,
  type Value,
} from '../src/index.ts';

// A map is equal to one with the same entries, whatever nodes its tree has.
expect.addEqualityTesters([
  (a: unknown, b: unknown) => {
    const isCollection = (value: unknown): value is MapValue | SetValue =>
      value instanceof MapValue || value instanceof SetValue;
    return isCollection(a) && isCollection(b) ? equal(a, b) : undefined;
  },
]);

/** Random types, values, units and images: what the codecs must carry, whether it makes sense or not. */

/** A tree that `build` makes a type of, in any table. */
export type TypeTree =
  | { kind: 'base'; id: TypeId }
  | { kind: 'tuple'; items: TypeTree[] }
  | { kind: 'record'; fields: { name: string; type: TypeTree }[] }
  | { kind: 'list'; item: TypeTree }
  /** Keys are types that have an order. */
  | { kind: 'map'; key: TypeTree; value: TypeTree }
  | { kind: 'set'; item: TypeTree }
  | {
      kind: 'sum';
      name: string;
      constructors: { name: string; labels: string[] | null; parts: TypeTree[] }[];
    };

const lowerName = fc.stringMatching(/^[a-z][A-Za-z0-9_]{0,6}$/);
const upperName = fc.stringMatching(/^[A-Z][A-Za-z0-9_]{0,6}$/);
const label = lowerName.filter((name) => name !== 'tag');
/** Constructor names that text would read as something else. */
const BUILT_IN = ['Map', 'Set'];

const keyBase = fc.integer({ min: 1, max: 5 }).map((id): TypeTree => ({ kind: 'base', id }));
const keyTree: fc.Arbitrary<TypeTree> = fc.oneof(
  { weight: 3, arbitrary: keyBase },
  fc.array(keyBase, { minLength: 2, maxLength: 3 }).map((items): TypeTree => ({ kind: 'tuple', items })),
  fc.tuple(keyBase, keyBase, keyBase).map(([first, second, third]): TypeTree => ({
    kind: 'sum',
    name: 'Key',
    constructors: [
      { name: 'A', labels: [], parts: [] },
      { name: 'B', labels: null, parts: [first] },
      // As declared, and not in the order of the names.
      { name: 'C', labels: ['z', 'a'], parts: [second, third] },
    ],
  })),
);

const { type: typeTree } = fc.letrec<{
  type: TypeTree;
  constructor: { name: string; labels: string[] | null; parts: TypeTree[] };
}>((tie) => ({
  constructor: fc.oneof(
    upperName.map((name) => ({ name, labels: [], parts: [] })),
    fc.tuple(upperName, tie('type')).map(([name, part]) => ({ name, labels: null, parts: [part] })),
    fc
      .tuple(
        upperName,
        fc.uniqueArray(fc.tuple(label, tie('type')), {
          minLength: 1,
          maxLength: 3,
          selector: ([name]) => name,
        }),
      )
      .map(([name, args]) => ({ name, labels: args.map(([l]) => l), parts: args.map(([, part]) => part) })),
  ),
  type: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.integer({ min: 0, max: 5 }).map((id) => ({ kind: 'base' as const, id })),
    fc.array(tie('type'), { minLength: 2, maxLength: 4 }).map((items) => ({ kind: 'tuple' as const, items })),
    fc
      .uniqueArray(fc.record({ name: lowerName, type: tie('type') }), {
        minLength: 1,
        maxLength: 4,
        selector: (field) => field.name,
      })
      .map((fields) => ({ kind: 'record' as const, fields })),
    tie('type').map((item) => ({ kind: 'list' as const, item })),
    keyTree.map((item) => ({ kind: 'set' as const, item })),
    fc.tuple(keyTree, tie('type')).map(([key, value]) => ({ kind: 'map' as const, key, value })),
    fc
      .tuple(
        upperName,
        fc.uniqueArray(tie('constructor'), {
          minLength: 1,
          maxLength: 4,
          selector: (constructor) => constructor.name,
        }),
      )
      .map(([name, constructors]) => ({
        kind: 'sum' as const,
        name,
        constructors: constructors.filter((c) => !BUILT_IN.includes(c.name)),
      }))
      .filter((sum) => sum.constructors.length > 0),
    tie('type').map((item): TypeTree => ({
      kind: 'sum',
      name: 'Option',
      constructors: [
        { name: 'None', labels: [], parts: [] },
        { name: 'Some', labels: null, parts: [item] },
      ],
    })),
  ),
}));

export const typeTrees: fc.Arbitrary<TypeTree> = typeTree;

/** The type of a tree in a table. */
export function build(types: TypeTable, tree: TypeTree): TypeId {
  switch (tree.kind) {
    case 'base':
      return tree.id;
    case 'tuple':
      return types.tuple(tree.items.map((item) => build(types, item)));
    case 'record':
      return types.record(tree.fields.map(({ name, type }) => ({ name, type: build(types, type) })));
    case 'list':
      return types.list(build(types, tree.item));
    case 'map':
      return types.map(build(types, tree.key), build(types, tree.value));
    case 'set':
      return types.set(build(types, tree.item));
    case 'sum': {
      const constructors = tree.constructors.map(({ name, labels, parts }) => {
        const built = parts.map((part) => build(types, part));
        if (labels === null) return { name, labels, payload: built[0] };
        const payload =
          labels.length === 0 ? UNIT : types.record(labels.map((l, i) => ({ name: l, type: built[i] })));
        return { name, labels, payload };
      });
      const args = tree.name === 'Option' ? [constructors[1].payload] : [];
      return types.intern({ kind: 'sum', name: tree.name, arguments: args, constructors });
    }
  }
}

export const ints = fc
  .oneof(
    fc.integer({ min: -200, max: 200 }),
    fc.maxSafeInteger(),
    fc.constantFrom(Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER, 63, 64, -64, -65, 2 ** 32, -(2 ** 32)),
  )
  .filter((n) => Number.isSafeInteger(n))
  .map((n) => n + 0);

const strings = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '',
    '"',
    '\\',
    '\n\r\t',
    '\u0000\u001f\u007f',
    '\u2028\u2029',
    '😀',
    '\u{10ffff}',
    '\ud7ff\ue000',
    '-- x',
    '{-',
  ),
);

/** Values of a first-order type. */
export function valuesOf(types: TypeTable, type: TypeId): fc.Arbitrary<Value> {
  const node = types.node(type);
  switch (node.kind) {
    case 'unit':
      return fc.constant(null);
    case 'bool':
      return fc.boolean();
    case 'int':
      return ints;
    case 'time':
      return fc
        .oneof(
          fc.integer({ min: -TIME_MAX, max: TIME_MAX }),
          fc.integer({ min: -1e6, max: 1e12 }),
          fc.constantFrom(TIME_MAX, -TIME_MAX, 253402300800000, -62167219200000, -62167219200001),
        )
        .map((n) => n + 0);
    case 'string':
      return strings;
    case 'bytes':
      return fc.uint8Array({ maxLength: 20 });
    case 'tuple':
    case 'record':
      return fc.tuple(...types.components(type)!.map((part) => valuesOf(types, part)));
    case 'list':
      return fc.array(valuesOf(types, node.item), { maxLength: 4 }).map((items) => List.of(items));
    case 'sum':
      return fc.oneof(
        ...node.constructors.map(({ labels, payload }, tag) =>
          (labels?.length === 0 ? fc.constant(null) : valuesOf(types, payload)).map(
            (value) => new Sum(tag, value),
          ),
        ),
      );
    case 'set':
      return fc
        .array(valuesOf(types, node.item), { maxLength: 5 })
        .map((items) => SetValue.of(items, keyOrder(types, node.item)));
    case 'map':
      return fc
        .array(fc.tuple(valuesOf(types, node.key), valuesOf(types, node.value)), { maxLength: 4 })
        .map((entries) => MapValue.of(entries, keyOrder(types, node.key)));
    default:
      throw new Error(`no values of a ${node.kind} type`);
  }
}

/** A table with one type that was asked for, and a value of it. */
export const typedValues = typeTrees.chain((tree) => {
  const types = new TypeTable();
  const type = build(types, tree);
  return valuesOf(types, type).map((value) => ({ types, type, value }));
});

/** Units of any content: operands are in range or not, calls go anywhere. */
export const units: fc.Arbitrary<Unit> = fc
  .record({
    trees: fc.array(typeTrees, { minLength: 1, maxLength: 4 }),
    closures: fc.boolean(),
    functionCount: fc.integer({ min: 1, max: 5 }),
  })
  .chain(({ trees, closures, functionCount }) => {
    const types = new TypeTable();
    const built = trees.map((tree) => build(types, tree));
    if (closures) types.function(built[0], built[built.length - 1]);
    const constants: fc.Arbitrary<Constant[]> = fc.array(
      fc.constantFrom(...built).chain((type) => valuesOf(types, type).map((value) => ({ type, value }))),
      { minLength: 1, maxLength: 5 },
    );
    return constants.chain((table) =>
      fc
        .array(functionsOf(types, table.length, functionCount), {
          minLength: functionCount,
          maxLength: functionCount,
        })
        .map((functions) => ({ types, constants: table, functions })),
    );
  });

function functionsOf(
  types: TypeTable,
  constantCount: number,
  functionCount: number,
): fc.Arbitrary<FunctionCode> {
  const word: Record<string, fc.Arbitrary<number>> = {
    type: index(types.length),
    constant: index(constantCount),
    function: index(functionCount),
    index: fc.nat(20),
    count: fc.nat(20),
    target: fc.integer({ min: -5, max: 300 }),
  };
  const instruction = fc
    .constantFrom(...Object.values(INSTRUCTIONS))
    .chain((row) =>
      fc
        .tuple(
          ...row.operands.map(({ kind }) =>
            kind === 'targets'
              ? fc.array(word.target, { maxLength: 3 }).map((targets) => [targets.length, ...targets])
              : word[kind].map((operand) => [operand]),
          ),
        )
        .map((operands) => [row.code, ...operands.flat()]),
    );
  return fc.record({
    from: fc.nat(types.length - 1),
    to: fc.nat(types.length - 1),
    code: fc.array(instruction, { maxLength: 8 }).map((words) => Int32Array.from(words.flat())),
  });
}

/** An index in range, mostly. */
const index = (length: number): fc.Arbitrary<number> =>
  fc.oneof(
    { weight: 20, arbitrary: fc.nat(length - 1) },
    { weight: 1, arbitrary: fc.constantFrom(length, length + 90, -1, 2 ** 31 - 1, -(2 ** 31)) },
  );

/** Images of any content that the format can hold. */
export const images: fc.Arbitrary<Image> = units.chain((unit) => {
  const constant = fc.nat(unit.constants.length - 1);
  const body = fc.nat(unit.functions.length - 1);
  const anyType = fc.nat(unit.types.length - 1);
  const parameter = fc.record({ name: lowerName, type: anyType, default: fc.constant(null) });
  const withDefault = fc
    .tuple(lowerName, constant)
    .map(([name, value]) => ({ name, type: unit.constants[value].type, default: value }));
  const operation: fc.Arbitrary<Operation> = fc.record({
    name: upperName,
    parameters: fc.uniqueArray(fc.oneof(parameter, withDefault), { maxLength: 4, selector: (p) => p.name }),
    reply: anyType,
    body,
  });
  const image: fc.Arbitrary<Image> = fc.record({
    emit: fc.nat(100),
    name: upperName,
    key: fc.constantFrom('none' as const, 'string' as const, 'int' as const),
    unit: fc.constant(unit),
    state: anyType,
    initial: constant,
    operations: fc.uniqueArray(operation, { maxLength: 4, selector: (o) => o.name }),
    invariants: fc.array(body, { maxLength: 2 }),
    defaults: fc.constant([]),
  });
  return image.map((made) => ({ ...made, defaults: defaultsOf(made) }));
});

/** A default for each field for which there is a constant, of the record types that are a parameter's. */
function defaultsOf({ unit: { types, constants }, operations }: Image): FieldDefault[] {
  const records = new Set(operations.flatMap(({ parameters }) => parameters.map(({ type }) => type)));
  return [...records].flatMap((type) => {
    const node = types.node(type);
    if (node.kind !== 'record') return [];
    return node.fields.flatMap((part, field) => {
      const constant = constants.findIndex((each) => each.type === part.type);
      return constant < 0 ? [] : [{ type, field, constant }];
    });
  });
}

/** The input type of an operation whose image has room for it. */
export const inputOf = (image: Image, operation: Operation): TypeId =>
  inputType(image.unit.types, operation.parameters);
