import { fingerprints, List, shortFingerprint } from '@smc/protocol';
import { describe, expect, it } from 'vitest';
import { NODE_LIMITS, STEP_LIMITS } from '../src/limits.ts';
import { NO_ROWS } from '../src/state-rows.ts';
import { codeOf, Core, fuelGiven, replayed, running, snapshot } from './core.ts';
import {
  bundleOf,
  counter,
  endlessMigration,
  faultingMigration,
  faultingSwelling,
  illTypedMigration,
  labelled,
  sameShape,
  swelling,
  toLabelled,
  unverifiedMigration,
  upgradeBundle,
  upgradeBundles,
} from './images.ts';

const A = counter();
const B = labelled();
const codeA = fingerprints(A).code;
const codeB = fingerprints(B).code;

describe('calls', () => {
  it('step a machine', () => {
    const core = running(2);
    expect(core.call('Counter', 'Read')).toBe('2');
    expect(core.node.machines.get('Counter')).toMatchObject({ inputs: 2, faults: 0 });
  });

  it('are refused where there is no such machine or operation', () => {
    const core = running();
    expect(core.call('Nobody', 'Read')).toMatch(/^unknown-machine: there is no machine "Nobody"/);
    expect(core.call('Counter', 'Dance')).toMatch(/^unknown-operation: Counter has no operation "Dance"/);
    expect(core.call('Counter', 'Divide("x")')).toMatch(/^bad-request: expected Int/);
    expect(core.send({ machine: 'Counter', body: { form: 'json', operation: 'Dance', text: '' } })).toMatch(
      /^unknown-operation: Counter has no operation "Dance"/,
    );
  });

  it('that fault leave the state as it was, and are in the log', () => {
    const core = running(3);
    const { position } = core.node;
    expect(core.call('Counter', 'Refuse("no")')).toBe('fault: no');
    expect(core.call('Counter', 'Read')).toBe('3');
    expect(core.node.position).toBe(position + 1);
    expect(core.node.machines.get('Counter')).toMatchObject({ inputs: 4, faults: 1 });
  });

  it('that only read are not in the log', () => {
    const core = running(1);
    const before = core.journalBytes;
    expect(core.call('Counter', 'Read')).toBe('1');
    expect(core.call('Counter', 'Divide(by: 0)')).toBe('fault: division by zero');
    expect(core.journalBytes).toBe(before);
  });

  it('that may not change anything are refused by an operation that can', () => {
    const core = running();
    expect(core.call('Counter', 'Incr', { readOnly: true })).toMatch(/^bad-request: .*POST/);
    expect(core.call('Counter', 'Read', { readOnly: true })).toBe('0');
  });

  it('cut the message of a fault', () => {
    const shown = running().call('Counter', `Refuse("${'x'.repeat(5_000)}")`);
    expect(shown).toBe(`fault: ${'x'.repeat(999)}…`);
  });

  it('read JSON and queries', () => {
    const core = running(6);
    const json = (operation: string, text: string): string =>
      core.send({ machine: 'Counter', body: { form: 'json', operation, text } });
    expect(json('Read', '')).toBe('6');
    expect(json('Read', '{}')).toBe('6');
    expect(json('Divide', '{"by": 3}')).toBe('2');
    expect(codeOf(json('Divide', ''))).toBe('bad-request');
    expect(codeOf(json('Divide', '{"by": 3.0}'))).toBe('bad-request');
    expect(codeOf(json('Divide', '{"by": 3, "by": 2}'))).toBe('bad-request');
    expect(codeOf(json('Divide', '{"by": 3, "to": 2}'))).toBe('bad-request');
    expect(codeOf(json('Read', '[]'))).toBe('bad-request');
    const query = (operation: string, ...pairs: [string, string][]): string =>
      core.send({ machine: 'Counter', body: { form: 'query', operation, pairs } });
    expect(query('Read')).toBe('6');
    expect(query('Divide', ['by', '2'])).toBe('3');
    expect(codeOf(query('Divide'))).toBe('bad-request');
    expect(codeOf(query('Divide', ['by', '2'], ['by', '3']))).toBe('bad-request');
    expect(codeOf(query('Divide', ['by', '2,"x":1']))).toBe('bad-request');
    expect(codeOf(query('Divide', ['by', '2'], ['__proto__', '3']))).toBe('bad-request');
    expect(query('Refuse', ['why', 'a "b" \\ c'])).toBe('fault: a "b" \\ c');
  });
});

