import { mutantsOf, type Mutant } from './mutant.ts';

/** Mutants of verify-tables.ts: names, types, constants, functions and their limits. */

const NAMES = mutantsOf('verify-tables.ts', 'names', [
  [
    'a lower name of any length',
    'return name.length <= FORMAT_LIMITS.nameBytesMax && LOWER.test(name);',
    'return LOWER.test(name);',
  ],
  [
    'a lower name one too long',
    'return name.length <= FORMAT_LIMITS.nameBytesMax && LOWER',
    'return name.length <= FORMAT_LIMITS.nameBytesMax + 1 && LOWER',
  ],
  [
    'an upper name of any length',
    'return name.length <= FORMAT_LIMITS.nameBytesMax && UPPER.test(name);',
    'return UPPER.test(name);',
  ],
  [
    'an upper name one too long',
    'return name.length <= FORMAT_LIMITS.nameBytesMax && UPPER',
    'return name.length <= FORMAT_LIMITS.nameBytesMax + 1 && UPPER',
  ],
  ['a lower name that ends in anything', '/^[a-z][A-Za-z0-9_]*$/', '/^[a-z][A-Za-z0-9_]*/'],
  ['a lower name that starts with anything', '/^[a-z][A-Za-z0-9_]*$/', '/[a-z][A-Za-z0-9_]*$/'],
  ['an upper name that ends in anything', '/^[A-Z][A-Za-z0-9_]*$/', '/^[A-Z][A-Za-z0-9_]*/'],
  ['an upper name that starts with anything', '/^[A-Z][A-Za-z0-9_]*$/', '/[A-Z][A-Za-z0-9_]*$/'],
]);

const TABLES = mutantsOf('verify-tables.ts', 'tables', [
  [
    'no type is looked at',
    'if (defect !== null) return { message: `type',
    'if (false) return { message: `type',
  ],
  ['the last type is not looked at', 'id < types.length; id++', 'id < types.length - 1; id++'],
  ['any number of constants', 'if (constants.length > constantsMax)', 'if (false)'],
  [
    'one constant too many',
    'if (constants.length > constantsMax)',
    'if (constants.length > constantsMax + 1)',
  ],
  ['any number of functions', 'if (functions.length > functionsMax)', 'if (false)'],
  [
    'one function too many',
    'if (functions.length > functionsMax)',
    'if (functions.length > functionsMax + 1)',
  ],
  [
    'a constant of a type that is not there',
    'if (!isType(types, type)) return { message: `constant',
    'if (!isType(types, type)) continue; if (false) return { message: `constant',
  ],
  ['a constant that is no data', 'if (!types.isData(type))', 'if (!types.isData(type)) continue; if (false)'],
  ['a constant of another type', 'if (!conforms(types, type, value))', 'if (false)'],
  ['constants weigh nothing', 'bytes += sizeOf(value);', ''],
  ['code weighs nothing', 'bytes += code.byteLength;', ''],
  ['any weight', 'return bytes > UNIT_BYTES_MAX', 'return false'],
  ['some bytes too many', 'return bytes > UNIT_BYTES_MAX', 'return bytes > UNIT_BYTES_MAX + 4'],
  [
    'a function from a type that is not there',
    'if (!isType(types, from) || !isType(types, to))',
    'if (!isType(types, from)) continue; if (!isType(types, to))',
  ],
  [
    'a function to a type that is not there',
    'if (!isType(types, from) || !isType(types, to))',
    'if (!isType(types, from))',
  ],
  ['a function that takes a closure', 'if (!types.isFirstOrder(from))', 'if (false)'],
  ['any length of code', 'if (code.length > functionWordsMax)', 'if (false)'],
  [
    'one word of code too many',
    'if (code.length > functionWordsMax)',
    'if (code.length > functionWordsMax + 1)',
  ],
  ['a type is a fraction', 'Number.isInteger(type) && type >= 0', 'type >= 0'],
  ['a type is negative', 'Number.isInteger(type) && type >= 0 && ', 'Number.isInteger(type) && '],
  ['a type one too high', 'type < types.length;\n}', 'type <= types.length;\n}'],
]);

const TYPES = mutantsOf('verify-tables.ts', 'types', [
  ['a field with any name', '(field) => !isLowerName(field.name)', '() => false'],
  ['a record without fields', `if (node.fields.length === 0) return 'a record without fields';`, ''],
  [
    'only the first field has a name',
    'node.fields.find((field) =>',
    'node.fields.slice(0, 1).find((field) =>',
  ],
  ['a list of closures', `types.isFirstOrder(node.item) ? null : 'a list of closures'`, 'null'],
  ['a map with any keys', `if (!isKey(types, node.key)) return 'a map whose keys have no order';`, ''],
  [
    'a map of closures',
    `return types.isFirstOrder(node.value) ? null : 'a map of closures';`,
    'return null;',
  ],
  ['a set of anything', `isKey(types, node.item) ? null : 'a set whose items have no order'`, 'null'],
  [
    'a closure that takes a closure',
    `types.isFirstOrder(node.from) ? null : 'a closure that takes a closure'`,
    'null',
  ],
  ['a sum with any name', 'if (!isUpperName(node.name)) return', 'if (false) return'],
  ['a sum without constructors', 'if (node.constructors.length === 0)', 'if (false)'],
  [
    'a sum of any number of arguments',
    'if (node.arguments.length > FORMAT_LIMITS.typeArgumentsMax)',
    'if (false)',
  ],
  [
    'a sum of one argument too many',
    'if (node.arguments.length > FORMAT_LIMITS.typeArgumentsMax)',
    'if (node.arguments.length > FORMAT_LIMITS.typeArgumentsMax + 1)',
  ],
  ['a sum of closures', `if (!types.isFirstOrder(id)) return 'a sum with a closure in it';`, ''],
  ['constructors with any name', 'if (!names.every(isUpperName))', 'if (false)'],
  ['only some constructor has a name', 'if (!names.every(isUpperName))', 'if (!names.some(isUpperName))'],
  ['constructors of one name', 'if (new Set(names).size < names.length)', 'if (false)'],
  ['constructors of any arguments', '!areLabels(types, labels, payload)', 'false'],
  [
    'only the first constructor has its arguments',
    'node.constructors.find(({ labels',
    'node.constructors.slice(0, 1).find(({ labels',
  ],
  [
    'no label, with a payload',
    `if (labels.length === 0) return node.kind === 'unit';`,
    'if (labels.length === 0) return true;',
  ],
  ['labels of no record', `if (node.kind !== 'record' || `, `if (node.kind !== 'record') return true; if (`],
  ['fewer labels than fields', 'node.fields.length === labels.length && node', 'node'],
  ['labels that are no fields', ' && node.fields.every((field, i) => field.name === sorted[i])', ''],
  ['labels in the order of the fields alone', 'labels.toSorted()', 'labels'],
]);

const NAMED = mutantsOf('verify-tables.ts', 'what is in a type', [
  [
    'fields with any name',
    'return wrong === undefined ? null : `a field called ${JSON.stringify(wrong.name)}`;',
    'return null;',
  ],
  [
    'constructors with any arguments',
    'return wrong === undefined ? null : `the arguments of ${wrong.name} are not those that it holds`;',
    'return null;',
  ],
]);

export const TABLE_MUTANTS: readonly Mutant[] = [...NAMES, ...TABLES, ...TYPES, ...NAMED];
