export { SOURCE_LIMITS, type SourceHost, type VersionSource } from './sources.ts';
export {
  check,
  compile,
  type CheckedFile,
  type Checking,
  type Compilation,
  type CompiledTest,
} from './compile.ts';
export {
  compareVersions,
  type ComparedVersions,
  type ComparisonOptions,
  type MachinePair,
  type MachineVersion,
} from './versions.ts';
export type { Change, OperationChange } from './upgrade/changes.ts';
export {
  reportOf,
  type ClientLoss,
  type MachineReport,
  type UpgradeDetail,
  type UpgradeReport,
  type WayBack,
} from './upgrade/report.ts';
export type { Expectation, TestLine } from './combinators/translate/translate.ts';
export { Program as TermProgram } from './combinators/construct.ts';
export { EffectAnalysis } from './combinators/effects.ts';
export * from './combinators/evaluate.ts';
export { Failure } from './combinators/primitive.ts';
export * from './combinators/term.ts';
export { simplify } from './combinators/laws.ts';
export { printDefinitions } from './combinators/print.ts';
export { WordCount } from './combinators/words.ts';
export { emitMachine, emitUpgrade } from './emit/emit.ts';
export { builtInReference } from './types/reference.ts';
export { BUILT_IN_MODULES, type BuiltIn } from './types/built-in-modules.ts';
export { checkModules } from './types/check.ts';
export type { CheckedModules, Resolve } from './types/check.ts';
export type * from './types/typed.ts';
export { CODES, type Code } from './errors/codes.ts';
export { render, toJson } from './errors/render.ts';
export * from './syntax/index.ts';
