import { mutantsOf, type Mutant } from './mutant.ts';

/** Mutants of what the rules of verify.ts have in common: the stack, operands, blocks, limits, and how types are met. */

const READING = mutantsOf('verify.ts', 'reading', [
  ['goes on after the end of a block', 'if (this.word >= block.end)', 'if (false)'],
  [
    'takes any code for an instruction',
    'if (name === undefined) this.#refuse(`no',
    'if (name === undefined) return { effects: 0, stackSlots: 0, frames: 1 }; if (false) this.#refuse(`no',
  ],
  ['reads over the end of a block', 'if (this.#next > block.end)', 'if (this.#next > this.#code.length)'],
  [
    'reads over the end of the code',
    'if (this.#next > block.end)',
    'if (this.#next > block.end && block.end < this.#code.length)',
  ],
]);

const LIMITS = mutantsOf('verify.ts', 'limits', [
  ['any height of stack', 'if (stackSlots > stackSlotsMax)', 'if (false)'],
  ['one slot too many', 'if (stackSlots > stackSlotsMax)', 'if (stackSlots > stackSlotsMax + 1)'],
  ['one slot too few', 'if (stackSlots > stackSlotsMax)', 'if (stackSlots >= stackSlotsMax)'],
  ['any depth of calls', 'if (frames > framesMax)', 'if (false)'],
  ['one frame too many', 'if (frames > framesMax)', 'if (frames > framesMax + 1)'],
  ['one frame too few', 'if (frames > framesMax)', 'if (frames >= framesMax)'],
  [
    'closures have no stack',
    'this.#height * (1 + this.#closures) + this.#slotsBelow',
    'this.#height + this.#slotsBelow',
  ],
  [
    'functions called have no stack',
    'this.#height * (1 + this.#closures) + this.#slotsBelow',
    'this.#height * (1 + this.#closures)',
  ],
  ['closures have no frames', '1 + this.#closures + this.#framesBelow', '1 + this.#framesBelow'],
  ['functions called have no frames', '1 + this.#closures + this.#framesBelow', '1 + this.#closures'],
  [
    'the height is that at the end',
    'this.#height = Math.max(this.#height, this.#stack.push(type));',
    'this.#height = this.#stack.push(type);',
  ],
  ['a type that grows is a crash', 'if (!(error instanceof TypeLimitError)) throw error;', 'throw error;'],
]);

const STACK = mutantsOf('verify.ts', 'the stack', [
  ['a block reaches below its start', 'if (this.#stack.length <= base)', 'if (this.#stack.length === 0)'],
  [
    'a block reaches one below its start',
    'if (this.#stack.length <= base)',
    'if (this.#stack.length <= base - 1)',
  ],
  [
    'there is always something on it',
    'if (this.#stack.length <= base) this',
    'if (this.#stack.length === 0) return INT; if (this.#stack.length <= base) this',
  ],
  [
    'PUSH pushes another type',
    `case 'PUSH':\n        return this.#push(a);`,
    `case 'PUSH':\n        return this.#push(INT);`,
  ],
  [
    'SWAP copies',
    'this.#give(this.#pop());\n        return this.#push(a);',
    'const top = this.#pop(); this.#give(top); return this.#push(top);',
  ],
  [
    'SWAP leaves the accumulator',
    'this.#give(this.#pop());\n        return this.#push(a);',
    'this.#pop(); return this.#push(a);',
  ],
  ['CONS turned round', 'types.pair(this.#pop(), a)', 'types.pair(a, this.#pop())'],
  ['CONS leaves the stack', 'types.pair(this.#pop(), a)', 'types.pair(this.#stack.at(-1)!, a)'],
  ['the parts of a tuple, record or list turned round', 'return parts.reverse();', 'return parts;'],
]);

const OPERANDS = mutantsOf('verify.ts', 'operands', [
  [
    'a negative index',
    'if (index < 0 || index >= length) this',
    'if (index < 0) return 0; if (index < 0 || index >= length) this',
  ],
  [
    'an index one too high',
    'if (index < 0 || index >= length) this',
    'if (index === length) return length - 1; if (index < 0 || index >= length) this',
  ],
  [
    'an index far too high',
    'if (index < 0 || index >= length) this',
    'if (index >= length) return 0; if (index < 0 || index >= length) this',
  ],
  [
    'a derived type by its number',
    `this.#index('type', position, this.#unit.types.length)`,
    `this.#index('type', position, this.#types.length)`,
  ],
  ['a jump backward', 'if (target < this.#next || target > end)', 'if (target > end)'],
  [
    'a jump into its own operands',
    'if (target < this.#next || target > end)',
    'if (target <= this.word || target > end)',
  ],
  ['a jump out of its block', 'if (target < this.#next || target > end)', 'if (target < this.#next)'],
  [
    'a jump one out of its block',
    'if (target < this.#next || target > end)',
    'if (target < this.#next || target > end + 1)',
  ],
]);

