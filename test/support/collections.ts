import { TermProgram, type MachineTerms, type OperationTerms, type Term } from '@smc/compiler';
import {
  BOOL,
  INT,
  INT_MAX,
  List,
  STRING,
  TypeTable,
  UNIT,
  inputType,
  partsOf,
  type TypeId,
} from '@smc/protocol';
import type { Choices } from './choices.ts';
import { keyedInput } from './programs.ts';
import { randomValue } from './values.ts';

/**
 * Random machines whose state is one or two maps and sets, or has some in what it is made of: in maps, lists, sums,
 * options, records and pairs. Their operations change them in all ways: linearly or with what was there before used
 * again, in choices, loops and functions that are called, in each other's place, taken out of what they are in and put
 * into it, with faults in between.
 */

const DEPTH_MAX = 3;
const STATEMENTS_MAX = 4;
const ROUNDS: readonly number[] = [0, 1, 2, 3];

export function collectionMachine(choices: Choices, machineKey: MachineTerms['key']): MachineTerms {
  const types = new TypeTable();
  const key = choices.of([INT, STRING, types.pair(INT, STRING)]);
  const value = choices.of([INT, STRING]);
  const [map, set] = [types.map(key, value), types.set(key)];
  const holder = holderOf(choices, types, { key, map, set });
  const fields = choices.of([
    ...[[map], [set], [map, map], [map, set], [INT, map]],
    ...[[holder], [holder, map], [map, holder], [holder, set], [holder, holder]],
  ]);
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
    const input = inputType(types, parameters);
    const environment = generator.environment(machineKey, input);
    const term = program.compose(
      environment,
      generator.statements(environment.to, reply, 1 + choices.below(STATEMENTS_MAX)),
    );
    return { name: `Op${index}`, parameters, reply, body: program.define(`Op${index}`, term) };
  });
  return {
    name: 'Collections',
    key: machineKey,
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

/** Something that a map is in, or a set too. */
function holderOf(
  choices: Choices,
  types: TypeTable,
  { key, map, set }: Omit<Types, 'fields' | 'value'>,
): TypeId {
  const inner = choices.oneIn(3) ? holderOf(choices, types, { key, map, set }) : choices.of([map, map, set]);
  const sum = (): TypeId =>
    types.intern({
      kind: 'sum',
      name: `Box${types.length}`,
      arguments: [],
      constructors: [
        { name: 'Empty', labels: [], payload: UNIT },
        { name: 'One', labels: null, payload: inner },
        { name: 'Other', labels: null, payload: map },
      ],
    });
  const record = (): TypeId =>
    types.record([
      { name: 'all', type: inner },
      { name: 'count', type: INT },
    ]);
  const makers = [
    () => types.map(key, inner),
    () => types.list(inner),
    () => types.option(inner),
    sum,
    record,
    () => types.pair(inner, map),
  ];
  return choices.of(makers)();
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

  /** What an operation takes as an environment: its parameters and, of a keyed machine, the key. */
  environment(machineKey: MachineTerms['key'], input: TypeId): Term {
    const program = this.#program;
    const from = keyedInput(program.types, machineKey, input);
    if (machineKey === 'none') return program.identity(from);
    const { length } = program.types.components(input)!;
    const parameters = Array.from({ length }, (_, index) =>
      program.compose(program.project(from, 1), program.project(input, index)),
    );
    return program.tuple([...parameters, program.project(from, 0)]);
  }

  /** Some changes of the state, faults and bindings, and then the reply. */
  statements(from: TypeId, to: TypeId, left: number): Term {
    const program = this.#program;
    if (left === 0) return this.#of(from, to, 1);
    if (this.#choices.oneIn(8)) {
      const rest = program.define(`Part${program.definitions.length}`, this.statements(from, to, left - 1));
      return program.call(rest);
    }
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

  /** The type of one in the state, however deep. */
  #anyCollection(): TypeId {
    const { map, set, fields } = this.#types;
    return this.#choices.of([map, set].filter((type) => fields.some((field) => this.#holds(field, type))));
  }

  /** Whether there can be something of a type in another. */
  #holds(type: TypeId, inner: TypeId): boolean {
    const { types } = this.#program;
    return type === inner || partsOf(types.node(type)).some((part) => this.#holds(part, inner));
  }

  #state(from: TypeId): Term {
    const { fields } = this.#types;
    if (fields.length === 1) return this.#of(from, fields[0], DEPTH_MAX);
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
    const { map, set, key } = this.#types;
    const program = this.#program;
    if (to === UNIT) return program.constant(from, UNIT, null);
    if (to === INT) return this.#integer(from, depth);
    if (to === key) return this.#key(from);
    if (to === map || to === set) return this.#collection(from, to, depth);
    return to === program.state && !this.#choices.oneIn(3)
      ? program.get(from)
      : this.#holder(from, to, depth);
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
        if (value === INT && fields.some((field) => this.#holds(field, map))) return this.#found(from, depth);
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
    const leaves = bound.length > 0 && !this.#choices.oneIn(3) ? bound : this.#inState(from, type);
    if (depth <= 0) return this.#choices.of(leaves);
    switch (this.#choices.below(8)) {
      case 0:
        return this.#choices.of([...leaves, this.#constant(from, type)]);
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

  /** Those of a type in the state, however deep; a constant where there is none. */
  #inState(from: TypeId, type: TypeId): Term[] {
    const terms = this.#types.fields.flatMap((each, field) =>
      this.#holds(each, type) ? [this.#taken(from, this.#field(from, field), type)] : [],
    );
    return terms.length > 0 ? terms : [this.#constant(from, type)];
  }

  #constant(from: TypeId, type: TypeId): Term {
    return this.#program.constant(from, type, randomValue(this.#choices, this.#program.types, type));
  }

  /** One of a type out of what a term gives, which can have some; a constant where it has none. */
  #taken(from: TypeId, holder: Term, type: TypeId): Term {
    const program = this.#program;
    const { types } = program;
    if (holder.to === type) return holder;
    const node = types.node(holder.to);
    const lookUp = (name: 'MAP_GET' | 'LIST_GET', at: Term): Term =>
      program.compose(program.tuple([holder, at]), program.primitive(name, types.pair(holder.to, at.to)));
    switch (node.kind) {
      case 'map':
        return this.#taken(from, lookUp('MAP_GET', this.#key(from)), type);
      case 'list':
        return this.#taken(from, lookUp('LIST_GET', program.constant(from, INT, 0)), type);
      case 'sum': {
        const arms = node.constructors.map(({ payload }) => {
          const given = types.pair(from, payload);
          const none = (): Term => program.compose(program.project(given, 0), this.#constant(from, type));
          if (!this.#holds(payload, type)) return none();
          // The key that is looked for further in is that of the environment around.
          const inner = program.tuple([...this.#parts(given, from), program.project(given, 1)]);
          const last = program.project(inner.to, types.components(inner.to)!.length - 1);
          return program.compose(inner, this.#taken(inner.to, last, type));
        });
        const both = program.tuple([program.identity(from), holder]);
        return program.compose(both, program.case(from, holder.to, arms));
      }
      default: {
        const parts = types.components(holder.to)!;
        const indices = [...parts.keys()].filter((index) => this.#holds(parts[index], type));
        const index = this.#choices.of(indices);
        return this.#taken(from, program.compose(holder, program.project(holder.to, index)), type);
      }
    }
  }

  /** From a pair of an environment and something else, the parts of the first. */
  #parts(given: TypeId, environment: TypeId): Term[] {
    const program = this.#program;
    const { length } = program.types.components(environment)!;
    return Array.from({ length }, (_, index) =>
      program.compose(program.project(given, 0), program.project(environment, index)),
    );
  }

  /** What collections are in: as it was, in part, or made of others. */
  #holder(from: TypeId, type: TypeId, depth: number): Term {
    const program = this.#program;
    const { types } = program;
    const leaves = [...this.#bound(from, type), ...this.#inState(from, type)];
    if (depth <= 0 || this.#choices.oneIn(4)) return this.#choices.of(leaves);
    const part = (to: TypeId): Term => this.#of(from, to, depth - 1);
    const node = types.node(type);
    switch (node.kind) {
      case 'map': {
        const { key, value } = node;
        if (this.#choices.oneIn(4)) {
          const given = program.tuple([part(type), part(key)]);
          return program.compose(given, program.primitive('MAP_REMOVE', types.pair(type, key)));
        }
        const given = program.tuple([part(type), part(key), part(value)]);
        return program.compose(given, program.primitive('MAP_INSERT', types.tuple([type, key, value])));
      }
      case 'list': {
        if (this.#choices.oneIn(3)) return program.list([part(node.item), part(node.item)]);
        if (this.#choices.oneIn(2)) return this.#mapped(from, part(type), node.item, depth);
        const name = this.#choices.of(['LIST_APPEND', 'LIST_PREPEND'] as const);
        const given = program.tuple([part(type), part(node.item)]);
        return program.compose(given, program.primitive(name, types.pair(type, node.item)));
      }
      case 'sum': {
        const tag = this.#choices.below(node.constructors.length);
        return program.compose(part(node.constructors[tag].payload), program.inject(type, tag));
      }
      default:
        return program.fork(type, types.components(type)!.map(part));
    }
  }

  /** Changes each item of a list. */
  #mapped(from: TypeId, list: Term, item: TypeId, depth: number): Term {
    const program = this.#program;
    const given = program.types.pair(from, item);
    const bind = program.tuple([...this.#parts(given, from), program.project(given, 1)]);
    const body = program.compose(bind, this.#of(bind.to, item, depth - 1));
    return program.compose(program.tuple([program.identity(from), list]), program.map(body));
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
    const bind = program.tuple([
      ...this.#parts(given, from),
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
