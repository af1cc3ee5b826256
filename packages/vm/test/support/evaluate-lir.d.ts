import { type Value } from '@smc/protocol';
import type { Failure } from '../../src/failure.ts';
import { type Lowered } from '../../src/lower/lir.ts';
/**
 * A plain evaluator of LIR, for tests: what both tiers must agree with. It takes each operation
 * by its name, counts integers exactly, and throws where the contract of LIR is broken: code
 * that reads what was not written, fails after a COMMIT or commits without having paid.
 */
/** What a run is given beside its code. */
export interface LirRun {
    readonly argument: Value;
    readonly state: Value;
    readonly key: Value;
    readonly now: number;
    readonly fuel: number;
}
export type LirOutcome = {
    readonly value: Value;
    readonly state: Value;
    readonly fuel: number;
} | {
    readonly failure: Failure;
};
/** Runs a routine that is entered from outside. */
export declare function evaluateLir(lowered: Lowered, routine: number, run: LirRun): LirOutcome;
//# sourceMappingURL=evaluate-lir.d.ts.map