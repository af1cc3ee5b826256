import { INSTRUCTIONS, type InstructionName } from '@smc/protocol';
import { mutantsOf, type Mutant } from './mutant.ts';

/** Mutants of the typing rules of instructions: the arms of `#instruction` in verify.ts. */

/** Instructions that end a block: they leave no accumulator of their own. */
const ENDS: ReadonlySet<InstructionName> = new Set(['RETURN', 'JUMP', 'NEXT']);

const NAMES = Object.keys(INSTRUCTIONS) as InstructionName[];

const STEP = 'this.#instruction(name, block);';
const WRONG = 'this.#accumulator = this.#accumulator === BOOL ? INT : BOOL;';

/** Of each instruction: after it the accumulator has another type. */
const RESULTS: readonly Mutant[] = NAMES.filter((name) => !ENDS.has(name)).map((name) => ({
  name: `${name}: gives another type`,
  file: 'verify.ts',
  text: STEP,
  replacement: `${STEP} if (name === '${name}') ${WRONG}`,
}));

/** By what they give, instructions that take one type, or one of some kind: they are made to take anything. */
const GIVES: readonly (readonly [type: string, names: readonly InstructionName[]])[] = [
  [
    'INT',
    [
      ...(['ADD', 'SUB', 'MUL', 'DIV', 'REM', 'NEG', 'INT_MIN', 'INT_MAX', 'INT_ABS'] as const),
      ...(['BYTES_LENGTH', 'STRING_LENGTH', 'TIME_TO_MILLIS', 'TIME_DIFF_MILLIS'] as const),
      ...(['LIST_LENGTH', 'LIST_SUM', 'MAP_SIZE', 'SET_SIZE'] as const),
    ],
  ],
  [
    'BOOL',
    [
      ...(['EQ', 'NE', 'LT', 'LE', 'GT', 'GE', 'NOT', 'LIST_CONTAINS', 'MAP_HAS', 'SET_HAS'] as const),
      ...(['STRING_CONTAINS', 'STRING_STARTS_WITH', 'STRING_ENDS_WITH'] as const),
    ],
  ],
  [
    'STRING',
    [
      ...(['INT_TO_STRING', 'STRING_JOIN', 'STRING_SLICE', 'STRING_TO_UPPER', 'STRING_TO_LOWER'] as const),
      ...(['STRING_TRIM', 'STRING_REPEAT', 'STRING_CONCAT', 'BYTES_TO_HEX'] as const),
    ],
  ],
  ['BYTES', ['STRING_TO_BYTES', 'BYTES_SLICE', 'BYTES_CONCAT', 'BYTES_FLATTEN']],
  ['TIME', ['TIME_FROM_MILLIS', 'TIME_ADD_MILLIS']],
  ['types.option(INT)', ['INT_PARSE', 'STRING_INDEX_OF', 'BYTES_GET', 'LIST_INDEX_OF']],
  ['types.option(STRING)', ['BYTES_TO_STRING']],
  ['types.option(BYTES)', ['BYTES_FROM_HEX']],
  ['types.list(STRING)', ['STRING_SPLIT']],
  ['types.list(INT)', ['LIST_RANGE']],
  // They give what they take, or a part of it.
  ['a', ['LIST_REVERSE']],
  ['this.#pair("")[0]', ['LIST_APPEND', 'LIST_PREPEND', 'LIST_TAKE', 'LIST_DROP', 'MAP_REMOVE']],
  ['this.#pair("")[0]', ['LIST_CONCAT', 'SET_INSERT', 'SET_REMOVE']],
  ['this.#pair("")[0]', ['SET_UNION', 'SET_INTERSECT', 'SET_DIFF']],
  ['this.#components(3, "")[0]', ['MAP_INSERT']],
  ['this.#typeOperand(1)', ['MAP_FROM_LIST', 'SET_FROM_LIST', 'INJECT', 'FAIL']],
  ['UNIT', ['PUT']],
];

