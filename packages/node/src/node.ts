import { getHeapStatistics } from 'node:v8';
import type { JitMode } from '@smc/vm';
import { Host } from './host.ts';
import { MemoryJournal } from './journal/memory.ts';
import { NODE_LIMITS, type NodeLimits, PREPARE_BYTES_PER_FUEL, STEP_LIMITS } from './limits.ts';
import { type Clock, type Journal, type Listener, systemClock } from './ports.ts';
import { serveHttp } from './serve/http.ts';
import { serveTcp } from './serve/tcp.ts';

export interface NodeOptions {
  /** 0 for one that is free; null for no HTTP. */
  readonly httpPort: number | null;
  /** Of lines and frames; 0 for one that is free, null for none. */
  readonly linesPort: number | null;
  /** The address to bind; a node takes connections from this computer alone. */
  readonly address?: string;
  /** Where the log is kept: in memory, if nothing is said. */
  readonly journal?: Journal;
  readonly clock?: Clock;
  readonly limits?: Partial<NodeLimits>;
  /** Whether machines are compiled to JavaScript: what has run for a while, if nothing is said. */
  readonly jit?: JitMode;
  /** Gets what should never happen, for the operator: defects of the node. */
  readonly report?: (error: unknown) => void;
}

/** A node that takes requests. */
export interface RunningNode {
  /** Null where it was not asked for. */
  readonly httpPort: number | null;
  readonly linesPort: number | null;
  /** `http://127.0.0.1:4040`; null without HTTP. */
  readonly url: string | null;
  /** Fulfilled when the node had to give up, as its journal failed: it answers nothing any more. */
  readonly failure: Promise<Error>;
  /** Answers what was taken, refuses what comes, and ends. */
  close(): Promise<void>;
}

/** Addresses that mean this computer. */
const LOOPBACK = new Set(['127.0.0.1', 'localhost']);

/** As much as this process has memory for: no upgrade may end it. */
function prepareFuelMax(): number {
  const bearable = Math.floor(getHeapStatistics().heap_size_limit / PREPARE_BYTES_PER_FUEL);
  return Math.max(STEP_LIMITS.prepareFuelMin, Math.min(NODE_LIMITS.prepareFuelMax, bearable));
}

/**
 * Starts a node: rebuilds it from its journal, then listens. Rejects with a `JournalError`
 * for a journal that is wrong, with the error of the system for a port that cannot be had,
 * and for an address other than loopback.
 */
export async function startNode(options: NodeOptions): Promise<RunningNode> {
  const { httpPort, linesPort, address = '127.0.0.1' } = options;
  if (!LOOPBACK.has(address)) {
    throw new Error(`not supported yet: a node beyond loopback (${address}); the address is 127.0.0.1`);
  }
  const limits = { ...NODE_LIMITS, prepareFuelMax: prepareFuelMax(), ...options.limits };
  const journal = options.journal ?? new MemoryJournal();
  const report = options.report ?? (() => {});
  const host = await Host.open(journal, options.clock ?? systemClock, limits, report, options.jit);
  const listeners: Listener[] = [];
  const close = async (): Promise<void> => {
    for (const listener of listeners) listener.announceStop?.();
    await host.stop();
    await Promise.all(listeners.map((listener) => listener.close()));
  };
  const listen = async (starting: Promise<Listener>): Promise<number> => {
    const listener = await starting;
    listeners.push(listener);
    return listener.port;
  };
  try {
    const http = httpPort === null ? null : await listen(serveHttp(host, httpPort, limits));
    const lines = linesPort === null ? null : await listen(serveTcp(host, linesPort, limits));
    let closing: Promise<void> | null = null;
    return {
      httpPort: http,
      linesPort: lines,
      url: http === null ? null : `http://127.0.0.1:${http}`,
      failure: host.failure,
      close: () => (closing ??= close()),
    };
  } catch (error) {
    await close();
    throw error;
  }
}
