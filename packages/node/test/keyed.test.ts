import { fingerprints, type Image, type Upgrade } from '@smc/protocol';
import fc from 'fast-check';
import { LoadedUnit } from '@smc/vm';
import { describe, expect, it, vi } from 'vitest';
import type { Recovered } from '../src/ports.ts';
import { Deployment } from '../src/upgrade/deployment.ts';
import { account, accountWithFee, toFee, toPlain } from './accounts.ts';
import { codeOf, Core, replayed, show, snapshot } from './core.ts';
import { bundleOf, counter, sameShape, upgradeBundle, upgradeBundles } from './images.ts';

const A = account();
const B = accountWithFee();

function running(image: Image = A, core: Core = new Core()): Core {
  expect(core.deploy(bundleOf(image))).toBe('Account deployed');
  return core;
}

const call = (core: Core, key: string | null, text: string, more = {}): string =>
  core.call('Account', text, { key, ...more });

const count = (core: Core): number => core.node.machines.get('Account')!.instances.count;

/** A node with these balances. */
function withBalances(balances: Readonly<Record<string, number>>): Core {
  const core = running();
  for (const [key, balance] of Object.entries(balances)) call(core, key, `Deposit(${balance})`);
  return core;
}

describe('a keyed machine', () => {
  it('has a state for each key', () => {
    const core = running();
    expect(call(core, 'alice', 'Deposit(5)')).toBe('5');
    expect(call(core, 'bob', 'Deposit(7)')).toBe('7');
    expect(call(core, 'alice', 'Deposit(1)')).toBe('6');
    expect(call(core, 'alice', 'Balance')).toBe('6');
    expect(call(core, 'bob', 'Balance')).toBe('7');
    expect(call(core, 'bob', 'Id')).toBe('"bob"');
    expect(count(core)).toBe(2);
  });

  it('is not upgraded again while its states have as many upgrades before them as they may', async () => {
    const core = running(A, new Core({ pendingUpgradesMax: 2 }));
    call(core, 'alice', 'Deposit(5)');
    await core.checkpoint();
    const onward = upgradeBundle(B, toFee(A));
    const back = upgradeBundle(A, toPlain(B));
    expect(core.deploy(onward)).toBe('Account upgraded');
    expect(core.deploy(back)).toBe('Account upgraded');
    expect(core.deploy(onward)).toBe(
      'busy: the states of Account are still written after 2 upgrades; try again later',
    );
    expect(core.deploy(bundleOf(A))).toBe('Account unchanged');
    expect(call(core, 'alice', 'Balance')).toBe('5');
    // Checkpoints write them, as they are by now.
    for (let i = 0; i < 2; i++) await core.checkpoint();
    expect(core.deploy(onward)).toBe('Account upgraded');
  });

  it('stores nothing of an instance in its initial state', () => {
    const core = running();
    expect(call(core, 'alice', 'Balance')).toBe('0');
    expect(call(core, 'alice', 'Deposit(0)')).toBe('0');
    expect(count(core)).toBe(0);
    call(core, 'alice', 'Deposit(2)');
    expect(count(core)).toBe(1);
    call(core, 'alice', 'Deposit(-2)');
    expect(count(core)).toBe(0);
    call(core, 'alice', 'Deposit(2)');
    call(core, 'alice', 'Close');
    expect(count(core)).toBe(0);
    // All of it is in the log all the same.
    expect(core.node.machines.get('Account')!.inputs).toBe(5);
  });

  it('takes a key that is one, and no other', () => {
    const core = running();
    const good = [
      'a',
      '__proto__',
      'constructor',
      '\0',
      '..',
      '/',
      ' ',
      'é'.repeat(256),
      'x'.repeat(512),
      '😀',
    ];
    for (const key of good) {
      expect(call(core, key, 'Deposit(1)'), JSON.stringify(key)).toBe('1');
      expect(call(core, key, 'Balance')).toBe('1');
    }
    expect(count(core)).toBe(good.length);
    const bad = [null, '', 'x'.repeat(513), 'é'.repeat(257), '\ud800', 'a\udc00b', 'x'.repeat(100_000)];
    for (const key of bad)
      expect(codeOf(call(core, key, 'Balance')), JSON.stringify(key)).toBe('bad-request');
    expect(call(core, null, 'Balance')).toBe(
      'bad-request: Account is keyed: the request gives no key, as Account/KEY',
    );
    expect(count(core)).toBe(good.length);
  });

  it('may have an Int for a key, and takes it in one form', () => {
    const core = running(account({ key: 'int' }));
    for (const key of ['0', '7', '-7', '9007199254740991', '-9007199254740991']) {
      expect(call(core, key, 'Deposit(1)')).toBe('1');
      expect(call(core, key, 'Id')).toBe(key);
    }
    const bad = [
      '',
      'alice',
      '-0',
      '07',
      '+7',
      '7.0',
      '1e3',
      ' 7',
      '7 ',
      '9007199254740992',
      '0x7',
      '1'.repeat(999),
    ];
    for (const key of bad) expect(codeOf(call(core, key, 'Balance')), key).toBe('bad-request');
    expect(count(core)).toBe(5);
    expect(snapshot(core.replay())).toEqual(snapshot(core.node));
  });

  it('takes its key from a query too, where the address has none', () => {
    const core = running();
    const query = (key: string | null, ...pairs: [string, string][]): string =>
      core.send({ machine: 'Account', key, body: { form: 'query', operation: 'Balance', pairs } });
    call(core, 'alice', 'Deposit(5)');
    expect(query(null, ['key', 'alice'])).toBe('5');
    expect(query('alice')).toBe('5');
    expect(codeOf(query('alice', ['key', 'bob']))).toBe('bad-request');
    expect(codeOf(query(null, ['key', 'alice'], ['key', 'alice']))).toBe('bad-request');
    expect(codeOf(query(null))).toBe('bad-request');
  });

  it('has as many instances as the node takes, and no more', () => {
    const core = running(A, new Core({ instancesMax: 2 }));
    call(core, 'a', 'Deposit(1)');
    call(core, 'b', 'Deposit(1)');
    const before = snapshot(core.node);
    expect(codeOf(call(core, 'c', 'Deposit(1)'))).toBe('too-large');
    expect(snapshot(core.node)).toEqual(before);
    expect(call(core, 'c', 'Balance')).toBe('0');
    expect(call(core, 'b', 'Deposit(1)')).toBe('2');
    call(core, 'a', 'Close');
    expect(call(core, 'c', 'Deposit(1)')).toBe('1');
  });
});

