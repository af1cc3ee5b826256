import type { TypeId, Unit } from '@smc/protocol';
import type { Verified } from '../verify.ts';
import type { Lowered } from './lir.ts';

/** What lowering has to know of a machine beside its unit. */
export interface MachineParts {
  readonly state: TypeId;
  readonly isKeyed: boolean;
  readonly operations: readonly { readonly body: number; readonly reply: TypeId }[];
}

/** `roots` are functions that are entered from outside beside the operations. */
export function lower(
  _unit: Unit,
  _verified: Verified,
  _machine: MachineParts | null,
  _roots: readonly number[],
): Lowered {
  throw new Error('lowering is not there yet');
}
