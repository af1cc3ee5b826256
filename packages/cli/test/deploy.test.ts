import { readFileSync, rmSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Ran, Workplace } from './workplace.ts';

/** What a deployment says of what clients and operators would not see otherwise. */

let place: Workplace;

beforeEach(async () => {
  place = await Workplace.open();
});

afterEach(() => place.close());

const run = (...words: readonly string[]): Promise<Ran> => place.run(words);
const file = (name: string, text: string): void => place.write(name, text);

/** What a first deployment says of the next. */
const IS_FIRST = expect.stringMatching(/^note: the next version of .*\n$/) as string;

/** Deploys versions of a file one after the other; what the last one gave. */
async function deployed(...versions: readonly string[]): Promise<Ran> {
  let last: Ran = { status: 0, out: '', err: '' };
  for (const [i, text] of versions.entries()) {
    expect(last).toMatchObject({ status: 0, err: i === 1 ? IS_FIRST : '' });
    file('main.sm', i === 0 ? text : `import deployed as old\n${text}`);
    last = await run('deploy', 'main.sm');
  }
  return last;
}

const price = (body: string, clauses: string | null): string => `type Price = Price(Int)
machine Shop {
  state { price: Int = 5 }
  on Get -> Price { s <- get
    return -< Price(s.price) }
  on Set(p: Price) { put -< { price: case p { Price(n) -> n } } }
${body}}
${clauses === null ? '' : `upgrade old.Shop -> Shop {\n${clauses}\n}\n`}`;

const HUNDREDFOLD = `  Price old -> case old { Price(n) -> Price(n * 100) }
  back Price new -> case new { Price(n) -> Price(n / 100) }
  state.price old -> old.price * 100`;

describe('a return to an earlier interface', () => {
  test('is refused where its clients would mean another thing', async () => {
    const versions = [price('', null), price('  on Clear { put -< { price: 0 } }\n', HUNDREDFOLD)];
    const refused = await deployed(...versions, price('', '  drop Clear'));
    expect(refused).toMatchObject({ status: 1 });
    expect(refused.err).toMatch(/interface-again: .*Get, Set are not what they were.*add an operation/);
    // With another operation clients are told apart.
    file(
      'main.sm',
      `import deployed as old\n${price('  on Count -> Int { return -< 1 }\n', '  drop Clear')}`,
    );
    expect(await run('deploy', 'main.sm')).toMatchObject({ status: 0 });
  });

  test('is refused where operations have changed names', async () => {
    const two = (add: string, sub: string, clause: string | null): string => `machine Sum {
  state { n: Int = 0 }
  on ${add}(n: Int) { s <- get
    put -< { n: s.n + n } }
  on ${sub}(n: Int) { s <- get
    put -< { n: s.n - n } }
}
${clause === null ? '' : `upgrade old.Sum -> Sum { rename ${clause} }\n`}`;
    const refused = await deployed(
      two('Add', 'Sub', null),
      two('Other', 'Sub', 'Add -> Other'),
      two('Other', 'Add', 'Sub -> Add'),
      two('Sub', 'Add', 'Other -> Sub'),
    );
    expect(refused).toMatchObject({
      status: 1,
      err: expect.stringMatching(/interface-again: .*Add, Sub/) as string,
    });
  });

  test('is told where operations are there again, or parameters', async () => {
    const count = (parameters: string, more: string, clauses: string | null): string => `machine Count {
  state { n: Int = 0 }
  on Add(${parameters}) { put -< { n: 1 } }
${more}}
${clauses === null ? '' : `upgrade old.Count -> Count { ${clauses} }\n`}`;
    const clear = '  on Clear { put -< { n: 0 } }\n';
    const again = await deployed(
      count('n: Int, note: String = ""', clear, null),
      count('n: Int', '', 'drop Clear\n  drop Add.note'),
      count('n: Int, note: String = ""', clear, ''),
    );
    expect(again).toMatchObject({ status: 0 });
    expect(again.out).toMatch(/note: clients of the interface \w+ have again what was dropped: Add, Clear\n/);
  });
});