const INPUTS: readonly Mutant[] = GIVES.flatMap(([type, names]) =>
  names.map((name) => ({
    name: `${name}: takes anything`,
    file: 'verify.ts' as const,
    text: `case '${name}':`,
    replacement: `case '${name}': return this.#give(${type});`,
  })),
);

/** A change of what stands right after the case of an instruction, or from there up to some text. */
const inArm = (
  name: InstructionName,
  what: string,
  text: string,
  replacement: string,
): readonly [string, string, string] => [
  `${name}: ${what}`,
  `case '${name}':${text}`,
  `case '${name}':${replacement}`,
];

const PRODUCTS = mutantsOf('verify.ts', 'products', [
  inArm(
    'FST',
    'of more than two',
    '',
    ` { const n = types.node(a); if (n.kind === 'tuple') return this.#give(n.items[0]); }`,
  ),
  inArm(
    'FST',
    'of a record',
    '',
    ` { const n = types.node(a); if (n.kind === 'record') return this.#give(n.fields[0].type); }`,
  ),
  inArm('FST', 'of anything', '', ` if (types.node(a).kind !== 'tuple') return this.#give(INT);`),
  inArm(
    'SND',
    'of more than two',
    '',
    ` { const n = types.node(a); if (n.kind === 'tuple') return this.#give(n.items[1]); }`,
  ),
  inArm('SND', 'of anything', '', ` if (types.node(a).kind !== 'tuple') return this.#give(INT);`),
  ['TUPLE of two', 'count < 3 ||', 'count < 2 ||'],
  ['TUPLE of too many', '|| count > TYPE_LIMITS.tupleItemsMax', ''],
  [
    'RECORD of no record',
    `const { fields } = this.#nodeOf('record', type);`,
    `const { fields = [] } = types.node(type) as { fields?: [] };`,
  ],
  [
    'RECORD with fields of other types',
    'if (wrong !== undefined)\n          this.#refuse(`RECORD',
    'if (false) this.#refuse(`RECORD',
  ],
  ['PROJECT of a pair', `node.kind === 'tuple' && node.items.length > 2`, `node.kind === 'tuple'`],
  [
    'PROJECT of anything',
    `if (!isProduct) this.#mismatch('a record or a tuple of 3 or more');`,
    `if (!isProduct) return this.#give(INT);`,
  ],
  [
    'PROJECT out of bounds',
    `const index = this.#index('component', 1, count);`,
    'const index = Math.min(this.#operand(1), count - 1);',
  ],
]);

const SUMS = mutantsOf('verify.ts', 'sums', [
  [
    'INJECT into no sum',
    `const { constructors } = this.#nodeOf('sum', type);\n        this.#takes(`,
    `if (types.node(type).kind !== 'sum') return this.#give(type); const { constructors } = this.#nodeOf('sum', type);\n        this.#takes(`,
  ],
  [
    'INJECT of another payload',
    `this.#takes(constructors[this.#index('constructor', 2, constructors.length)].payload);`,
    `this.#index('constructor', 2, constructors.length);`,
  ],
  [
    'INJECT of no constructor',
    `this.#takes(constructors[this.#index('constructor', 2, constructors.length)].payload);`,
    `if (this.#operand(2) < constructors.length) this.#takes(constructors[this.#operand(2)].payload);`,
  ],
  [
    'SWITCH on no sum',
    `const { constructors } = this.#nodeOf('sum', sum);`,
    `if (types.node(sum).kind !== 'sum') return this.#give(INT); const { constructors } = this.#nodeOf('sum', sum);`,
  ],
  [
    'SWITCH with too few arms',
    'if (count !== constructors.length - 1)',
    'if (count > constructors.length - 1)',
  ],
  [
    'SWITCH with too many arms',
    'if (count !== constructors.length - 1)',
    'if (count < constructors.length - 1)',
  ],
  [
    'SWITCH gives each arm the first payload',
    'types.pair(e, payload)',
    'types.pair(e, constructors[0].payload)',
  ],
  ['SWITCH joins anywhere', 'const join = this.#target(1, block.end);', 'const join = this.#operand(1);'],
  ['SWITCH has arms anywhere', '(_, i) => this.#target(3 + i, join)', '(_, i) => this.#operand(3 + i)'],
]);

