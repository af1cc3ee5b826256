import {
  BYTES,
  EMIT,
  encodeValue,
  fingerprints,
  type Image,
  INT,
  OP,
  sizeOf,
  STRING,
  type TypeId,
  UNIT,
  type Value,
  type Upgrade,
  VALUE_LIMITS,
} from '@smc/protocol';
import { expect, it } from 'vitest';
import { Shadow } from '../src/journal/shadow.ts';
import { Core, replayed } from './core.ts';
import { bundleOf, UnitBuilder, upgradeBundle } from './images.ts';

// Values over their limit: none comes about, and one that there is already stands in nobody's way.

const LONG = 'x'.repeat(VALUE_LIMITS.stringLengthMax);
/** Units of five strings that are too large together, of which an adapter has the fuel for one. */
const MANY = 7_900_000;

const recordOf = ({ types }: UnitBuilder, fields: number, type: TypeId = STRING): TypeId =>
  types.record(Array.from('abcde'.slice(0, fields), (name) => ({ name, type })));

/** Code that makes a string of so many units, of the number. */
const repeated = (x: number): number[] => [OP.PUSH, OP.QUOTE, x, OP.SWAP, OP.CONS, OP.STRING_REPEAT];

/**
 * `state` of so many strings, or bytes, `a` and so on: `Fill(n: Int)` makes the first so long, `Spread` all as the first,
 * `Length -> Int` is that of the last. `Measure -> Int` of an Int where there is one field, else of what a state is; then
 * there is `All`, which replies with the state.
 */
function text(fields: 1 | 5, key: Image['key'] = 'none', item: TypeId = STRING): Image {
  const builder = new UnitBuilder();
  const state = recordOf(builder, fields, item);
  const isText = item === STRING;
  const nothing = isText ? '' : new Uint8Array(0);
  const empty = builder.constant(item, nothing);
  const x = builder.constant(STRING, 'x');
  const initial = builder.constant(state, Array<Value>(fields).fill(nothing));
  const others = (...words: number[]): number[] => Array.from({ length: fields - 1 }, () => words).flat();
  const first = [...repeated(x), ...(isText ? [] : [OP.STRING_TO_BYTES])];
  const fill = [...first, ...others(OP.PUSH, OP.QUOTE, empty), OP.RECORD, state];
  const last = [OP.PROJECT, fields - 1, isText ? OP.STRING_LENGTH : OP.BYTES_LENGTH];
  const operation = (name: string, input: TypeId, reply: TypeId, ...words: number[]) => ({
    name,
    parameters: input === UNIT ? [] : [{ name: 'n', type: input, default: null }],
    reply,
    body:
      key === 'none'
        ? builder.function(input, reply, ...words, OP.RETURN)
        : builder.function(builder.types.pair(STRING, input), reply, OP.SND, ...words, OP.RETURN),
  });
  return {
    emit: EMIT,
    name: 'Text',
    key,
    unit: builder.unit,
    state,
    initial,
    operations: [
      ...(fields === 1 ? [] : [operation('All', UNIT, state, OP.GET)]),
      operation('Fill', INT, UNIT, ...fill, OP.PUT),
      operation('Length', UNIT, INT, OP.GET, ...last),
      fields === 1 ? operation('Measure', INT, INT) : operation('Measure', state, INT, ...last),
      operation('Spread', UNIT, UNIT, OP.GET, OP.PROJECT, 0, ...others(OP.PUSH), OP.RECORD, state, OP.PUT),
    ],
    invariants: [],
    defaults: [],
  };
}

/** From one string to five times the same; `Measure` of a number becomes that of strings of so many units. */
function toFive(from: Image): Upgrade {
  const builder = new UnitBuilder();
  const [one, five] = [recordOf(builder, 1), recordOf(builder, 5)];
  const x = builder.constant(STRING, 'x');
  const all = [OP.PUSH, OP.PUSH, OP.PUSH, OP.PUSH, OP.RECORD, five, OP.RETURN];
  return {
    machine: 'Text',
    old: fingerprints(from),
    oldEmit: EMIT,
    image: 0,
    unit: builder.unit,
    migration: builder.function(one, five, OP.PROJECT, 0, ...all),
    back: null,
    operations: [
      { kind: 'identity', name: 'Fill' },
      { kind: 'identity', name: 'Length' },
      {
        kind: 'adapter',
        name: 'Measure',
        to: 'Measure',
        request: builder.function(INT, five, ...repeated(x), ...all),
        reply: builder.function(INT, INT, OP.RETURN),
      },
      { kind: 'identity', name: 'Spread' },
    ],
    backOperations: [],
    clauses: [],
  };
}

function running(image: Image): Core {
  const core = new Core();
  expect(core.deploy(bundleOf(image))).toBe('Text deployed');
  return core;
}

/** A state that no step can come to. */
const LARGE = Array<Uint8Array>(5).fill(new Uint8Array(16 * 1024 * 1024));

