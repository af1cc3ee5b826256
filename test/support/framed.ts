import { createConnection, createServer, type Server, type Socket } from 'node:net';
import type { FrameOptions, Result } from '@smc/client';
import fc from 'fast-check';
import { bundleOf } from './compile.ts';

export const FIRST = `
machine Counter {
  state: Int = 0
  on Read -> Int { get }
  on Incr -> Int {
    n <- get
    put -< n + 1
    return -< n + 1
  }
  on Fail(why: String) -> Int { fail -< why }
}

machine Account(owner: String) {
  state { balance: Int = 0 }
  on Deposit(amount: Int, note: String = "") -> { balance: Int } {
    s <- get
    put -< { balance: s.balance + amount }
    return -< { balance: s.balance + amount }
  }
}
`;

export const first = bundleOf({ 'first.sm': FIRST });

/** Of the first, and of those that it is upgraded to. */
export type Counter = {
  Read: { input: undefined; reply: number };
  Incr: { input: undefined; reply: number };
  Add: { input: { by: number }; reply: { total: number } };
  Fail: { input: { why: string }; reply: number };
  Total: { input: undefined; reply: number };
  Change: { input: { by: number; why: string }; reply: { now: number; why: string } };
};

/** Attempts come one soon after the other, and at the same times in every run. */
export const QUICK: FrameOptions = { backoffMillisMin: 1, backoffMillisMax: 4, random: () => 0.5 };

/** The value, or the code of the error. */
export function shown<T>(result: Result<{ readonly value: T }>): T | string {
  if (result.ok) return result.value.value;
  return result.error.kind === 'refused' ? result.error.code : result.error.message;
}

export const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

/** Bytes that go through in each direction before a connection is cut; or, where it is silent, are swallowed. */
interface Budget {
  readonly up: number;
  readonly down: number;
  readonly isSilent: boolean;
}

/** Stands between client and node; its first connections have budgets, later ones none. */
export class Proxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  connections = 0;
  port = 0;

  private constructor(budgets: readonly Budget[], farPort: number) {
    this.#server = createServer((near) => {
      const budget = budgets[this.connections++] ?? { up: Infinity, down: Infinity, isSilent: false };
      const far = createConnection({ port: farPort, host: '127.0.0.1' });
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on('error', () => {});
        socket.on('close', () => {
          this.#sockets.delete(socket);
          near.destroy();
          far.destroy();
        });
      }
      forward(near, far, budget.up, budget.isSilent);
      forward(far, near, budget.down, budget.isSilent);
    });
  }

  /** `farPort`: that of the node. */
  static async start(port: number, budgets: readonly Budget[], farPort: number): Promise<Proxy> {
    const proxy = new Proxy(budgets, farPort);
    proxy.port = await listen(proxy.#server, port);
    return proxy;
  }

  close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

function forward(from: Socket, to: Socket, budget: number, isSilent: boolean): void {
  let left = budget;
  from.on('data', (chunk: Buffer) => {
    to.write(chunk.subarray(0, Math.min(left, chunk.length)));
    left -= chunk.length;
    if (left >= 0 || isSilent) return;
    // What came through so far arrives.
    to.end();
    from.destroy();
  });
}

export function listen(server: Server, port = 0): Promise<number> {
  return new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
  });
}

const budget = fc.record({
  up: fc.oneof(fc.nat({ max: 200 }), fc.nat({ max: 3_000 })),
  down: fc.oneof(fc.nat({ max: 100 }), fc.nat({ max: 2_000 })),
  isSilent: fc.constant(false),
});
/** Connections that break at any byte. */
export const budgets = fc.array(budget, { minLength: 1, maxLength: 12 });