describe('what to do is said', () => {
  const counter = (name: string, field: string): string =>
    `machine ${name} {\n  state { ${field}: Int = 0 }\n  on Look -> Int { return -< 1 }\n}\n`;

  test('where a machine is not in its file any more', async () => {
    file('main.sm', counter('A', 'n') + counter('B', 'n'));
    expect(await run('deploy', 'main.sm')).toMatchObject({ status: 0, err: IS_FIRST });
    file('main.sm', `import deployed as old\n${counter('AA', 'n')}${counter('B', 'n')}`);
    const note = /^note: A is deployed, and not in main\.sm any more: .*smc remove A takes it off/;
    for (const words of [['check'], ['deploy', '--dry-run'], ['deploy']]) {
      const said = await run(...words, 'main.sm');
      expect(said).toMatchObject({ status: 0, err: expect.stringMatching(note) as string });
    }
    // In another file of the same deployment it is there.
    file('main.sm', counter('B', 'n'));
    file('more.sm', counter('A', 'n') + counter('AA', 'n'));
    for (const command of ['check', 'deploy'])
      expect(await run(command, 'main.sm', 'more.sm')).toMatchObject({
        status: 0,
        err: expect.not.stringContaining('any more') as string,
      });
  });

  test('where the baseline is not what runs', async () => {
    const path = '.smc/baseline/local.smb';
    await deployed(counter('A', 'n'));
    const first = readFileSync(place.path(path));
    file('main.sm', `import deployed as old\n${counter('A', 'm')}upgrade old.A -> A { rename n -> m }\n`);
    expect(await run('deploy', 'main.sm')).toMatchObject({ status: 0, err: '' });
    // As it would be where somebody else had deployed that.
    place.write(path, first);
    file('main.sm', `import deployed as old\n${counter('A', 'k')}upgrade old.A -> A { rename n -> k }\n`);
    const stale = await run('deploy', 'main.sm');
    expect(stale).toMatchObject({ status: 1 });
    expect(stale.err).toMatch(
      /^note: main\.sm follows on .*local\.smb, and that is not the A that the node runs.*--env/,
    );
    expect(stale.err).toMatch(/\nerror: stale: /);
  });

  test('where a node does not run what the baseline has', async () => {
    const path = '.smc/baseline/local.smb';
    await deployed(counter('A', 'n'));
    const first = readFileSync(place.path(path));
    expect(await run('remove', 'A')).toMatchObject({ status: 0 });
    place.write(path, first);
    file('main.sm', `import deployed as old\n${counter('A', 'm')}upgrade old.A -> A { rename n -> m }\n`);
    const anew = await run('deploy', 'main.sm');
    expect(anew).toMatchObject({ status: 0, out: expect.stringMatching(/^A deployed/) as string });
    expect(anew.err).toMatch(/^note: A did not run on this node, though .* no upgrade was carried out/);
  });

  test('where an upgrade is needed, and the file has none', async () => {
    file('main.sm', counter('A', 'n'));
    await run('deploy', 'main.sm');
    file('main.sm', counter('A', 'total'));
    const said = await run('deploy', 'main.sm');
    expect(said).toMatchObject({ status: 1 });
    expect(said.err).toContain(
      'Write into main.sm:\n\n  import deployed as old\n\n  upgrade old.A -> A {\n    rename n -> total\n    -- or: drop n\n  }\n\nerror: stale: ',
    );
    rmSync(place.path('.smc'), { recursive: true });
    expect((await run('deploy', 'main.sm')).err).toMatch(/What runs is not what was deployed from here/);
  });
});

test('a deployment, an upgrade and a removal whose answer is lost happen once', async () => {
  const counter = (reply: string): string =>
    `machine Counter {\n  state { n: Int = 0 }\n  on Get -> Int { return -< ${reply} }\n}\n`;
  const seen: string[] = [];
  // Hands on what comes, and loses each answer but the last of one request.
  const lossy = createServer((from, to) => {
    const key = String(from.headers['idempotency-key']);
    const { url: path, method, headers } = from;
    const handed = request(`${place.node.url}${path}`, { method, headers, agent: false }, (reply) => {
      const isSecond = seen.includes(key);
      seen.push(key);
      if (isSecond) return void reply.pipe(to.writeHead(reply.statusCode!, reply.headers));
      reply.resume().once('end', () => from.socket.destroy());
    });
    from.pipe(handed);
  });
  await new Promise<void>((resolve) => lossy.listen(0, '127.0.0.1', resolve));
  try {
    const to = `http://127.0.0.1:${(lossy.address() as AddressInfo).port}`;
    file('main.sm', counter('1'));
    expect(await run('deploy', 'main.sm', '--to', to)).toMatchObject({ status: 0 });
    file('main.sm', `import deployed as old\n${counter('2')}upgrade old.Counter -> Counter {}\n`);
    const upgraded = await run('upgrade', 'main.sm', '--to', to);
    expect(upgraded).toMatchObject({ status: 0, err: '' });
    expect(upgraded.out).toMatch(/^Counter upgraded /);
    expect(await run('remove', 'Counter', '--to', to)).toMatchObject({ status: 0, out: 'Counter removed\n' });
    expect(seen).toHaveLength(6);
    const history = await run('history', 'Counter', '--json');
    expect((JSON.parse(history.out) as { history: unknown[] }).history).toHaveLength(3);
  } finally {
    lossy.close();
  }
});

describe('a deployment notes', () => {
  test('an operation that begins to change the state', async () => {
    const look = (body: string, upgrade = ''): string =>
      `machine Seen {\n  state { n: Int = 0 }\n  on Look -> Int { s <- get\n    ${body}\n    return -< s.n }\n}\n${upgrade}`;
    const { out } = await deployed(
      look('let n = 1'),
      look('put -< { n: s.n + 1 }', 'upgrade old.Seen -> Seen {}\n'),
    );
    file('old.sm', look('let n = 1'));
    expect((await run('diff', 'old.sm', 'main.sm')).out).toMatch(/Look: can change the state now/);
    expect(out).toMatch(
      /note: can change the state now, and is refused to old clients that send GET: Look\n/,
    );
  });

  test('a sum that takes another form in JSON', async () => {
    const status = (sum: string, upgrade = ''): string =>
      `type Status = ${sum}\nmachine Door {\n  state { n: Int = 0 }\n  on Move(to: Status) { put -< { n: 1 } }\n}\n${upgrade}`;
    const { out } = await deployed(
      status('Open | Shut'),
      status('Open | Shut | Ajar(by: Int)', 'upgrade old.Door -> Door {}\n'),
    );
    expect(out).toMatch(/note: in JSON every Status is an object with a tag now, .*\n/);
    file('old.sm', status('Open | Shut'));
    expect((await run('diff', 'old.sm', 'main.sm')).out).toMatch(/Status: in JSON each is an object/);
  });

  test('the place of an invariant that a migrated state breaks', async () => {
    const held = (initial: number, invariant: string, upgrade = ''): string =>
      `machine Held {\n  state { n: Int = ${initial} }\n${invariant}  on Look -> Int { return -< 1 }\n}\n${upgrade}`;
    const { err } = await deployed(
      held(7, ''),
      held(0, '  invariant s -> s.n < 5\n', 'upgrade old.Held -> Held {}\n'),
    );
    expect(err).toMatch(
      /invariant: the invariant at main\.sm:4 of Held does not hold for the migrated state/,
    );
  });
});
