import type {
  Argument,
  ArrowExpression,
  Block,
  Clause,
  Command,
  Declaration,
  Expression,
  Input,
  Member,
  Module,
  Parameter,
  Path,
  Pattern,
  TestLine,
  TypeNode,
} from '../../src/syntax/index.ts';

/** A tree without its spans, in brackets that leave no doubt: `a + b * c` is `(+ a (* b c))`. */
export function showModule(module: Module): string[] {
  const imports = module.imports.map(({ source, alias }) => {
    return `(import ${source.kind === 'path' ? JSON.stringify(source.path) : 'deployed'} ${alias.text})`;
  });
  return [...imports, ...module.declarations.map(showDeclaration)];
}

const path = ({ qualifier, name }: Path): string =>
  qualifier === null ? name.text : `${qualifier.text}.${name.text}`;

/** A list in brackets with its head; empty parts are left out. */
const form = (...parts: (string | readonly string[])[]): string =>
  `(${parts
    .flat()
    .filter((part) => part !== '')
    .join(' ')})`;

export function showDeclaration(node: Declaration | Member): string {
  const names = (list: readonly { text: string }[]): string =>
    list.length === 0 ? '' : `<${list.map((n) => n.text).join(' ')}>`;
  switch (node.kind) {
    case 'type': {
      const head = `type ${node.name.text}${names(node.parameters)}`;
      if (node.body.kind === 'type') return form(head, showType(node.body.type));
      return form(
        head,
        node.body.constructors.map(({ name, arguments: taken }) => {
          if (taken.kind === 'none') return name.text;
          return form(
            name.text,
            taken.kind === 'unnamed' ? showType(taken.type) : taken.fields.map(showParameter),
          );
        }),
      );
    }
    case 'fun':
      return form(
        `fun ${node.name.text}${names(node.typeParameters)}`,
        node.parameters.map(showParameter),
        '->',
        showType(node.result),
        showExpression(node.body),
      );
    case 'arrow':
      return form(
        `arrow ${node.name.text}${names(node.typeParameters)}`,
        showType(node.from),
        showType(node.to),
        showArrow(node.body),
      );
    case 'machine':
      return form(
        `machine ${node.name.text}`,
        node.key === null ? '' : `key ${showParameter(node.key)}`,
        node.members.map(showDeclaration),
      );
    case 'upgrade':
      return form('upgrade', path(node.old), path(node.new), node.clauses.map(showClause));
    case 'test':
      return form(
        `test ${JSON.stringify(node.title)}`,
        path(node.machine),
        node.key === null ? '' : showExpression(node.key),
        node.lines.map(showLine),
      );
    case 'state':
      if (node.form.kind === 'fields') return form('state', node.form.fields.map(showParameter));
      return form('state', showType(node.form.type), showExpression(node.form.initial));
    case 'on':
      return form(
        `on ${node.name.text}`,
        node.parameters.map(showParameter),
        node.reply === null ? '' : `-> ${showType(node.reply)}`,
        showBlock(node.body),
      );
    case 'invariant':
      return form('invariant', showPattern(node.pattern), showExpression(node.body));
  }
}

function showClause(node: Clause): string {
  switch (node.kind) {
    case 'convert': {
      const { subject } = node;
      const what =
        subject.kind === 'type'
          ? path(subject.name)
          : ['state', ...subject.path.map((name) => name.text)].join('.');
      return form(node.direction, what, showPattern(node.pattern), showExpression(node.body));
    }
    case 'on': {
      const reply =
        node.reply === null
          ? ''
          : form('reply', showPattern(node.reply.pattern), showExpression(node.reply.body));
      const to = form(node.to.text, node.arguments.map(showArgument));
      return form(node.direction, form(node.from.text, node.parameters.map(showPattern)), to, reply);
    }
    case 'rename':
      return form('rename', node.from.map((name) => name.text).join('.'), node.to.text);
    case 'drop':
      return form('drop', node.path.map((name) => name.text).join('.'));
  }
}

function showLine(node: TestLine): string {
  if (node.kind === 'now') return form('now', showExpression(node.time));
  if (node.kind === 'state') return form('state', showExpression(node.expected));
  return form(
    '=>',
    showInput(node.input),
    node.expected === 'fault' ? 'FAULT' : showExpression(node.expected),
  );
}

export function showInput({ operation, arguments: items }: Input): string {
  return form(operation.text, items.map(showArgument));
}

function showParameter({ name, type, default: initial }: Parameter): string {
  return `${name.text}:${showType(type)}${initial === null ? '' : `=${showExpression(initial)}`}`;
}

