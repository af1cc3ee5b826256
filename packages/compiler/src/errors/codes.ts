import { SYNTAX_CODES } from './syntax-codes.ts';

/**
 * Every code of a diagnostic, with what it is about. A code keeps its meaning; one that is no
 * longer given is not used again.
 */
export const CODES = {
  ...SYNTAX_CODES,
  // names
  E0201: 'a name that is not known',
  E0202: 'a field that is not there',
  E0203: 'a type that is not known',
  E0205: 'a constructor that is not known',
  E0206: 'a machine that is not known',
  E0207: 'an operation that is not known',
  E0208: 'an import that is not known',
  E0209: 'declared twice',
  E0210: 'a name that is built in',
  E0211: 'a local value as an arrow',
  // types
  E0204: 'branches of two types',
  E0220: 'another type than expected',
  E0221: 'a type that is too large',
  E0222: 'a wrong number of arguments',
  E0223: 'a type that can not be inferred',
  E0224: 'an operator on a type that has none',
  E0225: 'a function as data',
  E0226: 'arguments named or not',
  E0228: 'a type that contains itself',
  E0229: 'a field of what is no record',
  E0230: 'a record without fields',
  E0231: 'a key without an order',
  E0232: 'a default out of place',
  E0233: 'a lambda out of place',
  // patterns
  E0240: 'a case that is not handled',
  E0241: 'an arm that is never reached',
  E0242: 'a pattern that may not match',
  E0243: 'a case that is too large to check',
  // functions and arrows
  E0260: 'an arrow with effects in an expression',
  E0261: 'recursion',
  E0262: 'the state outside of a machine',
  E0263: 'an `if` without `else`',
  E0264: 'a function as a value, or a value as a function',
  E0265: 'fail in an expression',
  E0266: 'a `return` that nobody takes',
  // machines, modules, upgrades
  E0270: 'a state without fields',
  E0271: 'more than a machine or type can have',
  E0272: 'a key for a machine that has none',
  E0273: 'a key that is no String or Int',
  E0274: 'a type declared in a machine',
  E0276: 'a test without a key',
  E0280: 'a file that can not be imported',
  E0281: 'files that import each other',
  E0282: 'bytecode that can not be read',
  E0283: 'a baseline that is not there',
  E0290: 'an upgrade between two machines',
  // translation and constants
  E0301: 'a program that is too large',
  E0302: 'a constant without a value',
  E0303: 'a test of a machine of another file',
  E0304: 'a function that can not be known',
  E0305: 'an initial state that breaks an invariant',
  E0306: 'two defaults for one field',
  // upgrades
  E0401: 'an upgrade that does not fit its machine',
  E0402: 'something lost in an upgrade',
  E0403: 'a change that needs a clause',
  E0404: 'an operation that is gone',
  E0405: 'a clause about something that is not there',
  E0406: 'a clause that is there twice',
  E0407: 'a clause about one of two things',
  E0408: 'a clause with other parameters',
  E0409: 'a constructor that is dropped',
  E0410: 'an adapter that is not needed',
  E0411: 'an upgrade that was forgotten',
  E0412: 'a clause that has been carried out',
} as const;

/** A code of the table. */
export type Code = keyof typeof CODES;
