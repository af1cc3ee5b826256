import { type RunningNode, startNode } from '@smc/node';
import { type Bundle, encodeBundle, fingerprints } from '@smc/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bundleOf } from '../support/compile.ts';

/** Clients of three versions at once, each with its own interface, on whatever runs. */

const v1 = `type Status = Open | Paid(at: Time)
type Item = { name: String, price: Int }

machine Shop {
  state { items: List<Item> = [], status: Status = Open, note: String = "" }

  on Add(item: Item) -> Int {
    s <- get
    put -< { ...s, items: s.items ++ [item] }
    return -< List.length(s.items) + 1
  }

  on Items -> List<Item> {
    s <- get
    return -< s.items
  }

  on Pay(at: Time) {
    s <- get
    put -< { ...s, status: Paid(at) }
  }

  on Reset {
    put -< { items: [], status: Open, note: "" }
  }

  on Status -> Status {
    s <- get
    return -< s.status
  }
}
`;

const v2 = `import "./v1.sm" as old

type Status = Open | Paid(at: Time) | Refunded(at: Time, amount: Int)
type Item = { name: String, price: Int, quantity: Int = 1 }

machine Shop {
  state { items: List<Item> = [], status: Status = Open }

  on Add(item: Item) -> Int {
    s <- get
    put -< { ...s, items: s.items ++ [item] }
    return -< List.length(s.items) + 1
  }

  on Items -> List<Item> {
    s <- get
    return -< s.items
  }

  on Pay(at: Time) {
    s <- get
    put -< { ...s, status: Paid(at) }
  }

  on Refund(at: Time, amount: Int) {
    s <- get
    put -< { ...s, status: Refunded(at, amount) }
  }

  on Status -> Status {
    s <- get
    return -< s.status
  }
}

upgrade old.Shop -> Shop {
  drop note
  drop Reset
}
`;

const v3 = `import "./v2.sm" as old

type Status = Open | Paid(at: Time) | Refunded(at: Time, amount: Int)
type Item = { name: String, price: Int, quantity: Int = 1 }

machine Shop {
  state { items: Map<String, Item> = Map {}, phase: Status = Open }

  on Put(item: Item, count: Int = 1) -> Int {
    s <- get
    let items = Map.insert(s.items, item.name, { ...item, quantity: count * item.quantity })
    put -< { ...s, items: items }
    return -< Map.size(items)
  }

  on Items -> List<Item> {
    s <- get
    return -< Map.values(s.items)
  }

  on Pay(at: Time) {
    s <- get
    put -< { ...s, phase: Paid(at) }
  }

  on Refund(at: Time, amount: Int) {
    s <- get
    put -< { ...s, phase: Refunded(at, amount) }
  }

  on Status -> Status {
    s <- get
    return -< s.phase
  }
}

upgrade old.Shop -> Shop {
  rename status -> phase
  state.items s -> Map.fromList(List.map(s.items, i -> (i.name, i)))
  rename Add -> Put
}
`;

const sources = { 'v1.sm': v1, 'v2.sm': v2, 'v3.sm': v3 };
const bundles = ['v1.sm', 'v2.sm', 'v3.sm'].map((name) => bundleOf({ ...only(name), ...sources }));

/** The file first, since that is the one compiled. */
function only(name: string): Record<string, string> {
  return { [name]: sources[name as keyof typeof sources] };
}

let node: RunningNode;
beforeEach(async () => {
  node = await startNode({ httpPort: 0, linesPort: null });
});
afterEach(() => node.close());

async function put(bundle: Bundle): Promise<unknown> {
  const response = await fetch(`${node.url}/_smc/machines`, {
    method: 'PUT',
    headers: { 'content-type': 'application/octet-stream' },
    body: encodeBundle(bundle) as Uint8Array<ArrayBuffer>,
  });
  const body = (await response.json()) as { machines?: unknown[]; error?: unknown };
  return response.status === 200 ? body.machines?.[0] : body.error;
}