it('an upgrade that makes a state too large is refused', () => {
  const core = running(text(1));
  core.call('Text', `Fill(${LONG.length})`);
  const bundle = upgradeBundle(text(5), toFive(text(1)));
  expect(core.deploy(bundle)).toMatch(
    /^migration-failed: the migration of Text fails: value too large; the state is /,
  );
  expect(core.call('Text', 'Length')).toBe(String(LONG.length));
  core.call('Text', 'Fill(2)');
  expect(core.deploy(bundle)).toBe('Text upgraded');
  expect(core.call('Text', 'Length')).toBe('2');
});

it('so it is where that is one instance of many', () => {
  const core = running(text(1, 'string'));
  core.call('Text', 'Fill(3)', { key: 'alice' });
  core.call('Text', `Fill(${LONG.length})`, { key: 'bob' });
  const bundle = upgradeBundle(text(5, 'string'), toFive(text(1, 'string')));
  expect(core.deploy(bundle)).toMatch(
    /^migration-failed: the migration of Text "bob" fails: value too large; /,
  );
  core.call('Text', 'Fill(2)', { key: 'bob' });
  expect(core.deploy(bundle)).toBe('Text upgraded');
  expect(core.call('Text', 'Length', { key: 'bob' })).toBe('2');
});

it('what an adapter makes too large is a fault, and no input', async () => {
  const core = running(text(1));
  expect(core.deploy(upgradeBundle(text(5), toFive(text(1))))).toBe('Text upgraded');
  const old = { interfaces: [fingerprints(text(1)).interface] };
  const request = { key: 'k', digest: '0'.repeat(64) };
  expect(core.call('Text', 'Measure(9)', old)).toBe('9');
  expect(core.call('Text', `Measure(${MANY})`, { ...old, request })).toBe('fault: value too large');
  expect(core.replay().position).toBe(core.node.position);
});

it.each(['none', 'string'] as const)(
  'one that is there is gone on with: of a machine with the key %s',
  async (kind) => {
    const core = running(text(5, kind, BYTES));
    const key = kind === 'none' ? null : 'alice';
    core.node.machines.get('Text')!.instances.put(key, LARGE);
    await core.checkpoint();
    const rebuilt = new Core();
    Object.assign(rebuilt, { node: core.replay() });
    expect(rebuilt.call('Text', 'Length', { key })).toBe(String(LARGE[4].length));
    expect(rebuilt.call('Text', 'Spread', { key })).toBe('fault: value too large');
    // What makes it smaller is taken.
    expect(rebuilt.call('Text', 'Fill(1)', { key })).toBe('()');
    expect(rebuilt.call('Text', 'Spread', { key })).toBe('()');
    expect(rebuilt.call('Text', 'Length', { key })).toBe('1');
  },
);

it('so is an input or a reply that is there', async () => {
  const image = text(5, 'none', BYTES);
  const core = running(image);
  const { program } = core.node.machines.get('Text')!.version;
  const requests = ['input', 'reply'].map((key) => ({ key, digest: '0'.repeat(64) }));
  const operation = program.index('Measure');
  const origin = { interface: 0, operation };
  const fields = {
    machine: 0,
    instance: '',
    request: requests[0],
    origin,
    operation,
    outcome: { kind: 'ok' },
  } as const;
  core.log.input(2, core.time, fields, {
    types: program.types,
    type: program.operations[operation].input,
    value: LARGE,
  });
  core.journal.append(core.log.take());
  Object.assign(core, { node: core.replay() });
  expect(core.call('Text', 'Measure', { request: requests[0] })).toBe(String(LARGE[4].length));
  const { kept } = core.node.machines.get('Text')!;
  kept.add(requests[1], {
    kind: 'ok',
    origin: { interface: 0, operation: program.index('All') },
    value: LARGE,
  });
  await core.checkpoint();
  const outcome = replayed(core.journal.read()).machines.get('Text')!.kept.find(requests[1]);
  expect(outcome).toMatchObject({ kind: 'known', outcome: { kind: 'ok' } });
});

it('also where states are encoded beside the node', () => {
  const image = text(5, 'none', BYTES);
  const core = running(image);
  const shadow = new Shadow([0], core.node.blobs, 'auto');
  for (const item of core.journal.read()) if (item.kind === 'group') shadow.addBefore(item.group);
  const encoded = encodeValue(image.unit.types, image.state, LARGE);
  shadow.start(1, () => encoded);
  const large = { machine: 0, fingerprint: fingerprints(image).state, bytes: sizeOf(LARGE) };
  const parts = Array.from(shadow.slices(large), (slice) => slice.bytes);
  expect(Buffer.concat(parts).equals(encoded)).toBe(true);
});

it('a log with a step that was not measured says what to do', () => {
  const image = text(5);
  const core = running(image);
  core.call('Text', `Fill(${LONG.length})`);
  const operation = image.operations.findIndex(({ name }) => name === 'Spread');
  const fields = {
    machine: 0,
    instance: '',
    request: null,
    origin: { interface: 0, operation },
    operation,
    outcome: { kind: 'ok' },
  } as const;
  core.log.input(core.node.position + 1, core.time, fields, {
    types: image.unit.types,
    type: UNIT,
    value: null,
  });
  core.journal.append(core.log.take());
  expect(() => replayed(core.journal.read())).toThrow(
    /an input of Text that was ok fails: value too large: .*start that version once more and end it/,
  );
});
