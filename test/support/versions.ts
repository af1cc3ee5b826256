import type { Choices } from './choices.ts';

/** Random sources of two versions of a machine, that differ in a few things, with the clauses these need. */

/** A type as it is written; a declared one by its place. */
type TypeText =
  | { readonly kind: 'base'; readonly name: 'Int' | 'Bool' | 'String' | 'Time' | 'Bytes' }
  | { readonly kind: 'declared'; readonly index: number }
  | { readonly kind: 'List' | 'Option'; readonly item: TypeText }
  | { readonly kind: 'Set' | 'Map'; readonly key: TypeText; readonly item: TypeText }
  | { readonly kind: 'tuple'; readonly items: readonly TypeText[] }
  | { readonly kind: 'record'; readonly fields: readonly Field[] };

interface Field {
  name: string;
  type: TypeText;
  /** A constant, or null where it must be given. */
  value: string | null;
}

interface Constructor {
  name: string;
  /** Null: one without a name. */
  readonly form: 'none' | 'one' | 'named';
  readonly fields: Field[];
}

type Declared =
  | { readonly kind: 'record'; name: string; readonly fields: Field[] }
  | { readonly kind: 'sum'; name: string; readonly constructors: Constructor[] };

interface Operation {
  name: string;
  readonly parameters: Field[];
  reply: TypeText;
}

/** A version of the machine `M`. */
interface Version {
  readonly types: Declared[];
  readonly state: Field[];
  readonly operations: Operation[];
}

/** The sources of two versions, and the clauses that lead from the one to the other. */
export interface Versions {
  readonly old: string;
  readonly new: string;
  readonly clauses: readonly string[];
}

/** Two versions; a few cannot be told apart, and a few are refused. */
export function randomVersions(choices: Choices): Versions {
  const version = new Maker(choices).version();
  const old = sourceOf(version);
  const next = structuredClone(version);
  const clauses = new Changer(choices, next).clauses();
  return { old, new: sourceOf(next), clauses };
}

class Maker {
  readonly #choices: Choices;
  #names = 0;

  constructor(choices: Choices) {
    this.#choices = choices;
  }

