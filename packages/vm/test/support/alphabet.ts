import { PARAMETERS } from '../../src/jit/source.ts';

/** All that generated source is made of, but for names of a letter and a number, and integers. */
const WORDS = new Set([
  ...['return', 'function', 'let', 'const', 'if', 'for', 'switch', 'case', 'default', 'break', 'new', 'void'],
  ...['null', 'true', 'false', 'Math', 'trunc', 'i', 't', 'q'],
  // Of an instance, the meter, its log, a sum, a list, a closure, a builder and a map.
  ...['key', 'seen', 'fuel', 'state', 'takeState', 'fail', 'failPending', 'tag', 'value', 'items', 'length'],
  ...['over', 'routine', 'collect', 'list', 'get', 'has', 'share', 'log', 'clear'],
  ...PARAMETERS,
]);
const NAME = /^[rfkbcogl]\d+$/;
const PUNCTUATION = /^(?:[{}()[\];:,.?+\-*/%<>=|]|''|&&|\|\||===|!==|<=|\+\+|\+=|-=)$/;

/** What generated source has that is not of its alphabet: but for lines and spaces, nothing else is passed over. */
export const wrongTokens = (source: string): string[] =>
  (source.match(/[A-Za-z_$][\w$]*|\d+|''|===|!==|<=|&&|\|\||\+\+|\+=|-=|[^\n ]/g) ?? []).filter(
    (token) => !WORDS.has(token) && !NAME.test(token) && !PUNCTUATION.test(token) && !isInteger(token),
  );

const isInteger = (token: string): boolean => /^\d+$/.test(token) && Number.isSafeInteger(Number(token));
