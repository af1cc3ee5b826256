import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RequestKey } from '../src/journal/entry.ts';
import { type FirstOutcome, KeptRequests } from '../src/kept.ts';
import { KEPT, KeptMemory } from '../src/kept-memory.ts';

/** A request of one of a few sessions, with an id near those before; or with a key. */
const requests = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(fc.nat({ max: 3 }), fc.nat({ max: 40 }), fc.boolean()) },
  { weight: 1, arbitrary: fc.tuple(fc.constant(-1), fc.nat({ max: 200 }), fc.boolean()) },
);

const outcomeOf = (number: number): FirstOutcome =>
  number % 7 === 0
    ? { kind: number % 2 === 0 ? 'fault' : 'exhausted', message: `no ${number}` }
    : { kind: 'ok', origin: { interface: number % 5, operation: number % 300 }, value: number };

interface Modelled {
  readonly number: number;
  readonly request: RequestKey;
  readonly outcome: FirstOutcome;
}

const nameOf = (request: RequestKey): string =>
  'session' in request ? `${request.session}/${request.id}` : request.key;

describe('kept requests', () => {
  it('are the last that were added, whatever their sessions and the order of their ids', () => {
    const steps = fc.array(requests, { minLength: 1, maxLength: 3_000, size: 'max' });
    const counts = fc.constantFrom(1, 10, 1_000, 1_500, 100_000);
    fc.assert(
      fc.property(steps, counts, fc.nat({ max: 3_000 }), (drawn, countMax, start) => {
        const kept = new KeptRequests(countMax, new KeptMemory(Number.POSITIVE_INFINITY));
        kept.startAt(start);
        const greatest = [0, 0, 0, 0];
        const forgotten = new Map<string, number>();
        const cutModel = (): void => {
          for (const { request } of model.slice(0, -countMax)) {
            if (!('session' in request)) continue;
            forgotten.set(request.session, Math.max(forgotten.get(request.session) ?? 0, request.id));
          }
          model = model.slice(-countMax);
        };
        let model: Modelled[] = [];
        let number = start;
        let taken = start;
        for (const [session, step, isTaken] of drawn) {
          let request: RequestKey = { key: `key ${step}`, digest: 'd' };
          if (session >= 0) {
            // Mostly the next, sometimes one that came late, or was there already.
            const id = Math.max(1, greatest[session] + (step < 30 ? 1 : 35 - step));
            greatest[session] = Math.max(greatest[session], id);
            request = { session: `s${session}`, id, digest: step };
          }
          const known = model.find((each) => nameOf(each.request) === nameOf(request));
          const isForgotten = 'session' in request && request.id <= (forgotten.get(request.session) ?? 0);
          if (known === undefined && isForgotten) {
            expect(kept.find(request)).toEqual({ kind: 'forgotten' });
          } else if (known === undefined) {
            expect(kept.find(request)).toEqual({ kind: 'new' });
            const outcome = outcomeOf(number);
            kept.add(request, outcome);
            model.push({ number: number++, request, outcome });
            cutModel();
          } else {
            const isSame = known.request.digest === request.digest;
            expect(kept.find(request)).toEqual(
              isSame ? { kind: 'known', outcome: known.outcome } : { kind: 'other' },
            );
          }
          if (!isTaken || step > 3) continue;
          // What is gone through does not change by what is added meanwhile.
          const fresh = kept.takeNew();
          kept.add({ key: `beside ${number}`, digest: 'd' }, outcomeOf(number));
          expect([...fresh]).toEqual(model.filter((each) => each.number >= taken));
          model.push({
            number,
            request: { key: `beside ${number}`, digest: 'd' },
            outcome: outcomeOf(number++),
          });
          taken = number - 1;
          cutModel();
        }
        expect([...kept.entries()]).toEqual(model);
        expect([kept.first, kept.end]).toEqual([number - model.length, number]);
      }),
      { numRuns: 15 },
    );
  });

  const long: FirstOutcome = { kind: 'fault', message: 'x'.repeat(1_000) };
  const idOf = (id: number): RequestKey => ({ session: 's', id, digest: 0 });

  it.each([
    ['a key', [{ key: 'k', digest: 'd' }]],
    ['an id', [idOf(2)]],
    ['an id that came late', [idOf(2), idOf(1)]],
  ])('that come again, with %s, take the place of the older ones', (_, requests) => {
    const kept = new KeptRequests(10, new KeptMemory(Number.POSITIVE_INFINITY));
    const last = requests[requests.length - 1];
    for (const request of [...requests, last, last]) kept.add(request, outcomeOf(kept.end));
    const known = { kind: 'known', outcome: outcomeOf(kept.end - 1) };
    expect(kept.find(last)).toEqual(known);
    // The older ones go, and then it goes itself.
    while (kept.end - kept.first > 1) {
      kept.forgetOldest(KEPT.keys);
      expect(kept.find(last)).toEqual(known);
    }
    kept.forgetOldest(KEPT.keys);
    expect(kept.find(last).kind).toBe('session' in last ? 'forgotten' : 'new');
  });

  it('take no more memory than is allowed, but for the last', () => {
    const memory = new KeptMemory(20_000);
    const kept = new KeptRequests(1_000, memory);
    for (let id = 1; id <= 1_000; id++) {
      kept.add(idOf(id), long);
      expect(memory.bytes).toBeLessThanOrEqual(20_000);
    }
    // A quarter for replies, and most of the rest for keys.
    expect(kept.bytesOf(KEPT.replies)).toBeGreaterThan(20_000 / 4 - 2_100);
    expect(kept.bytesOf(KEPT.keys)).toBeGreaterThan((20_000 / 4) * 3 - 2_100);
    expect(kept.find(idOf(1_000))).toEqual({ kind: 'known', outcome: long });
    for (const id of [1, kept.firstReplied]) expect(kept.find(idOf(id)).kind).toBe('forgotten');
    kept.add(idOf(1_001), { kind: 'fault', message: 'x'.repeat(100_000) });
    expect([kept.firstReplied, kept.end]).toEqual([1_000, 1_001]);
    kept.add(idOf(1_002), long);
    expect(memory.bytes).toBeLessThanOrEqual(20_000);
  });

  it('lose their replies first, and are not new without', () => {
    const kept = new KeptRequests(1_000, new KeptMemory(20_000));
    const keyOf = (key: number, digest = 'd'): RequestKey => ({ key: `k${key}`, digest });
    for (let key = 1; key <= 50; key++) kept.add(keyOf(key), long);
    expect(kept.first).toBe(0);
    for (let key = 1; key <= kept.firstReplied; key++) {
      expect(kept.find(keyOf(key)).kind).toBe('forgotten');
      expect(kept.find(keyOf(key, 'e')).kind).toBe('other');
    }
    for (let key = kept.firstReplied + 1; key <= 50; key++) expect(kept.find(keyOf(key)).kind).toBe('known');
  });

  it('go with their replies where these are small', () => {
    const kept = new KeptRequests(1_000, new KeptMemory(20_000));
    for (let id = 1; id <= 1_000; id++) kept.add(idOf(id), outcomeOf(1));
    expect(kept.end - kept.first).toBeGreaterThan(100);
    expect(kept.firstReplied).toBe(kept.first);
  });

  it('of many machines share what is allowed: the one with the most gives way', () => {
    const memory = new KeptMemory(40_000);
    const [much, little, gone] = [1, 2, 3].map(() => new KeptRequests(1_000, memory));
    for (let id = 1; id <= 100; id++) much.add(idOf(id), long);
    gone.add(idOf(1), long);
    memory.leave(gone);
    for (let id = 1; id <= 5; id++) little.add(idOf(id), long);
    expect(little.firstReplied).toBe(0);
    expect(memory.bytes).toBeLessThanOrEqual(40_000);
    // By much more than one, no more than it has to.
    expect(memory.bytes).toBeGreaterThan(40_000 - 2_000 * 2);
    for (let id = 6; id <= 500; id++) little.add(idOf(id), long);
    for (const machine of [much, little]) {
      expect(machine.bytesOf(KEPT.replies)).toBeGreaterThan(3_000);
      expect(machine.bytesOf(KEPT.keys)).toBeGreaterThan(6_000);
    }
  });

  const OK: FirstOutcome = { kind: 'ok', origin: { interface: 0, operation: 0 }, value: 1 };
  const ofSession = (session: number, id = 1): RequestKey => ({
    session: Buffer.from(String(session).padStart(16)).toString('hex'),
    id,
    digest: 0,
  });

  const heap = (): number => {
    // The bytes of arrays are let go beside this thread, after a collection; the next one waits for that.
    collectGarbage();
    collectGarbage();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };

  it('of sessions that go on take nothing for what is forgotten', () => {
    const sessions = Array.from({ length: 500 }, (_, i) => ofSession(i));
    const before = heap();
    const kept = new KeptRequests(500, new KeptMemory(Number.POSITIVE_INFINITY));
    for (let id = 1; id <= 1_000; id++) for (const each of sessions) kept.add({ ...each, id }, OK);
    // Beside what is counted some segments.
    expect(heap() - before).toBeLessThan(2 * 1024 * 1024);
    expect(kept.end - kept.first).toBe(500);
  });

  it('of short sessions take no more memory than is counted', () => {
    const before = heap();
    const memory = new KeptMemory(8 * 1024 * 1024);
    const machines = Array.from({ length: 10 }, () => new KeptRequests(1_000_000, memory));
    for (let session = 0; session < 20_000; session++) {
      for (const machine of machines) machine.add(ofSession(session), OK);
    }
    expect(memory.bytes).toBeLessThanOrEqual(8 * 1024 * 1024);
    expect(heap() - before).toBeLessThan(memory.bytes * 1.2);
    // All have some, and of sessions before these it is known how far they were.
    for (const machine of machines) {
      expect(machine.bytesOf(KEPT.keys)).toBeGreaterThan(500 * 1024);
      expect(machine.bytesOf(KEPT.sessions)).toBeGreaterThan(40 * 1024);
    }
  });

  it('and how far sessions were is known of the last, also where one machine has many', () => {
    const memory = new KeptMemory(100_000);
    const [one, other] = [0, 1].map(() => new KeptRequests(5, memory));
    for (let session = 0; session < 10; session++) other.add(ofSession(session), OK);
    for (let session = 0; session < 2_000; session++) one.add(ofSession(session), OK);
    // What all of them take, and not their number, is what bounds them: there are no others.
    expect(memory.bytes).toBeLessThanOrEqual(100_000);
    expect(one.find(ofSession(1_994)).kind).toBe('forgotten');
    expect(one.find(ofSession(1_500)).kind).toBe('forgotten');
    expect(one.find(ofSession(0)).kind).toBe('new');
    expect(other.find(ofSession(0)).kind).toBe('forgotten');
    // Where requests want their part, less is left, of both.
    const many = new KeptRequests(1_000, memory);
    for (let id = 1; id <= 1_000; id++) many.add({ key: `k${id}`, digest: 'd' }, OK);
    expect(one.bytesOf(KEPT.sessions) + other.bytesOf(KEPT.sessions)).toBeLessThanOrEqual(100_000 / 16);
    expect(one.find(ofSession(1_994)).kind).toBe('forgotten');
    expect(other.find(ofSession(0)).kind).toBe('forgotten');
  });

  it('tell of all sessions how far they were, whatever happens meanwhile', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 39 }), { minLength: 400, maxLength: 400 }), (drawn) => {
        const kept = new KeptRequests(20, new KeptMemory(Number.POSITIVE_INFINITY));
        const ids = new Map<number, number>();
        const add = (session: number): void => {
          const id = (ids.get(session) ?? 0) + 1;
          ids.set(session, id);
          kept.add(ofSession(session, id), OK);
        };
        for (const session of drawn.slice(0, 200)) add(session);
        const before = [...kept.forgotten()];
        const told = new Map<string, number>();
        const rest = drawn.slice(200);
        let next = 1_000;
        let count = 0;
        for (const { session, id } of kept.forgotten()) {
          told.set(session, Math.max(told.get(session) ?? 0, id));
          // Some go, some come back, and new ones come without end.
          for (const each of rest.splice(0, count % 15)) add(each);
          add(next++);
          if (++count === 150) break;
        }
        expect(count).toBeLessThan(150);
        for (const { session, id } of before) expect(told.get(session) ?? 0).toBeGreaterThanOrEqual(id);
      }),
      { numRuns: 50 },
    );
  });

  it('that a checkpoint goes through stay until it has, and no longer', async () => {
    const kept = new KeptRequests(10, new KeptMemory(Number.POSITIVE_INFINITY));
    const values: WeakRef<readonly number[]>[] = [];
    const add = (id: number): void => {
      const value = [id];
      values.push(new WeakRef(value));
      kept.add(idOf(id), { kind: 'ok', origin: { interface: 0, operation: 0 }, value });
    };
    const held = async (): Promise<number> => {
      // A value that was looked at stays until the end of the turn.
      await new Promise((resolve) => setImmediate(resolve));
      collectGarbage();
      return values.filter((each) => each.deref() !== undefined).length;
    };
    for (let id = 1; id <= 10; id++) add(id);
    const taken = kept.takeNew()[Symbol.iterator]();
    expect(taken.next().value).toMatchObject({ number: 0, outcome: { value: [1] } });
    for (let id = 11; id <= 3_000; id++) add(id);
    // Nine that are to come, and ten that are kept.
    expect(await held()).toBe(19);
    expect(taken.next().value).toMatchObject({ number: 1, outcome: { value: [2] } });
    expect(await held()).toBe(18);
    // Another checkpoint: the first is not gone through any more.
    const next = Array.from(kept.takeNew(), ({ number }) => number);
    expect(taken.next().done).toBe(true);
    expect(next).toEqual(Array.from({ length: 10 }, (_, i) => 2_990 + i));
    expect(await held()).toBe(10);
    // Replies alone that are forgotten, before and while they are gone through.
    add(3_001);
    add(3_002);
    while (kept.firstReplied < kept.end - 1) kept.forgetOldest(KEPT.replies);
    const last = kept.takeNew()[Symbol.iterator]();
    kept.forgetOldest(KEPT.replies);
    expect(await held()).toBe(1);
    expect(last.next().value).toMatchObject({ number: 3_000, outcome: null });
    expect(last.next().value).toMatchObject({ number: 3_001, outcome: { value: [3_002] } });
    expect([last.next().done, await held()]).toEqual([true, 0]);
    expect(kept.bytesOf(KEPT.replies)).toBe(0);
  });
});

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
