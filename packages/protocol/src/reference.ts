import { CLAUSE_KINDS, FORMAT_LIMITS, FORMAT_VERSION, KEY_KINDS, TYPE_KINDS, WAY_KINDS } from './format.ts';
import { PARAMETERS_MAX } from './image.ts';
import { INSTRUCTIONS, type InstructionRow, PER_FUEL } from './instructions.ts';
import { TYPE_LIMITS } from './type.ts';
import { INT_MAX, TIME_MAX, VALUE_LIMITS } from './value.ts';

/**
 * The reference of the bytecode, `docs/bytecode.md`: complete enough to write another virtual
 * machine from it. Tables come from the instruction table and the constants of the format.
 */
export function instructionReference(): string {
  return [
    INTRODUCTION,
    PRIMITIVE_FORMS,
    BUNDLE,
    IMAGE,
    UPGRADE,
    TYPES,
    VALUES,
    FINGERPRINTS,
    MACHINE,
    instructions(),
    VERIFICATION,
    EXECUTION,
    limits(),
  ].join('\n');
}

const hexadecimal = (code: number): string => `0x${code.toString(16).padStart(2, '0')}`;

/** `0 none, 1 string`. */
const numbered = (kinds: readonly string[]): string => kinds.map((kind, i) => `${i} ${kind}`).join(', ');

const INTRODUCTION = `# Bytecode

This page is generated from the instruction table and the constants of the format in
\`packages/protocol\`, by \`npm run docs\`. It describes version ${FORMAT_VERSION} of the format.

Bytecode is what travels, and what a node holds: **images** of machines, **upgrades** that lead from one
image to another, and **bundles** of both. Every image has exactly one encoding: a decoder accepts no
other bytes, so the SHA-256 of an encoding identifies what it means.
`;

const PRIMITIVE_FORMS = `## Primitive forms

| form | bytes |
|---|---|
| byte | one byte |
| unsigned | 0 … 2³²−1, LEB128: seven bits a byte, the least first, the eighth bit set on all bytes but the last; as few bytes as possible |
| integer | −(2⁵³−1) … 2⁵³−1: the LEB128 of 2n for n ≥ 0 and of −2n−1 for n < 0; as few bytes as possible |
| string | unsigned number of bytes, then UTF-8: no overlong form, no surrogate, nothing past U+10FFFF |
| name | a string of at most ${FORMAT_LIMITS.nameBytesMax} bytes: \`[a-z][A-Za-z0-9_]*\` for fields, parameters and arguments, \`[A-Z][A-Za-z0-9_]*\` for machines, operations, sums and constructors |
| list of X | unsigned count, then each X |
| optional index | unsigned: 0 for nothing, else the index and 1 |

A count is never larger than the number of bytes that follow it: everything that is counted takes at least
one byte.
`;

const BUNDLE = `## Bundle

\`\`\`
bundle   = 00 73 6d 62  version:byte  images  upgrades  debug
images   = list of (length:unsigned image)                      ascending by name of machine
upgrades = list of (header length:unsigned body)                ascending by name of machine
header   = machine:name  code:32 bytes  state:32 bytes  interface:32 bytes  emit:unsigned  image:unsigned
debug    = (length:unsigned bytes) for each image
\`\`\`

The header of an upgrade has the fingerprints of the old image and the \`emit\` number of the compiler that
gave it, then the index of the new image. So a node can say that an upgrade is stale before it decodes the
rest. Names ascend by UTF-16 code unit, here and everywhere, and none is there twice.

Debug data changes nothing that a machine does. It holds, in this order: a list of file names; for each function its
name and a list of positions (distance in words from the position before, file, line, column: all unsigned); a list of
declared field orders (each a list of strings); a list of names of record types (name and type, of a type with type
parameters once for each instance); a list of pieces of documentation (subject and text, both strings); and a list of
fingerprints, 32 bytes each: those of the clauses of the upgrade that led here, which are not carried out twice. The
first of the files is that of the machine.
`;

