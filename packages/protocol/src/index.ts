export * from './diagnostic.ts';
export * from './image.ts';
export * from './instructions.ts';
export * from './span.ts';
export * from './type.ts';
export * from './value.ts';
