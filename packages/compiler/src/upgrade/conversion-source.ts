import { printString } from '@smc/protocol';
import { valueOfConstant } from '../combinators/translate/translate.ts';
import { orderOf, prune } from '../types/type.ts';
import type {
  Local,
  OperationSignature,
  SumDeclaration,
  TypedConversion,
  TypedExpression,
  TypedFun,
  TypedPattern,
  TypedUpgrade,
} from '../types/typed.ts';
import type { Names } from './names.ts';
import { valueSource } from './value-source.ts';

/**
 * A derived conversion as source: what `convert.ts` and `adapters.ts` make, and no more. Functions
 * that were made for pairs of types stand where they are called; those that a clause of their own
 * says can not be called, so what needs one is not written here: it is derived around the clause.
 */

/** UTF-16 units written for one conversion, parts again in what they are part of: a longer one is for nobody to read. */
const LENGTH_MAX = 65_536;

/** Names of variables that mean something else, or look as if they did. */
const AVOIDED: ReadonlySet<string> = new Set(
  (
    'machine state on fun arrow type import as upgrade test invariant let in if else case proc true false ' +
    'pipeline send after id fst snd inl inr get put return now fail left right first second'
  ).split(' '),
);

/** A variable of the source, or the named arguments of a constructor, which have no value as a whole. */
type Binding = { readonly text: string } | { readonly fields: ReadonlyMap<string, string> };

/** Both sides of the arrow of a clause. */
export interface ConversionSource {
  readonly pattern: string;
  readonly body: string;
  /** Whether what comes in is only handed on. */
  readonly isSame: boolean;
}

/** What can not be written; caught where a conversion begins. */
class Unwritable extends Error {}

/** Writes derived conversions of one upgrade. Each is null where it can not be written. */
export class ConversionPrinter {
  readonly #names: Names;
  readonly #upgrade: TypedUpgrade;
  readonly #isClause: (fun: TypedFun) => boolean;

  /** `isClause`: whether a clause of its own says what a function does. */
  constructor(names: Names, upgrade: TypedUpgrade, isClause: (fun: TypedFun) => boolean) {
    this.#names = names;
    this.#upgrade = upgrade;
    this.#isClause = isClause;
  }

  /** A conversion of one value, which is called `name`. */
  conversion({ pattern, body }: TypedConversion, name: string): ConversionSource | null {
    return this.#attempt((scope) => {
      const local = bound(pattern);
      const variable = scope.bind(local, name);
      const text = scope.expression(body);
      return {
        pattern: scope.isUsed(variable) ? variable : '_',
        body: text,
        isSame: body.kind === 'local' && body.local === local,
      };
    });
  }

  /** A default or an initial value. */
  constant(node: TypedExpression): string | null {
    return this.#attempt((scope) => scope.expression(node));
  }

  /** A request: `(name, price)` and `(name: name, price: price, quantity: 1)`. */
  request(
    { pattern, body }: TypedConversion,
    from: OperationSignature,
    to: OperationSignature,
  ): ConversionSource | null {
    return this.#attempt((scope) => {
      const patterns = pattern.kind === 'tuple' && from.parameters.length > 1 ? pattern.items : [pattern];
      const variables = from.parameters.map(({ name }, i) => scope.bind(bound(patterns[i]), name));
      const given = to.parameters.length > 1 && body.kind === 'tuple' ? body.items : [body];
      const texts = to.parameters.map(({ name }, i) => `${name}: ${scope.expression(given[i])}`);
      const taken = variables.map((variable) => (scope.isUsed(variable) ? variable : '_'));
      // The same variables under the same names.
      const isSame = texts.join() === from.parameters.map(({ name }, i) => `${name}: ${variables[i]}`).join();
      return { pattern: `(${taken.join(', ')})`, body: `(${texts.join(', ')})`, isSame };
    });
  }

  #attempt<T>(write: (scope: Writer) => T): T | null {
    try {
      return write(new Writer(this.#names, this.#upgrade, this.#isClause));
    } catch (error) {
      if (error instanceof Unwritable) return null;
      throw error;
    }
  }
}

/** The variable of a derived pattern. */
function bound(pattern: TypedPattern): Local {
  if (pattern.kind === 'bind') return pattern.local;
  throw new Unwritable();
}

/** Writes one conversion. The depth of what is derived is that of the types. */
class Writer {
  readonly #names: Names;
  readonly #upgrade: TypedUpgrade;
  readonly #isClause: (fun: TypedFun) => boolean;
  readonly #bindings = new Map<Local, Binding>();
  readonly #variables = new Set<string>();
  readonly #used = new Set<string>();
  #length = 0;