const CHOICE = mutantsOf('verify.ts', 'choice', [
  ['BRANCH on anything', `if (condition !== BOOL) this.#mismatch('(e, Bool)');`, ''],
  ['BRANCH joins anywhere', 'const join = this.#target(2, block.end);', 'const join = this.#operand(2);'],
  ['BRANCH has its other arm anywhere', '[this.#target(1, join)]', '[this.#operand(1)]'],
  ['BRANCH keeps the condition', '[e, e]);', '[a, a]);'],
]);

const CLOSURES = mutantsOf('verify.ts', 'closures', [
  [
    'CUR of no function type',
    `const closure = this.#nodeOf('function', type);`,
    `const closure = (types.node(type) as { from?: number }).from === undefined ? { from: INT, to: INT } : this.#nodeOf('function', type);`,
  ],
  [
    'CUR ends anywhere',
    `end: this.#target(2, block.end), result, after: type`,
    `end: this.#operand(2), result, after: type`,
  ],
  ['CUR is not counted', 'this.#closures++;', ''],
  ['CUR is not open', 'this.#closuresOpen++;', ''],
  ['CUR stays open', `if (block.kind === 'closure') this.#closuresOpen--;`, ''],
  [
    'APP of no closure',
    `if (closure.kind !== 'function' || closure.from !== right) this.#mismatch('(a → b, a)');`,
    `if (closure.kind !== 'function') return this.#give(INT); if (closure.from !== right) this.#mismatch('(a → b, a)');`,
  ],
  ['APP to another argument', ' || closure.from !== right', ''],
  ['APP gives its argument', 'return this.#give(closure.to);', 'return this.#give(closure.from);'],
]);

const CALLS = mutantsOf('verify.ts', 'calls', [
  [
    'CALL of itself, or of a later one',
    `const index = this.#index('function', 1, this.#known.length);\n        this.#takes(this.#unit.functions[index].from);\n        const { effects, stackSlots, frames } = this.#known[index];`,
    `const index = this.#index('function', 1, this.#unit.functions.length);\n        this.#takes(this.#unit.functions[index].from);\n        const { effects, stackSlots, frames } = this.#known[index] ?? { effects: 0, stackSlots: 0, frames: 0 };`,
  ],
  ['CALL with anything', 'this.#takes(this.#unit.functions[index].from);', ''],
  ['CALL without its effects', 'this.#affect(effects);', ''],
  ['CALL without its stack', 'this.#slotsBelow = Math.max(this.#slotsBelow, stackSlots);', ''],
  [
    'CALL with the stack of the last',
    'this.#slotsBelow = Math.max(this.#slotsBelow, stackSlots);',
    'this.#slotsBelow = stackSlots;',
  ],
  ['CALL without its frames', 'this.#framesBelow = Math.max(this.#framesBelow, frames);', ''],
  [
    'CALL with the frames of the last',
    'this.#framesBelow = Math.max(this.#framesBelow, frames);',
    'this.#framesBelow = frames;',
  ],
  ['CALL gives what it takes', 'return this.#give(this.#unit.functions[index].to);', 'return this.#give(a);'],
  [
    'QUOTE of no constant',
    `this.#unit.constants[this.#index('constant', 1, this.#unit.constants.length)].type`,
    '(this.#unit.constants[this.#operand(1)]?.type ?? INT)',
  ],
]);

