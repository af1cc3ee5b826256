import type * as tree from '../syntax/tree.ts';
import { packedOf } from '../types/type.ts';
import type {
  MachineSignature,
  OperationSignature,
  Type,
  TypedConversion,
  TypedExpression,
  TypedWay,
} from '../types/typed.ts';
import { differ } from '../types/unify.ts';
import { type Converter, IS_NEW, type NoConversion, refused, within } from './convert.ts';
import { sameDefault } from './defaults.ts';
import type { Nodes } from './nodes.ts';
import { type Rename, Renames } from './renames.ts';

/** How each operation of one version is served by the other: written, the same, or derived. */

/** Part of a request or a reply that has no counterpart. */
export interface NoWay {
  readonly operation: OperationSignature;
  /** The operation that would serve it; null where there is none. */
  readonly to: OperationSignature | null;
  readonly part: 'gone' | 'request' | 'reply' | 'unread';
  readonly reason: NoConversion | null;
  /** The parameter that nothing reads. */
  readonly parameter: string | null;
}

/** What clauses say of operations, in one direction. */
export interface OperationRules {
  readonly dropped: ReadonlySet<string>;
  readonly renamed: readonly Rename[];
  /** From the name that a parameter has in the client's version, as has its operation. */
  readonly parameters: readonly ({ readonly operation: string } & Rename)[];
  readonly droppedParameters: readonly { readonly operation: string; readonly name: string }[];
  readonly written: ReadonlyMap<string, WrittenWay>;
  /** The clauses that had a part in a way: this grows. */
  readonly used: Set<tree.Clause>;
}

/** `on Old(…) -> New(…) reply r -> e`, checked; the reply is derived where it is not written. */
export interface WrittenWay {
  readonly to: string;
  readonly request: TypedConversion;
  readonly reply: TypedConversion | null;
}

/** Derives ways from the operations of one version to those of another. */
export class Ways {
  readonly #from: MachineSignature;
  readonly #to: MachineSignature;
  readonly #rules: OperationRules;
  readonly #requests: Converter;
  readonly #replies: Converter;
  readonly #nodes: Nodes;
  readonly #renames: Renames;
  /** `requests` converts towards `to`, `replies` back. */
  constructor(
    from: MachineSignature,
    to: MachineSignature,
    rules: OperationRules,
    requests: Converter,
    replies: Converter,
    nodes: Nodes,
  ) {
    this.#from = from;
    this.#to = to;
    this.#rules = rules;
    this.#requests = requests;
    this.#replies = replies;
    this.#nodes = nodes;
    const [sources, targets] = [from, to].map(({ operations }) => operations.map(({ name }) => name));
    this.#renames = new Renames(rules.renamed, sources, targets, rules.used);
  }