const IMAGE = `## Image

\`\`\`
image     = 00 73 6d 69  version:byte  emit:unsigned  machine:name  key:byte  unit
            state:unsigned  initial:unsigned  operations  invariants  defaults
operations= list of operation                                   ascending by name
operation = name  parameters  reply:unsigned  body:unsigned
parameters= list of (name  type:unsigned  default:optional index of a constant)
invariants= list of function:unsigned
defaults  = list of (type:unsigned  field:unsigned  constant:unsigned)
unit      = types  constants  functions
types     = list of type                                        base types have no entry
constants = list of (type:unsigned value)
functions = list of (from:unsigned to:unsigned code)
code      = words:unsigned  then each word
\`\`\`

- Kinds of key: ${numbered(KEY_KINDS)}.
- \`state\`, \`reply\` and \`type\` are indices of types, \`initial\` of a constant, \`body\` of a function.
- An operation's body takes what its parameters make: unit for none, the value of the only one, the tuple of
  all (at most ${PARAMETERS_MAX}). In a keyed machine it takes the pair of the key and that.
- An invariant is a function from the state to Bool; in a keyed machine from the pair of the key and the state.
- A default says what stands for a field of a record type where an input leaves it out: the field by its place among
  the sorted names. Ascending by type, then by field.

**Words.** Code is a sequence of words: the code of an instruction, then its operands. An operand that is a
target is written as its distance in words from the start of its instruction, modulo 2³²; every other word as
unsigned. \`words\` counts them all.

**Canonical order.** Tables hold what is used, once, in order of first use:

1. Functions in depth-first post-order from the roots: the bodies of the operations in order, then the
   invariants. The callees of a function come before it, in the order of their first CALL. Equal functions
   are one.
2. Types and constants in the order in which this reads them: the state; the initial state; for each operation
   its parameters with type and default, then its reply; the defaults of fields; then for each function in order its two types, and the
   operands of its code. A constant's type comes before it, and the parts of a type before the type.

An image that re-encodes to other bytes is malformed.
`;

const UPGRADE = `## Upgrade

The body of an upgrade, after its header in the bundle:

\`\`\`
body    = unit  migration:unsigned  back:optional index of a function  ways  ways  clauses
ways    = list of way                                           ascending by name
way     = kind:byte  name  [to:name  request:unsigned  reply:unsigned]   the last three for an adapter
clauses = list of (kind:byte  type:optional index  path:list of string  [to:string])   the last for a rename
\`\`\`

- Kinds of way: ${numbered(WAY_KINDS)}. Kinds of clause: ${numbered(CLAUSE_KINDS)}.
- The first list of ways has one for each operation of the old interface, the second has ways back for
  operations of the new one.
- \`migration\` is a function from the old state to the new, \`back\` the other way. \`request\` leads from the
  input of \`name\` to that of \`to\`, \`reply\` from the reply of \`to\` to that of \`name\`.
- The roots of the unit, in order: migration, back, then request and reply of each adapter.
- Types are numbered in the order of the clauses first, then of the functions.
- The path of a clause starts from its type, and holds wherever that occurs in the old version (the named arguments
  of a constructor are no occurrence of a record type); where it has none, with \`state\`, or an operation and its
  parameter. Then fields, components from 0, constructors. Items of lists, sets and options, keys and values of maps
  take no step.
`;

const TYPES = `## Types

The indices 0 to 5 are the base types: unit, Int, Bool, String, Bytes, Time. Every other type of a unit has an
entry, from 6 on: a byte for its kind, then its parts, by index of types before it.

| kind | type | entry |
|---|---|---|
| ${TYPE_KINDS.indexOf('tuple')} | tuple | list of components, ${TYPE_LIMITS.tupleItemsMin} to ${TYPE_LIMITS.tupleItemsMax} |
| ${TYPE_KINDS.indexOf('record')} | record | list of (name, type), ascending by name, at least one |
| ${TYPE_KINDS.indexOf('list')} | list | type of the items |
| ${TYPE_KINDS.indexOf('sum')} | sum | name, list of type arguments, list of constructors, at least one |
| ${TYPE_KINDS.indexOf('function')} | function | argument, result |
| ${TYPE_KINDS.indexOf('map')} | map | type of the keys, type of the values |
| ${TYPE_KINDS.indexOf('set')} | set | type of the items |

A **key**, the type of the keys of a map or of the items of a set, is Int, String, Bool, Bytes, Time, or a tuple or
sum of those. Keys are ordered: numbers; false before true; strings by Unicode scalar value; bytes by value; tuples
from the left; sums by constructor as declared, then by their arguments as declared.

A constructor is its name, then unsigned: 0 for one unnamed argument, and its type; 1 for none; n + 1 for n
named ones, then their names as declared (none is \`tag\`), then the type of the record of them.

Types are structural: within a unit two types are equal exactly where their indices are. The name of a sum, its
arguments and its constructors belong to it.
`;