const ITERATION = mutantsOf('verify.ts', 'iteration', [
  [
    'FOLD over no list',
    `const { item } = this.#nodeOf('list', list);\n        this.#data(b);`,
    `const { item } = types.node(list).kind === 'list' ? this.#nodeOf('list', list) : { item: INT };\n        this.#data(b);`,
  ],
  ['FOLD to a closure', 'this.#data(b);', ''],
  [
    'FOLD keeps nothing on the stack',
    'for (const kept of [e, list, INT, INT]) this.#push(kept);',
    'for (const kept of [e, list, INT, INT]) this.#stack.push(kept);',
  ],
  [
    'FOLD ends anywhere',
    `kind: 'fold', end: this.#target(1, block.end)`,
    `kind: 'fold', end: this.#operand(1)`,
  ],
  ['FOLD takes the result from an item', 'types.tuple([e, b, item])', 'types.tuple([e, item, item])'],
  ['FOLD hands on the list', 'types.tuple([e, b, item])', 'types.tuple([e, b, list])'],
  [
    'MAP over no list',
    `const { item } = this.#nodeOf('list', list);\n        // As FOLD`,
    `const { item } = types.node(list).kind === 'list' ? this.#nodeOf('list', list) : { item: INT };\n        // As FOLD`,
  ],
  [
    'MAP keeps nothing on the stack',
    'for (const kept of [e, list, INT, INT, list, INT]) this.#push(kept);',
    'for (const kept of [e, list, INT, INT, list, INT]) this.#stack.push(kept);',
  ],
  ['MAP ends anywhere', `kind: 'map', end: this.#target(1, block.end)`, `kind: 'map', end: this.#operand(1)`],
  [
    'MAP hands on the list',
    'return this.#give(types.pair(e, item));',
    'return this.#give(types.pair(e, list));',
  ],
  [
    'NEXT ends anything',
    `this.#ends(block, block.kind === 'fold');`,
    `this.#ends(block, block.kind !== 'function');`,
  ],
  [
    'RETURN ends anything',
    `this.#ends(block, block.kind === 'function' || block.kind === 'closure');`,
    `this.#ends(block, true);`,
  ],
  [
    'RETURN ends no closure',
    `block.kind === 'function' || block.kind === 'closure'`,
    `block.kind === 'function'`,
  ],
]);

const WORLD = mutantsOf('verify.ts', 'world', [
  ['GET reads nothing', 'this.#affect(READS);', ''],
  ['GET writes', 'this.#affect(READS);', 'this.#affect(WRITES);'],
  ['PUT writes nothing', 'this.#affect(WRITES);', ''],
  ['PUT only reads', 'this.#affect(WRITES);', 'this.#affect(READS);'],
  ['PUT of anything', 'this.#takes(this.#stateType());', 'this.#stateType();'],
  ['PUT gives the state', 'return this.#give(UNIT);', 'return this.#give(a);'],
  ['NOW sees no clock', 'this.#affect(CLOCK);', ''],
  [
    'NOW where there is no clock',
    `if (this.#state === null) this.#refuse('NOW where there is no clock');`,
    '',
  ],
  [
    'GET and PUT where there is no state',
    'if (this.#state === null) this.#refuse(`${this.#name} where',
    'if (this.#state === null) return UNIT; if (false) this.#refuse(`${this.#name} where',
  ],
  ['effects in a closure', 'if (effects !== 0 && this.#closuresOpen > 0)', 'if (false)'],
  ['effects in a closure, one deep', 'this.#closuresOpen > 0', 'this.#closuresOpen > 1'],
  ['effects of the last alone', 'this.#effects |= effects;', 'this.#effects = effects;'],
  ['no effects', 'this.#effects |= effects;', ''],
  ['FAIL with anything', 'this.#takes(STRING);\n        this.#data(type);', 'this.#data(type);'],
  ['FAIL to a closure', 'this.#takes(STRING);\n        this.#data(type);', 'this.#takes(STRING);'],
]);