  constructor(names: Names, upgrade: TypedUpgrade, isClause: (fun: TypedFun) => boolean) {
    this.#names = names;
    this.#upgrade = upgrade;
    this.#isClause = isClause;
  }

  /** Gives a local a variable of its own, of this name if it is free. */
  bind(local: Local, name: string): string {
    const text = this.#variable(name);
    this.#bindings.set(local, { text });
    return text;
  }

  isUsed(variable: string): boolean {
    return this.#used.has(variable);
  }

  #variable(name: string): string {
    let free = name;
    for (let i = 2; this.#variables.has(free) || this.#names.isTaken(free) || AVOIDED.has(free); i++)
      free = `${name}${i}`;
    this.#variables.add(free);
    return free;
  }

  expression(node: TypedExpression): string {
    const text = node.span === this.#upgrade.span ? this.#derived(node) : this.#constant(node);
    this.#length += text.length;
    if (this.#length > LENGTH_MAX) throw new Unwritable();
    return text;
  }

  /** A default: its value says the same, and needs no name of where it was declared. */
  #constant(node: TypedExpression): string {
    const found = valueOfConstant(node);
    const text = found && valueSource(found.value, node.type, (sum, index) => this.#nameOf(sum, index));
    if (text === null) throw new Unwritable();
    return text;
  }

  #derived(node: TypedExpression): string {
    switch (node.kind) {
      case 'literal':
        return this.#constant(node);
      case 'local':
        return this.#local(node.local);
      case 'field':
        return this.#field(node);
      case 'tuple':
        return `(${node.items.map((item) => this.expression(item)).join(', ')})`;
      case 'record':
        return `{ ${this.#fields(node, orderOf(recordType(node))).join(', ')} }`;
      case 'construct':
        return this.#construct(node);
      case 'call':
        return this.#call(node);
      case 'lambda':
        return this.#lambda(node);
      case 'case':
        return this.#case(node);
      case 'let':
        return this.#let(node);
      default:
        throw new Unwritable();
    }
  }

