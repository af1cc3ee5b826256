export { FAILED, type Failure, type Invalid } from './failure.ts';
export {
  LoadedUnit,
  Program,
  STEP_FUEL,
  load,
  loadUnit,
  type Instance,
  type ProgramOperation,
  type RunResult,
} from './program.ts';
export { verifyImage, verifyUnit, type VerifiedImage } from './verify-image.ts';
export { CLOCK, READS, VERIFIER_LIMITS, WRITES, type FunctionFacts, type Verified } from './verify.ts';