  /** One for each operation, sorted by name, or why it has none. */
  all(): readonly (TypedWay | readonly NoWay[])[] {
    return [...this.#from.operations]
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map((operation) => this.#wayOf(operation));
  }

  #wayOf(operation: OperationSignature): TypedWay | readonly NoWay[] {
    const { name } = operation;
    if (this.#rules.dropped.has(name)) return { kind: 'dropped', name };
    const written = this.#rules.written.get(name);
    const to = written?.to ?? this.#renames.targetOf(name);
    const other = this.#to.operations.find((each) => each.name === to);
    if (to === null || other === undefined) return [noWay(operation, null, 'gone', null)];
    const request = written ? asWritten(written.request) : this.#request(operation, other);
    const reply = written?.reply ? asWritten(written.reply) : this.#reply(operation, other);
    if ('length' in request || 'length' in reply)
      return [request, reply].flatMap((part) => ('length' in part ? part : []));
    const isSame = request.isSame && reply.isSame && to === name;
    if (isSame && sameInterface(operation, other)) return { kind: 'identity', name };
    return {
      kind: 'adapter',
      name,
      to,
      request: request.conversion,
      reply: reply.conversion,
      isWritten: written !== undefined,
      isSame,
      requestFails: request.fails,
      replyFails: reply.fails,
    };
  }

  /** From the packed input of an operation to that of the one that serves it. */
  #request(operation: OperationSignature, other: OperationSignature): Part | readonly NoWay[] {
    const nodes = this.#nodes;
    const renamed = this.#rules.parameters.filter((each) => each.operation === operation.name);
    const [sources, targets] = [operation, other].map(({ parameters }) => parameters.map(({ name }) => name));
    const renames = new Renames(renamed, sources, targets, this.#rules.used);
    let isSame = true;
    const refusals: NoConversion[] = [];
    const read = new Set<string>();
    const fails: string[] = [];
    const makers: ((value: (name: string) => TypedExpression) => TypedExpression)[] = [];
    for (const { name, type, default: byDefault } of other.parameters) {
      const source = renames.sourceOf(name);
      const own = operation.parameters.find((each) => each.name === source);
      if (source === null || own === undefined) {
        isSame = false;
        if (byDefault === null) refusals.push(refused([name], IS_NEW, null, type));
        else makers.push(() => byDefault);
        continue;
      }
      const found = this.#requests.of(own.type, type);
      read.add(source);
      if (!found.ok) {
        refusals.push(...[found, ...found.others].map((each) => within(name, each)));
        continue;
      }
      isSame &&= found.isSame && source === name;
      fails.push(...found.fails.map((path) => `${source}.${path}`));
      makers.push((value) => found.apply(value(source)));
    }
    const dropped = this.#rules.droppedParameters.filter((each) => each.operation === operation.name);
    const unread = operation.parameters.filter(
      ({ name }) => !read.has(name) && !dropped.some((each) => each.name === name),
    );
    // What is new and has no default may be made of what is gone.
    const isMade = refusals.some(({ path, why }) => path.length === 1 && why === IS_NEW);
    const noWays = [
      ...refusals.map((reason) => noWay(operation, other, 'request', reason)),
      ...(isMade ? [] : unread).map(({ name }) => ({
        ...noWay(operation, other, 'unread', null),
        parameter: name,
      })),
    ];
    if (noWays.length > 0) return noWays;
    const from = packedOf(operation.parameters.map(({ type }) => type));
    const locals = operation.parameters.map(({ type }) => nodes.local(type));
    const value = (name: string): TypedExpression =>
      nodes.use(locals[operation.parameters.findIndex((each) => each.name === name)]);
    const given = makers.map((make) => make(value));
    const body = given.length === 0 ? nodes.unit() : given.length === 1 ? given[0] : nodes.tuple(given);
    const conversion = { pattern: packedPattern(locals, from, nodes), body, span: nodes.span };
    return { conversion, isSame, fails };
  }

  /** From the reply of the operation that serves it to its own. */
  #reply(operation: OperationSignature, other: OperationSignature): Part | readonly NoWay[] {
    const found = this.#replies.of(other.reply, operation.reply);
    if (!found.ok) return [found, ...found.others].map((each) => noWay(operation, other, 'reply', each));
    const conversion = this.#nodes.conversion(other.reply, found.apply);
    return { conversion, isSame: found.isSame, fails: found.fails };
  }
}

/** The conversion of a request or a reply. */
interface Part {
  readonly conversion: TypedConversion;
  /** Whether nothing is to be done. */
  readonly isSame: boolean;
  /** Where it fails, as far as it is derived: of what it converts. */
  readonly fails: readonly string[];
}

const asWritten = (conversion: TypedConversion): Part => ({ conversion, isSame: false, fails: [] });

function noWay(
  operation: OperationSignature,
  to: OperationSignature | null,
  part: NoWay['part'],
  reason: NoConversion | null,
): NoWay {
  return { operation, to, part, reason, parameter: null };
}

/** The pattern of all parameters, packed. */
export function packedPattern(
  locals: readonly TypedLocal[],
  type: Type,
  { span }: Nodes,
): TypedConversion['pattern'] {
  const items = locals.map((local) => ({ kind: 'bind' as const, local, type: local.type, span }));
  if (items.length === 0) return { kind: 'wildcard', type, span };
  return items.length === 1 ? items[0] : { kind: 'tuple', items, type, span };
}

type TypedLocal = ReturnType<Nodes['local']>;

/** Whether clients can not tell two operations apart, as far as it can be told without values of defaults. */
export function sameInterface(a: OperationSignature, b: OperationSignature): boolean {
  const sameDefaults = a.parameters.every((parameter, i) =>
    sameDefault(parameter.default, b.parameters[i]?.default ?? null),
  );
  return sameDefaults && sameTypes(a, b);
}

/** Whether two operations have the same parameters, apart from their defaults, and replies. */
export function sameTypes(a: OperationSignature, b: OperationSignature): boolean {
  return (
    a.parameters.length === b.parameters.length &&
    a.parameters.every(({ name, type }, i) => {
      const other = b.parameters[i];
      return name === other.name && !differ(type, other.type);
    }) &&
    !differ(a.reply, b.reply)
  );
}
