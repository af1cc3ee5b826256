// The evaluator of combinators is the reference; the virtual machine agrees with it on reply, state,
// failure and fuel, for random programs that went through encoding, decoding and the verifier: interpreted,
// compiled, compiled in the middle of a life, and in the operations that all of these run. Of some the generated source is read.
import { emitMachine, simplify, type MachineTerms } from '@smc/compiler';
import { decodeImage, encodeImage, type Image } from '@smc/protocol';
import { LOWERING_LIMITS, type LoweringLimits } from '@smc/vm';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { Choices, tapes } from './support/choices.ts';
import { collectionMachine } from './support/collections.ts';
import { Coverage, REQUIRED } from './support/coverage.ts';
import './support/equality.ts';
import { Life } from './support/life.ts';
import { randomMachine } from './support/programs.ts';

const PROGRAMS = Number(process.env['P'] ?? 20_000);
const INPUTS_MAX = 3;
/** Of machines with collections, whose states are not asked for after each step: so they are changed in place. */
const INPUTS_UNSEEN_MAX = 12;
/** Of so many programs one has its generated source looked at. */
const SOURCES_PER = 10;
/** Each instruction, typing rule, lowered operation and kind of failure is to be met so many times. */
const COUNT_MIN = 100;

/** Machines without a key are as many as those with one. */
const KEYS: readonly MachineTerms['key'][] = ['none', 'string', 'none', 'int'];

const coverage = new Coverage();

describe('evaluator and virtual machine', () => {
  it('agree on random programs', () => {
    fc.assert(
      fc.property(tapes(1_500), (tape) => {
        const choices = new Choices(tape);
        const key = choices.of(KEYS);
        const isAboutCollections = choices.oneIn(4);
        const written = isAboutCollections ? collectionMachine(choices, key) : randomMachine(choices, key);
        const machine = choices.oneIn(3)
          ? { ...written, definitions: simplify(written).definitions }
          : written;
        for (const { body } of machine.definitions) coverage.verified(machine.types, body);
        const lowering = choices.of(LOWERINGS);
        const life = new Life(machine, sent(machine), lowering, choices, coverage);
        const inputs = 1 + choices.below(isAboutCollections ? INPUTS_UNSEEN_MAX : INPUTS_MAX);
        for (let i = 0; i < inputs; i++) life.step(choices, isAboutCollections && !choices.oneIn(4));
        life.lookBack();
        if (choices.oneIn(SOURCES_PER)) life.checkSources();
      }),
      { numRuns: PROGRAMS, endOnFailure: true },
    );
  });

  afterAll(() => {
    expect(coverage.missing(REQUIRED, COUNT_MIN)).toEqual([]);
  });
});

/** As code is lowered that is short, and as code is that is long, where there is no more credit or not for all of it. */
const LOWERINGS: readonly LoweringLimits[] = [
  LOWERING_LIMITS,
  { operationsFree: 0, inlinedPerWord: 0, inlinedFree: 0 },
  { operationsFree: 0, inlinedPerWord: 2, inlinedFree: 0 },
  { operationsFree: -400, inlinedPerWord: 0, inlinedFree: 64 },
];

/** The program as a node has it: emitted, encoded, decoded. */
function sent(machine: MachineTerms): Image {
  const decoded = decodeImage(encodeImage(emitMachine(machine).image));
  if (!decoded.ok) throw new Error(`malformed: ${decoded.malformed.message}`);
  return decoded.value;
}
