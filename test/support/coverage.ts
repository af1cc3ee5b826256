import {
  INSTRUCTIONS,
  partsOf as partsOfType,
  type InstructionName,
  type TypeId,
  type TypeTable,
} from '@smc/protocol';
import type { Term } from '@smc/compiler';
import { LIR_OPERATIONS } from '../../packages/vm/test/support/lowered-machine.ts';

/**
 * What a run of random programs has met: how many times each instruction ran, each typing rule
 * was used by the verifier, each lowered operation ran in each tier, each kind of failure came, with
 * and without the state replaced before it. What is never met is not tested, however many programs there were.
 */
export class Coverage {
  readonly #counts = new Map<string, number>();

  count(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }

  /** What of these was met fewer than `countMin` times, with how often. */
  missing(required: readonly string[], countMin: number): string[] {
    return required.flatMap((what) => {
      const count = this.#counts.get(what) ?? 0;
      return count < countMin ? [`${what}: ${count} times`] : [];
    });
  }

  /** A term is about to run, on this input. */
  run(types: TypeTable, term: Term, input: unknown): void {
    for (const name of instructionsOf(types, term, input)) this.count(`run ${name}`);
  }

  /** A machine with a state of this type is stepped. */
  state(types: TypeTable, type: TypeId): void {
    const node = types.node(type);
    const parts = partsOfType(node);
    const kind = node.kind === 'sum' && node.name === 'Option' ? 'option' : node.kind;
    const isHolder = parts.some((part) => kindOf(types, part) === 'map');
    if (isHolder) this.count(`map in ${kind} of the state`);
    for (const part of parts) this.state(types, part);
  }

  /** Code of these terms passed the verifier. */
  verified(types: TypeTable, body: Term): void {
    this.count('verified RETURN');
    const pending = [body];
    for (let term = pending.pop(); term !== undefined; term = pending.pop()) {
      for (const rule of rulesOf(types, term)) this.count(`verified ${rule}`);
      pending.push(...partsOf(term));
    }
  }
}

const DATA_KINDS = [
  'unit',
  'int',
  'bool',
  'string',
  'bytes',
  'time',
  'tuple',
  'record',
  'list',
  'map',
  'set',
  'sum',
];
/** What can have maps in it; the tuple may be the state. */
const HOLDERS = ['map', 'list', 'sum', 'option', 'record', 'tuple'];
const ORDERED_KINDS = ['int', 'string', 'time'];
const of = (name: string, variants: readonly string[]): string[] =>
  variants.map((variant) => `${name} ${variant}`);

/** The typing rules: one for each instruction, and one for each variant of those for several types. */
const VARIANTS: Partial<Record<InstructionName, readonly string[]>> = {
  PROJECT: ['tuple', 'record'],
  QUOTE: DATA_KINDS,
  CUR: ['data', 'closure'],
  APP: ['data', 'closure'],
  CALL: ['data', 'closure'],
  SWITCH: ['1', '2', '3', '4'],
  TUPLE: ['3', '4', '5'],
  RECORD: ['1', '2', '3', '4'],
  INJECT: ['none', 'unnamed', 'named'],
  LIST: ['1', '2'],
  EQ: DATA_KINDS,
  NE: DATA_KINDS,
  LT: ORDERED_KINDS,
  LE: ORDERED_KINDS,
  GT: ORDERED_KINDS,
  GE: ORDERED_KINDS,
};

/** Kinds of failure with the words with which they are counted; any other is that of a `fail`. */
export const FAILURES: ReadonlyMap<string, string> = new Map([
  ['fault: integer overflow', 'integer overflow'],
  ['fault: division by zero', 'division by zero'],
  ['fault: time out of range', 'time out of range'],
  ['exhausted: out of fuel', 'out of fuel'],
  ['exhausted: value too large', 'value too large'],
]);

const NAMES = Object.keys(INSTRUCTIONS) as InstructionName[];

/** All that a run must have met. */
export const REQUIRED: readonly string[] = [
  ...NAMES.map((name) => `run ${name}`),
  ...NAMES.flatMap((name) => of(`verified ${name}`, VARIANTS[name] ?? [''])).map((rule) => rule.trimEnd()),
  ...[...FAILURES.values(), 'fail'].map((kind) => `failed: ${kind}`),
  'failed after PUT',
  ...LIR_OPERATIONS.flatMap((name) => of(`lowered ${name},`, ['interpreter', 'jit'])),
  ...of('lowered KEY,', ['int', 'string']),
  'compiled between two steps',
  'two instances from one state',
  ...HOLDERS.map((kind) => `map in ${kind} of the state`),
];

