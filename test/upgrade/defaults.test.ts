// What an input leaves out is what the version of its client says, whatever an older version says of the same type: the
// defaults belong to the declarations, and an upgrade has those of two versions before it.
import { compile } from '@smc/compiler';
import { encodeBundle, fingerprints, type Bundle, type Image } from '@smc/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LineConnection, startNodeProcess, type NodeProcess } from '../support/process.ts';

/** Each input adds up what it has: a record in a constructor, in a generic type, and one that looks alike. */
const version = (machine: string, a: number, state: string): string => `type R = { a: Int = ${a}, c: Int }
type Twin = { a: Int = ${a + 1} - 1, c: Int }
type S = Empty | C(r: R, more: List<(Option<R>, Int)>)
type Pair<t> = { left: t, items: List<t> = [], count: Int = ${a} }
fun valueOf(pair: (Option<R>, Int)) -> Int = case fst(pair) {
  Some(r) -> r.a
  None -> 0
}
machine ${machine} {
  state { ${state} }
  on Deep(s: S) -> Int {
    case s {
      Empty -> return -< 0
      C(r: r, more: more) -> return -< r.a * 100 + List.sum(List.map(more, valueOf))
    }
  }
  on Generic(b: Pair<R>) -> Int { return -< b.left.a * 100 + b.count + List.length(b.items) }
  on Alike(t: Option<Twin>) -> Int {
    case t {
      Some(x) -> return -< x.a
      None -> return -< 0
    }
  }
}
`;

const INPUTS = [
  ['Deep(C({ c: 1 }, [(Some({ c: 2 }), 3)]))', (a: number) => a * 101],
  ['Deep(C(r: { a: 7, c: 1 }, more: []))', () => 700],
  ['Generic({ left: { c: 1 } })', (a: number) => a * 101],
  ['Alike(Some({ c: 1 }))', (a: number) => a],
] as const;

const FORMS = [
  ['Source', '"./old.sm"'],
  ['Bytecode', '"./old.smb"'],
  ['Deployed', 'deployed'],
] as const;

function bundleOf(files: Readonly<Record<string, string>>, old: Uint8Array | null): Bundle {
  const { bundle, diagnostics } = compile(Object.keys(files)[0], {
    read: (file) => files[file] ?? null,
    readBundle: () => old,
    readDeployed: () => old && { file: 'deployed.smb', bytes: old },
    resolve: (_from, path) => path.replace(/^\.\//, ''),
  });
  expect(diagnostics).toEqual([]);
  return bundle!;
}

/** A client that speaks the interface of this image. */
async function connect(image: Image): Promise<LineConnection> {
  const connection = await LineConnection.open(node.tcpPort);
  expect(await connection.ask(`interface ${fingerprints(image).interface}`)).toBe('ok ()');
  return connection;
}

let node: NodeProcess;
beforeAll(async () => {
  node = await startNodeProcess();
});
afterAll(async () => {
  expect(await node.stop()).toBe(0);
});

test.each(FORMS)('%s: each client leaves out what its own version has', async (machine, imported) => {
  const old = version(machine, 1, 'n: Int = 0');
  // The state alone; then the defaults, too; then the defaults alone.
  const changes = [
    [1, 'n: Int = 0, m: Int = 4'],
    [2, 'n: Int = 0, m: Int = 4, k: Int = 0'],
    [3, 'n: Int = 0, m: Int = 4, k: Int = 0'],
  ] as const;
  const before = bundleOf({ 'old.sm': old }, null);
  let [text, bytes] = [old, encodeBundle(before)];
  expect(await node.put(bytes)).toMatch(/^200 /);
  const clients = [{ a: 1, connection: await connect(before.images[0]) }];
  for (const [a, state] of changes) {
    const own = version(machine, a, state);
    const upgrade = `import ${imported} as old\n${own}upgrade old.${machine} -> ${machine} {}\n`;
    const bundle = bundleOf({ 'new.sm': upgrade, 'old.sm': text }, bytes);
    // The upgrade changes nothing in what the version is by itself.
    const alone = bundleOf({ 'new.sm': own }, null);
    expect(fingerprints(bundle.images[0])).toEqual(fingerprints(alone.images[0]));
    [text, bytes] = [own, encodeBundle(bundle)];
    expect(await node.put(bytes)).toMatch(/^200 /);
    clients.push({ a, connection: await connect(bundle.images[0]) });
  }
  for (const { a, connection } of clients) {
    for (const [input, reply] of INPUTS)
      expect([a, input, await connection.ask(`${machine} ${input}`)]).toEqual([a, input, `ok ${reply(a)}`]);
    connection.close();
  }
});
