import { parseSync } from 'oxc-parser';
import type { Mutant, VerifierFile } from './mutant.ts';

/**
 * The rules of the verifier, as its source has them: each statement that refuses something. It throws a `Refusal`,
 * or gives a message. In the arm of an instruction it may also call something that does so: that `APP` takes a pair is a
 * rule of its own, and what a pair is another one.
 */
export interface Rule {
  /** The file, the cases that it stands behind, and its first line. */
  readonly name: string;
  readonly file: VerifierFile;
  /** Where it stands in the source, its end left out. */
  readonly start: number;
  readonly end: number;
  /** Of an arm: where its cases are, which is before its first statement. */
  readonly cases: { readonly start: number; readonly end: number } | null;
}

/** A node of the syntax tree; its other fields are nodes, lists of them, or neither. */
interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';

const partsOf = (node: Node): Node[] => Object.values(node).flat().filter(isNode);

const allOf = (node: Node): Node[] => [node, ...partsOf(node).flatMap(allOf)];

/** Statements that have statements in them: these are looked at one by one. */
const COMPOSED = new Set([
  'BlockStatement',
  'SwitchStatement',
  'ForStatement',
  'ForOfStatement',
  'TryStatement',
]);

/** What all rules refuse by. */
const REFUSALS: ReadonlySet<string> = new Set(['#refuse', '#mismatch', 'invalid']);

/** The functions and methods of a file, by name. */
const functionsOf = (program: Node): Map<string, Node> =>
  new Map(
    allOf(program).flatMap((node): [string, Node][] => {
      if (node.type === 'MethodDefinition') return [[nameOf(node.key as Node), node.value as Node]];
      return node.type === 'FunctionDeclaration' ? [[nameOf(node.id as Node), node]] : [];
    }),
  );

const nameOf = (node: Node): string => (node.type === 'PrivateIdentifier' ? '#' : '') + String(node.name);

/** The name of the function or method that a call is of. */
function calleeOf(node: Node): string | null {
  if (node.type !== 'CallExpression') return null;
  const callee = node.callee as Node;
  if (callee.type === 'Identifier') return nameOf(callee);
  return callee.type === 'MemberExpression' ? nameOf(callee.property as Node) : null;
}

/** Whether it throws a `Refusal`, or is the message of one: a text that is returned, alone or in an object. */
function isRefusal(node: Node): boolean {
  if (node.type === 'NewExpression') return (node.callee as Node).name === 'Refusal';
  if (node.type === 'Property') return (node.key as Node).name === 'message';
  if (node.type !== 'ReturnStatement' || !isNode(node.argument)) return false;
  const { argument } = node;
  const given =
    argument.type === 'ConditionalExpression' ? [argument.consequent, argument.alternate] : [argument];
  return (given as Node[]).some(
    ({ type, value }) => type === 'TemplateLiteral' || (type === 'Literal' && typeof value === 'string'),
  );
}

/** Those, functions in which something is refused, and those that call them. */
function refusing(functions: ReadonlyMap<string, Node>): ReadonlySet<string> {
  const found = new Set(REFUSALS);
  for (let size = 0; size < found.size;) {
    size = found.size;
    for (const [name, body] of functions)
      if (allOf(body).some((node) => refuses(node, found))) found.add(name);
  }
  return found;
}

const refuses = (node: Node, names: ReadonlySet<string>): boolean =>
  isRefusal(node) || names.has(calleeOf(node) ?? '');

/** All rules of a file. */
export function rulesOf(file: VerifierFile, source: string): Rule[] {
  const program = parseSync(file, source).program as unknown as Node;
  const functions = functionsOf(program);
  const names = refusing(functions);
  const rules: Rule[] = [];
  const add = ({ start, end }: Node, cases: Rule['cases']): void => {
    const own =
      cases === null ? '' : `${source.slice(cases.start, cases.end).trim().replaceAll(/\s+/g, ' ')} `;
    const [first] = source.slice(start, end).split('\n');
    rules.push({ name: `${file}: ${own}${first.trim()}`, file, start, end, cases });
  };
  const walk = (node: Node, cases: Rule['cases']): void => {
    const isStatement = /Statement$|^VariableDeclaration$/.test(node.type);
    if (isStatement && !COMPOSED.has(node.type)) {
      const by = cases === null ? REFUSALS : names;
      if (allOf(node).some((each) => refuses(each, by))) add(node, cases);
      return;
    }
    // What a `catch` says was refused elsewhere.
    if (node.type === 'CatchClause') return;
    if (node.type !== 'SwitchStatement') return partsOf(node).forEach((part) => walk(part, cases));
    let start: number | null = null;
    for (const arm of node.cases as Node[]) {
      start ??= arm.start;
      const [first] = arm.consequent as Node[];
      if (first === undefined) continue;
      const own = { start, end: first.start };
      for (const statement of arm.consequent as Node[]) walk(statement, own);
      start = null;
    }
  };
  for (const [name, body] of functions) if (isNode(body.body) && !REFUSALS.has(name)) walk(body.body, null);
  return rules;
}

/** Whether a mutant changes a rule: the statement itself, or the case of the instruction, so that it is left out. */
export function changes({ file, text }: Mutant, source: string, rule: Rule): boolean {
  if (file !== rule.file) return false;
  const start = source.indexOf(text);
  const end = start + text.length;
  const meets = (place: { readonly start: number; readonly end: number } | null): boolean =>
    place !== null && start < place.end && place.start < end;
  return meets(rule) || meets(rule.cases);
}
