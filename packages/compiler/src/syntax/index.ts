export { format, LINE_WIDTH, type Formatted } from './format/format.ts';
export { grammarReference } from './grammar/reference.ts';
export { parse, sourceLengthMax, type Parsed } from './parse.ts';
export type { Comment } from './lexer.ts';
export { diagnosticsMax } from './report.ts';
export type * from './tree.ts';