const COMPARISON = mutantsOf('verify.ts', 'comparison', [
  ['EQ of two types', 'if (left !== right || !types.isFirstOrder(left))', 'if (!types.isFirstOrder(left))'],
  ['EQ of closures', 'if (left !== right || !types.isFirstOrder(left))', 'if (left !== right)'],
  ['LT of two types', 'if (left !== right || !isOrdered)', 'if (!isOrdered)'],
  ['LT of what has no order', 'if (left !== right || !isOrdered)', 'if (left !== right)'],
  [
    'LT of Bool',
    'left === INT || left === TIME || left === STRING',
    'left === INT || left === TIME || left === STRING || left === BOOL',
  ],
  [
    'LT of Bytes',
    'left === INT || left === TIME || left === STRING',
    'left === INT || left === TIME || left === STRING || left === BYTES',
  ],
]);

const LISTS = mutantsOf('verify.ts', 'lists', [
  [
    'LIST of no list',
    `const { item } = this.#nodeOf('list', type);`,
    `const { item } = types.node(type).kind === 'list' ? this.#nodeOf('list', type) : { item: INT };`,
  ],
  ['LIST of nothing', 'if (count < 1) this.#refuse(`LIST', 'if (false) this.#refuse(`LIST'],
  ['LIST of other items', 'if (other !== undefined)', 'if (false)'],
  [
    'LIST checks the last item alone',
    '.find((part) => part !== item)',
    '.slice(-1).find((part) => part !== item)',
  ],
  [
    'LIST checks the first item alone',
    '.find((part) => part !== item)',
    '.slice(0, 1).find((part) => part !== item)',
  ],
  [
    'LIST_APPEND of another item',
    `if (this.#nodeOf('list', list).item !== item) this.#mismatch('(List<a>, a)');`,
    `this.#nodeOf('list', list);`,
  ],
  ['LIST_CONCAT of no list', `this.#nodeOf('list', left);\n        if (left`, 'if (left'],
  ['LIST_CONCAT of two types', `if (left !== right) this.#mismatch('(List<a>, List<a>)');`, ''],
  [
    'LIST_GET at anything',
    `const { item } = this.#listAnd(INT, '(List<a>, Int)');`,
    `const { item } = this.#nodeOf('list', this.#pair('(List<a>, Int)')[0]);`,
  ],
  [
    'LIST_FLATTEN of a list of anything',
    `this.#nodeOf('list', item);\n        return this.#give(item);`,
    `return this.#give(item);`,
  ],
  [
    'LIST_FLATTEN gives the items of the items',
    `this.#nodeOf('list', item);\n        return this.#give(item);`,
    `return this.#give(this.#nodeOf('list', item).item);`,
  ],
  [
    'LIST_ZIP of no second list',
    `types.pair(this.#nodeOf('list', left).item, this.#nodeOf('list', right).item)`,
    `types.pair(this.#nodeOf('list', left).item, right)`,
  ],
  [
    'LIST_ZIP of no first list',
    `types.pair(this.#nodeOf('list', left).item, this.#nodeOf('list', right).item)`,
    `types.pair(left, this.#nodeOf('list', right).item)`,
  ],
  [
    'LIST_ZIP turned round',
    `types.pair(this.#nodeOf('list', left).item, this.#nodeOf('list', right).item)`,
    `types.pair(this.#nodeOf('list', right).item, this.#nodeOf('list', left).item)`,
  ],
  ['LIST_SORT by what has no order', 'if (!isKey(types, key))', 'if (false)'],
  [
    'LIST_SORT by another key',
    `this.#secondOfItems(key, '(k, a)')`,
    `this.#secondOfItems((types.node(this.#nodeOf('list', a).item) as { items: readonly TypeId[] }).items[0], '(k, a)')`,
  ],
  [
    'LIST_SELECT by anything',
    `this.#secondOfItems(BOOL, '(Bool, a)')`,
    `this.#secondOfItems((types.node(this.#nodeOf('list', a).item) as { items: readonly TypeId[] }).items[0], '(Bool, a)')`,
  ],
  [
    'LIST_UNCONS gives the item twice',
    'types.option(types.pair(item, a))',
    'types.option(types.pair(item, item))',
  ],
  [
    'LIST_UNCONS of anything',
    `const { item } = this.#nodeOf('list', a);\n        return this.#give(types.option(types`,
    `const { item } = types.node(a).kind === 'list' ? this.#nodeOf('list', a) : { item: a };\n        return this.#give(types.option(types`,
  ],
  [
    'LIST_GET gives the list',
    'return this.#give(types.option(item));',
    `return this.#give(types.option(this.#pair('')[0]));`,
  ],
  [
    'the rule of LIST_GET, LIST_CONTAINS and the like: another second',
    'if (other !== (type ?? node.item)) this.#mismatch(expected);',
    '',
  ],
  ['the rule of LIST_CONTAINS and LIST_INDEX_OF: another item', '(type ?? node.item)', '(type ?? other)'],
  [
    'the rule of LIST_SORT and LIST_SELECT: items of three',
    'pair.items.length === 2 && pair',
    'pair.items.length >= 2 && pair',
  ],
  ['the rule of LIST_SORT and LIST_SELECT: another first', ' && pair.items[0] === first', ''],
]);

