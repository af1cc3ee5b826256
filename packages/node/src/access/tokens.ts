import { createHash } from 'node:crypto';

/** A token, and who shows it. */
export interface Token {
  /**
   * The caller: requests with keys of two callers are two requests, whatever their keys. A caller may have
   * several tokens, so that they can be changed one by one. Empty for one without a name.
   */
  readonly caller: string;
  readonly token: string;
}

/** Tokens that are accepted. They are kept as digests, so that to look one up tells nothing of the others. */
export class Tokens {
  readonly #callers = new Map<string, string>();

  constructor(tokens: Iterable<Token>) {
    for (const { caller, token } of tokens) this.#callers.set(digestOf(token), caller);
  }

  /** The caller who has a token; null where nobody does. */
  callerOf(token: string): string | null {
    return this.#callers.get(digestOf(token)) ?? null;
  }
}

function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('base64');
}
