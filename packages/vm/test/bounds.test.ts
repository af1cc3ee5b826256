import { INT, STRING, UNIT } from '@smc/protocol';
import { expect, it } from 'vitest';
import { run } from './support/run.ts';

it('adds', () => {
  expect(run({ from: INT, to: INT, code: 'PUSH; CONS; ADD; RETURN' }, 21)).toEqual({ reply: 42, state: null });
});
void [STRING, UNIT];