  #use(text: string): string {
    this.#used.add(text);
    return text;
  }

  #local(local: Local): string {
    const binding = this.#bindings.get(local);
    if (binding === undefined) throw new Unwritable();
    if ('text' in binding) return this.#useOfPath(binding.text);
    const fields = [...binding.fields].map(([name, variable]) => `${name}: ${this.#use(variable)}`);
    return `{ ${fields.join(', ')} }`;
  }

  /** `before.items` uses `before`. */
  #useOfPath(text: string): string {
    this.#use(text.split('.', 1)[0]);
    return text;
  }

  #field({ record, name }: TypedExpression & { kind: 'field' }): string {
    const binding = record.kind === 'local' ? this.#bindings.get(record.local) : undefined;
    if (binding !== undefined && 'fields' in binding) return this.#use(binding.fields.get(name)!);
    const text = this.expression(record);
    return isPath(text) ? `${text}.${name}` : `(${text}).${name}`;
  }

  #fields({ fields }: TypedExpression & { kind: 'record' }, order: readonly string[]): string[] {
    return order.map(
      (name) => `${name}: ${this.expression(fields.find((each) => each.name === name)!.value)}`,
    );
  }

  #construct({ type, constructor, payload }: TypedExpression & { kind: 'construct' }): string {
    const { declaration } = sumType(type);
    const name = this.#nameOf(declaration, constructor);
    const { labels } = declaration.constructors[constructor];
    if (labels?.length === 0) return name;
    if (labels === null) return `${name}(${this.expression(payload)})`;
    if (payload.kind === 'record') return `${name}(${this.#fields(payload, labels).join(', ')})`;
    if (payload.kind !== 'local') throw new Unwritable();
    const binding = this.#bindings.get(payload.local);
    if (binding === undefined || 'text' in binding) throw new Unwritable();
    return `${name}(${labels.map((label) => `${label}: ${this.#use(binding.fields.get(label)!)}`).join(', ')})`;
  }

  #nameOf(declaration: SumDeclaration, index: number): string {
    const name = this.#names.constructorOf(declaration, index);
    if (name === null) throw new Unwritable();
    return name;
  }

  #call({ callee, argument }: TypedExpression & { kind: 'call' }): string {
    if (callee.kind === 'builtin') {
      const given = argument.kind === 'tuple' ? argument.items : [argument];
      return `${callee.name}(${given.map((each) => this.expression(each)).join(', ')})`;
    }
    if (callee.kind === 'primitive' && callee.name === 'fail' && argument.kind === 'literal')
      return `fail(${printString(argument.value as string)})`;
    const isHere = callee.kind === 'fun' && callee.fun.span === this.#upgrade.span;
    if (!isHere || this.#isClause(callee.fun)) throw new Unwritable();
    return this.#bound(bound(callee.fun.parameter), argument, callee.fun.body);
  }

  /** An expression about the value of another one, which is named where it is more than a path. */
  #bound(local: Local, value: TypedExpression, body: TypedExpression): string {
    if (value.kind === 'local') {
      const binding = this.#bindings.get(value.local);
      if (binding === undefined) throw new Unwritable();
      this.#bindings.set(local, binding);
      return this.expression(body);
    }
    const text = this.expression(value);
    if (isPath(text)) {
      this.#bindings.set(local, { text });
      return this.expression(body);
    }
    const variable = this.bind(local, 'value');
    return `let ${variable} = ${text} in ${this.expression(body)}`;
  }

  #lambda({ pattern, body }: TypedExpression & { kind: 'lambda' }): string {
    const local = bound(pattern);
    const isTaken = body.kind === 'let' && body.value.kind === 'local' && body.value.local === local;
    if (isTaken && body.pattern.kind === 'tuple') {
      const variables = body.pattern.items.map((item, i) => this.bind(bound(item), ITEMS[i] ?? 'part'));
      const text = this.expression(body.body);
      return `(${this.#patterns(variables)}) -> ${text}`;
    }
    const variable = this.bind(local, 'item');
    const text = this.expression(body);
    return `${this.#patterns([variable])} -> ${text}`;
  }

  #let({ pattern, value, body }: TypedExpression & { kind: 'let' }): string {
    if (pattern.kind !== 'tuple') return this.#bound(bound(pattern), value, body);
    const given = this.expression(value);
    const variables = pattern.items.map((item) => this.bind(bound(item), 'part'));
    const text = this.expression(body);
    return `let (${this.#patterns(variables)}) = ${given} in ${text}`;
  }

  /** Variables as patterns, when all that they are visible in is written; then the names are free again. */
  #patterns(variables: readonly string[]): string {
    const text = variables.map((variable) => (this.#used.has(variable) ? variable : '_')).join(', ');
    for (const variable of variables) {
      this.#variables.delete(variable);
      this.#used.delete(variable);
    }
    return text;
  }

  #case({ subject, arms }: TypedExpression & { kind: 'case' }): string {
    const text = this.expression(subject);
    const written = arms.map(({ pattern, body }) => this.#arm(pattern, body));
    return `case ${isPath(text) ? text : `(${text})`} { ${written.join('; ')} }`;
  }

  #arm(pattern: TypedPattern, body: TypedExpression): string {
    if (pattern.kind !== 'construct') throw new Unwritable();
    const { declaration } = sumType(pattern.type);
    const name = this.#nameOf(declaration, pattern.constructor);
    const { labels } = declaration.constructors[pattern.constructor];
    const local = bound(pattern.payload);
    if (labels === null) {
      const variable = this.bind(local, 'value');
      const text = this.expression(body);
      return `${name}(${this.#patterns([variable])}) -> ${text}`;
    }
    const variables = new Map(labels.map((label) => [label, this.#variable(label)]));
    this.#bindings.set(local, { fields: variables });
    const text = this.expression(body);
    // What is not used can be left out, but for one: without any it would be another constructor's pattern.
    const patterns = [...variables].map(([label, variable]) => [label, this.#patterns([variable])]);
    const used = patterns.filter(([, pattern]) => pattern !== '_');
    const shown = (used.length > 0 ? used : patterns.slice(0, 1)).map((pair) => pair.join(': '));
    return `${name}${labels.length === 0 ? '' : `(${shown.join(', ')})`} -> ${text}`;
  }
}

const ITEMS = ['key', 'value'];

/** Whether a text is a variable, or a field of one. */
const isPath = (text: string): boolean => /^[a-z_]\w*(\.\w+)*$/.test(text);

function recordType({ type }: TypedExpression): ReturnType<typeof prune> & { kind: 'record' } {
  const own = prune(type);
  if (own.kind !== 'record') throw new Error(`a record of the type ${own.kind}`);
  return own;
}

function sumType(type: TypedExpression['type']): ReturnType<typeof prune> & { kind: 'sum' } {
  const own = prune(type);
  if (own.kind !== 'sum') throw new Error(`a constructor of the type ${own.kind}`);
  return own;
}
