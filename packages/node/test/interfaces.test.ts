import { fingerprints, type Image, type Upgrade } from '@smc/protocol';
import { describe, expect, it } from 'vitest';
import { STEP_LIMITS } from '../src/limits.ts';
import { codeOf, fuelGiven, running, show, snapshot } from './core.ts';
import {
  counter,
  labelled,
  sameShape,
  toCounter,
  toLabelled,
  upgradeBundle,
  withFaultingAdapter,
  withFaultingBack,
} from './images.ts';

const A = counter();
const B = labelled();

/** What clients of interfaces from before see. */

describe('an old client', () => {
  const old = { interfaces: [fingerprints(A).interface] };

  it('goes on through adapters, and is told what is gone', () => {
    const core = running(2);
    core.deploy(upgradeBundle(B, toLabelled(A)));
    expect(core.call('Counter', 'Incr', old)).toBe('()');
    expect(core.call('Counter', 'Read', old)).toBe('3');
    expect(codeOf(core.call('Counter', 'Divide(1)', old))).toBe('gone');
    expect(codeOf(core.call('Counter', 'Refuse("x")', old))).toBe('gone');
    expect(codeOf(core.call('Counter', 'Incr(by: 1)', old))).toBe('bad-request');
    expect(codeOf(core.call('Counter', 'Label("x")', old))).toBe('unknown-operation');
  });

  it.each(['request', 'reply'] as const)(
    'gets a fault of the adapter of a %s, which undoes the step',
    (side) => {
      const core = running(2);
      expect(core.deploy(upgradeBundle(B, withFaultingAdapter(A, side)))).toBe('Counter upgraded');
      const request = { key: 'k', digest: '0'.repeat(64) };
      expect(core.call('Counter', 'Incr', { ...old, request })).toBe(`fault: no ${side}`);
      expect(core.call('Counter', 'Incr', { ...old, request })).toBe(`fault: no ${side}`);
      expect(core.call('Counter', 'Read', old)).toBe('2');
      expect(core.call('Counter', 'Incr')).toBe('3');
      expect(core.node.machines.get('Counter')).toMatchObject({ inputs: 4, faults: 1 });
      expect(snapshot(core.replay())).toEqual(snapshot(core.node));
    },
  );

  it('is served when the machine returns to its interface', () => {
    const core = running(2);
    core.deploy(upgradeBundle(B, toLabelled(A)));
    core.deploy(upgradeBundle(A, toCounter(B)));
    expect(core.call('Counter', 'Incr', old)).toBe('()');
    expect(core.call('Counter', 'Divide(1)', old)).toBe('3');
    const between = { interfaces: [fingerprints(B).interface] };
    expect(core.call('Counter', 'Incr(by: 9)', between)).toBe('0');
    expect(codeOf(core.call('Counter', 'Label("x")', between))).toBe('gone');
    expect(core.call('Counter', 'Read', between)).toBe('4');
  });

  it('is served through a chain of bounded length', () => {
    const core = running();
    const C = counter({ twin: true });
    const toB = upgradeBundle(B, {
      ...toLabelled(C),
      operations: [...toLabelled(C).operations, { kind: 'dropped', name: 'Twin' }],
    });
    core.deploy(upgradeBundle(B, toLabelled(A)));
    for (let i = 1; i < STEP_LIMITS.chainLengthMax; i++) {
      expect(core.deploy(i % 2 === 1 ? upgradeBundle(C, toCounter(B)) : toB, 'upgrade')).toBe(
        'Counter upgraded',
      );
      const fuels = fuelGiven(() => expect(core.call('Counter', 'Incr', old)).toBe('()'));
      expect(fuels).toHaveLength(2 * (i + 1));
      expect(fuels.reduce((sum, fuel) => sum + fuel, 0)).toBeLessThanOrEqual(STEP_LIMITS.adapterFuel);
    }
    const last = core.handle({
      kind: 'deploy',
      time: 0,
      bundle: toB,
      mode: 'upgrade',
      dryRun: false,
      request: null,
    });
    const from = old.interfaces[0].slice(0, 12);
    expect(last).toMatchObject({
      report: {
        machines: [
          {
            notes: expect.arrayContaining([
              `clients of the interface ${from} lose Incr, as more than 64 adapters would lead there`,
            ]) as unknown,
          },
        ],
      },
    });
    expect(core.call('Counter', 'Incr', old)).toBe(
      'gone: Counter has no Incr any more: too many upgrades changed it since this interface',
    );
    // What was never adapted goes on for ever.
    expect(core.call('Counter', 'Read', old)).toBe(String(STEP_LIMITS.chainLengthMax - 1));
  });

  it('is told of before, where it will lose something', () => {
    const core = running();
    const notes = (bundle: Uint8Array): readonly string[] => {
      const reply = core.handle({
        kind: 'deploy',
        time: 0,
        bundle,
        mode: 'upgrade',
        dryRun: true,
        request: null,
      });
      return reply.kind === 'deployed' ? reply.report.machines[0].notes : [show(reply)];
    };
    const lossOfB = ['old clients lose Divide, Refuse', 'the way back loses state.label'];
    expect(notes(upgradeBundle(B, toLabelled(A)))).toEqual(lossOfB);
    expect(notes(upgradeBundle(B, withFaultingAdapter(A, 'reply')))).toContain(
      'for old clients may fail: the reply of Incr',
    );
    expect(notes(upgradeBundle(B, withFaultingAdapter(A, 'request')))).toContain(
      'for old clients may fail: the request of Incr',
    );
    expect(notes(upgradeBundle(B, withFaultingBack(A)))).toContain('on the way back may fail: the state');
    expect(notes(upgradeBundle(counter({ step: 2 }), sameShape(A)))).toEqual([]);

    core.deploy(upgradeBundle(B, toLabelled(A)));
    const C = counter({ twin: true });
    const [first, second] = [A, B].map((image) => fingerprints(image).interface.slice(0, 12));
    const toC = {
      ...toCounter(B),
      operations: [
        { kind: 'dropped', name: 'Incr' },
        { kind: 'dropped', name: 'Label' },
        { kind: 'identity', name: 'Read' },
      ],
      clauses: toCounter(B).clauses.filter(({ path }) => path[0] === 'state'),
    } as const;
    expect(notes(upgradeBundle(C, toC))).toEqual([
      'it drops state.label',
      `clients of the interface ${first} lose Incr`,
      'old clients lose Incr, Label',
      'there is no way back',
    ]);
    expect(second).not.toBe(first);
    // Where the machine returns to an interface, its clients lose nothing.
    expect(notes(upgradeBundle(A, toCounter(B)))).toEqual([
      'it drops state.label, Incr.by',
      'old clients lose Label',
      `clients of the interface ${first} have again what was dropped: Divide, Refuse`,
      'there is no way back',
    ]);
  });

  it('is forgotten after many interfaces, and that is told before', () => {
    const core = running();
    const versions = Array.from({ length: STEP_LIMITS.interfacesMax + 1 }, (_, i): Image => {
      const { operations, ...rest } = counter({ twin: true });
      return { ...rest, operations: operations.with(-1, { ...operations[4], name: `Twin${i}` }) };
    });
    let last = A;
    let notes: readonly string[] = [];
    for (const version of versions.slice(1)) {
      const same = sameShape(last);
      const isTwin = ({ name }: { name: string }): boolean => name.startsWith('Twin');
      const upgrade: Upgrade = {
        ...same,
        operations: same.operations.map((way) => (isTwin(way) ? { kind: 'dropped', name: way.name } : way)),
      };
      const bundle = upgradeBundle(version, upgrade);
      const reply = core.handle({
        kind: 'deploy',
        time: 0,
        bundle,
        mode: 'upgrade',
        dryRun: false,
        request: null,
      });
      if (reply.kind !== 'deployed') expect(show(reply)).toBe('deployed');
      else notes = reply.report.machines[0].notes;
      last = version;
    }
    expect(notes).toContain(
      `clients of the interface ${old.interfaces[0].slice(0, 12)} lose all operations, as a machine serves 256 interfaces`,
    );
    expect(codeOf(core.call('Counter', 'Read', old))).toBe('unknown-interface');
    const second = { interfaces: [fingerprints(versions[1]).interface] };
    expect(core.call('Counter', 'Read', second)).toBe('0');
  });

  it('of an interface that is not known is told so', () => {
    const core = running();
    expect(codeOf(core.call('Counter', 'Read', { interfaces: ['0'.repeat(64)] }))).toBe('unknown-interface');
  });

  it('may give a prefix of the fingerprint', () => {
    const core = running();
    const { interface: full } = fingerprints(A);
    expect(core.call('Counter', 'Read', { interfaces: [full.slice(0, 8)] })).toBe('0');
    expect(codeOf(core.call('Counter', 'Read', { interfaces: [full.slice(0, 7)] }))).toBe(
      'unknown-interface',
    );
  });
});
