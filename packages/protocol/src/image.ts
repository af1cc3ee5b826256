import type { TypeId, TypeTable } from './type.ts';
import type { Value } from './value.ts';

/**
 * What is sent to a node, decoded: one machine (`Image`), what leads from one version of it
 * to the next (`Upgrade`), and the bundle of both with the debug data.
 *
 * These are tables with indices, as in the encoding. `encode.ts` writes the canonical form:
 * it walks from the roots, numbers types, constants and functions in order of first use,
 * and leaves out what nothing uses; `decode.ts` refuses every other byte string.
 */

/** Types, constants and functions that belong together; verified as one. */
export interface Unit {
  readonly types: TypeTable;
  readonly constants: readonly Constant[];
  readonly functions: readonly FunctionCode[];
}

/** A constant of a first-order type. */
export interface Constant {
  readonly type: TypeId;
  readonly value: Value;
}

/** A function of the unit. Its CALLs have indices below its own. */
export interface FunctionCode {
  readonly from: TypeId;
  readonly to: TypeId;
  /** Words; see `instructions.ts`. */
  readonly code: Int32Array;
}

/** The number raised by a compiler that must emit other code for the same source. */
export const EMIT = 1;

export interface Image {
  readonly emit: number;
  readonly name: string;
  readonly key: 'none' | 'string' | 'int';
  readonly unit: Unit;
  /** The state type; first-order. */
  readonly state: TypeId;
  /** Constant: the state of a new instance. */
  readonly initial: number;
  /** Sorted by name (UTF-16 code units). */
  readonly operations: readonly Operation[];
  /** Functions `state -> Bool`, pure; of a keyed machine `(key, state) -> Bool`. */
  readonly invariants: readonly number[];
  /** By type, then by field; for record types that occur in parameters. */
  readonly defaults: readonly FieldDefault[];
}

/**
 * A field that may be left out of a record in an input: its declaration gave it a default. It
 * belongs to the interface.
 */
export interface FieldDefault {
  /** A record type. */
  readonly type: TypeId;
  /** The field, by its place among the sorted names. */
  readonly field: number;
  /** Constant. */
  readonly constant: number;
}

export interface Operation {
  readonly name: string;
  readonly parameters: readonly OperationParameter[];
  readonly reply: TypeId;
  /** Its function, from `inputType(parameters)` to `reply`. For a keyed machine from `(key, input)`. */
  readonly body: number;
}

export interface OperationParameter {
  readonly name: string;
  readonly type: TypeId;
  /** Constant, or null where it must be given. */
  readonly default: number | null;
}

/** Bytes of a String that is the key of an instance, as UTF-8; at least one. */
export const KEY_BYTES_MAX = 512;

/** At most this many, since they are fed as one tuple. */
export const PARAMETERS_MAX = 16;

/** The type that an operation's body takes: unit, the one parameter's, or the tuple of all. */
export function inputType(types: TypeTable, parameters: readonly { readonly type: TypeId }[]): TypeId {
  if (parameters.length === 0) return 0;
  if (parameters.length === 1) return parameters[0].type;
  return types.tuple(parameters.map((parameter) => parameter.type));
}

/** Three SHA-256 digests, each 64 lower-case hex digits. */
export interface Fingerprints {
  /** Of the image. */
  readonly code: string;
  /** Of the state type. */
  readonly state: string;
  /** Of the operations: names, parameters with their defaults, replies; and the kind of key. */
  readonly interface: string;
}

/** What leads from the machine that runs to a new image of it. */
export interface Upgrade {
  readonly machine: string;
  readonly old: Fingerprints;
  /** The `emit` number of the compiler that gave `old.code`. */
  readonly oldEmit: number;
  /** Index of the new image in the bundle. */
  readonly image: number;
  /** Holds the functions below; they use no state and no clock. */
  readonly unit: Unit;
  /** Function: old state -> new state. */
  readonly migration: number;
  /** Function: new state -> old state; null where there is no way back. */
  readonly back: number | null;
  /** One for each operation of the old interface, sorted by name. */
  readonly operations: readonly OperationWay[];
  /** For operations of the new interface that the old can serve, sorted by name. */
  readonly backOperations: readonly OperationWay[];
  readonly clauses: readonly UpgradeClause[];
}

export type OperationWay =
  /** The same name, parameters and reply on both sides. */
  | { readonly kind: 'identity'; readonly name: string }
  /** Functions: `request`: input of `name` -> input of `to`; `reply`: reply of `to` -> reply of `name`. */
  | {
      readonly kind: 'adapter';
      readonly name: string;
      readonly to: string;
      readonly request: number;
      readonly reply: number;
    }
  /** Clients of it are told `gone`. */
  | { readonly kind: 'dropped'; readonly name: string };

/**
 * A word given for what is no longer there, and all inside it. A path starts from a type of the
 * unit, and holds wherever that occurs in the old version; where `type` is null, with `state` or
 * an operation and its parameter. Then fields, components from 0, constructors. Items of lists,
 * sets and options, keys and values of maps take no step. The named arguments of a constructor
 * are no occurrence of a record type.
 */
export type UpgradeClause = { readonly type: TypeId | null; readonly path: readonly string[] } & (
  | { readonly kind: 'rename'; readonly to: string }
  | { readonly kind: 'drop' }
);

export interface Bundle {
  readonly images: readonly Image[];
  readonly upgrades: readonly Upgrade[];
  /** One for each image. */
  readonly debug: readonly ImageDebug[];
}

/** Nothing in it changes what a machine does, nor any fingerprint. */
export interface ImageDebug {
  /** The source files, by name as the compiler was given it; that of the machine first. */
  readonly files: readonly string[];
  readonly functions: readonly FunctionDebug[];
  /** Declared field order of record types: sorted names joined by `,` -> names as declared. */
  readonly fieldOrder: readonly (readonly string[])[];
  /**
   * Declared names of record types, which the types themselves do not have; sorted by name. That of a type with type
   * parameters is there once for each instance.
   */
  readonly typeNames: readonly { readonly name: string; readonly type: TypeId }[];
  readonly documentation: readonly { readonly subject: string; readonly text: string }[];
  /** The clauses of the upgrade that led to this version, by fingerprint: 64 lower-case hex digits each. */
  readonly carriedOut: readonly string[];
}

export interface FunctionDebug {
  readonly name: string;
  /** From this word on, code comes from this line (from 1) of this file; ascending. */
  readonly positions: readonly {
    readonly word: number;
    readonly file: number;
    readonly line: number;
    readonly column: number;
  }[];
}
