import { INT, STRING, UNIT, VALUE_LIMITS, type Value } from '@smc/protocol';
import { loadUnit } from '@smc/vm';
import { describe, expect, it } from 'vitest';
import { Assembly } from './support/assembly.ts';
import { run, type Outcome } from './support/run.ts';
import { resolve, tuple } from './support/types.ts';

// Values that are put together of parts, each within its limit, and are measured at the end.

const TOO_LARGE = { kind: 'exhausted', message: 'value too large' };

const half = 'a'.repeat(VALUE_LIMITS.stringLengthMax / 2);
const whole = half + half;

describe('a state over its limit', () => {
  /** Of five strings: four that are as long as may be are too large. */
  const state = tuple(STRING, STRING, STRING, STRING, tuple(STRING, INT));
  /** Puts parts in the place of a state. */
  const put = (initial: Value, ...parts: string[]): Outcome =>
    run(
      { from: STRING, to: UNIT, state, initial, code: `${parts.join('; PUSH; ')}; TUPLE 5; PUT; RETURN` },
      '',
    );
  const field = (i: number): string => `GET; PROJECT ${i}`;
  const part = `${field(4)}; FST`;

  it.each<[string, Value, string[]]>([
    ['one field in all', [whole, '', '', '', ['', 0]], [0, 0, 0, 0, 4].map(field)],
    ['one field twice', ['', whole, whole, whole, ['', 0]], [1, 1, 2, 3, 4].map(field)],
    ['a part of a field in all', ['', '', '', '', [whole, 0]], [part, part, part, part, field(4)]],
    [
      'a field beside a part of it',
      [whole, whole, '', '', [whole, 0]],
      [field(0), field(1), part, field(2), field(4)],
    ],
    [
      'a field beside a product of it',
      [whole, whole, whole, '', ['', 0]],
      [...[0, 1, 2, 3].map(field), `${field(0)}; PUSH; ${field(4)}; SND; CONS`],
    ],
  ])('%s', (_title, before, parts) => {
    expect(put(before, ...parts)).toEqual({ failure: TOO_LARGE, state: before });
  });

  it('one that is new beside fields that stay', () => {
    const before = ['', whole, whole, whole, ['', 0]];
    const stay = [1, 2, 3, 4].map(field).join('; PUSH; ');
    const code = `PUSH; ${stay}; TUPLE 5; PUT; RETURN`;
    const outcome = run({ from: STRING, to: UNIT, state, initial: before, code }, whole);
    expect(outcome).toEqual({ failure: TOO_LARGE, state: before });
  });

  it('is not that of fields that change places', () => {
    const { state: after } = put(['', 'a', whole, whole, ['b', 7]], ...[3, 2, 1, 0, 4].map(field));
    expect(after).toEqual([whole, whole, 'a', '', ['b', 7]]);
  });
});

it('what a function gives to who asks from outside is measured', () => {
  const assembly = new Assembly();
  const five = resolve(tuple(STRING, STRING, STRING, STRING, STRING), assembly);
  assembly.function('five', STRING, five, 'PUSH; PUSH; PUSH; PUSH; TUPLE 5; RETURN');
  assembly.function('length', STRING, INT, 'CALL five; PROJECT 4; STRING_LENGTH; RETURN');
  for (const jit of ['never', 'always'] as const) {
    const loaded = loadUnit(assembly.unit(), { jit });
    if (!loaded.ok) throw new Error(loaded.invalid.message);
    const { functions } = loaded;
    expect(functions.run(0, half, Infinity)).toEqual({ ok: true, value: Array<string>(5).fill(half) });
    expect(functions.run(0, whole, Infinity)).toEqual({ ok: false, failure: TOO_LARGE });
    // What a function has in between may be as large as it likes.
    expect(functions.run(1, whole, Infinity)).toEqual({ ok: true, value: 2 * half.length });
  }
});
