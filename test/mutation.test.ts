// What a node takes from anybody: units and images that were changed after they were compiled, encoded
// again, decoded, verified, and run if the verifier let them pass. Nothing may crash, hang or throw, and
// what comes out must be a value of its type.
import { readFileSync, readdirSync } from 'node:fs';
import { posix } from 'node:path';
import { compile, emitMachine, simplify } from '@smc/compiler';
import {
  decodeImage,
  decodeUpgradeBody,
  decodeValue,
  encodeImage,
  encodeUpgradeBody,
  encodeValue,
  type Image,
  type TypeId,
  type TypeTable,
  type Upgrade,
  type Value,
} from '@smc/protocol';
import { FAILED, load, loadUnit, type Failure } from '@smc/vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Choices, tapes } from './support/choices.ts';
import './support/equality.ts';
import { mutateImage, mutateUnit } from './support/mutate.ts';
import { randomMachine } from './support/programs.ts';
import { randomValue } from './support/values.ts';

const IMAGE_MUTANTS = 10_500;
const UPGRADE_MUTANTS = 2_100;
const RANDOM_BASES = 200;
const MUTATIONS_MAX = 3;
/** Mutations after which a mutant that is still as its base is given up. */
const TRIES_MAX = 10;
const INPUTS_MAX = 4;
const FUEL = 50_000;
const REACHED_MIN = 0.9;
/** Fewer than this, and the mutants say little about what runs. */
const ACCEPTED_MIN = 0.02;

/** How far the mutants got. */
class Tally {
  made = 0;
  reached = 0;
  accepted = 0;
  steps = 0;
  failures = 0;

  check(what: string, made: number): void {
    const share = (count: number): string => `${((100 * count) / this.made).toFixed(1)} %`;
    process.stdout.write(
      `${what}: ${this.made} mutants; ${share(this.reached)} reached the verifier, ` +
        `${share(this.accepted)} were accepted; ${this.steps} runs, ${this.failures} of them failed\n`,
    );
    expect(this.made).toBeGreaterThanOrEqual(made);
    expect(this.reached / this.made).toBeGreaterThanOrEqual(REACHED_MIN);
    expect(this.accepted / this.made).toBeGreaterThanOrEqual(ACCEPTED_MIN);
  }
}

describe('mutants', () => {
  it('of images run within their types, or are refused', () => {
    const bases = imageBases();
    const tally = new Tally();
    fc.assert(
      fc.property(tapes(400), (tape) => {
        const choices = new Choices(tape);
        const base = choices.of(bases);
        const mutate = (image: Image): Image => mutateImage(choices, image);
        const mutant = changed(choices, base, mutate, encodeImage);
        if (mutant !== null) tryImage(choices, mutant, tally);
      }),
      { numRuns: IMAGE_MUTANTS },
    );
    tally.check('images', 10_000);
  });

  it('of upgrades run within their types, or are refused', () => {
    const bases = upgradeBases();
    const tally = new Tally();
    fc.assert(
      fc.property(tapes(400), (tape) => {
        const choices = new Choices(tape);
        const base = choices.of(bases);
        const mutate = (upgrade: Upgrade): Upgrade => ({
          ...upgrade,
          unit: mutateUnit(choices, upgrade.unit),
        });
        const mutant = changed(choices, base, mutate, encodeUpgradeBody);
        if (mutant !== null) tryUpgrade(choices, mutant, tally);
      }),
      { numRuns: UPGRADE_MUTANTS },
    );
    tally.check('upgrades', 2_000);
  });
});

/** A mutant whose encoding is another than that of its base; null where none came about. */
function changed<T>(
  choices: Choices,
  base: T,
  mutate: (item: T) => T,
  encode: (item: T) => Uint8Array,
): T | null {
  const bytes = encode(base);
  let mutant = base;
  const count = 1 + choices.below(MUTATIONS_MAX);
  for (let i = 0; i < TRIES_MAX; i++) {
    mutant = mutate(mutant);
    if (i + 1 >= count && Buffer.compare(encode(mutant), bytes) !== 0) return mutant;
  }
  return null;
}

const tierOf = (choices: Choices): 'always' | 'never' => (choices.oneIn(2) ? 'always' : 'never');

