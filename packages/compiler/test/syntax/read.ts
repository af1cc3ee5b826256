import { expect } from 'vitest';
import { parse, type Declaration, type Member } from '../../src/syntax/index.ts';
import { showDeclaration, showModule } from './show.ts';

/** The declarations of a text that has nothing wrong in it. */
export function readModule(text: string): string[] {
  const { module, diagnostics } = parse(text, 'test.sm');
  expect(diagnostics.map(({ code, message }) => `${code} ${message}`)).toEqual([]);
  return showModule(module);
}

/** `CODE offset` of each thing that is wrong. */
export function readFaults(text: string): string[] {
  return parse(text, 'test.sm').diagnostics.map(({ code, labels }) => `${code} ${labels[0]!.span.start}`);
}

/** What an expression says that is the body of a function. */
export function readExpression(text: string): string {
  const [shown] = readModule(`fun f() -> T = ${text}\n`);
  return shown!.replace(/^\(fun f -> T /, '').slice(0, -1);
}

/** What a block of commands says. */
export function readCommands(text: string): string {
  const [shown] = readModule(`machine M {\n  on A {\n${text}\n  }\n}\n`);
  return shown!.replace(/^\(machine M \(on A /, '').slice(0, -2);
}

export function readArrow(text: string): string {
  const [shown] = readModule(`arrow f : A -> B = ${text}\n`);
  return shown!.replace(/^\(arrow f A B /, '').slice(0, -1);
}

export function readType(text: string): string {
  const [shown] = readModule(`fun f(x: ${text}) -> T = x\n`);
  return shown!.replace(/^\(fun f x:/, '').replace(/ -> T x\)$/, '');
}

/** What an arm of a `case` takes apart. */
export function readPattern(text: string): string {
  const shown = readExpression(`case x { ${text} -> y }`);
  return shown.replace(/^\(case x \(/, '').replace(/ y\)\)$/, '');
}

export function readMember(text: string): string {
  const [shown] = readModule(`machine M {\n${text}\n}\n`);
  return shown!.replace(/^\(machine M /, '').slice(0, -1);
}

/** Declarations that are left of a faulty text, by kind and name. */
export function outline(text: string): string[] {
  const name = (node: Declaration | Member): string =>
    'name' in node ? `${node.kind} ${node.name.text}` : node.kind;
  return parse(text, 'test.sm').module.declarations.map((node) => {
    return node.kind === 'machine' ? `${name(node)} { ${node.members.map(name).join(', ')} }` : name(node);
  });
}

export { showDeclaration };