describe('an upgrade of a keyed machine', () => {
  it('migrates all instances, and those that are not stored', () => {
    const core = withBalances({ alice: 30, bob: 50 });
    expect(core.deploy(upgradeBundle(B, toFee(A)))).toBe('Account upgraded');
    expect(call(core, 'alice', 'Fee')).toBe('10');
    expect(call(core, 'bob', 'Fee')).toBe('14');
    expect(call(core, 'bob', 'Balance')).toBe('50');
    // Nobody ever wrote it: the old initial state, migrated, and not the new one.
    expect(call(core, 'carol', 'Fee')).toBe('7');
    expect(count(core)).toBe(2);
    // What is not stored is that state, and no other.
    call(core, 'carol', 'Close');
    expect(call(core, 'carol', 'Fee')).toBe('3');
    expect(count(core)).toBe(3);
    call(core, 'carol', 'SetFee(7)');
    expect(count(core)).toBe(2);
    expect(snapshot(core.replay())).toEqual(snapshot(core.node));
  });

  it('says where instances that nobody wrote differ from the new initial state', () => {
    const core = withBalances({ alice: 1 });
    const bundle = upgradeBundle(B, toFee(A));
    const reply = core.handle({
      kind: 'deploy',
      time: 0,
      bundle,
      mode: 'deploy',
      dryRun: false,
      request: null,
    });
    expect(reply).toMatchObject({
      report: {
        machines: [
          {
            notes: [
              'old clients lose Id',
              'the way back loses state.fee',
              'instances that nobody wrote have the old initial state as it is migrated, { balance: 0, fee: 7 }, and not the new one',
            ],
          },
        ],
      },
    });
  });

  it('goes on with the migrated initial state through any number of upgrades', async () => {
    const core = withBalances({ alice: 30 });
    const [C, D] = [account({ step: 1 }), accountWithFee({ limit: 1_000 })];
    expect(core.deploy(upgradeBundle(B, toFee(A)))).toBe('Account upgraded');
    expect(core.deploy(upgradeBundle(C, toPlain(B)))).toBe('Account upgraded');
    expect(core.deploy(upgradeBundle(D, toFee(C, { fault: 200 })))).toBe('Account upgraded');
    expect(call(core, 'carol', 'Fee')).toBe('7');
    expect(call(core, 'alice', 'Fee')).toBe('8');
    await core.checkpoint();
    const rebuilt = new Core();
    Object.assign(rebuilt, { node: core.replay() });
    expect(snapshot(rebuilt.node)).toEqual(snapshot(core.node));
    expect(call(rebuilt, 'carol', 'Fee')).toBe('7');
    // A client of the first version, through three adapters.
    const old = { interfaces: [fingerprints(A).interface] };
    expect(call(core, 'alice', 'Deposit(5)', old)).toBe('35');
    expect(codeOf(call(core, 'alice', 'Id', old))).toBe('gone');
    const between = { interfaces: [fingerprints(B).interface] };
    expect(call(core, 'alice', 'Deposit(5, "x")', between)).toBe('40');
  });

  it('that fails on instances names them, and changes nothing', () => {
    const core = withBalances({ alice: 100, bob: 5, carol: 100 });
    const before = snapshot(core.node);
    const refused = core.deploy(upgradeBundle(B, toFee(A)), 'deploy', true);
    expect(refused).toBe(
      'migration-failed: the migration of Account "alice" fails: division by zero; ' +
        'the state is { balance: 100 }; so it is for "carol"',
    );
    expect(snapshot(core.node)).toEqual(before);
    expect(core.deploy(upgradeBundle(B, toFee(A)))).toBe(refused);
    expect(call(core, 'alice', 'Balance')).toBe('100');
    // What stood in the way is gone.
    call(core, 'alice', 'Close');
    call(core, 'carol', 'Close');
    expect(core.deploy(upgradeBundle(B, toFee(A)))).toBe('Account upgraded');
    expect(call(core, 'bob', 'Fee')).toBe('7');
  });

  it('names a few instances of many', () => {
    const core = running();
    for (let i = 0; i < 50; i++) call(core, `k${i + 10}`, 'Deposit(100)');
    expect(core.deploy(upgradeBundle(B, toFee(A)))).toMatch(
      /; so it is for "k11", "k12", "k13", "k14", and perhaps for others$/,
    );
  });

  it('that fails on the initial state is refused, though nothing is stored', () => {
    expect(running().deploy(upgradeBundle(B, toFee(A, { fault: 0 })))).toBe(
      'migration-failed: the migration of Account in its initial state fails: division by zero; the state is { balance: 0 }',
    );
  });

  it('whose state breaks an invariant is refused', () => {
    const core = withBalances({ alice: 5, bob: 80, carol: 70 });
    const limited = accountWithFee({ limit: 60 });
    expect(core.deploy(upgradeBundle(limited, toFee(A)))).toBe(
      'invariant: invariant 0 of Account "bob" does not hold for the migrated state, { balance: 80, fee: 35 }; so it is for "carol"',
    );
    // A migration that fails comes before.
    call(core, 'dave', 'Deposit(100)');
    expect(codeOf(core.deploy(upgradeBundle(limited, toFee(A))))).toBe('migration-failed');
    expect(core.deploy(upgradeBundle(accountWithFee({ limit: 80 }), toFee(A, { fault: 77 })))).toMatch(
      /"dave"/,
    );
  });

  it('checks an invariant on what is not stored, where it says nothing of the key', () => {
    const refused = running().deploy(upgradeBundle(accountWithFee({ limit: -1 }), toFee(A)));
    expect(refused).toMatch(/^invariant: invariant 0 of Account in its initial state does not hold/);
    const core = running();
    const readsKey = accountWithFee({ limit: -1, readsKey: true });
    expect(core.deploy(upgradeBundle(readsKey, toFee(A)))).toBe('Account upgraded');
  });

  it('is not deployed where its initial state breaks an invariant that says nothing of the key', () => {
    const core = new Core();
    expect(core.deploy(bundleOf(accountWithFee({ limit: -1 })))).toBe(
      'invariant: invariant 0 of Account does not hold for the initial state, { balance: 0, fee: 3 }',
    );
    expect(core.node.machines.size).toBe(0);
    expect(core.deploy(bundleOf(accountWithFee({ limit: -1, readsKey: true })))).toBe('Account deployed');
  });

  it('keeps its key', () => {
    const core = running(account({ key: 'int' }));
    const upgrade = toFee(account({ key: 'int' }));
    expect(core.deploy(upgradeBundle(B, upgrade))).toBe(
      'ill-typed: the key of Account is an Int in what runs, and a String in the new version',
    );
  });
});

