import type { RequestError } from './message.ts';

/**
 * The framed protocol: what a client and a node say to each other over one connection, as data. How it
 * is written is said in `frame-encoding.ts`, and how a stream is cut into frames in
 * `frame-splitter.ts`; docs/frames.md has it in one table.
 */

/** `00 73 6d 66`: what either side sends first. No line of text begins with its first byte. */
export const FRAME_MAGIC = Uint8Array.of(0x00, 0x73, 0x6d, 0x66);

/** Of all frames but the head of `hello`, which is the same in every version. */
export const FRAME_VERSION = 1;

export const FRAME_LIMITS = {
  /** Of a session: it is drawn at random, so that nobody else can know it. */
  sessionBytes: 16,
  tokenBytesMax: 4_096,
  nameBytesMax: 128,
  codeBytesMax: 64,
  messageBytesMax: 16_384,
  /** Bytes of a frame after its length, from a node: a reply. What a client may send is said in `welcome`. */
  replyBytesMax: 16 * 1024 * 1024,
} as const;

/** The bytes of an input frame's head, at most: kind, id, deadline, machine. */
export const CALL_HEAD_BYTES_MAX = 32;

/** What a client sends. */
export type ClientFrame = HelloFrame | MachineFrame | CallFrame | { readonly kind: 'ping' };

/** The first frame of every connection. */
export interface HelloFrame {
  readonly kind: 'hello';
  readonly version: number;
  /** 32 hex digits. With the id of a request it is what makes a request one that happens once. */
  readonly session: string;
  /** Empty where the node wants none. */
  readonly token: string;
}

/** From here on the next number, from 0, is this machine, spoken to by this interface. */
export interface MachineFrame {
  readonly kind: 'machine';
  readonly name: string;
  /** 64 hex digits. */
  readonly interface: string;
}

/** An input. The bytes in `[start, end)` are the key, the operation and the argument (`takeCall`). */
export interface CallFrame {
  readonly kind: 'call';
  /** From 1: within a session each request has its own, and keeps it when it is sent again. */
  readonly id: number;
  /** Milliseconds after which the node need not begin with it any more; 0 for no deadline. */
  readonly deadlineMillis: number;
  /** By the order of `machine` frames on this connection. */
  readonly machine: number;
  readonly start: number;
  readonly end: number;
}

/** What a node sends. */
export type NodeFrame =
  | WelcomeFrame
  | MachineAnswerFrame
  | CodeFrame
  | ReplyFrame
  | ErrorFrame
  | { readonly kind: 'pong' }
  /** The node stops: it answers what it took, takes no more, and ends the connection. */
  | { readonly kind: 'goodbye' };

/** The answer to `hello`. */
export interface WelcomeFrame {
  readonly kind: 'welcome';
  readonly version: number;
  /** Requests of one connection that may wait for their reply; one more is `overloaded`. */
  readonly inFlightMax: number;
  /** Bytes of a frame that the node takes, after its length. */
  readonly frameBytesMax: number;
}

/** The answer to `machine`. */
export interface MachineAnswerFrame {
  readonly kind: 'machine';
  readonly number: number;
  /** What runs; null where the machine does not, or does not serve the interface: `refused` says which. */
  readonly running: { readonly code: string; readonly interface: string } | null;
  readonly refused: RequestError | null;
}

/** What runs of a machine, as the replies that follow see it: sent before the first of them, and when it changes. */
export interface CodeFrame {
  readonly kind: 'code';
  readonly machine: number;
  /** 64 hex digits. */
  readonly code: string;
}

/** The reply to a request; the bytes in `[start, end)` are its value. */
export interface ReplyFrame {
  readonly kind: 'reply';
  readonly id: number;
  readonly start: number;
  readonly end: number;
}

/** Why there is no reply. */
export interface ErrorFrame {
  readonly kind: 'error';
  /** Of the request; 0 where it is about the connection, which the node then ends. */
  readonly id: number;
  /** As in `ERROR_STATUS`; a client may know fewer than the node. */
  readonly code: string;
  readonly message: string;
  readonly path: string | null;
  /** When to try again, where that is worth it; else 0. */
  readonly retryMillis: number;
}
