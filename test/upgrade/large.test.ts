import { encodeBundle } from '@smc/protocol';
import { expect, test } from 'vitest';
import { AddingClient } from '../support/clients.ts';
import { bundleOf } from '../support/compile.ts';
import { LineConnection, startNodeProcess } from '../support/process.ts';

/** A machine that is not keyed, with a large state, upgraded while clients use it. */

const v1 = `type Item = { price: Int, name: String }

machine Shop {
  state { items: Map<String, Item> = Map {}, sold: Int = 0 }

  on Fill(first: Int, count: Int) {
    s <- get
    let items = List.fold(List.range(first, first + count), s.items, (m, i) ->
      Map.insert(m, Int.toString(i), { price: i, name: "item" }))
    put -< { ...s, items: items }
  }

  on Price(key: String) -> Option<Int> {
    s <- get
    return -< Option.map(Map.get(s.items, key), item -> item.price)
  }

  on Sell -> Int {
    s <- get
    put -< { ...s, sold: s.sold + 1 }
    return -< s.sold + 1
  }

  on Size -> Int {
    s <- get
    return -< Map.size(s.items)
  }
}
`;

const v2 = `import "./v1.sm" as old

type Item = { price: Int, name: String, tags: List<String> = [], quantity: Int = 1 }

machine Shop {
  state { items: Map<String, Item> = Map {}, sold: Int = 0 }

  invariant s -> Map.size(s.items) >= 0

  on Price(key: String) -> Option<Int> {
    s <- get
    return -< Option.map(Map.get(s.items, key), item -> item.price * item.quantity)
  }

  on Sell -> Int {
    s <- get
    put -< { ...s, sold: s.sold + 1 }
    return -< s.sold + 1
  }

  on Size -> Int {
    s <- get
    return -< Map.size(s.items)
  }
}

upgrade old.Shop -> Shop { drop Fill }
`;

/** Does for each entry what it does for all. */
const endless = v2.replace(
  'drop Fill',
  `drop Fill
  state.items s -> Map.map(s.items, (k, item) -> {
    price: item.price, name: item.name, tags: [],
    quantity: List.fold(Map.values(s.items), 0, (n, other) -> n + 1)
  })`,
);

const ENTRIES = 100_000;
const STEP = 10_000;

test('a map of 100,000 entries is upgraded under load, and nothing is lost', async () => {
  const old = bundleOf({ 'v1.sm': v1 });
  const next = bundleOf({ 'v2.sm': v2, 'v1.sm': v1 });
  const node = await startNodeProcess();
  try {
    expect(await node.put(encodeBundle(old))).toMatch(/^200 /);
    const client = await AddingClient.connect(node, old.images[0], 'Shop Sell');
    const { connection: line } = client;
    for (let first = 0; first < ENTRIES; first += STEP)
      expect(await line.ask(`Shop Fill(${first}, ${STEP})`)).toBe('ok ()');
    await client.served(10);
    // One that has no end is refused, and the machine goes on.
    const refused = await node.put(encodeBundle(bundleOf({ 'v2.sm': endless, 'v1.sm': v1 })));
    expect(refused).toMatch(
      /^422 .*"migration-failed".*the migration of Shop fails: out of fuel \(it had \d+ units of fuel\)/,
    );
    await client.served(10);
    expect(await node.put(encodeBundle(next))).toMatch(/^200 .*"result":"upgraded"/);
    await client.served(10);
    await client.end();
    expect(client.wrong).toEqual([]);

    let sold = client.total;
    const fresh = await LineConnection.open(node.tcpPort);
    for (const each of [line, fresh]) {
      expect(await each.ask('Shop Size')).toBe(`ok ${ENTRIES}`);
      expect(await each.ask(`Shop Price("${ENTRIES - 1}")`)).toBe(`ok Some(${ENTRIES - 1})`);
      expect(await each.ask('Shop Sell')).toBe(`ok ${++sold}`);
      each.close();
    }
  } finally {
    expect(await node.stop()).toBe(0);
  }
}, 60_000);
