import { printType, printValue } from '@smc/protocol';
import type { TypeId, TypeTable } from '@smc/protocol';
import type { Definition, Term } from './term.ts';
import { bottomUp } from './traverse.ts';

/**
 * Terms as text, for people: `smc build --emit core`. Composition is `f >>> g`, a fork
 * `(f, g)` or `{ x: f, y: g }`, projections are `.0` and `.x`; what does not fit on a line is
 * written one part a line.
 */
export function printDefinitions(program: {
  readonly types: TypeTable;
  readonly definitions: readonly Definition[];
}): string {
  const printer = new TermPrinter(program.types, program.definitions);
  const texts = program.definitions.map(({ name, body }, index) => {
    const type = `${printer.type(body.from)} -> ${printer.type(body.to)}`;
    const lines = printer.lines(body).map((line) => `  ${line}\n`);
    return `${index} ${name} : ${type}\n${lines.join('')}`;
  });
  return texts.join('\n');
}

const LINE_LENGTH_MAX = 100;

class TermPrinter {
  readonly #types: TypeTable;
  readonly #definitions: readonly Definition[];
  readonly #memo = new WeakMap<Term, { readonly result: readonly string[] }>();

  constructor(types: TypeTable, definitions: readonly Definition[]) {
    this.#types = types;
    this.#definitions = definitions;
  }

  type(type: TypeId): string {
    return printType(this.#types, type);
  }

  lines(term: Term): readonly string[] {
    return bottomUp<readonly string[]>(term, this.#memo, (node, parts) => this.#node(node, parts));
  }

  #node(term: Term, parts: readonly (readonly string[])[]): readonly string[] {
    switch (term.kind) {
      case 'compose':
        return composition(parts);
      case 'fork': {
        const type = this.#types.node(term.to);
        if (type.kind !== 'record') return bracketed('(', parts, ')');
        const fields = parts.map(([head, ...rest], i) => [`${type.fields[i].name}: ${head}`, ...rest]);
        return bracketed('{ ', fields, ' }');
      }
      case 'list':
        return bracketed('[', parts, ']');
      case 'case':
        return bracketed('case (', parts, ')');
      case 'if':
        return bracketed('if (', parts, ')');
      case 'curry':
        return bracketed('curry (', parts, ')');
      case 'fold':
        return bracketed('fold (', parts, ')');
      default:
        return [this.#leaf(term)];
    }
  }

  #leaf(term: Term): string {
    switch (term.kind) {
      case 'project': {
        const type = this.#types.node(term.from);
        return type.kind === 'record' ? `.${type.fields[term.index].name}` : `.${term.index}`;
      }
      case 'inject': {
        const type = this.#types.node(term.to);
        return type.kind === 'sum' ? type.constructors[term.index].name : `inject ${term.index}`;
      }
      case 'constant':
        return printValue(this.#types, term.to, term.value);
      case 'call':
        return `${this.#definitions[term.definition].name}#${term.definition}`;
      case 'primitive':
        return term.instruction;
      default:
        return term.kind;
    }
  }
}

const oneLine = (parts: readonly (readonly string[])[], text: string): boolean =>
  text.length <= LINE_LENGTH_MAX && parts.every((part) => part.length === 1);

function composition(parts: readonly (readonly string[])[]): readonly string[] {
  const text = parts.flat().join(' >>> ');
  if (oneLine(parts, text)) return [text];
  return parts.flatMap(([head, ...rest], i) => [i === 0 ? head : `>>> ${head}`, ...rest]);
}

function bracketed(open: string, parts: readonly (readonly string[])[], close: string): readonly string[] {
  const text = `${open}${parts.flat().join(', ')}${close}`;
  if (oneLine(parts, text)) return [text];
  const inner = parts.flatMap((part) =>
    part.map((line, i) => `  ${line}${i === part.length - 1 ? ',' : ''}`),
  );
  return [open.trimEnd(), ...inner, close.trimStart()];
}