const VALUES = `## Values

A value is written for a type that is known, and carries none:

| type | encoding |
|---|---|
| unit | the byte 0 |
| Bool | the byte 0 or 1 |
| Int | integer |
| Time | integer: milliseconds from the epoch, at most ${TIME_MAX} either way |
| String | string |
| Bytes | unsigned length, the bytes |
| tuple, record | the components; the fields in the order of their names |
| list | unsigned count, the items |
| map | unsigned count, the entries, each key and value, the keys ascending |
| set | unsigned count, the items, ascending |
| sum | unsigned index of the constructor, then its argument, if it takes one |

The **size** of a value, by which limits and fuel count, is about the memory of its tree, in bytes: unit, Bool, Int
and Time 8, a String 32 and 2 for each UTF-16 unit, Bytes 32 and their length, a product 48 and its components, a
sum 32 and its payload, a list 88 and its items, a map or set 88 and for each entry 16 and its parts.
`;

const FINGERPRINTS = `## Fingerprints

SHA-256, each over a string that names its domain and what follows, in lower-case hexadecimal:

| fingerprint | domain | of |
|---|---|---|
| code | \`smc code fingerprint 1\` | the encoding of the image |
| state | \`smc state fingerprint 1\` | types as in a unit, with the state type as the only root; the index of the state type |
| interface | \`smc interface fingerprint 1\` | types as in a unit; the kind of key, a byte; list of operations, ascending by name: name, list of parameters (name, type, the byte 0 or the byte 1 and the value of the default), reply; list of defaults of fields (type, field, value). Types are numbered in the order in which this reads them |
`;

const MACHINE = `## The machine

A categorical abstract machine (Cousineau, Curien, Mauny 1985): an **accumulator**, a **stack** of values, the
**state** of the machine (σ), and the code. A function starts with its argument in the accumulator and gives its
result there. Below, \`x · S → y · S'\` takes an accumulator of type x over a stack S, its top at the right, to an
accumulator of type y over S'. (a, b) is a tuple of two; a record is never a tuple.

Code is flat, and blocks nest in it: the body of a CUR, a FOLD or a MAP, and the arms of a BRANCH or a SWITCH, stand in
place. All jumps go forward, to positions that the instruction at the start of the block names.

The instructions of a step change a copy of the state that replaces it at the end: a fault leaves the state as it
was before the input.
`;

function instructions(): string {
  const rows = Object.entries(INSTRUCTIONS).map(([name, row]: [string, InstructionRow]) => {
    const operands = row.operands.map((operand) => `${operand.name}: ${operand.kind}`).join(', ');
    const faults = row.faults.join(', ');
    return `| ${hexadecimal(row.code)} | \`${name}\` | ${operands} | \`${row.typing}\` | ${row.meaning} | ${row.fuel} | ${faults} |`;
  });
  return `## Instructions

Operands, a word each: \`type\`, \`constant\` and \`function\` are indices into the tables of the unit; \`index\` is a
component or a constructor, from 0; \`count\` a number of components; \`target\` a position in the function, in words
from its start; \`targets\` a count and that many positions.

| code | instruction | operands | typing | meaning | fuel | faults |
|---|---|---|---|---|---|---|
${rows.join('\n')}

Codes that are not here are malformed. A code is never used again for another meaning.
`;
}

