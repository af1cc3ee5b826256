import { encodeBundle } from '@smc/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AddingClient } from '../support/clients.ts';
import { bundleOf } from '../support/compile.ts';
import { startNodeProcess, type NodeProcess } from '../support/process.ts';

/** Five versions of a keyed machine, and clients of each that never go away. */

/** A version, and what its clients send. */
interface Version {
  readonly source: string;
  /** A request that adds 1 to what a key has; the reply is the total. */
  readonly add: string;
  /** Request and reply for an account to which `add` was sent once. */
  readonly entries: readonly [string, string];
}

const body = (field: string, entry: string): string => `    s <- get
    let total = s.${field} + amount
    put -< { ...s, ${field}: total, entries: s.entries ++ [${entry}] }
    return -< total`;
const read = (name: string, type: string, field: string): string =>
  `  on ${name} -> ${type} {\n    s <- get\n    return -< s.${field}\n  }`;
const owner = '  on Owner -> String { return -< id }';
const older = (version: number): string => `import "./v${version}.sm" as old\n`;

const VERSIONS: readonly Version[] = [
  {
    source: `type Kind = Cash | Card
type Entry = { amount: Int, kind: Kind }
machine Account(id: String) {
  state { balance: Int = 0, entries: List<Entry> = [] }
${read('Balance', 'Int', 'balance')}
  on Deposit(amount: Int, kind: Kind) -> Int {
${body('balance', '{ amount: amount, kind: kind }')}
  }
${read('Entries', 'List<Entry>', 'entries')}
${owner}
}`,
    add: 'Deposit(1, Card)',
    entries: ['Entries', '[{ amount: 1, kind: Card }]'],
  },
  {
    // Fields with defaults, in the state and in what is in it.
    source: `${older(1)}
type Kind = Cash | Card
type Entry = { amount: Int, kind: Kind, note: String = "old" }
machine Account(id: String) {
  state { balance: Int = 0, limit: Int = 7, entries: List<Entry> = [] }
${read('Balance', 'Int', 'balance')}
  on Deposit(amount: Int, kind: Kind, note: String = "none") -> Int {
${body('balance', '{ amount: amount, kind: kind, note: note }')}
  }
${read('Entries', 'List<Entry>', 'entries')}
${read('Limit', 'Int', 'limit')}
${owner}
}
upgrade old.Account -> Account {}`,
    add: 'Deposit(1, Cash, "two")',
    entries: ['Entries', '[{ amount: 1, kind: Cash, note: "two" }]'],
  },
  {
    // Other names for a field, an operation and a constructor.
    source: `${older(2)}
type Kind = Coins | Card
type Entry = { amount: Int, kind: Kind, note: String = "old" }
machine Account(id: String) {
  state { total: Int = 0, limit: Int = 7, entries: List<Entry> = [] }
${read('Balance', 'Int', 'total')}
${read('Entries', 'List<Entry>', 'entries')}
${read('Limit', 'Int', 'limit')}
${owner}
  on Pay(amount: Int, kind: Kind, note: String = "none") -> Int {
${body('total', '{ amount: amount, kind: kind, note: note }')}
  }
}
upgrade old.Account -> Account {
  rename balance -> total
  rename Deposit -> Pay
  rename Kind.Cash -> Coins
}`,
    add: 'Pay(1, Coins, "three")',
    entries: ['Entries', '[{ amount: 1, kind: Coins, note: "three" }]'],
  },
  {
    // A constructor that no older client can be told of.
    source: `${older(3)}
type Kind = Coins | Card | Transfer(from: String)
type Entry = { amount: Int, kind: Kind, note: String = "old" }
machine Account(id: String) {
  state { total: Int = 0, limit: Int = 7, entries: List<Entry> = [] }
${read('Balance', 'Int', 'total')}
${read('Entries', 'List<Entry>', 'entries')}
${read('Limit', 'Int', 'limit')}
${owner}
  on Pay(amount: Int, kind: Kind, note: String = "none") -> Int {
${body('total', '{ amount: amount, kind: kind, note: note }')}
  }
}
upgrade old.Account -> Account {}`,
    add: 'Pay(1, Transfer(from: "x"), "four")',
    entries: ['Entries', '[{ amount: 1, kind: Transfer(from: "x"), note: "four" }]'],
  },
  {
    // An operation is gone, and another has one more parameter.
    source: `${older(4)}
type Kind = Coins | Card | Transfer(from: String)
type Entry = { amount: Int, kind: Kind, note: String = "old", urgent: Bool = false }
machine Account(id: String) {
  state { total: Int = 0, limit: Int = 7, entries: List<Entry> = [] }
${read('Balance', 'Int', 'total')}
${read('Entries', 'List<Entry>', 'entries')}
${read('Limit', 'Int', 'limit')}
  on Pay(amount: Int, kind: Kind, note: String = "none", urgent: Bool = false) -> Int {
${body('total', '{ amount: amount, kind: kind, note: note, urgent: urgent }')}
  }
}
upgrade old.Account -> Account { drop Owner }`,
    add: 'Pay(1, Card, "five", true)',
    entries: ['Entries', '[{ amount: 1, kind: Card, note: "five", urgent: true }]'],
  },
];

