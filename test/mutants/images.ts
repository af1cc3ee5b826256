import { mutantsOf, type Mutant } from './mutant.ts';

/** Mutants of verify-image.ts: what names the parts of a unit. */

const IMAGES = mutantsOf('verify-image.ts', 'images', [
  ['tables are not looked at', `if (defect !== null) return { kind: 'invalid', ...defect };`, ''],
  [
    'a state of a type that is not there',
    'if (state !== null && !isType(unit.types, state))',
    'if (state !== null && !isType(unit.types, state)) return verifyCode(unit, null); if (false)',
  ],
  ['a state that is no data', 'if (state !== null && !unit.types.isData(state))', 'if (false)'],
  ['a type that grows is a crash', 'if (!(error instanceof TypeLimitError)) throw error;', 'throw error;'],
  ['any name', 'if (!isUpperName(image.name))', 'if (false)'],
  ['any number of operations', 'if (operations.length > operationsMax)', 'if (false)'],
  [
    'one operation too many',
    'if (operations.length > operationsMax)',
    'if (operations.length > operationsMax + 1)',
  ],
  ['any number of invariants', 'if (invariants.length > invariantsMax)', 'if (false)'],
  [
    'one invariant too many',
    'if (invariants.length > invariantsMax)',
    'if (invariants.length > invariantsMax + 1)',
  ],
  [
    // Of one with operations the code would be lowered, which nobody can say the end of.
    'an invalid unit without operations',
    `if (verified.kind === 'invalid') return verified;`,
    `if (verified.kind === 'invalid') if (operations.length > 0) return verified; else return { kind: 'verified', types: unit.types, functions: [], operations: [] };`,
  ],
  ['an initial state of another type', 'if (initial?.type !== state)', 'if (initial === undefined)'],
  [
    'an initial state that is not there',
    'if (initial?.type !== state)',
    'if (initial !== undefined && initial.type !== state)',
  ],
  [
    'operations are not looked at',
    'if (defect !== null) return invalid(`operation',
    'if (false) return invalid(`operation',
  ],
  ['an operation that writes is read-only', '& WRITES) === 0;', '& WRITES) >= 0;'],
  ['an operation that reads is not read-only', '.effects & WRITES) === 0;', '.effects) === 0;'],
  [
    'an invariant that is not there',
    'if (code === undefined) return invalid(`an invariant',
    'if (code === undefined) continue; if (false) return invalid(`an invariant',
  ],
  [
    'an invariant about something else',
    'if (code.from !== from || code.to !== BOOL)',
    'if (code.to !== BOOL)',
  ],
  [
    'an invariant that gives no Bool',
    'if (code.from !== from || code.to !== BOOL)',
    'if (code.from !== from)',
  ],
  ['an invariant that uses state or clock', 'if (functions[index].effects !== 0)', 'if (false)'],
  [
    'an invariant that uses the clock',
    'if (functions[index].effects !== 0)',
    'if ((functions[index].effects & 3) !== 0)',
  ],
  [
    'an invariant that reads the state',
    'if (functions[index].effects !== 0)',
    'if ((functions[index].effects & 6) !== 0)',
  ],
  [
    'an invariant that writes',
    'if (functions[index].effects !== 0)',
    'if ((functions[index].effects & 5) !== 0)',
  ],
  [
    'defaults are not looked at',
    'return wrong === null ? { ...verified, operations: found } : invalid(wrong);',
    'return { ...verified, operations: found };',
  ],
  ['a machine without keys has one', `image.key === 'none' ? input : types`, `types`],
  [
    'a keyed machine has no key',
    `return image.key === 'none' ? input : types.pair(image.key === 'int' ? INT : STRING, input);`,
    'return input;',
  ],
  ['keys of Int are strings', `image.key === 'int' ? INT : STRING`, 'STRING'],
  ['keys of String are numbers', `image.key === 'int' ? INT : STRING`, 'INT'],
  [
    'the key comes last',
    `types.pair(image.key === 'int' ? INT : STRING, input)`,
    `types.pair(input, image.key === 'int' ? INT : STRING)`,
  ],
  ['an invariant without the key', 'const from = withKey(image, types, state);', 'const from = state;'],
]);