describe('a request with a key', () => {
  const key = (name: string, digest = '0'): { key: string; digest: string } => ({
    key: name,
    digest: digest.padEnd(64, '0'),
  });

  it('happens once', () => {
    const core = running();
    for (let i = 0; i < 3; i++) expect(core.call('Counter', 'Incr', { request: key('a') })).toBe('()');
    expect(core.call('Counter', 'Read')).toBe('1');
    for (let i = 0; i < 3; i++)
      expect(core.call('Counter', 'Refuse("x")', { request: key('b') })).toBe('fault: x');
    expect(core.node.machines.get('Counter')).toMatchObject({ inputs: 2, faults: 1 });
  });

  it('gets the first reply, also where it only reads', () => {
    const core = running();
    expect(core.call('Counter', 'Read', { request: key('r') })).toBe('0');
    core.call('Counter', 'Incr');
    expect(core.call('Counter', 'Read', { request: key('r') })).toBe('0');
  });

  it('is refused where it is another request', () => {
    const core = running();
    core.call('Counter', 'Incr', { request: key('a', '1') });
    expect(codeOf(core.call('Counter', 'Incr', { request: key('a', '2') }))).toBe('idempotency-mismatch');
  });

  it('gets the first reply after upgrades and after a restart', () => {
    const core = running();
    expect(core.call('Counter', 'Incr', { request: key('a') })).toBe('()');
    core.deploy(upgradeBundle(B, toLabelled(A)));
    expect(core.call('Counter', 'Incr(by: 5)', { request: key('b') })).toBe('6');
    // By an old client, through an adapter that answers ().
    const old = { interfaces: [fingerprints(A).interface] };
    expect(core.call('Counter', 'Incr', { request: key('c'), ...old })).toBe('()');
    expect(core.call('Counter', 'Incr', { request: key('a') })).toBe('()');
    const rebuilt = new Core();
    Object.assign(rebuilt, { node: core.replay() });
    expect(rebuilt.call('Counter', 'Incr', { request: key('a') })).toBe('()');
    expect(rebuilt.call('Counter', 'Incr(by: 5)', { request: key('b') })).toBe('6');
    expect(rebuilt.call('Counter', 'Incr', { request: key('c') })).toBe('()');
    expect(rebuilt.call('Counter', 'Read')).toBe('7');
  });

  it('is forgotten when too many came after it', () => {
    const core = new Core({ keptRepliesMax: 2 });
    core.deploy(bundleOf(A));
    for (const name of ['a', 'b', 'c', 'a']) core.call('Counter', 'Incr', { request: key(name) });
    expect(core.call('Counter', 'Read')).toBe('4');
  });

  it.each([
    // It is in the first checkpoint with its reply, and the others in the second without theirs.
    [['before', 'after'], 'forgotten'],
    [['after'], 'forgotten'],
    [['before'], 'known'],
  ])('is not done again when its reply made room for others (checkpoints %j)', async (when, withMore) => {
    const core = new Core({ keptBytesMax: 20_000 });
    core.deploy(bundleOf(A));
    core.call('Counter', 'Incr', { request: key('a') });
    if (when.includes('before')) await core.checkpoint();
    for (let i = 0; i < 40; i++) {
      const refused = core.call('Counter', `Refuse("${'x'.repeat(900)}")`, { request: key(`b${i}`) });
      expect(codeOf(refused)).toBe('fault');
    }
    if (when.includes('after')) await core.checkpoint();
    const rebuilt = new Core();
    Object.assign(rebuilt, { node: core.replay() });
    for (const each of [core, rebuilt]) {
      const again = (digest?: string): string =>
        codeOf(each.call('Counter', 'Incr', { request: key('a', digest) }));
      expect([again(), again('1')]).toEqual(['gone', 'idempotency-mismatch']);
      expect(each.call('Counter', 'Read')).toBe('1');
    }
    // With more memory it is the first reply again where that was written, and none where not.
    const { machines } = replayed(core.journal.read(), NODE_LIMITS, core.journal.rows);
    expect(machines.get('Counter')!.kept.find(key('a')).kind).toBe(withMore);
  });
});

