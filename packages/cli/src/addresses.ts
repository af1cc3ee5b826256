import type { MachineView, OperationView } from '@smc/client';

/** More operations than this are not listed; there is always the rest of the interface in `smc status --json`. */
const LISTED_MAX = 20;

/** Where the operations of a machine are called on a node, a line each. */
export function addresses(url: string, { name, keyed, operations }: MachineView): readonly string[] {
  const lines = operations.slice(0, LISTED_MAX).map((operation) => {
    const method = operation.readOnly ? 'GET ' : 'POST';
    return `${method} ${url}/${name}${keyed ? '/KEY' : ''}/${operation.name}${signature(operation)}`;
  });
  const more = operations.length - lines.length;
  return more === 0 ? lines : [...lines, `and ${more} more of ${name}`];
}

function signature({ parameters, reply }: OperationView): string {
  const given = parameters.map(
    ({ name, type, default: byDefault }) =>
      `${name}: ${type}${byDefault === undefined ? '' : ` = ${byDefault}`}`,
  );
  const input = given.length === 0 ? '' : ` (${given.join(', ')})`;
  return `${input}${reply === '()' ? '' : ` -> ${reply}`}`;
}