const kindOf = (types: TypeTable, type: TypeId): string => types.node(type).kind;
const outcome = (types: TypeTable, type: TypeId): string => (types.isFirstOrder(type) ? 'data' : 'closure');
const isPair = (types: TypeTable, type: TypeId): boolean => {
  const node = types.node(type);
  return node.kind === 'tuple' && node.items.length === 2;
};

/** The instructions that a term becomes itself, beside its parts, with the variant of the typing rule. */
function rulesOf(types: TypeTable, term: Term): string[] {
  const gathered = (length: number): string[] => (length > 1 ? ['PUSH', 'SWAP'] : []);
  switch (term.kind) {
    case 'fork': {
      const { length } = term.parts;
      const name = isPair(types, term.to) ? 'CONS' : `${kindOf(types, term.to).toUpperCase()} ${length}`;
      return [...gathered(length), name];
    }
    case 'list':
      return [...gathered(term.items.length), `LIST ${Math.min(2, term.items.length)}`];
    case 'project':
      if (isPair(types, term.from)) return [term.index === 0 ? 'FST' : 'SND'];
      return [`PROJECT ${kindOf(types, term.from)}`];
    case 'inject': {
      const node = types.node(term.to);
      const labels = node.kind === 'sum' ? node.constructors[term.index].labels : null;
      return [`INJECT ${labels === null ? 'unnamed' : labels.length === 0 ? 'none' : 'named'}`];
    }
    case 'case':
      return [`SWITCH ${term.arms.length}`, ...term.arms.slice(1).map(() => 'JUMP')];
    case 'if':
      return ['BRANCH', 'JUMP'];
    case 'curry':
      return [`CUR ${outcome(types, term.body.to)}`];
    case 'apply':
      return [`APP ${outcome(types, term.to)}`];
    case 'constant':
      return [`QUOTE ${kindOf(types, term.to)}`];
    case 'fold':
      return ['FOLD', 'NEXT'];
    case 'map':
      return ['MAP', 'NEXT'];
    case 'call':
      return [`CALL ${outcome(types, term.to)}`];
    case 'primitive': {
      const variants = VARIANTS[term.instruction];
      const operand = types.components(term.from)?.[0] ?? term.from;
      return [variants === undefined ? term.instruction : `${term.instruction} ${kindOf(types, operand)}`];
    }
    case 'get':
    case 'put':
    case 'now':
    case 'fail':
      return [term.kind.toUpperCase()];
    default:
      return [];
  }
}

/** The instructions that run for a term and this input. */
function instructionsOf(types: TypeTable, term: Term, input: unknown): string[] {
  const names = rulesOf(types, term).map((rule) => rule.split(' ')[0]);
  switch (term.kind) {
    case 'call':
    case 'apply':
      return [...names, 'RETURN'];
    case 'if': {
      const [, condition] = input as readonly [unknown, boolean];
      return condition ? ['BRANCH', 'JUMP'] : ['BRANCH'];
    }
    case 'case': {
      const [, sum] = input as readonly [unknown, { readonly tag: number }];
      return sum.tag < term.arms.length - 1 ? ['SWITCH', 'JUMP'] : ['SWITCH'];
    }
    case 'fold': {
      const [, , list] = input as readonly [unknown, unknown, { readonly items: readonly unknown[] }];
      return list.items.length > 0 ? ['FOLD', 'NEXT'] : ['FOLD'];
    }
    case 'map': {
      const [, list] = input as readonly [unknown, { readonly items: readonly unknown[] }];
      return list.items.length > 0 ? ['MAP', 'NEXT'] : ['MAP'];
    }
    default:
      return names;
  }
}

function partsOf(term: Term): readonly Term[] {
  switch (term.kind) {
    case 'compose':
      return [term.first, term.second];
    case 'fork':
      return term.parts;
    case 'list':
      return term.items;
    case 'case':
      return term.arms;
    case 'if':
      return [term.then, term.else];
    case 'curry':
    case 'fold':
    case 'map':
      return [term.body];
    default:
      return [];
  }
}
