import { ITEM_STEP, KEY_STEP } from '@smc/protocol';
import { prune, substitute } from '../types/type.ts';
import type { MachineSignature, Type } from '../types/typed.ts';

/** The steps from a type to what is in it: those of the judge, and those that a clause writes. */

/** A field, or a constructor with what it takes. */
export interface Part {
  readonly name: string;
  readonly type: Type;
  /** What tells constructors apart that take the same type. */
  readonly form: string;
}

/** The parts of a type that have a name. */
export function partsOf(type: Type): readonly Part[] {
  if (type.kind === 'record') return type.fields.map((field) => ({ ...field, form: '' }));
  if (type.kind !== 'sum') return [];
  return type.declaration.constructors.map(({ name, payload, labels }) => ({
    name,
    type: substitute(payload, type.arguments),
    form: JSON.stringify(labels),
  }));
}

/** The parameters of an operation; none where there is no such operation. */
export function parametersOf({ operations }: MachineSignature, operation: string): readonly Part[] {
  const found = operations.find(({ name }) => name === operation);
  return (found?.parameters ?? []).map(({ name, type }) => ({ name, type, form: '' }));
}

/** Items of lists, sets and options, keys and values of maps have no name in a clause. */
export function takesStep(type: Type | null, step: string): boolean {
  if (step === ITEM_STEP || step === KEY_STEP) return false;
  return !(type?.kind === 'sum' && type.declaration.name === 'Option');
}

/** What a step leads to, pruned; null where the type has no such part. */
export function stepInto(type: Type | null, step: string): Type | null {
  if (type === null) return null;
  if (type.kind === 'list' || type.kind === 'set') return prune(type.item);
  if (type.kind === 'map') return prune(step === KEY_STEP ? type.key : type.value);
  if (type.kind === 'tuple')
    return type.items[Number(step)] === undefined ? null : prune(type.items[Number(step)]);
  if (type.kind === 'record') {
    const field = type.fields.find(({ name }) => name === step);
    return field === undefined ? null : prune(field.type);
  }
  const part = partsOf(type).find(({ name }) => name === step);
  return part === undefined ? null : prune(part.type);
}

/** Of these steps from a type those that a clause writes, joined by dots. */
export function writtenSteps(type: Type, steps: readonly string[]): string {
  const written: string[] = [];
  let seen: Type | null = prune(type);
  for (const step of steps) {
    if (takesStep(seen, step)) written.push(step);
    seen = stepInto(seen, step);
  }
  return written.join('.');
}

/** A path of the judge as a clause writes it: `items.price`, `Add.item.price`; `state` for all of the state. */
export function writtenPath(machine: MachineSignature, [first, ...steps]: readonly string[]): string {
  if (first === 'state') return writtenSteps(machine.state, steps) || first;
  const [name, ...rest] = steps;
  const parameter = parametersOf(machine, first).find((each) => each.name === name);
  const inner = parameter === undefined ? '' : writtenSteps(parameter.type, rest);
  return [first, name, inner].filter((part) => part !== undefined && part !== '').join('.');
}
