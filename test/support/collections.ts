import { TermProgram, type MachineTerms, type OperationTerms, type Term } from '@smc/compiler';
import { BOOL, INT, INT_MAX, List, STRING, TypeTable, UNIT, inputType, type TypeId } from '@smc/protocol';
import type { Choices } from './choices.ts';
import { randomValue } from './values.ts';

/**
 * Random machines whose state is one or two maps and sets, with operations that change them in all ways: linearly or
 * with what was there before used again, in choices and loops, in each other's place, with faults in between.
 */

const DEPTH_MAX = 3;
const STATEMENTS_MAX = 4;
const ROUNDS: readonly number[] = [0, 1, 2, 3];

export function collectionMachine(choices: Choices): MachineTerms {
  const types = new TypeTable();
  const key = choices.of([INT, STRING, types.pair(INT, STRING)]);
  const value = choices.of([INT, STRING]);
  const [map, set] = [types.map(key, value), types.set(key)];
  const fields = choices.of([[map], [set], [map, map], [map, set], [INT, map]]);
  const state = fields.length === 1 ? fields[0] : types.tuple(fields);
  const program = new TermProgram(types, state);
  const generator = new CollectionGenerator(choices, program, { key, value, map, set, fields });
  const operations = Array.from({ length: 1 + choices.below(3) }, (_, index): OperationTerms => {
    const parameters = [key, key, INT, STRING].map((type, i) => ({
      name: `p${i}`,
      type,
      default: undefined,
    }));
    const reply = choices.of([INT, INT, INT, fields[0], state]);
    const term = generator.statements(inputType(types, parameters), reply, 1 + choices.below(STATEMENTS_MAX));
    return { name: `Op${index}`, parameters, reply, body: program.define(`Op${index}`, term) };
  });
  return {
    name: 'Collections',
    key: 'none',
    types,
    definitions: program.definitions,
    extent: program.extent,
    state,
    initial: randomValue(choices, types, state),
    operations,
    invariants: [],
    defaults: [],
    fieldOrder: [],
    typeNames: [],
    documentation: [],
  };
}

interface Types {
  readonly key: TypeId;
  readonly value: TypeId;
  readonly map: TypeId;
  readonly set: TypeId;
  /** Of the state. */
  readonly fields: readonly TypeId[];
}

/** Terms from an environment: a tuple of the input and of what was bound since. */
class CollectionGenerator {
  readonly #choices: Choices;
  readonly #program: TermProgram;
  readonly #types: Types;

  constructor(choices: Choices, program: TermProgram, types: Types) {
    this.#choices = choices;
    this.#program = program;
    this.#types = types;
  }

  /** Some changes of the state, faults and bindings, and then the reply. */
  statements(from: TypeId, to: TypeId, left: number): Term {
    const program = this.#program;
    if (left === 0) return this.#of(from, to, 1);
    switch (this.#choices.below(4)) {
      case 0: {
        const both = program.tuple([program.identity(from), this.#condition(from)]);
        const why = program.compose(program.constant(from, STRING, 'why'), program.fail(to));
        return program.compose(both, program.if(this.statements(from, to, left - 1), why));
      }
      case 1: {
        const bind = this.#with(from, [this.#collection(from, this.#anyCollection(), 1)]);
        return program.compose(bind, this.statements(bind.to, to, left - 1));
      }
      default: {
        const put = program.compose(this.#state(from), program.put());
        const both = program.tuple([program.identity(from), put]);
        return program.sequence(from, [
          both,
          program.project(both.to, 0),
          this.statements(from, to, left - 1),
        ]);
      }
    }
  }

  /** The environment with more in it. */
  #with(from: TypeId, bound: readonly Term[]): Term {
    const { length } = this.#program.types.components(from)!;
    const parts = Array.from({ length }, (_, index) => this.#program.project(from, index));
    return this.#program.tuple([...parts, ...bound]);
  }

  /** The type of one in the state. */
  #anyCollection(): TypeId {
    return this.#choices.of(this.#types.fields.filter((type) => type !== INT));
  }

  #state(from: TypeId): Term {
    const { fields } = this.#types;
    if (fields.length === 1) return this.#collection(from, fields[0], DEPTH_MAX);
    const parts = fields.map((type) =>
      this.#choices.oneIn(3) ? this.#choices.of(this.#fieldsOf(from, type)) : this.#of(from, type, DEPTH_MAX),
    );
    return this.#program.tuple(parts);
  }

  #field(from: TypeId, field: number): Term {
    const get = this.#program.get(from);
    if (this.#types.fields.length === 1) return get;
    return this.#program.compose(get, this.#program.project(get.to, field));
  }

  #fieldsOf(from: TypeId, type: TypeId): Term[] {
    return this.#types.fields.flatMap((each, field) => (each === type ? [this.#field(from, field)] : []));
  }

