import { describe, expectTypeOf, it } from 'vitest';
import type { CallArguments, MachineClient, RequestOptions } from '../src/index.ts';

type Operations = {
  Read: { input: undefined; reply: number };
  Add: { input: { by: number; note?: string }; reply: number };
  Incr: { input: { by?: number }; reply: null };
};

// Types alone: what is wrong here does not compile.
describe('the types of calls', () => {
  type Optional<I> = [input?: I, options?: RequestOptions];

  it('let an input be left out where no parameter need be given', () => {
    expectTypeOf<CallArguments<undefined>>().toEqualTypeOf<Optional<undefined>>();
    expectTypeOf<CallArguments<{ by?: number }>>().toEqualTypeOf<Optional<{ by?: number }>>();
    expectTypeOf<CallArguments<{ by: number } | undefined>>().toEqualTypeOf<
      Optional<{ by: number } | undefined>
    >();
    expectTypeOf<CallArguments<unknown>>().toEqualTypeOf<Optional<unknown>>();
  });

  it('want one where a parameter must be given', () => {
    type Input = { by: number; note?: string };
    expectTypeOf<CallArguments<Input>>().toEqualTypeOf<[input: Input, options?: RequestOptions]>();
  });

  it('are those of the operation that is named', () => {
    const calls = async (machine: MachineClient<Operations>, any: MachineClient): Promise<unknown[]> => [
      await machine.call('Read', undefined, { deadlineMillis: 1 }),
      await machine.call('Incr'),
      await machine.call('Incr', { by: 2 }),
      await machine.call('Add', { by: 2 }, { deadlineMillis: 1 }),
      // @ts-expect-error: its parameter has no default.
      await machine.call('Add'),
      // @ts-expect-error: nor has it one where options are given.
      await machine.call('Add', undefined, {}),
      // @ts-expect-error: there is none of this name.
      await machine.call('Incr', { too: 2 }),
      // @ts-expect-error: it has no parameters.
      await machine.call('Read', { by: 2 }),
      await any.call('Whatever'),
      await any.call('Whatever', { by: 2 }),
    ];
    expectTypeOf(calls).returns.resolves.toEqualTypeOf<unknown[]>();
  });
});
