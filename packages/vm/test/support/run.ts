import {
  INT,
  List,
  MapValue,
  STRING,
  SetValue,
  Sum,
  TypeTable,
  UNIT,
  keyOrder,
  type TypeId,
  type Value,
} from '@smc/protocol';
import { FAILED, load, type Failure, type Invalid, type LoadOptions, type Program } from '@smc/vm';
import { Assembly, imageOf } from './assembly.ts';
import { resolve, type Typing } from './types.ts';

/** A machine of one operation in assembly: what it takes and gives, its state, its code. */
export interface Sketch {
  readonly from: TypeId | Typing;
  readonly to: TypeId | Typing;
  readonly code: string;
  readonly state?: TypeId | Typing;
  readonly initial?: Value;
  /** Defines the types, constants and functions that the code names. */
  readonly define?: (assembly: Assembly) => void;
}

/** What a step came to. */
export interface Outcome {
  readonly reply?: Value;
  readonly failure?: Failure;
  readonly state: Value;
}

/** Loads a sketch, which must verify. */
export function programOf(sketch: Sketch, options?: LoadOptions): Program {
  const loaded = loadSketch(sketch, options);
  if (!loaded.ok) throw new Error(`refused: ${JSON.stringify(loaded.invalid)}`);
  return loaded.program;
}

/** Why a sketch is refused; it must be. */
export function refusalOf(sketch: Sketch): Invalid {
  const loaded = loadSketch(sketch);
  if (loaded.ok) throw new Error('it was accepted');
  return loaded.invalid;
}

function loadSketch(
  { from, to, code, state = UNIT, initial = null, define }: Sketch,
  options?: LoadOptions,
): ReturnType<typeof load> {
  const assembly = new Assembly();
  const types = { from: resolve(from, assembly), to: resolve(to, assembly), state: resolve(state, assembly) };
  define?.(assembly);
  assembly.function('main', types.from, types.to, code);
  return load(imageOf({ assembly, initial, ...types }), options);
}

/** One step of a sketch from its initial state, at time 1000. */
export function run(sketch: Sketch, input: Value, fuel?: number): Outcome {
  const program = programOf(sketch);
  const instance = program.instance();
  const reply = program.step(instance, 0, input, 1000, fuel);
  if (reply === FAILED) return { failure: program.failure, state: instance.state };
  return { reply, state: instance.state };
}

export const list = (...items: Value[]): List => List.of(items);
export const sum = (tag: number, value: Value = null): Sum => new Sum(tag, value);
export const some = (value: Value): Sum => sum(1, value);
export const NONE = sum(0);

/** The order of the integers, or of the strings. */
const orderOf = (key: Value | undefined): ReturnType<typeof keyOrder> =>
  keyOrder(new TypeTable(), typeof key === 'string' ? STRING : INT);

/** A map of integers or strings to anything. */
export const map = (...entries: (readonly [Value, Value])[]): MapValue =>
  MapValue.of(entries, orderOf(entries.at(0)?.[0]));

/** A set of integers or strings. */
export const set = (...items: Value[]): SetValue => SetValue.of(items, orderOf(items.at(0)));

/** A value with its maps and sets written out, with their sizes, so that two can be compared. */
export function written(value: Value): unknown {
  if (value instanceof MapValue) {
    const entries = [...value.entries()].map(([key, item]) => [written(key), written(item)]);
    return { map: entries, size: value.size };
  }
  if (value instanceof SetValue) return { set: [...value.items()].map(written), size: value.size };
  if (value instanceof List) return { list: value.items.map(written), size: value.size };
  if (value instanceof Sum) return { tag: value.tag, value: written(value.value) };
  return Array.isArray(value) ? value.map((part) => written(part as Value)) : value;
}
