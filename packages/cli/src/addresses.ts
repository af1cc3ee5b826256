import type { MachineView, OperationView } from '@smc/client';

/** More operations than this are not listed; there is always the rest of the interface in `smc status --json`. */
const LISTED_MAX = 20;

/** Where operations of a machine are called on a node, a line each; `isShown` chooses among them. */
export function addresses(
  url: string,
  { name, keyed, operations }: MachineView,
  isShown: (operation: string) => boolean = () => true,
): readonly string[] {
  const shown = operations.filter((operation) => isShown(operation.name));
  const lines = shown.slice(0, LISTED_MAX).map((operation) => {
    const method = operation.readOnly ? 'GET ' : 'POST';
    return `${method} ${url}/${name}${keyed ? '/KEY' : ''}/${operation.name}${signature(operation)}`;
  });
  return shown.length > LISTED_MAX ? [...lines, `and ${shown.length - LISTED_MAX} more`] : lines;
}

function signature({ parameters, reply }: OperationView): string {
  const given = parameters.map(
    ({ name, type, default: byDefault }) =>
      `${name}: ${type}${byDefault === undefined ? '' : ` = ${byDefault}`}`,
  );
  const input = given.length === 0 ? '' : ` (${given.join(', ')})`;
  return `${input}${reply === '()' ? '' : ` -> ${reply}`}`;
}