const VERIFICATION = `## Verification

Nothing runs that was not verified. One pass over each function, with the type of the accumulator and of each slot
of the stack:

- Every instruction is whole; its operands are in bounds; types are as in the table.
- A function begins with its argument type in the accumulator over an empty stack, and ends, at its last word, in a
  RETURN with its result type over an empty stack.
- CALL names a function before the caller. So there is no recursion.
- A block reaches only what it pushed itself, and leaves the stack as it found it. Arms are in order, each but the
  last ends in the JUMP to the join that was named, just before the next one begins; the last falls into the join.
  All arms give one type.
- There is no code that is not reached.
- Data (states, parameters, replies, constants) holds no function, and is within the limits of data below. The
  argument of a function or closure, the result of BRANCH, SWITCH, FOLD, MAP and FAIL, items of lists and payloads of
  sums hold no function either. So for each APP there is one CUR whose closure it applies.
- The body of a closure uses neither state nor clock.
- In an image: the initial state is of the state type; defaults are of their parameters' types; bodies lead from
  inputs to replies; invariants lead from the state (and key) to Bool and use neither state nor clock.
- In an upgrade no function uses the state or the clock.

An operation is **read-only** if neither its body nor a function that it calls has a PUT.
`;

const EXECUTION = `## Execution

- **Int** is exact in −${INT_MAX} … ${INT_MAX}. A result outside is the fault \`integer overflow\`. There is no −0.
- **Strings** are sequences of Unicode scalar values, ordered by scalar value.
- **Fuel** is charged before an instruction runs, as in the table, and for entering the body of an operation as for
  a CALL. With w words: 1 + ⌊w / ${PER_FUEL.words}⌋. Without enough of it the step ends with the fault \`out of fuel\`.
- A string or value over its limit is the fault \`value too large\`. Beside the instructions that can raise it, the
  state and the reply are measured at the end of a step, and what a function of an upgrade gives at its end.
- Any fault undoes the step.
`;

function limits(): string {
  const rows: [string, number][] = [
    ['bytes of a bundle', FORMAT_LIMITS.bundleBytesMax],
    ['bytes of an image, or of the body of an upgrade', FORMAT_LIMITS.imageBytesMax],
    [
      'characters of the state type and the operations of an image, written out',
      FORMAT_LIMITS.interfaceLengthMax,
    ],
    ['bytes of a name', FORMAT_LIMITS.nameBytesMax],
    ['images, and upgrades, of a bundle', FORMAT_LIMITS.imagesMax],
    ['types of a unit', TYPE_LIMITS.tableLengthMax],
    ['bytes of the types of a unit', FORMAT_LIMITS.typesBytesMax],
    ['nodes of a type, written out as a tree', TYPE_LIMITS.treeNodesMax],
    ['depth of a type', TYPE_LIMITS.depthMax],
    ['nodes of a type of data', TYPE_LIMITS.dataTreeNodesMax],
    ['depth of a type of data', TYPE_LIMITS.dataDepthMax],
    ['fields of a record', TYPE_LIMITS.recordFieldsMax],
    ['constructors of a sum', TYPE_LIMITS.constructorsMax],
    ['type arguments of a sum', FORMAT_LIMITS.typeArgumentsMax],
    ['constants of a unit', FORMAT_LIMITS.constantsMax],
    ['bytes of the constants of a unit', FORMAT_LIMITS.constantsBytesMax],
    ['size of the constants of a unit, as values are counted', FORMAT_LIMITS.constantsSizeMax],
    ['functions of a unit', FORMAT_LIMITS.functionsMax],
    ['words of a function', FORMAT_LIMITS.functionWordsMax],
    ['words of all functions of a unit', FORMAT_LIMITS.unitWordsMax],
    ['operations of an image', FORMAT_LIMITS.operationsMax],
    ['parameters of an operation', PARAMETERS_MAX],
    ['invariants of an image', FORMAT_LIMITS.invariantsMax],
    ['defaults of fields of an image', FORMAT_LIMITS.defaultsMax],
    ['clauses of an upgrade', FORMAT_LIMITS.clausesMax],
    ['steps of a clause', FORMAT_LIMITS.clauseStepsMax],
    ['UTF-16 units of a string', VALUE_LIMITS.stringLengthMax],
    ['size of a list, of the state, of a reply', VALUE_LIMITS.valueBytesMax],
  ];
  const table = rows.map(([what, max]) => `| ${what} | ${max.toLocaleString('en-US')} |`).join('\n');
  return `## Limits

| what | at most |
|---|---|
${table}
`;
}
