import type { Token } from '@smc/node';

/** The tokens of a file, or what is wrong, and on which line; null for what is wrong with the whole. */
export type TokensRead =
  | { readonly ok: true; readonly tokens: readonly Token[] }
  | { readonly ok: false; readonly line: number | null; readonly message: string };

const TOKENS_MAX = 10_000;
/** Shorter ones can be guessed. */
const TOKEN = /^[!-~]{16,512}$/;
const CALLER = /^[A-Za-z0-9._-]{1,64}$/;

/**
 * Reads a file of tokens: on each line `TOKEN`, or `NAME TOKEN`, where the name is that of the caller;
 * blank lines and those that begin with `#` are passed over.
 */
export function readTokens(text: string): TokensRead {
  const tokens: Token[] = [];
  for (const [index, whole] of text.split('\n').entries()) {
    const words = whole.trim().split(/[ \t]+/);
    if (words[0] === '' || words[0].startsWith('#')) continue;
    const line = index + 1;
    const token = words.at(-1) ?? '';
    const caller = words.length === 1 ? '' : words[0];
    if (words.length > 2 || (words.length === 2 && !CALLER.test(caller))) {
      return {
        ok: false,
        line,
        message: 'a line is TOKEN, or NAME TOKEN with a name of letters, digits, . _ -',
      };
    }
    if (!TOKEN.test(token)) {
      return {
        ok: false,
        line,
        message: 'a token has 16 to 512 printable characters; openssl rand -hex 32 makes one',
      };
    }
    if (tokens.some((other) => other.token === token && other.caller !== caller)) {
      return { ok: false, line, message: 'the token is that of another caller too' };
    }
    tokens.push({ caller, token });
    if (tokens.length > TOKENS_MAX) return { ok: false, line, message: `at most ${TOKENS_MAX} tokens` };
  }
  if (tokens.length === 0) return { ok: false, line: null, message: 'there is no token in it' };
  return { ok: true, tokens };
}
