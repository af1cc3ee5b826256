import { encodeBundle, fingerprints } from '@smc/protocol';
import { expect, test } from 'vitest';
import { bundleOf } from '../support/compile.ts';
import { LineConnection, startNodeProcess } from '../support/process.ts';

/** A keyed machine with many instances on a real node, upgraded while clients use it. */

const v1 = `machine Account(id: String) {
  state { balance: Int = 0, notes: List<{ text: String }> = [] }

  on Balance -> Int {
    s <- get
    return -< s.balance
  }

  on Deposit(n: Int) -> Int {
    s <- get
    put -< { ...s, balance: s.balance + n }
    return -< s.balance + n
  }

  on Note(text: String) {
    s <- get
    put -< { ...s, notes: s.notes ++ [{ text: text }] }
  }
}
`;

/** Instances get a limit, and notes the time of their upgrade; deposits are told apart. */
const v2 = `import "./v1.sm" as old

type Note = { text: String, at: Time = @0 }

machine Account(id: String) {
  state { balance: Int = 0, limit: Int = 100, notes: List<Note> = [] }

  invariant s -> s.balance >= 0

  on Balance -> Int {
    s <- get
    return -< s.balance
  }

  on Deposit(n: Int, source: String = "cash") -> Int {
    s <- get
    put -< { ...s, balance: s.balance + n }
    return -< s.balance + n
  }

  on Limit -> Int {
    s <- get
    return -< s.limit
  }

  on Note(text: String) {
    s <- get
    t <- now
    put -< { ...s, notes: s.notes ++ [{ text: text, at: t }] }
  }
}

upgrade old.Account -> Account {}
`;

const INSTANCES = 10_000;
const CLIENTS = 8;

test('10,000 instances are upgraded under load, and nothing is lost', async () => {
  const old = bundleOf({ 'v1.sm': v1 });
  const next = bundleOf({ 'v2.sm': v2, 'v1.sm': v1 });
  const node = await startNodeProcess();
  try {
    expect(await node.put(encodeBundle(old))).toMatch(/^200 /);
    const connections = await Promise.all(
      Array.from({ length: CLIENTS }, () => LineConnection.open(node.tcpPort)),
    );
    const keys = Array.from({ length: INSTANCES }, (_, i) => `k${i}`);
    const filled = keys.map((key, i) => connections[i % CLIENTS].ask(`Account/${key} Deposit(1)`));
    expect(new Set(await Promise.all(filled))).toEqual(new Set(['ok 1']));

    let stopping = false;
    const deposits = new Map<string, number>();
    const wrong: string[] = [];
    // Each client has keys of its own, so that it knows what each reply must be.
    const clients = connections.map(async (connection, client) => {
      const spoken = await connection.ask(`interface ${fingerprints(old.images[0]).interface}`);
      if (spoken !== 'ok ()') wrong.push(spoken);
      for (let i = client; !stopping; i = (i + CLIENTS) % INSTANCES) {
        const key = keys[i];
        const due = (deposits.get(key) ?? 1) + 1;
        const reply = await connection.ask(`Account/${key} Deposit(1)`);
        if (reply !== `ok ${due}`) wrong.push(`${key}: ${reply}, not ${due}`);
        deposits.set(key, due);
      }
    });
    /** Until each client has had so many more replies, about. */
    const served = async (rounds: number): Promise<void> => {
      const goal = deposits.size + rounds * CLIENTS;
      while (deposits.size < goal && wrong.length === 0)
        await new Promise((resolve) => setTimeout(resolve, 1));
    };
    await served(10);
    const upgraded = await node.put(encodeBundle(next));
    await served(10);
    stopping = true;
    await Promise.all(clients);
    expect(upgraded).toMatch(/^200 .*"result":"upgraded"/);
    expect(wrong).toEqual([]);

    const [line] = connections;
    // The connection speaks the old interface, which has no limit.
    expect(await line.ask('Account/k0 Limit')).toBe(
      'error unknown-operation Account has no operation "Limit"',
    );
    const fresh = await LineConnection.open(node.tcpPort);
    const states = keys.flatMap((key) => [`Account/${key} Balance`, `Account/${key} Limit`]);
    const replies = await Promise.all(states.map((request) => fresh.ask(request)));
    expect(replies).toEqual(keys.flatMap((key) => [`ok ${deposits.get(key) ?? 1}`, 'ok 100']));
    expect(await fresh.ask('Account/nobody Limit')).toBe('ok 100');
    const view = (await (await fetch(`${node.url}/_smc/machines/Account`)).json()) as { instances: number };
    expect(view.instances).toBe(INSTANCES);
    for (const connection of [...connections, fresh]) {
      expect(connection.closed).toBe(false);
      connection.close();
    }
  } finally {
    expect(await node.stop()).toBe(0);
  }
}, 60_000);

test('an instance that breaks an invariant stands in the way, and is named', async () => {
  const node = await startNodeProcess();
  try {
    await node.put(encodeBundle(bundleOf({ 'v1.sm': v1 })));
    const line = await LineConnection.open(node.tcpPort);
    await line.ask('Account/"a b" Deposit(-1)');
    await line.ask('Account/good Deposit(1)');
    const refused = await node.put(encodeBundle(bundleOf({ 'v2.sm': v2, 'v1.sm': v1 })));
    expect(refused).toMatch(
      /^422 .*"code":"invariant".*the invariant at v2\.sm:\d+ of Account \\"a b\\" does not hold/,
    );
    expect(await line.ask('Account/"a b" Balance')).toBe('ok -1');
    await line.ask('Account/"a b" Deposit(1)');
    expect(await node.put(encodeBundle(bundleOf({ 'v2.sm': v2, 'v1.sm': v1 })))).toMatch(/^200 /);
    line.close();
  } finally {
    expect(await node.stop()).toBe(0);
  }
}, 60_000);
