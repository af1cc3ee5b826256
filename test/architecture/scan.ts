// Reads one TypeScript file: what it imports and which globals it uses, from its syntax tree.
import { parseSync } from 'oxc-parser';

/** Something found in a source, at a line counted from 1. */
export type Found = { readonly name: string; readonly line: number };

export type Scan = {
  /** Module specifiers of every form: import, export from, import(), import('x').T, require. */
  readonly imports: readonly Found[];
  /** `import(expression)`, whose target can not be known. */
  readonly computedImports: readonly Found[];
  /** Names used and not declared in the file: `x`, and `x.y` for a member of one, `new Date` without arguments. */
  readonly globals: readonly Found[];
  /** Whether the file only hands on what other files export. */
  readonly onlyReexports: boolean;
  /** The comments before the first statement. */
  readonly header: string;
  readonly lineCount: number;
};

type Node = { readonly type: string; readonly start: number; readonly [key: string]: unknown };

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && typeof (value as Node).type === 'string';

const asNode = (value: unknown): Node | undefined => (isNode(value) ? value : undefined);

/** Node types whose `source` names a module. */
const importing = new Set([
  'ImportDeclaration',
  'ExportNamedDeclaration',
  'ExportAllDeclaration',
  'ImportExpression',
  'TSImportType',
]);

/** Where a node declares names: node type -> the fields that hold patterns. */
const declaring: Readonly<Record<string, readonly string[]>> = {
  VariableDeclarator: ['id'],
  FunctionDeclaration: ['id', 'params'],
  FunctionExpression: ['id', 'params'],
  ArrowFunctionExpression: ['params'],
  ClassDeclaration: ['id'],
  CatchClause: ['param'],
  ImportSpecifier: ['local'],
  ImportDefaultSpecifier: ['local'],
  ImportNamespaceSpecifier: ['local'],
};

/** Fields whose identifier is a label or a type, not the use of a variable. */
const notUses = new Set(['typeName', 'typeAnnotation', 'typeArguments', 'typeParameters', 'label']);

/** Parses `text` as TypeScript; throws with the parser's complaint if it is none. */
export function scan(path: string, text: string): Scan {
  const { program, comments, errors } = parseSync(path, text);
  const error = errors[0];
  if (error) throw new Error(`${path} does not parse: ${error.message}`);

  const lineAt = (offset: number): number => text.slice(0, offset).split('\n').length;
  const imports: Found[] = [];
  const computedImports: Found[] = [];
  const uses: Found[] = [];
  const declared = new Set<string>();

  const addImport = (source: unknown, at: Node): void => {
    const value = asNode(source)?.['value'];
    if (typeof value === 'string') imports.push({ name: value, line: lineAt(at.start) });
    else if (isNode(source)) computedImports.push({ name: 'import(...)', line: lineAt(at.start) });
  };

  const visit = (value: unknown, asUse: boolean): void => {
    if (Array.isArray(value)) for (const item of value) visit(item, asUse);
    if (!isNode(value)) return;
    if (importing.has(value.type)) addImport(value['source'], value);
    if (value.type === 'TSExternalModuleReference') addImport(value['expression'], value);
    for (const field of declaring[value.type] ?? []) declare(value[field], declared);
    if (asUse) {
      if (isRequire(value)) addImport((value['arguments'] as unknown[])[0], value);
      for (const name of usedNames(value)) uses.push({ name, line: lineAt(value.start) });
    }
    for (const [field, child] of Object.entries(value)) {
      const isName = (field === 'key' || field === 'property') && value['computed'] !== true;
      visit(child, asUse && !isName && !notUses.has(field));
    }
  };
  visit(program.body, true);

  const firstStatement = program.body[0]?.start ?? text.length;
  return {
    imports,
    computedImports,
    globals: uses.filter((use) => !declared.has(use.name.replace(/^new |\..*$/g, ''))),
    onlyReexports: program.body.every(isReexport),
    header: comments.flatMap((c) => (c.start < firstStatement ? [c.value] : [])).join('\n'),
    lineCount: text.trimEnd().split('\n').length,
  };
}

function isReexport(statement: unknown): boolean {
  const node = asNode(statement);
  if (node?.type === 'ExportAllDeclaration') return true;
  if (node?.type !== 'ExportNamedDeclaration') return false;
  return isNode(node['source']) || (!node['declaration'] && (node['specifiers'] as unknown[]).length === 0);
}

function isRequire(node: Node): boolean {
  return node.type === 'CallExpression' && asNode(node['callee'])?.['name'] === 'require';
}

/** The names a node itself uses, not counting its children. */
function usedNames(node: Node): string[] {
  if (node.type === 'Identifier') return [String(node['name'])];
  if (node.type === 'MemberExpression') {
    const object = asNode(node['object']);
    const property = asNode(node['property']);
    const member = node['computed'] === true ? property?.['value'] : property?.['name'];
    return object?.type === 'Identifier' ? [`${String(object['name'])}.${String(member)}`] : [];
  }
  if (node.type === 'NewExpression' && (node['arguments'] as unknown[]).length === 0) {
    const callee = asNode(node['callee']);
    return callee?.type === 'Identifier' ? [`new ${String(callee['name'])}`] : [];
  }
  // Called without `new`, Date ignores its arguments and gives the present time.
  if (node.type === 'CallExpression' && asNode(node['callee'])?.['name'] === 'Date') return ['new Date'];
  return [];
}

/** Adds the names a pattern binds; its default values and types are uses, not bindings. */
function declare(pattern: unknown, names: Set<string>): void {
  if (Array.isArray(pattern)) for (const item of pattern) declare(item, names);
  if (!isNode(pattern)) return;
  if (pattern.type === 'Identifier') names.add(String(pattern['name']));
  if (pattern.type === 'AssignmentPattern') declare(pattern['left'], names);
  if (pattern.type === 'Property') declare(pattern['value'], names);
  if (pattern.type === 'ObjectPattern') declare(pattern['properties'], names);
  if (pattern.type === 'ArrayPattern') declare(pattern['elements'], names);
  if (pattern.type === 'RestElement') declare(pattern['argument'], names);
  if (pattern.type === 'TSParameterProperty') declare(pattern['parameter'], names);
}
