import { MapValue, SetValue, type Product, type Value } from '@smc/protocol';
import type { FAILED } from './failure.ts';
import { STATE_FIELDS_MAX, type StateLayout } from './lower/lir.ts';

/** One state of a machine: of the machine itself, or of one key of a keyed machine. */
export interface Instance {
  readonly state: Value;
  /** The key of a keyed machine, else null. */
  readonly key: Value;
}

/** The names of the fields of a state, in order. */
type FieldName = `f${0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 | 13 | 14 | 15}`;

/** An instance as code sees it: the state in fields, of which it has those of its layout. */
export type Fields = Instance & {
  [name in FieldName]: Value;
} & {
  /** Of a state that is a product: the product, where no field was written since it was made or asked for. */
  seen: Product | null;
};

/** A routine with one parameter, entered from outside, in whichever tier. */
export interface Entry {
  run(instance: Fields, now: number, fuel: number, argument: Value): Value | typeof FAILED;
}

export type InstanceClass = new (state: Value, key: Value) => Fields;

/**
 * The class of instances with a layout. The programs share four: the interpreter is one function for
 * all of them, and the host looks a field up where it finds it in more shapes of object than that.
 */
export function instanceClass({ isProduct, fields }: StateLayout): InstanceClass {
  return isProduct ? PRODUCTS.find((_, index) => SIZES[index] >= fields)! : WHOLE;
}

function wholeClass() {
  return class implements Instance {
    declare f0: Value;
    declare readonly key: Value;

    constructor(state: Value, key: Value) {
      this.f0 = state;
      this.key = key;
    }

    get state(): Value {
      return shared(this.f0);
    }
  };
}

/**
 * The fields are written one by one in the constructor, since the host counts them there to
 * know how large an instance gets. Those that a state has no component for are undefined.
 */
function productClass(fields: number) {
  return class implements Instance {
    declare seen: Product | null;
    declare readonly key: Value;

    constructor(state: Product, key: Value) {
      const self = this as unknown as Fields;
      this.key = key;
      this.seen = state;
      if (fields > 0) self.f0 = state[0];
      if (fields > 1) self.f1 = state[1];
      if (fields > 2) self.f2 = state[2];
      if (fields > 3) self.f3 = state[3];
      if (fields > 4) self.f4 = state[4];
      if (fields > 5) self.f5 = state[5];
      if (fields > 6) self.f6 = state[6];
      if (fields > 7) self.f7 = state[7];
      if (fields > 8) self.f8 = state[8];
      if (fields > 9) self.f9 = state[9];
      if (fields > 10) self.f10 = state[10];
      if (fields > 11) self.f11 = state[11];
      if (fields > 12) self.f12 = state[12];
      if (fields > 13) self.f13 = state[13];
      if (fields > 14) self.f14 = state[14];
      if (fields > 15) self.f15 = state[15];
    }

    /** Given again as it is until a field is written: who asks may compare by identity. */
    get state(): Value {
      this.seen ??= componentsOf(this as unknown as Fields);
      return this.seen;
    }
  };
}

/** A field that the host gets to see, so that it is not changed in place any more (`lower/ownership.ts`). */
function shared(value: Value): Value {
  if (value instanceof MapValue || value instanceof SetValue) value.share();
  return value;
}

const NAMES = Array.from({ length: STATE_FIELDS_MAX }, (_, index) => `f${index}` as FieldName);

function componentsOf(instance: Fields): Product {
  const all = NAMES.map((name): Value | undefined => instance[name]);
  const count = all.indexOf(undefined);
  return ((count < 0 ? all : all.slice(0, count)) as Value[]).map(shared);
}

/** Fields of the classes for products. */
const SIZES = [2, 8, STATE_FIELDS_MAX] as const;
const WHOLE = settled(wholeClass() as unknown as InstanceClass);
const PRODUCTS = SIZES.map((fields) => settled(productClass(fields) as unknown as InstanceClass));

/**
 * A class whose fields have held values of several kinds, and were changed: the host notes what it
 * has seen in them, and makes new shapes of object, and new code, where that proves wrong.
 */
function settled(Class: InstanceClass): InstanceClass {
  for (const value of [0, 0.5, '']) {
    // As a product and as a whole, which it is one of.
    const instance = new Class(
      NAMES.map(() => value),
      value,
    );
    for (const name of NAMES) if (name in instance) instance[name] = value;
    if ('seen' in instance) instance.seen = null;
  }
  return Class;
}

// By name each: the host keeps what it knows of an access by name, and looks a computed one up each time.

/** The field of a number, of those that an instance has. */
export function stateField(instance: Fields, field: number): Value {
  switch (field) {
    case 0:
      return instance.f0;
    case 1:
      return instance.f1;
    case 2:
      return instance.f2;
    case 3:
      return instance.f3;
    case 4:
      return instance.f4;
    case 5:
      return instance.f5;
    case 6:
      return instance.f6;
    case 7:
      return instance.f7;
    case 8:
      return instance.f8;
    case 9:
      return instance.f9;
    case 10:
      return instance.f10;
    case 11:
      return instance.f11;
    case 12:
      return instance.f12;
    case 13:
      return instance.f13;
    case 14:
      return instance.f14;
    case 15:
      return instance.f15;
    default:
      throw new Error(`no state has a field ${field}`);
  }
}

/** Writes the field of a number; `seen` is another matter. */
export function commitField(instance: Fields, field: number, value: Value): void {
  switch (field) {
    case 0:
      instance.f0 = value;
      return;
    case 1:
      instance.f1 = value;
      return;
    case 2:
      instance.f2 = value;
      return;
    case 3:
      instance.f3 = value;
      return;
    case 4:
      instance.f4 = value;
      return;
    case 5:
      instance.f5 = value;
      return;
    case 6:
      instance.f6 = value;
      return;
    case 7:
      instance.f7 = value;
      return;
    case 8:
      instance.f8 = value;
      return;
    case 9:
      instance.f9 = value;
      return;
    case 10:
      instance.f10 = value;
      return;
    case 11:
      instance.f11 = value;
      return;
    case 12:
      instance.f12 = value;
      return;
    case 13:
      instance.f13 = value;
      return;
    case 14:
      instance.f14 = value;
      return;
    case 15:
      instance.f15 = value;
      return;
    default:
      throw new Error(`no state has a field ${field}`);
  }
}
