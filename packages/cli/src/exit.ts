/** What `smc` ends with; the same for every command. */
export const EXIT = {
  done: 0,
  /** The program or the request was refused: a type error, a stale upgrade, a fault. */
  refused: 1,
  /** Wrong usage of the command. */
  usage: 2,
  /** A node could not be reached, or it is not known what became of a change. */
  unreachable: 3,
} as const;

export type ExitStatus = (typeof EXIT)[keyof typeof EXIT];

/**
 * Ends a command early with one line for the user. For what the user did, or what the world
 * did to the command; never for a mistake of ours.
 */
export class Stop extends Error {
  readonly status: ExitStatus;
  /** Stable, for `--json`. */
  readonly code: string;
  /** A second line: what to do about it. */
  readonly hint: string | undefined;

  /** Whether people are told the code too: it is a node's. */
  readonly showsCode: boolean;

  constructor(status: ExitStatus, code: string, message: string, hint?: string, showsCode = false) {
    super(message);
    this.status = status;
    this.code = code;
    this.hint = hint;
    this.showsCode = showsCode;
  }

  /** The line that people read. */
  get line(): string {
    return this.showsCode ? `${this.code}: ${this.message}` : this.message;
  }
}

/** Ends a command whose program or request was refused, when all has been said. */
export class Refused extends Error {}