const DEFAULTS = mutantsOf('verify-image.ts', 'defaults', [
  ['any number', 'if (defaults.length > FORMAT_LIMITS.defaultsMax)', 'if (false)'],
  [
    'one too many',
    'if (defaults.length > FORMAT_LIMITS.defaultsMax)',
    'if (defaults.length > FORMAT_LIMITS.defaultsMax + 1)',
  ],
  ['of no record, or of no field', 'if (part === undefined)', 'if (part === undefined) continue; if (false)'],
  [
    'of no record',
    `node?.kind === 'record' ? node.fields[field] : undefined`,
    `node?.kind === 'record' ? node.fields[field] : { name: '', type: constants[constant]?.type }`,
  ],
  [
    'of another type',
    'if (constants[constant]?.type !== part.type)',
    'if (constants[constant] === undefined)',
  ],
  [
    'that are not there',
    'if (constants[constant]?.type !== part.type)',
    'if (constants[constant] !== undefined && constants[constant].type !== part.type)',
  ],
  [
    'types in any order',
    'if (type < last.type || (type === last.type && field <= last.field))',
    'if (type === last.type && field <= last.field)',
  ],
  [
    'fields in any order',
    'if (type < last.type || (type === last.type && field <= last.field))',
    'if (type < last.type)',
  ],
  ['a field twice', 'field <= last.field', 'field < last.field'],
  ['fields in order over all types', '(type === last.type && field <= last.field)', 'field <= last.field'],
]);

const OPERATIONS = mutantsOf('verify-image.ts', 'operations', [
  ['any name', `if (!isUpperName(name)) return 'its name is none';`, ''],
  ['any order', 'if (index > 0 && !(image.operations[index - 1].name < name))', 'if (false)'],
  ['one twice', '!(image.operations[index - 1].name < name)', '!(image.operations[index - 1].name <= name)'],
  ['a reply that is no data', `if (!isDataOf(image, reply)) return 'its reply is no data';`, ''],
  ['any number of parameters', 'if (parameters.length > PARAMETERS_MAX)', 'if (false)'],
  [
    'one parameter too many',
    'if (parameters.length > PARAMETERS_MAX)',
    'if (parameters.length > PARAMETERS_MAX + 1)',
  ],
  ['parameters of one name', '.size < parameters.length)', '.size < 0)'],
  ['parameters are not looked at', 'if (defect !== null) return `parameter', 'if (false) return `parameter'],
  [
    'only the first parameter is looked at',
    'for (const parameter of parameters) {',
    'for (const parameter of parameters.slice(0, 1)) {',
  ],
  [
    'a body that is not there',
    'if (code === undefined) return `its',
    'if (code === undefined) return null; if (false) return `its',
  ],
  ['a body that takes something else', 'if (code.from !== from)\n', 'if (false)\n'],
  ['a body that gives something else', 'if (code.to !== reply)', 'if (false)'],
  ['a body without the key', 'const from = withKey(image, types, input);', 'const from = input;'],
  ['a parameter with any name', `if (!isLowerName(name)) return 'its name is none';`, ''],
  ['a parameter that is no data', `if (!isDataOf(image, type)) return 'it is no data';`, ''],
  [
    'a default of another type',
    'if (fallback !== null && image.unit.constants[fallback]?.type !== type)',
    'if (fallback !== null && image.unit.constants[fallback] === undefined)',
  ],
  [
    'a default that is not there',
    'image.unit.constants[fallback]?.type !== type)',
    '(image.unit.constants[fallback]?.type ?? type) !== type)',
  ],
  [
    'a type that is not there is data',
    'return isType(image.unit.types, type) && image.unit.types.isData(type);',
    'return !isType(image.unit.types, type) || image.unit.types.isData(type);',
  ],
  [
    'closures are data',
    'return isType(image.unit.types, type) && image.unit.types.isData(type);',
    'return isType(image.unit.types, type);',
  ],
]);

export const IMAGE_MUTANTS: readonly Mutant[] = [...IMAGES, ...DEFAULTS, ...OPERATIONS];