/** A deployment in the smallest slices, with something happening between them. */
function inSlices(core: Core, bundle: Uint8Array, between: (slice: number) => void): string {
  const event = {
    kind: 'deploy',
    time: core.time,
    bundle,
    mode: 'deploy',
    dryRun: false,
    request: null,
  } as const;
  const deployment = new Deployment(core.node, event);
  for (let slice = 0; !deployment.work(() => true); slice++) between(slice);
  const reply = deployment.finish(core.log);
  core.journal.append(core.log.take());
  return show(reply);
}

describe('an upgrade that is prepared in slices', () => {
  const keys = ['a', 'b', 'c', 'd', 'e', 'f'];

  it('is as if all had been migrated at the swap, whatever came between', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom(...keys), fc.integer({ min: 1, max: 9 })), { maxLength: 12 }),
        fc.array(
          fc.tuple(fc.constantFrom(...keys), fc.constantFrom('Deposit(1)', 'Deposit(3)', 'Close', 'Balance')),
          { maxLength: 30 },
        ),
        (before, between) => {
          const [sliced, whole] = [running(), running()];
          for (const core of [sliced, whole]) {
            for (const [key, n] of before) call(core, key, `Deposit(${n})`);
          }
          const left = [...between];
          const act = (): void => {
            const next = left.shift();
            if (next !== undefined) call(sliced, ...next);
          };
          expect(inSlices(sliced, upgradeBundle(B, toFee(A)), act)).toBe('Account upgraded');
          const done = between.slice(0, between.length - left.length);
          for (const [key, text] of done) call(whole, key, text);
          expect(whole.deploy(upgradeBundle(B, toFee(A)))).toBe('Account upgraded');
          expect(snapshot(sliced.node)).toEqual(snapshot(whole.node));
          expect(snapshot(sliced.replay())).toEqual(snapshot(sliced.node));
        },
      ),
    );
  });

  it('ends, though inputs come faster than it is prepared', () => {
    const core = withBalances(Object.fromEntries(keys.map((key) => [key, 1])));
    let slices = 0;
    const reply = inSlices(core, upgradeBundle(B, toFee(A)), () => {
      slices++;
      for (const key of keys) call(core, key, 'Deposit(1)');
    });
    expect(reply).toBe('Account upgraded');
    expect(slices).toBeGreaterThan(keys.length);
    for (const key of keys) expect(call(core, key, 'Balance')).toBe(String(1 + slices));
  });

  it('migrates what has one state last, and once', () => {
    const core = withBalances(Object.fromEntries(keys.map((key) => [key, 1])));
    const [before, after] = [counter(), counter({ step: 2 })];
    core.deploy(bundleOf(before));
    const bundle = upgradeBundles([B, toFee(A)], [after, sameShape(before)]);
    const run = vi.spyOn(LoadedUnit.prototype, 'run');
    let increments = 0;
    const reply = inSlices(core, bundle, () => {
      increments++;
      core.call('Counter', 'Incr');
    });
    const runs = run.mock.calls.length;
    run.mockRestore();
    expect(reply).toBe('Account upgraded, Counter upgraded');
    expect(increments).toBe(keys.length - 1);
    // Each account, those that are not stored, and the counter.
    expect(runs).toBe(keys.length + 2);
    expect(core.call('Counter', 'Read')).toBe(String(increments));
  });

  it('looks at all of one machine before it looks at what changed of another', () => {
    const core = withBalances(Object.fromEntries(keys.map((key) => [key, 1])));
    const other = { ...A, name: 'Better' };
    core.deploy(bundleOf(other));
    const many = Array.from({ length: 50 }, (_, i) => `k${i}`);
    for (const key of many) core.call('Better', 'Deposit(1)', { key });
    const toOther = { ...toFee(A), machine: 'Better', old: fingerprints(other) };
    const run = vi.spyOn(LoadedUnit.prototype, 'run');
    const reply = inSlices(core, upgradeBundles([B, toFee(A)], [{ ...B, name: 'Better' }, toOther]), () => {
      for (const key of keys) call(core, key, 'Deposit(1)');
    });
    const runs = run.mock.calls.length;
    run.mockRestore();
    expect(reply).toBe('Account upgraded, Better upgraded');
    // And not all accounts again for each of the others.
    expect(runs).toBeLessThan(many.length + 12 * keys.length);
  });

  it('is refused for what an input did meanwhile', () => {
    const core = withBalances({ alice: 5, bob: 6 });
    const reply = inSlices(core, upgradeBundle(B, toFee(A)), (slice) => {
      if (slice === 0) call(core, 'alice', 'Deposit(95)');
    });
    expect(reply).toMatch(/^migration-failed: .*"alice".*balance: 100/);
    expect(call(core, 'alice', 'Balance')).toBe('100');
  });

  it.each([
    ['removed', false],
    ['removed and deployed anew', true],
  ])('is stale where the machine was %s meanwhile', (_, again) => {
    const core = withBalances({ alice: 5, bob: 6, carol: 7, dave: 8 });
    const reply = inSlices(core, upgradeBundle(B, toFee(A)), (slice) => {
      // And no more is migrated of it.
      expect(slice).toBe(0);
      core.remove('Account');
      if (!again) return;
      running(A, core);
      call(core, 'alice', 'Deposit(1)');
    });
    expect(reply).toBe('stale: Account was removed or deployed anew while its upgrade was prepared');
    expect(call(core, 'alice', 'Balance')).toBe(
      again ? '1' : 'unknown-machine: there is no machine "Account"',
    );
    expect(snapshot(core.replay())).toEqual(snapshot(core.node));
  });
});

