import { printType, printValue } from '@smc/protocol';
import type { TypeTable } from '@smc/protocol';
import type { Definition, Term } from './term.ts';
import { bottomUp, partsOfTerm } from './traverse.ts';

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
    const type = `${printType(program.types, body.from)} -> ${printType(program.types, body.to)}`;
    const lines = printer.lines(body).map((line) => `  ${line}\n`);
    return `${index} ${name} : ${type}\n${lines.join('')}`;
  });
  return texts.join('\n');
}

const LINE_LENGTH_MAX = 100;
/** Deeper levels are not indented any more: text stays linear in the term. */
const INDENT_MAX = 40;

/** What is still to be written, with what stands before and after it. */
interface Item {
  readonly what: Term | string;
  readonly indent: number;
  readonly lead: string;
  readonly trail: string;
}

class TermPrinter {
  readonly #types: TypeTable;
  readonly #definitions: readonly Definition[];
  /** The term on one line, or null where it is too long for one. */
  readonly #flat = new Map<Term, string | null>();

  constructor(types: TypeTable, definitions: readonly Definition[]) {
    this.#types = types;
    this.#definitions = definitions;
  }

  lines(root: Term): string[] {
    const lines: string[] = [];
    const pending: Item[] = [{ what: root, indent: 0, lead: '', trail: '' }];
    for (let item = pending.pop(); item !== undefined; item = pending.pop()) {
      const { what, indent, lead, trail } = item;
      const text = typeof what === 'string' ? what : this.#onOneLine(what);
      if (text !== null) lines.push(`${'  '.repeat(Math.min(indent, INDENT_MAX))}${lead}${text}${trail}`);
      else for (const part of this.#broken(item, what as Term).reverse()) pending.push(part);
    }
    return lines;
  }

  #onOneLine(root: Term): string | null {
    return bottomUp<string | null>(root, this.#flat, (term, parts) => {
      const [open, close, separator] = this.#brackets(term);
      const labelled = parts.map((part, i) => (part === null ? null : `${this.#label(term, i)}${part}`));
      if (labelled.length === 0) return this.#leaf(term);
      if (labelled.includes(null)) return null;
      const text = `${open}${labelled.join(separator)}${close}`;
      return text.length <= LINE_LENGTH_MAX ? text : null;
    });
  }

  /** A term that is too long for a line, in several. */
  #broken({ indent, lead, trail }: Item, term: Term): Item[] {
    const parts = partsOfTerm(term);
    if (term.kind === 'compose') {
      return parts.map((what, i) => ({
        what,
        indent,
        lead: i === 0 ? lead : '>>> ',
        trail: i === parts.length - 1 ? trail : '',
      }));
    }
    const [open, close] = this.#brackets(term);
    const inner = parts.map((what, i) => ({
      what,
      indent: indent + 1,
      lead: this.#label(term, i),
      trail: ',',
    }));
    return [
      { what: open.trimEnd(), indent, lead, trail: '' },
      ...inner,
      { what: close.trimStart(), indent, lead: '', trail },
    ];
  }

  /** What stands around the parts of a term, and between them. */
  #brackets(term: Term): readonly [string, string, string] {
    switch (term.kind) {
      case 'compose':
        return ['', '', ' >>> '];
      case 'fork':
        return this.#types.node(term.to).kind === 'record' ? ['{ ', ' }', ', '] : ['(', ')', ', '];
      case 'list':
        return ['[', ']', ', '];
      default:
        return [`${term.kind} (`, ')', ', '];
    }
  }

  /** What stands before a part: the name of a field. */
  #label(term: Term, index: number): string {
    const type = this.#types.node(term.to);
    return term.kind === 'fork' && type.kind === 'record' ? `${type.fields[index].name}: ` : '';
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