const sources = Object.fromEntries(VERSIONS.map(({ source }, i) => [`v${i + 1}.sm`, `${source}\n`]));
const bundles = VERSIONS.map((_, i) => bundleOf({ [`v${i + 1}.sm`]: sources[`v${i + 1}.sm`], ...sources }));

let node: NodeProcess;
beforeAll(async () => {
  node = await startNodeProcess();
});
afterAll(async () => {
  expect(await node.stop()).toBe(0);
});

/** A client that adds to an account of its own. */
class Client {
  readonly version: number;
  readonly adding: AddingClient;

  private constructor(version: number, adding: AddingClient) {
    this.version = version;
    this.adding = adding;
  }

  static async connect(version: number): Promise<Client> {
    const request = `Account/of-${version} ${VERSIONS[version].add}`;
    return new Client(version, await AddingClient.connect(node, bundles[version].images[0], request));
  }

  ask(key: string, request: string): Promise<string> {
    return this.adding.connection.ask(`Account/${key} ${request}`);
  }
}

test('clients of five versions are served at once, through four upgrades', async () => {
  const clients: Client[] = [];
  for (const [version, bundle] of bundles.entries()) {
    expect(await node.put(encodeBundle(bundle))).toMatch(/^200 .*"result":"(?:deployed|upgraded)"/);
    clients.push(await Client.connect(version));
    await Promise.all(clients.map((client) => client.adding.served(20)));
    // Each sees an entry that it made, of now, as it knows it.
    for (const client of clients) {
      const { add, entries } = VERSIONS[client.version];
      const key = `k${version}-${client.version}`;
      expect(await client.ask(key, add)).toBe('ok 1');
      expect(await client.ask(key, entries[0])).toBe(`ok ${entries[1]}`);
    }
  }
  await Promise.all(clients.map((client) => client.adding.end()));
  expect(clients.flatMap(({ adding }) => adding.wrong)).toEqual([]);
  for (const reader of clients) {
    for (const { version, adding } of clients) {
      expect(await reader.ask(`of-${version}`, 'Balance')).toBe(`ok ${adding.total}`);
    }
  }
  const [first, second, third, fourth, fifth] = clients;

  // An entry of the first version, as each of them sees it.
  const seen = await Promise.all(clients.map((client) => client.ask('k0-0', 'Entries')));
  expect(seen).toEqual([
    'ok [{ amount: 1, kind: Card }]',
    'ok [{ amount: 1, kind: Card, note: "old" }]',
    'ok [{ amount: 1, kind: Card, note: "old" }]',
    'ok [{ amount: 1, kind: Card, note: "old" }]',
    'ok [{ amount: 1, kind: Card, note: "old", urgent: false }]',
  ]);
  // One of the fifth, too: what the first pays on another account, with what the second added.
  expect(await first.ask('new', 'Deposit(5, Cash)')).toBe('ok 5');
  expect(await fifth.ask('new', 'Entries')).toBe(
    'ok [{ amount: 5, kind: Coins, note: "none", urgent: false }]',
  );
  // What cannot be said to a client is a fault, on that account alone.
  for (const client of [first, second, third]) {
    expect(await client.ask('k3-3', 'Entries')).toMatch(/^error fault /);
    expect(await client.ask('k3-3', 'Balance')).toBe('ok 1');
    expect(await client.ask('k0-0', 'Balance')).toBe('ok 1');
  }
  for (const client of [fourth, fifth]) expect(await client.ask('k3-3', 'Entries')).toMatch(/^ok /);
  // What was dropped is gone for those who knew it, what came later is unknown to those who do not.
  for (const client of [first, second, third, fourth]) {
    expect(await client.ask('k0-0', 'Owner')).toMatch(/^error gone /);
  }
  expect(await fifth.ask('k0-0', 'Owner')).toMatch(/^error unknown-operation /);
  expect(await first.ask('k0-0', 'Limit')).toMatch(/^error unknown-operation /);
  expect(await second.ask('k0-0', 'Limit')).toBe('ok 7');
  expect(await second.ask('k0-0', 'Pay(1, Card)')).toMatch(/^error unknown-operation /);
  for (const { connection } of clients.map(({ adding }) => adding)) {
    expect(connection.closed).toBe(false);
    connection.close();
  }
}, 60_000);
