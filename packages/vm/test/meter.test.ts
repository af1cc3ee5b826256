import { INT, MapValue, TypeTable, keyOrder } from '@smc/protocol';
import { describe, expect, it } from 'vitest';
import { Meter } from '../src/builtins/meter.ts';
import { FAILED, OUT_OF_FUEL } from '../src/failure.ts';

describe('a meter', () => {
  it('has a state for one that takes it', () => {
    const meter = new Meter();
    meter.state = 'large';
    expect(meter.takeState()).toBe('large');
    expect(meter.state).toBe(null);
  });

  it.each<[string, (meter: Meter) => unknown]>([
    ['what it calls fails', (meter) => meter.fail(OUT_OF_FUEL)],
    ['it is stopped', (meter) => meter.stop(OUT_OF_FUEL)],
    ['there is no fuel left', (meter) => (meter.pay(Number.MAX_SAFE_INTEGER) ? null : FAILED)],
  ])('has nothing of a run any more where %s', (_why, end) => {
    const meter = new Meter();
    const empty = MapValue.empty(keyOrder(new TypeTable(), INT));
    const map = empty.withAt(-1, 1, 'before', undefined, meter.log);
    meter.log.clear();
    meter.fuel = 10;
    meter.state = map.withAt(map.slotOf(1), 1, 'after', 'before', meter.log);
    expect(map.get(1)).toBe('after');
    expect(end(meter)).toBe(FAILED);
    expect([meter.failure, meter.state, map.get(1)]).toEqual([OUT_OF_FUEL, null, 'before']);
  });
});
