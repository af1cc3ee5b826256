export { FAILED, type Failure, type Invalid } from './failure.ts';
export type { Instance } from './instance.ts';
export { STEP_FUEL } from './jit/dispatch.ts';
export { LOWERING_LIMITS, type LoweringLimits } from './lower/lower.ts';
export {
  LoadedUnit,
  Program,
  load,
  loadUnit,
  type LoadOptions,
  type ProgramOperation,
  type RunResult,
} from './program.ts';
export type { JitMode, Tier } from './tiers.ts';
export { verifyImage, verifyUnit, type VerifiedImage } from './verify-image.ts';
export { CLOCK, READS, VERIFIER_LIMITS, WRITES, type FunctionFacts, type Verified } from './verify.ts';