  #of(from: TypeId, to: TypeId, depth: number): Term {
    const { map, set } = this.#types;
    if (to === INT) return this.#integer(from, depth);
    return to === map || to === set ? this.#collection(from, to, depth) : this.#program.get(from);
  }

  /** Something of the environment, of which there is something of each type but collections. */
  #bound(from: TypeId, type: TypeId): Term[] {
    const types = this.#program.types.components(from)!;
    return types.flatMap((each, index) => (each === type ? [this.#program.project(from, index)] : []));
  }

  #integer(from: TypeId, depth: number): Term {
    const program = this.#program;
    const { map, set, value, fields } = this.#types;
    switch (this.#choices.below(depth === 0 ? 2 : 5)) {
      case 0:
        return this.#choices.of(this.#bound(from, INT));
      case 1:
        return program.constant(from, INT, this.#choices.of([1, 2, INT_MAX]));
      case 2: {
        const parts = [this.#integer(from, depth - 1), this.#integer(from, depth - 1)];
        return program.compose(program.tuple(parts), program.primitive('ADD', program.types.pair(INT, INT)));
      }
      case 3: {
        if (value === INT && fields.includes(map)) return this.#found(from, depth);
        return this.#choices.of(this.#bound(from, INT));
      }
      default: {
        const type = this.#anyCollection();
        const size = program.primitive(type === set ? 'SET_SIZE' : 'MAP_SIZE', type);
        return program.compose(this.#collection(from, type, depth - 1), size);
      }
    }
  }

  /** What a map has for a key, or 0. */
  #found(from: TypeId, depth: number): Term {
    const program = this.#program;
    const { types } = program;
    const { map, key } = this.#types;
    const input = program.tuple([this.#collection(from, map, depth - 1), this.#key(from)]);
    const get = program.compose(input, program.primitive('MAP_GET', types.pair(map, key)));
    const arms = [
      program.constant(types.pair(from, UNIT), INT, 0),
      program.project(types.pair(from, INT), 1),
    ];
    const both = program.tuple([program.identity(from), get]);
    return program.compose(both, program.case(from, get.to, arms));
  }

  #key(from: TypeId): Term {
    return this.#choices.of(this.#bound(from, this.#types.key));
  }

  #condition(from: TypeId): Term {
    const program = this.#program;
    const { map, set, key } = this.#types;
    const type = this.#anyCollection();
    if (this.#choices.oneIn(3)) {
      const parts = [this.#integer(from, 1), program.constant(from, INT, 2)];
      return program.compose(program.tuple(parts), program.primitive('LT', program.types.pair(INT, INT)));
    }
    const input = program.tuple([this.#collection(from, type, 1), this.#key(from)]);
    const has = program.primitive(type === map ? 'MAP_HAS' : 'SET_HAS', program.types.pair(type, key));
    const isThere = program.compose(input, has);
    if (has.to !== BOOL) throw new Error(`${set} has no condition`);
    return this.#choices.oneIn(2) ? isThere : program.compose(isThere, program.primitive('NOT', BOOL));
  }

  #collection(from: TypeId, type: TypeId, depth: number): Term {
    const program = this.#program;
    // What was bound is meant to be used.
    const bound = this.#bound(from, type);
    const leaves = bound.length > 0 && !this.#choices.oneIn(3) ? bound : this.#fieldsOf(from, type);
    if (depth <= 0) return this.#choices.of(leaves);
    switch (this.#choices.below(8)) {
      case 0: {
        const { types } = program;
        const constant = program.constant(from, type, randomValue(this.#choices, types, type));
        return this.#choices.of([...leaves, constant]);
      }
      case 1: {
        const arms = [this.#collection(from, type, depth - 1), this.#collection(from, type, depth - 1)];
        const both = program.tuple([program.identity(from), this.#condition(from)]);
        return program.compose(both, program.if(arms[0], arms[1]));
      }
      case 2: {
        const bind = this.#with(from, [this.#collection(from, type, depth - 1)]);
        return program.compose(bind, this.#collection(bind.to, type, depth - 1));
      }
      case 3:
        return this.#loop(from, type, depth);
      case 4:
        return this.#changed(from, type, depth, true);
      default:
        return this.#changed(from, type, depth, false);
    }
  }

  #changed(from: TypeId, type: TypeId, depth: number, isRemoval: boolean): Term {
    const program = this.#program;
    const { types } = program;
    const { map, key, value } = this.#types;
    const parts = [this.#collection(from, type, depth - 1), this.#key(from)];
    if (type === map && !isRemoval) {
      const inserted =
        value === INT ? this.#integer(from, depth - 1) : this.#choices.of(this.#bound(from, STRING));
      const input = program.tuple([...parts, inserted]);
      return program.compose(input, program.primitive('MAP_INSERT', types.tuple([map, key, value])));
    }
    const ofSet = isRemoval ? 'SET_REMOVE' : 'SET_INSERT';
    const primitive = program.primitive(type === map ? 'MAP_REMOVE' : ofSet, types.pair(type, key));
    return program.compose(program.tuple(parts), primitive);
  }

  /** Changes a collection some times; the round is an integer of the environment then. */
  #loop(from: TypeId, type: TypeId, depth: number): Term {
    const program = this.#program;
    const { types } = program;
    const rounds = List.of(ROUNDS.slice(0, this.#choices.below(ROUNDS.length)));
    const given = types.tuple([from, type, INT]);
    const { length } = types.components(from)!;
    const bind = program.tuple([
      ...Array.from({ length }, (_, index) =>
        program.compose(program.project(given, 0), program.project(from, index)),
      ),
      program.project(given, 1),
      program.project(given, 2),
    ]);
    const body = program.compose(bind, this.#collection(bind.to, type, depth - 1));
    const input = program.tuple([
      program.identity(from),
      this.#collection(from, type, depth - 1),
      program.constant(from, types.list(INT), rounds),
    ]);
    return program.compose(input, program.fold(body));
  }
}