describe('a bundle', () => {
  it('that is equal to what runs changes nothing', () => {
    const core = running(2);
    const before = snapshot(core.node);
    expect(core.deploy(bundleOf(A))).toBe('Counter unchanged');
    expect(snapshot(core.node)).toEqual(before);
  });

  it('that differs needs an upgrade from what runs', () => {
    const core = running(2);
    const shown = core.deploy(bundleOf(B));
    expect(shown).toMatch(/^stale: /);
    expect(shown).toContain(shortFingerprint(codeA));
    expect(shown).toContain(shortFingerprint(codeB));
    expect(core.call('Counter', 'Read')).toBe('2');
  });

  it('that is no bundle is malformed', () => {
    const core = running();
    for (const bytes of [new Uint8Array(0), new Uint8Array(100), bundleOf(A).slice(0, -1)]) {
      expect(codeOf(core.deploy(bytes))).toBe('malformed');
    }
  });

  it('that was damaged is refused, and changes nothing', () => {
    const bundle = upgradeBundle(B, toLabelled(A));
    for (let at = 0; at < bundle.length; at++) {
      const core = running(2);
      const { machines } = core.node;
      const before = machines.get('Counter')!.version;
      const damaged = bundle.slice();
      damaged[at] ^= 0x41;
      const shown = core.deploy(damaged, 'upgrade');
      // A bit in a constant or a name can make another upgrade that is right.
      if (shown === 'Counter upgraded') continue;
      expect(machines.get('Counter')!.version).toBe(before);
      expect(core.call('Counter', 'Read')).toBe('2');
    }
  });

  it('with several machines is taken whole or not at all', () => {
    const core = running(1);
    const other = counter({ name: 'Other' });
    expect(codeOf(core.deploy(bundleOf(B, other)))).toBe('stale');
    expect([...core.node.machines.keys()]).toEqual(['Counter']);
    expect(core.deploy(bundleOf(A, other))).toBe('Counter unchanged, Other deployed');
  });

  it('of machines that do not run is no upgrade', () => {
    const core = new Core();
    expect(codeOf(core.deploy(upgradeBundle(B, toLabelled(A)), 'upgrade'))).toBe('unknown-machine');
    expect(core.deploy(upgradeBundle(B, toLabelled(A)))).toBe('Counter deployed');
  });

  it('may be too much for a node', () => {
    const core = new Core({ machinesMax: 1 });
    expect(core.deploy(bundleOf(A))).toBe('Counter deployed');
    expect(codeOf(core.deploy(bundleOf(counter({ name: 'Other' }))))).toBe('too-large');
    expect(core.remove('Counter')).toBe('removed');
    expect(codeOf(core.deploy(bundleOf(counter({ name: 'Other' }))))).toBe('too-large');
    expect(core.deploy(bundleOf(A))).toBe('Counter deployed');
  });
});

