import { getHeapStatistics } from 'node:v8';
import type { JitMode } from '@smc/vm';
import {
  type Access,
  type Certificate,
  exposureOf,
  isLoopback,
  OPEN_ACCESS,
  type Place,
} from './access/access.ts';
import { Refusals } from './access/refusals.ts';
import { Host } from './host.ts';
import { MemoryJournal } from './journal/memory.ts';
import type { RecoveryProgress } from './journal/recover.ts';
import { NODE_LIMITS, type NodeLimits, PREPARE_BYTES_PER_FUEL, STEP_LIMITS } from './limits.ts';
import { type Stopwatch, systemStopwatch } from './pace.ts';
import { type Clock, type Journal, type Listener, type Log, NO_LOG, systemClock } from './ports.ts';
import { HeldBytes } from './serve/held.ts';
import { ReadingTurns } from './serve/reading.ts';
import type { Served, serveHttp } from './serve/http.ts';
import { watchStalls } from './serve/stalls.ts';
import { serveTcp } from './serve/tcp.ts';

/** Loads what serves HTTP: to do so while a journal is opened, which waits for another thread, takes no time. */
export async function loadHttp(): Promise<{ readonly serveHttp: typeof serveHttp }> {
  return import('./serve/http.ts');
}

/** Who reaches a node, and how: whoever is on this computer, if nothing is said. */
export interface Exposure {
  /** The address of HTTP, lines and frames: 127.0.0.1 if nothing is said. One beyond this computer needs a token for calls, and `tls`. */
  readonly address?: string;
  /** Encrypts the connections to `address`, and to `adminAddress` where that is beyond this computer. */
  readonly tls?: Certificate;
  /**
   * A listener of its own for what is below `/_smc/`, which is then not served on `httpPort`: nor is it
   * where `address` is beyond this computer. 0 for a port that is free.
   */
  readonly adminPort?: number | null;
  /** Of that: 127.0.0.1 if nothing is said. One beyond this computer needs a token for administration, and `tls`. */
  readonly adminAddress?: string;
  /** Who may do what: everybody who reaches the addresses, if nothing is said. */
  readonly access?: Partial<Access>;
  /** Listens beyond this computer also without token or encryption. */
  readonly insecure?: boolean;
}

export interface NodeOptions extends Exposure {
  /** 0 for one that is free; null for no HTTP. */
  readonly httpPort: number | null;
  /** Of lines and frames; 0 for one that is free, null for none. */
  readonly linesPort: number | null;
  /** Where the log is kept: in memory, if nothing is said. The node closes it. */
  readonly journal?: Journal;
  readonly clock?: Clock;
  /** What waiting and work are measured by; timers of connections go by the system. */
  readonly stopwatch?: Stopwatch;
  readonly limits?: Partial<NodeLimits>;
  /** Whether machines are compiled to JavaScript: what has run for a while, if nothing is said. */
  readonly jit?: JitMode;
  /** Told from time to time how far a recovery is. */
  readonly progress?: (progress: RecoveryProgress) => void;
  /** Gets what should never happen, for the operator: defects of the node. */
  readonly report?: (error: unknown) => void;
  /** Gets what an operator wants to know: who deployed what, and who was turned away. */
  readonly log?: Log;
}

/** A node that takes requests. */
export interface RunningNode {
  /** Null where it was not asked for. */
  readonly httpPort: number | null;
  readonly linesPort: number | null;
  /** `http://127.0.0.1:4040`; null without HTTP. */
  readonly url: string | null;
  /** Where what is below `/_smc/` is served; null where it is not. */
  readonly adminUrl: string | null;
  /** Fulfilled when the node had to give up, as its journal failed: it answers nothing any more. */
  readonly failure: Promise<Error>;
  /** Answers what was taken, refuses what comes, and ends. */
  close(): Promise<void>;
}

/** As much as this process has memory for: no upgrade may end it. */
function prepareFuelMax(): number {
  const bearable = Math.floor(getHeapStatistics().heap_size_limit / PREPARE_BYTES_PER_FUEL);
  return Math.max(STEP_LIMITS.prepareFuelMin, Math.min(NODE_LIMITS.prepareFuelMax, bearable));
}

function partOfHeap(share: number, bytesMax: number): number {
  return Math.min(bytesMax, Math.floor(getHeapStatistics().heap_size_limit / share));
}

