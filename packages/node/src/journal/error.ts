/** A journal that a node cannot be rebuilt from, or that takes nothing any more: what is wrong with it, where, and what to do. */
export class JournalError extends Error {}