function tryImage(choices: Choices, mutant: Image, tally: Tally): void {
  tally.made++;
  const decoded = decodeImage(encodeImage(mutant));
  if (!decoded.ok) return;
  tally.reached++;
  const loaded = load(decoded.value, { jit: tierOf(choices) });
  if (!loaded.ok) return;
  tally.accepted++;
  const { program } = loaded;
  for (let i = 0; i < INPUTS_MAX && program.operations.length > 0; i++) {
    const operation = choices.below(program.operations.length);
    const { input, reply: type } = program.operations[operation];
    const keys: Record<Image['key'], Value> = { none: null, int: 7, string: 'key' };
    const instance = program.instance(program.initial, keys[mutant.key]);
    const reply = program.step(instance, operation, randomValue(choices, program.types, input), 1000, FUEL);
    tally.steps++;
    expectValue(program.types, decoded.value.state, instance.state);
    if (reply === FAILED) {
      tally.failures++;
      assertNoCrash(program.failure);
      if (instance.state !== program.initial) throw new Error('a step that failed changed the state');
    } else {
      expectValue(program.types, type, reply);
    }
    const broken = program.brokenInvariant(instance.state, keys[mutant.key], FUEL);
    if (broken?.failure) assertNoCrash(broken.failure);
  }
}

function tryUpgrade(choices: Choices, mutant: Upgrade, tally: Tally): void {
  tally.made++;
  const decoded = decodeUpgradeBody(mutant, encodeUpgradeBody(mutant));
  if (!decoded.ok) return;
  tally.reached++;
  const { unit } = decoded.value;
  const loaded = loadUnit(unit, { jit: tierOf(choices) });
  if (!loaded.ok) return;
  tally.accepted++;
  for (const [index, { from, to }] of unit.functions.entries()) {
    if (!unit.types.isData(from) || !unit.types.isData(to)) continue;
    const result = loaded.functions.run(index, randomValue(choices, unit.types, from), FUEL);
    tally.steps++;
    if (result.ok) {
      expectValue(unit.types, to, result.value);
    } else {
      tally.failures++;
      assertNoCrash(result.failure);
    }
  }
}

function assertNoCrash(failure: Failure): void {
  if (failure.kind === 'crash') throw new Error(`crashed: ${failure.message}`);
}

/** A value of its type, which is what can be written and read again. */
function expectValue(types: TypeTable, type: TypeId, value: Value): void {
  const decoded = decodeValue(types, type, encodeValue(types, type, value));
  expect(decoded).toEqual({ ok: true, value });
}

// --------------------------------------------------------------------------- bases

const PROGRAMS = new URL('./conformance/', import.meta.url);

/** The conformance programs that compile, and random programs, which have every instruction. */
function imageBases(): Image[] {
  return [...compiled('').images, ...compiled('upgrade/').images, ...randomImages()];
}

/** The upgrades of the conformance programs, and functions of random programs in their place. */
function upgradeBases(): Upgrade[] {
  const [first, ...rest] = compiled('upgrade/').upgrades;
  const random = randomImages().map(({ unit, operations }): Upgrade => ({
    ...first,
    unit,
    migration: operations[0].body,
    back: operations.at(-1)!.body,
    operations: [],
    backOperations: [],
  }));
  return [first, ...rest, ...random];
}

function compiled(folder: string): { images: Image[]; upgrades: Upgrade[] } {
  const found: { images: Image[]; upgrades: Upgrade[] } = { images: [], upgrades: [] };
  const files = readdirSync(new URL(folder, PROGRAMS)).filter((name) => name.endsWith('.sm'));
  for (const file of files) {
    const { bundle } = compile(folder + file, {
      read: (name) => readFileSync(new URL(name, PROGRAMS), 'utf8'),
      readBundle: () => null,
      readDeployed: () => null,
      resolve: (from, path) => posix.join(posix.dirname(from), path),
    });
    found.images.push(...(bundle?.images ?? []));
    found.upgrades.push(...(bundle?.upgrades ?? []));
  }
  return found;
}

function randomImages(): Image[] {
  return fc.sample(tapes(1_500), { numRuns: RANDOM_BASES }).map((tape) => {
    const machine = randomMachine(new Choices(tape));
    return emitMachine({ ...machine, definitions: simplify(machine).definitions }).image;
  });
}