const BLOCKS = mutantsOf('verify.ts', 'blocks', [
  [
    'a block starts at the bottom of the stack',
    'this.#blocks.push({ ...block, base: this.#stack.length });',
    'this.#blocks.push({ ...block, base: 0 });',
  ],
  ['arms in any order', 'if (disorder !== -1)', 'if (false)'],
  ['an arm gets what the next takes', 'takes: takes[i] }', 'takes: takes[i + 1] ?? takes[i] }'],
  ['an arm starts with what the instruction had', 'this.#give(first.takes);', ''],
  ['an arm leaves something', `this.#checkHeight(choice, 'an arm');`, ''],
  ['arms give different types', 'if (this.#accumulator !== choice.result) {', 'if (false) {'],
  [
    'only neighbouring arms give one type',
    'choice.result ??= this.#accumulator;',
    'if (choice.arms.length % 2 === 1 || choice.result === null) choice.result = this.#accumulator;',
  ],
  ['arms give a closure', 'this.#data(choice.result);', ''],
  ['a block leaves one on the stack', 'if (left > 0) this', 'if (left > 1) this'],
  [
    'JUMP in the last arm',
    'block.arms.length > 0 && this.#next === block.end',
    '(block.arms.length > 0 || block.arms.push({ end: this.#operand(1), takes: this.#accumulator })) && this.#next === block.end',
  ],
  [
    'JUMP in the middle of an arm',
    `block.arms.length > 0 && this.#next === block.end`,
    'block.arms.length > 0',
  ],
  ['JUMP anywhere', 'if (this.#operand(1) !== join)', 'if (false)'],
  [
    'JUMP to the next arm',
    'if (this.#operand(1) !== join)',
    'if (this.#operand(1) !== join && this.#operand(1) !== block.end)',
  ],
  ['JUMP does not end an arm', 'this.#endArm(block);\n    const { end', 'const { end'],
  [
    'an arm before the last falls through',
    'if (block.arms.length > 0 || this.word !== block.end) return;',
    'if (this.word !== block.end) return;',
  ],
  ['the last arm is not looked at', 'this.#endArm(block);\n      this.#blocks.pop();', 'this.#blocks.pop();'],
  [
    'only the innermost of choices ends',
    'this.#endArm(block);\n      this.#blocks.pop();',
    'this.#endArm(block);\n      this.#blocks.pop(); return;',
  ],
  [
    'an end of another kind of block',
    'if (!isItsEnd || this.#next !== block.end)',
    'if (this.#next !== block.end)',
  ],
  ['an end before the end', 'if (!isItsEnd || this.#next !== block.end)', 'if (!isItsEnd)'],
  ['something left at an end', 'this.#checkHeight(block, this.#name);', ''],
  [
    'a function gives anything',
    'this.#takes(block.result!);',
    `if (block.kind !== 'function') this.#takes(block.result!);`,
  ],
  [
    'a closure gives anything',
    'this.#takes(block.result!);',
    `if (block.kind !== 'closure') this.#takes(block.result!);`,
  ],
  [
    'the body of a FOLD gives anything',
    'this.#takes(block.result!);',
    `if (block.kind !== 'fold') this.#takes(block.result!);`,
  ],
  ['the type after a block is that of its end', 'this.#give(block.after ?? this.#accumulator);', ''],
  [
    'a MAP ends before its end',
    'if (this.#next !== block.end) this.#refuse(`NEXT',
    'if (false) this.#refuse(`NEXT',
  ],
  ['the body of a MAP leaves something', `this.#checkHeight(block, 'NEXT');`, ''],
  ['the body of a MAP gives a closure', `this.#data(this.#accumulator, 'MAP');`, ''],
  ['a MAP gives what its body gives', 'this.#give(this.#types.list(this.#accumulator));', ''],
  [
    'the body of a FOLD may end in RETURN',
    'if (!isItsEnd ||',
    `if ((!isItsEnd && !(this.#name === 'RETURN' && block.kind === 'fold')) ||`,
  ],
]);

const TYPES = mutantsOf('verify.ts', 'types', [
  ['anything is taken', 'if (this.#accumulator !== type) this.#mismatch(this.#text(type));', ''],
  [
    'a String is taken for Bytes, and Bytes for a String',
    'if (this.#accumulator !== type) this',
    'if (this.#accumulator !== type && !([STRING, BYTES].includes(type) && [STRING, BYTES].includes(this.#accumulator))) this',
  ],
  [
    'an Int is taken for a Time, and a Time for an Int',
    'if (this.#accumulator !== type) this',
    'if (this.#accumulator !== type && !([INT, TIME].includes(type) && [INT, TIME].includes(this.#accumulator))) this',
  ],
  [
    'a Bool is taken for an Int, and an Int for a Bool',
    'if (this.#accumulator !== type) this',
    'if (this.#accumulator !== type && !([INT, BOOL].includes(type) && [INT, BOOL].includes(this.#accumulator))) this',
  ],
  ['any kind of type', 'if (node.kind !== kind) this', 'if (false) this'],
  [
    'a set for a list',
    'if (node.kind !== kind) this',
    `if (node.kind !== kind && !(node.kind === 'set' && kind === 'list')) this`,
  ],
  [
    'a list for a set',
    'if (node.kind !== kind) this',
    `if (node.kind !== kind && !(node.kind === 'list' && kind === 'set')) this`,
  ],
  ['tuples of more', 'node.items.length !== count', 'node.items.length < count'],
  ['tuples of fewer', 'node.items.length !== count', 'node.items.length > count'],
  ['closures are data', 'if (!this.#types.isFirstOrder(type)) this', 'if (false) this'],
]);

export const BLOCK_MUTANTS: readonly Mutant[] = [
  ...READING,
  ...LIMITS,
  ...STACK,
  ...OPERANDS,
  ...BLOCKS,
  ...TYPES,
];