/** Sends an input as a client of one of the versions does; gives the reply as text, or the code of the error. */
async function call(version: number, text: string): Promise<string> {
  const response = await fetch(`${node.url}/Shop/${/\w+/.exec(text)![0]}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/vnd.smc.text',
      accept: 'application/vnd.smc.text',
      'smc-interface': fingerprints(bundles[version - 1].images[0]).interface,
    },
    body: text,
  });
  const body = await response.text();
  if (response.ok) return body;
  const { code, message } = (JSON.parse(body) as { error: { code: string; message: string } }).error;
  return `${code}: ${message}`;
}

test('a client of the first version is served by the third, through both upgrades', async () => {
  expect(await put(bundles[0])).toMatchObject({ result: 'deployed' });
  expect(await call(1, 'Add({ name: "tea", price: 3 })')).toBe('1');
  expect(await put(bundles[1])).toMatchObject({
    result: 'upgraded',
    notes: [
      'it drops state.note',
      'old clients lose Reset',
      'for old clients may fail: the reply of Status',
      'the way back loses state.items[].quantity, Add.item.quantity',
      'on the way back may fail: the state',
    ],
  });
  expect(await call(1, 'Add({ name: "jam", price: 4 })')).toBe('2');
  expect(await call(2, 'Add({ name: "rum", price: 9, quantity: 2 })')).toBe('3');
  expect(await call(2, 'Add({ name: "ham", price: 9 })')).toBe('4');
  expect(await put(bundles[2])).toMatchObject({ result: 'upgraded', notes: ['there is no way back'] });

  expect(await call(1, 'Add({ name: "oil", price: 5 })')).toBe('5');
  expect(await call(3, 'Put({ name: "ham", price: 8, quantity: 3 }, 2)')).toBe('5');
  expect(await call(3, 'Items')).toBe(
    '[{ name: "ham", price: 8, quantity: 6 }, { name: "jam", price: 4, quantity: 1 }, ' +
      '{ name: "oil", price: 5, quantity: 1 }, { name: "rum", price: 9, quantity: 2 }, ' +
      '{ name: "tea", price: 3, quantity: 1 }]',
  );
  expect(await call(1, 'Items')).toBe(
    '[{ name: "ham", price: 8 }, { name: "jam", price: 4 }, { name: "oil", price: 5 }, ' +
      '{ name: "rum", price: 9 }, { name: "tea", price: 3 }]',
  );

  expect(await call(1, 'Pay(@5)')).toBe('()');
  for (const version of [1, 2, 3]) {
    expect(await call(version, 'Status')).toBe('Paid(at: @1970-01-01T00:00:00.005Z)');
  }
  // What the first version dropped is gone, what it never had is unknown, and what it cannot say is a fault.
  expect(await call(1, 'Reset')).toMatch(/^gone: /);
  expect(await call(1, 'Refund(@6, 2)')).toMatch(/^unknown-operation: /);
  expect(await call(2, 'Refund(@6, 2)')).toBe('()');
  expect(await call(1, 'Status')).toMatch(/^fault: /);
  expect(await call(2, 'Status')).toBe('Refunded(at: @1970-01-01T00:00:00.006Z, amount: 2)');
  expect(await call(3, 'Add({ name: "x", price: 1 })')).toMatch(/^unknown-operation: /);
});

test('an upgrade skips no version, and is judged on the node as by the compiler', async () => {
  await put(bundles[0]);
  expect(await put(bundles[2])).toMatchObject({ code: 'stale' });
  const [upgrade] = bundles[1].upgrades;
  // Without the words that it gives, the same upgrade is lossy.
  const silent = { ...upgrade, clauses: upgrade.clauses.filter(({ path }) => !path.includes('note')) };
  expect(await put({ ...bundles[1], upgrades: [silent] })).toMatchObject({
    code: 'lossy',
    message: expect.stringContaining('state.note') as string,
  });
  const renaming = {
    ...silent,
    clauses: [{ kind: 'rename', type: null, path: ['state', 'note'], to: 'status' }],
  } as const;
  expect(await put({ ...bundles[1], upgrades: [renaming] })).toMatchObject({ code: 'lossy' });
});