export function showType(node: TypeNode): string {
  switch (node.kind) {
    case 'unit':
      return '()';
    case 'named':
      return node.arguments.length === 0
        ? path(node.path)
        : form(path(node.path), node.arguments.map(showType));
    case 'variable':
      return `'${node.name.text}`;
    case 'tuple':
      return form('tuple', node.items.map(showType));
    case 'record':
      return `{${node.fields.map(showParameter).join(' ')}}`;
    case 'function':
      return form('->', showType(node.from), showType(node.to));
    case 'missing':
      return '?';
  }
}

const showArgument = ({ name, value }: Argument): string =>
  `${name === null ? '' : `${name.text}:`}${showExpression(value)}`;

export function showExpression(node: Expression): string {
  switch (node.kind) {
    case 'int':
    case 'bool':
      return String(node.value);
    case 'string':
      return JSON.stringify(node.value);
    case 'time':
      return `@${node.value}`;
    case 'bytes':
      return `0x${Buffer.from(node.value).toString('hex')}`;
    case 'unit':
      return '()';
    case 'variable':
      return path(node.path);
    case 'call':
      return form('call', path(node.callee), node.arguments.map(showArgument));
    case 'construct':
      return node.arguments.length === 0
        ? path(node.constructor)
        : form(path(node.constructor), node.arguments.map(showArgument));
    case 'tuple':
    case 'list':
    case 'set':
      return form(node.kind, node.items.map(showExpression));
    case 'map':
      return form(
        'map',
        node.entries.map(({ key, value }) => `${showExpression(key)}:${showExpression(value)}`),
      );
    case 'record': {
      const fields = node.fields.map(({ name, value }) => `${name.text}:${showExpression(value)}`);
      return `{${[...(node.base === null ? [] : [`...${showExpression(node.base)}`]), ...fields].join(' ')}}`;
    }
    case 'field':
      return form('.', showExpression(node.record), node.name.text);
    case 'if':
      return form('if', showExpression(node.condition), showExpression(node.then), showExpression(node.else));
    case 'case':
      return form(
        'case',
        showExpression(node.subject),
        node.arms.map((arm) => form(showPattern(arm.pattern), showExpression(arm.body))),
      );
    case 'let': {
      const type = node.type === null ? '' : `:${showType(node.type)}`;
      return form(
        'let',
        `${showPattern(node.pattern)}${type}`,
        showExpression(node.value),
        showExpression(node.body),
      );
    }
    case 'lambda':
      return form('fn', showPattern(node.pattern), showExpression(node.body));
    case 'binary':
      return form(node.operator, showExpression(node.left), showExpression(node.right));
    case 'unary':
      return form(node.operator, showExpression(node.operand));
    case 'missing':
      return '?';
  }
}

export function showPattern(node: Pattern): string {
  switch (node.kind) {
    case 'wildcard':
      return '_';
    case 'bind':
      return node.name.text;
    case 'construct': {
      const items = node.arguments.map(
        ({ name, pattern }) => `${name === null ? '' : `${name.text}:`}${showPattern(pattern)}`,
      );
      return items.length === 0 ? path(node.constructor) : form(path(node.constructor), items);
    }
    case 'tuple':
      return form('tuple', node.items.map(showPattern));
    case 'record':
      return `{${node.fields.map(({ name, pattern }) => `${name.text}:${showPattern(pattern)}`).join(' ')}}`;
    case 'list':
      return form(
        'list',
        node.items.map(showPattern),
        node.rest === 'closed' ? '' : `...${showPattern(node.rest)}`,
      );
    default:
      return showExpression(node);
  }
}

export function showArrow(node: ArrowExpression): string {
  switch (node.kind) {
    case 'name':
      return path(node.path);
    case 'proc':
      return form('proc', showPattern(node.pattern), showBlock(node.body));
    case 'compose':
      return form(node.operator, showArrow(node.left), showArrow(node.right));
    case 'prefix':
      return form(node.operator, showArrow(node.operand));
    case 'missing':
      return '?';
  }
}

export function showBlock({ commands }: Block): string {
  return `{${commands.map(showCommand).join('; ')}}`;
}

export function showCommand(node: Command): string {
  switch (node.kind) {
    case 'feed':
      return node.argument === null
        ? showArrow(node.arrow)
        : form('-<', showArrow(node.arrow), showExpression(node.argument));
    case 'bind':
      return form('<-', showPattern(node.pattern), showCommand(node.command));
    case 'let':
      return form(
        'let',
        `${showPattern(node.pattern)}${node.type === null ? '' : `:${showType(node.type)}`}`,
        showExpression(node.value),
      );
    case 'if':
      return form(
        'if',
        showExpression(node.condition),
        showBlock(node.then),
        node.else === null ? '' : showBlock(node.else),
      );
    case 'case':
      return form(
        'case',
        showExpression(node.subject),
        node.arms.map((arm) => form(showPattern(arm.pattern), showBlock(arm.body))),
      );
    case 'missing':
      return '?';
  }
}