describe('an upgrade', () => {
  it('keeps the state', () => {
    const core = running(2);
    expect(core.deploy(upgradeBundle(B, toLabelled(A)))).toBe('Counter upgraded');
    expect(core.call('Counter', 'Read')).toBe('2');
    expect(core.call('Counter', 'Incr(by: 5)')).toBe('7');
    expect(core.call('Counter', 'Incr')).toBe('8');
    expect(snapshot(core.node)).toMatchObject({
      machines: [{ states: [[null, expect.anything(), '{ count: 8, label: "new" }']] }],
    });
  });

  it('sent twice is stale, and says both fingerprints', () => {
    const core = running(2);
    const bundle = upgradeBundle(B, toLabelled(A));
    expect(core.deploy(bundle, 'upgrade')).toBe('Counter upgraded');
    const shown = core.deploy(bundle, 'upgrade');
    expect(shown).toMatch(/^stale: /);
    expect(shown).toContain(codeA.slice(0, 12));
    expect(shown).toContain(codeB.slice(0, 12));
    // As a deployment it is what runs already.
    expect(core.deploy(bundle)).toBe('Counter unchanged');
  });

  const refusals: [string, Uint8Array, string][] = [
    ['whose migration faults', upgradeBundle(counter({ step: 2 }), faultingMigration(A)), 'migration-failed'],
    [
      'whose migration has another type',
      upgradeBundle(counter({ step: 2 }), illTypedMigration(A)),
      'ill-typed',
    ],
    [
      'with a body of another type',
      upgradeBundle(counter({ step: 2 }), unverifiedMigration(A)),
      'unverified',
    ],
    ['from another version', upgradeBundle(B, toLabelled(counter({ step: 7 }))), 'stale'],
    [
      'that says nothing of an operation',
      upgradeBundle(B, { ...toLabelled(A), operations: toLabelled(A).operations.slice(1) }),
      'ill-typed',
    ],
  ];
  it.each(refusals)('%s is refused, and changes nothing', (_what, bundle, code) => {
    const core = running(2);
    const before = core.node.machines.get('Counter')!;
    const { version } = before;
    expect(codeOf(core.deploy(bundle))).toBe(code);
    expect(core.node.machines.get('Counter')).toBe(before);
    expect(before.version).toBe(version);
    expect(core.call('Counter', 'Read')).toBe('2');
    expect(core.node.histories.get('Counter')!.map(({ kind }) => kind)).toEqual(['deployment', 'refusal']);
  });

  it('that fails on the state shows it', () => {
    const shown = running(2).deploy(upgradeBundle(counter({ step: 2 }), faultingMigration(A)));
    expect(shown).toContain('division by zero; the state is { count: 2 }');
  });

  const least = STEP_LIMITS.prepareFuelMin;

  it.each([
    [0, least + 5_000],
    [30_000, least + 7_505_000],
    [3_000_000, NODE_LIMITS.prepareFuelMax],
  ])('has fuel for its state: with %i items %i', (length, fuel) => {
    const core = running();
    const large = List.of(Array.from({ length }, () => 0));
    core.node.machines.get('Counter')!.instances.put(null, [0, large]);
    expect(fuelGiven(() => core.deploy(upgradeBundle(counter({ step: 2 }), sameShape(A))))).toEqual([fuel]);
  });

  it('shares that fuel with the others of its bundle', () => {
    const core = running();
    const other = counter({ name: 'Other' });
    core.deploy(bundleOf(other));
    const bundle = upgradeBundles(
      [counter({ step: 2 }), sameShape(A)],
      [counter({ name: 'Other', step: 2 }), sameShape(other)],
    );
    expect(fuelGiven(() => expect(core.deploy(bundle)).toBe('Counter upgraded, Other upgraded'))).toEqual([
      least / 2 + 2_000,
      least / 2 + 2_000,
    ]);
  });

  it('that runs out of fuel says how much it had', () => {
    const core = running(1);
    expect(core.deploy(upgradeBundle(counter({ step: 2 }), endlessMigration(A)))).toBe(
      'migration-failed: the migration of Counter fails: out of fuel (it had 10002000 units of fuel); ' +
        'the state is { count: 1 }',
    );
    expect(core.call('Counter', 'Read')).toBe('1');
  });

  it('that fails on a state too large to be shown says so', () => {
    const core = running();
    core.deploy(bundleOf(swelling()));
    expect(core.call('Swelling', 'Swell')).toBe('()');
    const shown = core.deploy(upgradeBundle(swelling({ twin: true }), faultingSwelling(swelling())));
    expect(shown).toBe(
      'migration-failed: the migration of Swelling fails: division by zero; the state is too large to be shown',
    );
  });

  it('refused again and again leaves what was done in the history', () => {
    const core = new Core({ historyRecordsMax: 8, refusalRecordsMax: 3 });
    core.deploy(bundleOf(A));
    core.deploy(upgradeBundle(B, toLabelled(A)));
    for (let i = 0; i < 20; i++) core.deploy(bundleOf(counter({ step: i + 2 })));
    const history = core.node.histories.get('Counter')!;
    expect(history.map(({ kind, position }) => `${kind} ${position}`)).toEqual([
      'deployment 1',
      'upgrade 2',
      'refusal 20',
      'refusal 21',
      'refusal 22',
    ]);
  });

  it('of many machines leave the newest refusals of all in the histories', () => {
    const core = new Core({ refusalRecordsMax: 3, refusalRecordsOfAllMax: 4 });
    const [one, other] = [1, 2].map((step) => bundleOf(counter({ step }), counter({ name: 'Other', step })));
    core.deploy(one);
    for (let i = 0; i < 3; i++) core.deploy(bundleOf(counter({ name: 'Other', step: 2 })));
    for (let i = 0; i < 2; i++) core.deploy(bundleOf(counter({ step: 2 })));
    const refused = (name: string): number[] =>
      core.node.histories.get(name)!.flatMap(({ kind, position }) => (kind === 'refusal' ? [position] : []));
    expect([refused('Counter'), refused('Other')]).toEqual([
      [5, 6],
      [3, 4],
    ]);
    // Of a machine with more of its own its oldest goes, and not that of another.
    for (let i = 0; i < 3; i++) core.deploy(bundleOf(counter({ step: 2 })));
    expect([refused('Counter'), refused('Other')]).toEqual([[7, 8, 9], [4]]);
    expect(core.deploy(other)).toMatch(/^stale/);
  });

  it('finds room for code when a machine was removed, and is told so', () => {
    const bundles = new Map(['Counter', 'Other', 'Third'].map((name) => [name, bundleOf(counter({ name }))]));
    const deploy = (name: string): string => core.deploy(bundles.get(name)!);
    // What a journal in memory has stays there.
    const core = new Core({ blobBytesMax: 2 * bundles.get('Counter')!.length }, NO_ROWS);
    deploy('Counter');
    for (let i = 0; i < 5; i++) {
      for (const [name, next] of [
        ['Other', 'Third'],
        ['Third', 'Other'],
      ]) {
        expect(deploy(name)).toBe(`${name} deployed`);
        expect(deploy(next)).toMatch(/^too-large: .*smc remove/);
        core.remove(name);
      }
    }
    expect(snapshot(replayed(core.journal.read()))).toEqual(snapshot(core.node));
  });

  it('may be rehearsed', () => {
    const core = running(2);
    const before = snapshot(core.node);
    expect(core.deploy(upgradeBundle(B, toLabelled(A)), 'deploy', true)).toBe('Counter upgraded');
    expect(codeOf(core.deploy(bundleOf(B), 'deploy', true))).toBe('stale');
    expect(snapshot(core.node)).toEqual(before);
  });

  it('of several machines that fails on one changes none', () => {
    const core = running(2);
    const other = counter({ name: 'Other' });
    core.deploy(bundleOf(other));
    const before = core.node.machines.get('Counter')!.version;
    const bundle = upgradeBundles(
      [counter({ step: 2 }), sameShape(A)],
      [counter({ name: 'Other', step: 2 }), faultingMigration(other)],
    );
    expect(codeOf(core.deploy(bundle))).toBe('migration-failed');
    expect(core.node.machines.get('Counter')!.version).toBe(before);
  });
});

describe('a removed machine', () => {
  it('is gone, and its history stays', () => {
    const core = running(2);
    expect(core.remove('Counter')).toBe('removed');
    expect(codeOf(core.remove('Counter'))).toBe('unknown-machine');
    expect(codeOf(core.call('Counter', 'Read'))).toBe('unknown-machine');
    core.deploy(bundleOf(A));
    expect(core.call('Counter', 'Read')).toBe('0');
    const kinds = core.node.histories.get('Counter')!.map(({ kind }) => kind);
    expect(kinds).toEqual(['deployment', 'removal', 'deployment']);
  });
});