describe('the log of a keyed machine', () => {
  const C = account({ step: 1 });
  const BUNDLES: readonly (readonly [Image, Upgrade | null])[] = [
    [B, toFee(A)],
    [B, toFee(C)],
    [A, toPlain(B)],
    [C, toPlain(B)],
  ];
  const step = fc.oneof(
    {
      weight: 12,
      arbitrary: fc.record({
        key: fc.constantFrom('alice', 'bob', '__proto__', '\0'),
        text: fc.constantFrom(
          'Deposit(1)',
          'Deposit(-1)',
          'Close',
          'SetFee(7)',
          'SetFee(1)',
          'Deposit(2, "x")',
          'Id',
        ),
        spoken: fc.constantFrom(null, fingerprints(A).interface, fingerprints(B).interface),
        request: fc.option(fc.constantFrom('r', 's', 't'), { freq: 3 }),
      }),
    },
    { weight: 3, arbitrary: fc.record({ bundle: fc.nat({ max: BUNDLES.length - 1 }) }) },
    { weight: 1, arbitrary: fc.record({ checkpoint: fc.constant(true) }) },
    { weight: 1, arbitrary: fc.record({ remove: fc.constant(true) }) },
  );

  it('is the truth, after any events, with checkpoints or without', async () => {
    let upgrades = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async (steps) => {
        const core = running();
        for (const event of steps) {
          if ('bundle' in event) {
            const [image, upgrade] = BUNDLES[event.bundle];
            if (core.deploy(upgradeBundle(image, upgrade!), 'upgrade') === 'Account upgraded') upgrades++;
          } else if ('checkpoint' in event) await core.checkpoint();
          else if ('remove' in event) {
            core.remove('Account');
            core.deploy(bundleOf(A));
          } else {
            const { key, text, spoken, request } = event;
            const digest = Buffer.from(`${key}${text}`.padEnd(32)).toString('hex').slice(0, 64);
            call(core, key, text, {
              interfaces: spoken === null ? null : [spoken],
              request: request === null ? null : { key: request, digest },
            });
          }
        }
        expect({ ...(snapshot(core.replay()) as object), time: 0 }).toEqual({
          ...(snapshot(core.node) as object),
          time: 0,
        });
      }),
      { numRuns: 200 },
    );
    expect(upgrades).toBeGreaterThan(100);
  });

  it('may go on while a checkpoint is made', async () => {
    const core = running();
    for (let i = 0; i < 5_000; i++) call(core, `k${i % 3_000}`, 'Deposit(1)', { request: null });
    const checkpoint = core.checkpoint();
    let turns = 0;
    const state = { done: false };
    void checkpoint.then(() => (state.done = true));
    while (!state.done) {
      call(core, `k${turns}`, 'Deposit(1)');
      if (turns === 1) core.deploy(upgradeBundle(B, toFee(A)));
      turns++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(turns).toBeGreaterThan(1);
    expect(snapshot(core.replay())).toEqual(snapshot(core.node));
    await core.checkpoint();
    expect(snapshot(core.replay())).toEqual(snapshot(core.node));
  });

  it('is refused where a key is none', () => {
    const core = withBalances({ alice: 5 });
    const items = [...core.journal.read()].map((item): Recovered => {
      if (item.kind !== 'group' || item.group.isStructural) return item;
      const text = Buffer.from(item.group.bytes).toString('latin1');
      const bytes = Buffer.from(text.replace('\x05alice', '\x05\xed\xa0\x80ce'), 'latin1');
      return { kind: 'group', group: { ...item.group, bytes } };
    });
    expect(() => replayed(items)).toThrow(/the group at position 2 is wrong: it does not decode: not UTF-8/);
  });
});

it('a journal takes no second checkpoint while one goes on', async () => {
  const core = withBalances({ alice: 5 });
  const going = core.checkpoint();
  await expect(core.checkpoint()).rejects.toThrow(/another one/);
  await going;
});
