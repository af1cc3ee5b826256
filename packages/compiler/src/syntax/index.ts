export { parse, parseExpression, parseInput, sourceLengthMax, type Parsed } from './parse.ts';
export type { InputLine } from './grammar/module.ts';
export type { Comment } from './lexer.ts';
export { diagnosticsMax } from './report.ts';
export type * from './tree.ts';
