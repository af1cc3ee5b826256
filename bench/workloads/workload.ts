import { readFileSync } from 'node:fs';
import { compile, render } from '@smc/compiler';
import { List, Sum, type Image, type Product, type Value } from '@smc/protocol';
import { handMachine, type HandInput } from './by-hand.ts';

/** Steps of one machine, on inputs that are always the same. */
export interface Workload {
  /** As `peers/inplace.js` and `peers/twins.js` call it. */
  readonly name: string;
  /** The machine in our language, beside this file. */
  readonly file: string;
  /** The operation, and what it takes, for an input of the machine by hand. */
  readonly call: (input: HandInput) => readonly [operation: string, argument: Value];
  /** Gives the same number as the machine by hand, where the reply says the same. */
  readonly digest: (reply: Value) => number;
  /** What stands for the reply of a step that fails; null where none does. */
  readonly fault: Value;
}

/** One input for a machine of ours. */
export interface Step {
  readonly operation: number;
  readonly argument: Value;
}

const incrementOrRead: Workload['call'] = ({ tag }) => [tag === 0 ? 'Incr' : 'Read', null];
const numberOrUnit: Workload['digest'] = (reply) => (typeof reply === 'number' ? reply & 7 : 1);
const run: Workload['call'] = ({ times }) => ['Run', times as number];
const lowBits: Workload['digest'] = (reply) => (reply as number) & 7;

/** The payload of a message, by its constructor. */
function payload({ tag, peer, number }: HandInput): Value {
  if (tag === 0) return [peer as number];
  if (tag === 1) return peer as number;
  if (tag === 2) return [peer as number, number as number];
  return tag === 3 ? (number as number) : null;
}

const ofLedger = {
  call: ({ tag, account, from, to, amount }) =>
    tag === 1 ? ['Inspect', account as string] : ['Transfer', [from, to, amount] as Product],
  digest: (reply) => {
    const { tag, value } = reply as Sum;
    return tag + ((value as number) & 7);
  },
} satisfies Pick<Workload, 'call' | 'digest'>;

export const WORKLOADS: readonly Workload[] = [
  { name: 'counter', file: 'counter.sm', call: incrementOrRead, digest: numberOrUnit, fault: null },
  { name: 'pair', file: 'pair.sm', call: incrementOrRead, digest: numberOrUnit, fault: null },
  {
    name: 'record',
    file: 'record.sm',
    call: ({ tag, value }) =>
      tag === 2 ? ['Summarise', null] : [tag === 1 ? 'Limit' : 'Measure', value as number],
    digest: (reply) => {
      if (typeof reply === 'boolean') return reply ? 2 : 3;
      if (reply === null) return 1;
      const [count, least, most, sum] = reply as readonly number[];
      return (count + least + most + sum) & 7;
    },
    fault: null,
  },
  { name: 'ledger', file: 'ledger.sm', ...ofLedger, fault: null },
  { name: 'ledgerFails', file: 'ledger-fails.sm', ...ofLedger, fault: new Sum(4, 0) },
  { name: 'foldSmall', file: 'fold-small.sm', call: run, digest: lowBits, fault: null },
  { name: 'foldLarge', file: 'fold-large.sm', call: run, digest: lowBits, fault: null },
  {
    name: 'text',
    file: 'text.sm',
    call: ({ tag, author, words, word, count }) => {
      if (tag === 0) return ['Post', [author as string, List.of(words as string[])]];
      return tag === 1 ? ['Count', word as string] : ['Heads', count as number];
    },
    digest: (reply) => {
      if (typeof reply === 'number') return reply & 7;
      const { items } = reply as List;
      return items.length + (((items[0] as string | undefined) ?? '').length & 7);
    },
    fault: null,
  },
  {
    name: 'protocol',
    file: 'protocol.sm',
    call: (input) => ['Receive', new Sum(input.tag, payload(input))],
    digest: (reply) => {
      const { tag, value } = reply as Sum;
      return tag + ((typeof value === 'string' ? value.length : (value as number)) & 7);
    },
    fault: null,
  },
];

export function workloadOf(name: string): Workload {
  const found = WORKLOADS.find((workload) => workload.name === name);
  if (found === undefined) throw new Error(`no workload is called ${name}`);
  return found;
}

/** One lap, for a machine that has its operations in this order. */
export function stepsOf({ name, call }: Workload, operations: readonly { readonly name: string }[]): Step[] {
  const indices = new Map(operations.map((operation, index) => [operation.name, index]));
  return handMachine(name).inputs.map((input) => {
    const [operation, argument] = call(input);
    const index = indices.get(operation);
    if (index === undefined) throw new Error(`${name} has no operation ${operation}`);
    return { operation: index, argument };
  });
}

/** The machine of a source file beside this one. */
export const imageOf = (file: string): Image =>
  imageOfSource(readFileSync(new URL(file, import.meta.url), 'utf8'));

/** The machine of a text. */
export function imageOfSource(source: string): Image {
  const { bundle, diagnostics, sources } = compile('machine.sm', {
    read: () => source,
    readBundle: () => null,
    readDeployed: () => null,
    resolve: (_from, path) => path,
  });
  if (bundle !== null) return bundle.images[0];
  const text = (name: string): string | null => sources.get(name) ?? null;
  throw new Error(diagnostics.map((diagnostic) => render(diagnostic, text, { color: false })).join('\n'));
}