const MAPS = mutantsOf('verify.ts', 'maps and sets', [
  [
    'MAP_GET gives the key',
    `this.#mapAndKey('(Map<k, v>, k)').value`,
    `this.#mapAndKey('(Map<k, v>, k)').key`,
  ],
  ['MAP_INSERT of another key', 'if (node.key !== key || node.value !== value)', 'if (node.value !== value)'],
  ['MAP_INSERT of another value', 'if (node.key !== key || node.value !== value)', 'if (node.key !== key)'],
  [
    'MAP_KEYS gives the values',
    `types.list(this.#nodeOf('map', a).key)`,
    `types.list(this.#nodeOf('map', a).value)`,
  ],
  [
    'MAP_VALUES gives the keys',
    `types.list(this.#nodeOf('map', a).value)`,
    `types.list(this.#nodeOf('map', a).key)`,
  ],
  [
    'MAP_ENTRIES turned round',
    `const { key, value } = this.#nodeOf('map', a);`,
    `const { key: value, value: key } = this.#nodeOf('map', a);`,
  ],
  [
    'MAP_FROM_LIST to no map',
    `const { key, value } = this.#nodeOf('map', type);`,
    `if (types.node(type).kind !== 'map') return this.#give(type); const { key, value } = this.#nodeOf('map', type);`,
  ],
  [
    'MAP_FROM_LIST of other pairs',
    'this.#takes(types.list(types.pair(key, value)));',
    'types.list(types.pair(key, value));',
  ],
  [
    'MAP_FROM_LIST turned round',
    'this.#takes(types.list(types.pair(key, value)));',
    'this.#takes(types.list(types.pair(value, key)));',
  ],
  [
    'SET_FROM_LIST of other items',
    `this.#takes(types.list(this.#nodeOf('set', type).item));`,
    `this.#nodeOf('set', type);`,
  ],
  ['SET_TO_LIST gives the set', `types.list(this.#nodeOf('set', a).item)`, 'types.list(a)'],
  ['SET_UNION and the like of two types', `if (left !== right) this.#mismatch('(Set<k>, Set<k>)');`, ''],
  ['SET_UNION and the like of no sets', `this.#nodeOf('set', left);\n        if (left`, 'if (left'],
  ['the rule of MAP_GET and the like: another key', 'if (node.key !== key) this.#mismatch(expected);', ''],
  [
    'the rule of MAP_GET and the like: the value for the key',
    'if (node.key !== key) this.#mismatch(expected);',
    'if (node.key !== key && node.value !== key) this.#mismatch(expected);',
  ],
  [
    'the rule of SET_HAS and the like: another item',
    `if (this.#nodeOf('set', set).item !== item) this.#mismatch('(Set<k>, k)');`,
    `this.#nodeOf('set', set);`,
  ],
]);

