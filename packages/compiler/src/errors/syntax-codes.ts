import type { Diagnostic, Label, Span } from '@smc/protocol';

/**
 * Every code of a syntax error, with what it is about. A code, once released, keeps its meaning.
 */
export const SYNTAX_CODES = {
  // characters and literals
  E0101: 'a character that means nothing',
  E0102: 'a string that is not closed',
  E0103: 'an escape in a string that can not be read',
  E0104: 'a comment that is not closed',
  E0105: 'a number that can not be read',
  E0106: 'an integer that does not fit',
  E0107: 'bytes that can not be read',
  E0108: 'a time that can not be read',
  E0109: 'half of a surrogate pair in a string',
  // brackets and bounds
  E0110: 'a bracket or block that is not closed',
  E0111: 'a closing bracket that closes nothing',
  E0112: 'something nested too deeply, or a chain that is too long',
  E0113: 'a file that is too long',
  E0114: 'a word, operator, comment or string as other languages write it',
  // names, lines, lists
  E0120: 'something else than expected',
  E0121: 'a missing comma',
  E0122: 'a reserved word as a name',
  E0123: 'a name that starts in the wrong case',
  E0124: 'a missing type',
  E0125: 'a missing initial value',
  E0126: 'a line that starts with what belongs to the line before',
  E0127: 'something outside of declarations',
  E0128: 'a function with a block',
  // expressions
  E0130: 'comparisons in a chain',
  E0131: 'a `->` out of place',
  E0132: 'a record, map or set before a block',
  E0133: 'a call of what is no name',
  E0134: 'a field or named argument not written as one',
  E0135: 'an `if` without `else` in an expression',
  E0136: '`elif` and the like',
  E0137: 'a `let` without `in` in an expression',
  E0138: 'a constructor written with its type',
  // commands
  E0140: 'a value where a command is due',
  E0141: 'a missing `-<`',
  E0142: '`->` for `-<`',
  E0143: '`=` for `<-`, or the other way round',
  E0144: 'a block that ends in `let` or `<-`',
  E0145: 'a `<-` out of place',
  E0146: 'two `<-` in a command',
  E0147: 'a `-<` in an expression',
  E0148: '`=` for `==`',
  // arrows and declarations
  E0149: 'an operator on arrows in an expression',
  E0150: 'an arrow expression with something else in it',
  E0151: 'several arguments without names',
  E0152: 'an arrow whose type has no `->`',
  E0153: 'an import that is incomplete',
  E0154: 'a test that is incomplete',
  E0155: 'a rename from upper to lower case, or back',
  E0190: 'not supported yet',
} as const;

/** A code of a syntax error. */
export type SyntaxCode = keyof typeof SYNTAX_CODES;

/** An error with its main place; `text` are the words beside the mark. */
export function syntaxError(
  code: SyntaxCode,
  message: string,
  at: Span,
  text: string,
  ...help: string[]
): Diagnostic {
  return { code, severity: 'error', message, labels: [{ span: at, text }], help };
}

/** The same error with more places. */
export function alsoAt(diagnostic: Diagnostic, ...labels: Label[]): Diagnostic {
  return { ...diagnostic, labels: [...diagnostic.labels, ...labels] };
}