/** An address beyond this computer that lacks what makes it safe: what, in words. */
export class ExposureError extends Error {}

/** Throws the `ExposureError` of `startNode`: for who opens a journal for it, which makes a directory. */
export function checkExposure(exposure: Exposure): void {
  placesOf(exposure);
}

/** A journal that no node comes of is closed. */
async function orClose<T>(journal: Journal, begin: () => T | Promise<T>): Promise<T> {
  try {
    return await begin();
  } catch (error) {
    await journal.close();
    throw error;
  }
}

/**
 * Starts a node: rebuilds it from its journal, then listens. Rejects with a `JournalError`
 * for a journal that is wrong, with the error of the system for a port that cannot be had,
 * and with an `ExposureError` for an address that lacks a token or encryption.
 */
export async function startNode(options: NodeOptions): Promise<RunningNode> {
  const { httpPort, linesPort, adminPort = null } = options;
  const access = { ...OPEN_ACCESS, ...options.access };
  const bearable = {
    prepareFuelMax: prepareFuelMax(),
    stateBytesMax: partOfHeap(4, NODE_LIMITS.stateBytesMax),
    keptBytesMax: partOfHeap(8, NODE_LIMITS.keptBytesMax),
  };
  const limits = { ...NODE_LIMITS, ...bearable, ...options.limits };
  const { journal = new MemoryJournal(), clock = systemClock, jit = 'auto' } = options;
  const { stopwatch = systemStopwatch } = options;
  const { report = () => {}, progress = () => {}, log = NO_LOG } = options;
  const { main, admin } = await orClose(journal, () => placesOf(options));
  const host = await orClose(journal, () =>
    Host.open(journal, { clock, limits, report, jit, stopwatch, progress }),
  );
  const [refusals, held, reading] = [new Refusals(log), new HeldBytes(limits), new ReadingTurns(stopwatch)];
  const shared = { host, access, limits, log, refusals, held, reading };
  const listeners: Listener[] = [];
  const endWatch = watchStalls(host, limits.commitMillisMax, log);
  const close = async (): Promise<void> => {
    for (const listener of listeners) listener.announceStop();
    await host.stop();
    endWatch();
    await Promise.all(listeners.map((listener) => listener.close()));
    shared.refusals.end();
  };
  const listen = async (starting: Promise<Listener>): Promise<number> => {
    const listener = await starting;
    listeners.push(listener);
    return listener.port;
  };
  const http = async (place: Place, port: number, serves: Served): Promise<number> => {
    const server = await loadHttp();
    return listen(server.serveHttp(shared, { ...place, port }, serves));
  };
  try {
    // Beyond this computer administration is not there, also where nobody asked for a listener of its own.
    const isApart = adminPort !== null || !isLoopback(main.address);
    const httpAt = httpPort === null ? null : await http(main, httpPort, isApart ? 'calls' : 'all');
    const adminAt = adminPort === null ? null : await http(admin, adminPort, 'administration');
    const linesAt = linesPort === null ? null : await listen(serveTcp(shared, { ...main, port: linesPort }));
    let closing: Promise<void> | null = null;
    const url = httpAt === null ? null : urlOf({ ...main, port: httpAt });
    return {
      httpPort: httpAt,
      linesPort: linesAt,
      url,
      adminUrl: adminAt === null ? (isApart ? null : url) : urlOf({ ...admin, port: adminAt }),
      failure: host.failure,
      close: () => (closing ??= close()),
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Where to listen for calls and for administration, without their ports. */
function placesOf(exposure: Exposure): { readonly main: Place; readonly admin: Place } {
  const { address = '127.0.0.1', adminAddress = '127.0.0.1', adminPort = null, tls = null } = exposure;
  const access = { ...OPEN_ACCESS, ...exposure.access };
  const main = { address, port: 0, tls };
  // On this computer nobody listens in, and the certificate is of another name.
  const admin = { address: adminAddress, port: 0, tls: isLoopback(adminAddress) ? null : tls };
  const exposed =
    exposureOf(main, access.calls) ?? (adminPort === null ? null : exposureOf(admin, access.administration));
  if (exposed !== null && exposure.insecure !== true) throw new ExposureError(exposed);
  return { main, admin };
}

function urlOf({ address, port, tls }: Place): string {
  const host = address.includes(':') ? `[${address}]` : address;
  return `${tls === null ? 'http' : 'https'}://${host}:${port}`;
}