/** Takes the first components of a tuple that has more. */
const ofMore = (name: InstructionName, text: string): readonly [string, string, string] =>
  inArm(
    name,
    'of more components',
    ` {\n        const ${text}`,
    ` {\n        const ${text.replace(/this\.#(?:pair|components)\(.*\)/, (call) => `(types.node(a).kind === 'tuple' ? types.components(a)! : ${call})`)}`,
  );

/** Takes a type that is not in the unit: by default one that is derived, by its number. */
const ofOther = (
  name: InstructionName,
  variable = 'type',
  what = 'a derived type by its number',
  taken = `this.#index('type', 1, types.length)`,
): readonly [string, string, string] =>
  inArm(
    name,
    what,
    ` {\n        const ${variable} = this.#typeOperand(1);`,
    ` {\n        const ${variable} = ${taken};`,
  );

/** Of those that are derived none is a record or a function. */
const LAST = [
  'type',
  'the last type for a higher one',
  'Math.min(this.#operand(1), this.#unit.types.length - 1)',
] as const;

const OPERANDS = mutantsOf('verify.ts', 'what is taken', [
  ofMore('APP', `[left, right] = this.#pair('(a → b, a)');`),
  ofMore('BRANCH', `[e, condition] = this.#pair('(e, Bool)');`),
  ofMore('SWITCH', `[e, sum] = this.#pair('(e, Σ)');`),
  ofMore('FOLD', `[e, b, list] = this.#components(3, '(e, b, List<a>)');`),
  ofMore('MAP', `[e, list] = this.#pair('(e, List<a>)');`),
  ofMore('LIST_ZIP', `[left, right] = this.#pair('(List<a>, List<b>)');`),
  ofOther('CUR', ...LAST),
  ofOther('RECORD', ...LAST),
  ofOther('LIST'),
  ofOther('LIST_SORT', 'key'),
  [
    'TUPLE gives one component so often',
    'types.tuple(this.#collect(count))',
    'types.tuple(this.#collect(count).fill(a))',
  ],
  [
    'RECORD of what is in the accumulator alone',
    'const parts = this.#collect(fields.length);',
    'const parts = fields.map(() => a);',
  ],
  [
    'GET where there is no state',
    'this.#affect(READS);\n        return this.#give(this.#stateType());',
    'this.#affect(READS);\n        return this.#give(this.#state ?? UNIT);',
  ],
  inArm(
    'LIST_FLATTEN',
    'of anything',
    ` {\n        const { item } = this.#nodeOf('list', a);`,
    ` {\n        if (types.node(a).kind !== 'list') return this.#give(a); const { item } = this.#nodeOf('list', a);`,
  ),
  ['JUMP in an arm, anywhere', 'if (!isArm) this', 'if (!isArm && block.arms.length === 0) this'],
  ['JUMP does nothing', 'return this.#jump(block);', 'return;'],
  [
    'NEXT of a MAP, whatever its body gives',
    `if (block.kind === 'map') return this.#endMap(block);`,
    `if (block.kind === 'map') { this.#blocks.pop(); this.#stack.length = block.base - 6; return this.#give(types.list(a)); }`,
  ],
  [
    'the rule of LIST_SORT and LIST_SELECT: items that are no pairs',
    'return isPair ? pair.items[1] : this',
    `return isPair ? pair.items[1] : pair.kind !== 'tuple' ? INT : this`,
  ],
  [
    'the rule of tuples: a parameter of it',
    'while (parts.length < count) parts.push(this.#pop());',
    'while (parts.length < count) parts.push(this.#stack.pop()!);',
  ],
]);

export const INSTRUCTION_MUTANTS: readonly Mutant[] = [
  ...OPERANDS,
  ...RESULTS,
  ...INPUTS,
  ...PRODUCTS,
  ...SUMS,
  ...CHOICE,
  ...CLOSURES,
  ...CALLS,
  ...ITERATION,
  ...WORLD,
  ...COMPARISON,
  ...LISTS,
  ...MAPS,
];