  version(): Version {
    const types: Declared[] = [];
    for (let i = 1 + this.#choices.below(4); i > 0; i--) {
      const declared = this.#declared(types);
      types.push(declared);
      // Another of its structure.
      if (declared.kind === 'record' && this.#choices.oneIn(2))
        types.push({ ...structuredClone(declared), name: this.name('R') });
    }
    const state = this.fields(types, 1 + this.#choices.below(4), true);
    const operations = Array.from({ length: 1 + this.#choices.below(4) }, (_, i) => ({
      name: `Op${i}`,
      parameters: this.fields(types, this.#choices.below(4), false),
      reply: this.type(types, 2),
    }));
    return { types, state, operations };
  }

  name(prefix: string): string {
    return `${prefix}${this.#names++}`;
  }

  fields(types: readonly Declared[], count: number, hasValues: boolean): Field[] {
    return Array.from({ length: count }, () => {
      const type = this.type(types, 2);
      const value = hasValues || this.#choices.oneIn(5) ? this.constant(types, type) : null;
      return { name: this.name('f'), type, value };
    });
  }

  #declared(types: readonly Declared[]): Declared {
    if (this.#choices.oneIn(2))
      return {
        kind: 'record',
        name: this.name('R'),
        fields: this.fields(types, 1 + this.#choices.below(3), false),
      };
    const constructors = Array.from({ length: 1 + this.#choices.below(3) }, () => this.constructorOf(types));
    return { kind: 'sum', name: this.name('S'), constructors };
  }

  constructorOf(types: readonly Declared[]): Constructor {
    const form = this.#choices.of(['none', 'one', 'named'] as const);
    const count = form === 'none' ? 0 : form === 'one' ? 1 : 1 + this.#choices.below(2);
    const fields = this.fields(types, count, false).map((field) => ({ ...field, value: null }));
    return { name: this.name('C'), form, fields };
  }

  type(types: readonly Declared[], depth: number): TypeText {
    const { below, of } = {
      below: this.#choices.below.bind(this.#choices),
      of: this.#choices.of.bind(this.#choices),
    };
    const inner = (): TypeText => this.type(types, depth - 1);
    const kind = below(depth === 0 ? 6 : 14);
    if (kind >= 3 && kind < 8 && types.length > 0) return { kind: 'declared', index: below(types.length) };
    switch (kind) {
      case 8:
      case 9:
        return { kind: 'List', item: inner() };
      case 10:
        return { kind: 'Option', item: inner() };
      case 11:
        return { kind: 'Map', key: this.#key(types), item: inner() };
      case 12:
        return { kind: 'Set', key: this.#key(types), item: { kind: 'base', name: 'Int' } };
      case 13:
        return below(2) === 0
          ? { kind: 'tuple', items: [inner(), inner()] }
          : {
              kind: 'record',
              fields: [
                { name: 'left', type: inner(), value: null },
                { name: 'x', type: inner(), value: null },
              ],
            };
      default:
        return { kind: 'base', name: of(['Int', 'Bool', 'String', 'Time', 'Bytes']) };
    }
  }

  /** A type that has an order: base types, and sums without records in them. */
  #key(types: readonly Declared[]): TypeText {
    const keys = types.flatMap((_, index) => (isKey(types, { kind: 'declared', index }) ? [index] : []));
    if (keys.length > 0 && this.#choices.oneIn(2)) return { kind: 'declared', index: this.#choices.of(keys) };
    return { kind: 'base', name: this.#choices.of(['Int', 'String']) };
  }

  /** An expression of the type. */
  constant(types: readonly Declared[], type: TypeText): string {
    const of = (part: TypeText): string => this.constant(types, part);
    const named = (fields: readonly Field[]): string =>
      fields.map(({ name, type: own }) => `${name}: ${of(own)}`).join(', ');
    switch (type.kind) {
      case 'base':
        return this.#choices.of(BASE_CONSTANTS[type.name]);
      case 'List':
        return this.#choices.oneIn(3) ? `[${of(type.item)}]` : '[]';
      case 'Option':
        return this.#choices.oneIn(3) ? `Some(${of(type.item)})` : 'None';
      case 'Set':
        return this.#choices.oneIn(3) ? `Set { ${of(type.key)} }` : 'Set {}';
      case 'Map':
        return this.#choices.oneIn(3) ? `Map { ${of(type.key)}: ${of(type.item)} }` : 'Map {}';
      case 'tuple':
        return `(${type.items.map(of).join(', ')})`;
      case 'record':
        return `{ ${named(type.fields)} }`;
      case 'declared': {
        const declared = types[type.index];
        if (declared.kind === 'record') return `{ ${named(declared.fields)} }`;
        const { name, form, fields } = this.#choices.of(declared.constructors);
        if (form === 'none') return name;
        return `${name}(${form === 'one' ? of(fields[0].type) : named(fields)})`;
      }
    }
  }
}

const BASE_CONSTANTS = {
  Int: ['0', '7', '-3', '1 + 1'],
  Bool: ['true', 'false', '!true'],
  String: ['""', '"a\\"b\\n"', '"x" ++ "y"'],
  Time: ['@0', '@2026-11-20T21:41:25Z', '@-5'],
  Bytes: ['0x""', '0x"00ff"'],
} as const;

function isKey(types: readonly Declared[], type: TypeText): boolean {
  if (type.kind === 'base') return true;
  if (type.kind === 'tuple') return type.items.every((item) => isKey(types, item));
  if (type.kind === 'Option') return isKey(types, type.item);
  if (type.kind !== 'declared') return false;
  const declared = types[type.index];
  return (
    declared.kind === 'sum' &&
    declared.constructors.every(({ fields }) => fields.every((field) => isKey(types, field.type)))
  );
}

/** Changes a version in a few places. */
class Changer {
  readonly #choices: Choices;
  readonly #version: Version;
  readonly #maker: Maker;
  readonly #clauses: string[] = [];
  #names = 0;

  constructor(choices: Choices, version: Version) {
    this.#choices = choices;
    this.#version = version;
    this.#maker = new Maker(choices);
  }

  clauses(): readonly string[] {
    const { types, state, operations } = this.#version;
    const alike = types.map((declared, index) => this.#growAlike(declared, types.slice(0, index)));
    for (const [index, declared] of types.entries()) {
      if (declared.kind === 'record') this.#defaults(declared.fields, types.slice(0, index));
      const isGrown = alike[index] || alike[index + 1];
      if (!isGrown && this.#choices.oneIn(2)) this.#declared(declared, types.slice(0, index));
    }
    if (!this.#choices.oneIn(4)) this.#fields(state, types, '', true);
    for (const operation of [...operations]) if (this.#choices.oneIn(2)) this.#operation(operation);
    return this.#clauses;
  }

  /** Of a record and the one before it, where that looks alike: a field more, each with its own default. */
  #growAlike(declared: Declared, types: readonly Declared[]): boolean {
    const before = types.at(-1);
    if (declared.kind !== 'record' || before?.kind !== 'record') return false;
    const names = [declared, before].map(({ fields }) => fields.map(({ name }) => name).join());
    if (names[0] !== names[1] || this.#choices.oneIn(3)) return false;
    const added = this.#added(types.slice(0, -1));
    before.fields.push(added);
    declared.fields.push({ ...added, value: this.#maker.constant(types, added.type) });
    return true;
  }

  /** Other defaults. */
  #defaults(fields: readonly Field[], types: readonly Declared[]): void {
    for (const field of fields)
      if (field.value !== null && this.#choices.oneIn(3))
        field.value = this.#maker.constant(types, field.type);
  }

  #new(prefix: string): string {
    return `${prefix}new${this.#names++}`;
  }

  #added(types: readonly Declared[]): Field {
    const type = this.#maker.type(types, 2);
    return { name: this.#new('f'), type, value: this.#maker.constant(types, type) };
  }

  /** Of a record or the state: a field more, one less, one under another name, another order. */
  #fields(fields: Field[], types: readonly Declared[], owner: string, isState: boolean): void {
    const any = fields[this.#choices.below(fields.length)];
    switch (this.#choices.below(isState ? 7 : 4)) {
      case 0:
      case 5:
      case 6:
        fields.push(this.#added(types));
        return;
      case 1:
        if (fields.length > 1) fields.splice(fields.indexOf(any), 1);
        if (fields.indexOf(any) < 0) this.#clauses.push(`drop ${owner}${any.name}`);
        return;
      case 2: {
        const name = this.#new('f');
        this.#clauses.push(`rename ${owner}${any.name} -> ${name}`);
        any.name = name;
        return;
      }
      case 3:
        fields.reverse();
        fields.push(this.#added(types));
        return;
      default: {
        const added = this.#added(types);
        fields.push(added);
        this.#clauses.push(`state.${added.name} _ -> ${this.#maker.constant(types, added.type)}`);
      }
    }
  }

  #declared(declared: Declared, types: readonly Declared[]): void {
    if (declared.kind === 'record') return this.#fields(declared.fields, types, `${declared.name}.`, false);
    const any = this.#choices.of(declared.constructors);
    switch (this.#choices.below(3)) {
      case 0:
        declared.constructors.push({ ...this.#maker.constructorOf(types), name: this.#new('C') });
        return;
      case 1: {
        const name = this.#new('C');
        this.#clauses.push(`rename ${declared.name}.${any.name} -> ${name}`);
        any.name = name;
        return;
      }
      default: {
        const name = this.#new('S');
        this.#clauses.push(`rename ${declared.name} -> ${name}`);
        declared.name = name;
      }
    }
  }

  #operation(operation: Operation): void {
    const { operations, types } = this.#version;
    switch (this.#choices.below(4)) {
      case 0:
        operation.parameters.push(this.#added(types));
        return;
      case 1:
        if (operations.length > 1) operations.splice(operations.indexOf(operation), 1);
        if (!operations.includes(operation)) this.#clauses.push(`drop ${operation.name}`);
        return;
      case 2: {
        const name = this.#new('Op');
        this.#clauses.push(`rename ${operation.name} -> ${name}`);
        operation.name = name;
        return;
      }
      default:
        operations.push({
          name: this.#new('Op'),
          parameters: this.#maker
            .fields(types, 1, false)
            .map((field) => ({ ...field, name: this.#new('f') })),
          reply: operation.reply,
        });
    }
  }
}

// --------------------------------------------------------------------------- source

function sourceOf({ types, state, operations }: Version): string {
  const text = (type: TypeText): string => typeText(types, type);
  const fields = (all: readonly Field[]): string =>
    all
      .map(({ name, type, value }) => `${name}: ${text(type)}${value === null ? '' : ` = ${value}`}`)
      .join(', ');
  const lines = types.map((declared) => {
    if (declared.kind === 'record') return `type ${declared.name} = { ${fields(declared.fields)} }`;
    const constructors = declared.constructors.map(({ name, form, fields: own }) =>
      form === 'none' ? name : `${name}(${form === 'one' ? text(own[0].type) : fields(own)})`,
    );
    return `type ${declared.name} = ${constructors.join(' | ')}`;
  });
  lines.push('machine M {', `  state { ${fields(state)} }`);
  for (const { name, parameters, reply } of operations) {
    const given = parameters.length === 0 ? '' : `(${fields(parameters)})`;
    lines.push(`  on ${name}${given} -> ${text(reply)} { fail -< "not run" }`);
  }
  return `${lines.join('\n')}\n}\n`;
}

function typeText(types: readonly Declared[], type: TypeText): string {
  const of = (part: TypeText): string => typeText(types, part);
  switch (type.kind) {
    case 'base':
      return type.name;
    case 'declared':
      return types[type.index].name;
    case 'List':
    case 'Option':
      return `${type.kind}<${of(type.item)}>`;
    case 'Set':
      return `Set<${of(type.key)}>`;
    case 'Map':
      return `Map<${of(type.key)}, ${of(type.item)}>`;
    case 'tuple':
      return `(${type.items.map(of).join(', ')})`;
    case 'record':
      return `{ ${type.fields.map((field) => `${field.name}: ${of(field.type)}`).join(', ')} }`;
  }
}
