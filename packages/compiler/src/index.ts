export { Program } from './combinators/construct.ts';
export { EffectAnalysis } from './combinators/effects.ts';
export * from './combinators/evaluate.ts';
export { Failure } from './combinators/primitive.ts';
export * from './combinators/term.ts';
export { WordCount } from './combinators/words.ts';
export { emitMachine, emitUpgrade } from './emit/emit.ts';
