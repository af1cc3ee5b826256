import { suggest, type Span } from '@smc/protocol';
import type * as tree from '../syntax/tree.ts';
import * as names from '../errors/names.ts';
import * as errors from '../errors/types.ts';
import { tupleHelp } from './calls.ts';
import { constructorOf } from './constructors.ts';
import type { Inference } from './inference.ts';
import type { Locals } from './scope.ts';
import {
  BOOL,
  BYTES,
  displayFields,
  ERROR,
  INT,
  isError,
  listOf,
  prune,
  STRING,
  substitute,
  TIME,
  tupleOf,
  UNIT,
} from './type.ts';
import type { Type, TypedPattern } from './typed.ts';
import { difference } from './unify.ts';

/** Types of patterns; their variables are bound in `locals`. */

/** What a pattern is matched with: its type, and where it comes from. */
export interface Subject {
  readonly type: Type;
  readonly span: Span;
}

/** The types of a pattern that is matched with `subject`. */
export function inferPattern(
  pattern: tree.Pattern,
  subject: Subject,
  locals: Locals,
  inference: Inference,
): TypedPattern {
  const bound = new Map<string, Span>();
  return new PatternInference(subject, locals, inference, bound).infer(pattern, subject.type);
}

class PatternInference {
  readonly subject: Subject;
  readonly locals: Locals;
  readonly inference: Inference;
  readonly bound: Map<string, Span>;

  constructor(subject: Subject, locals: Locals, inference: Inference, bound: Map<string, Span>) {
    this.subject = subject;
    this.locals = locals;
    this.inference = inference;
    this.bound = bound;
  }

  infer(pattern: tree.Pattern, type: Type): TypedPattern {
    const { span } = pattern;
    switch (pattern.kind) {
      case 'wildcard':
        return this.inference.node({ kind: 'wildcard', type, span });
      case 'missing':
        return this.#broken(span);
      case 'bind':
        return this.#bind(pattern.name, type);
      case 'int':
        return this.#literal(pattern, pattern.value, INT, type);
      case 'string':
        return this.#literal(pattern, pattern.value, STRING, type);
      case 'bool':
        return this.#literal(pattern, pattern.value, BOOL, type);
      case 'unit':
        return this.#literal(pattern, null, UNIT, type);
      case 'tuple':
        return this.#tuple(pattern, type);
      case 'record':
        return this.#record(pattern, type);
      case 'construct':
        return this.#construct(pattern, type);
      case 'bytes':
        return this.#literal(pattern, pattern.value, BYTES, type);
      case 'time':
        return this.#literal(pattern, pattern.value, TIME, type);
      case 'list':
        return this.#list(pattern, type);
    }
  }

  /** Takes any type: what is wrong was reported. The variables in it are known, so that their uses are no errors. */
  #broken(span: Span, inner: readonly tree.Pattern[] = []): TypedPattern {
    for (const pattern of inner) this.infer(pattern, ERROR);
    return this.inference.node({ kind: 'wildcard', type: ERROR, span });
  }

  /** What stands after the `...` is matched with the list that is left. */
  #list(pattern: tree.Pattern & { kind: 'list' }, type: Type): TypedPattern {
    const { rest, span } = pattern;
    const item = this.inference.fresh();
    const own = listOf(item);
    if (!this.#matches(pattern, own, type)) {
      return this.#broken(span, rest === 'closed' ? pattern.items : [...pattern.items, rest]);
    }
    const items = pattern.items.map((each) => this.infer(each, item));
    const left = rest === 'closed' ? null : this.infer(rest, own);
    return this.inference.node({ kind: 'list', items, rest: left, type: own, span });
  }

  #bind(name: tree.Name, type: Type): TypedPattern {
    const first = this.bound.get(name.text);
    if (first !== undefined) {
      this.inference.report(names.duplicate(name.span, 'the variable', name.text, first));
      return this.#broken(name.span);
    }
    this.bound.set(name.text, name.span);
    const local = this.inference.local(name.text, type, name.span);
    this.locals.bind(local);
    return this.inference.node({ kind: 'bind', local, type, span: name.span });
  }

  #literal(
    pattern: tree.Pattern,
    value: number | string | boolean | Uint8Array | null,
    own: Type,
    type: Type,
  ): TypedPattern {
    const { span } = pattern;
    if (!this.#matches(pattern, own, type)) return this.#broken(span);
    return this.inference.node({ kind: 'literal', value, type: own, span });
  }

  #tuple(pattern: tree.Pattern & { kind: 'tuple' }, type: Type): TypedPattern {
    const types = pattern.items.map(() => this.inference.fresh());
    if (!this.#matches(pattern, tupleOf(types), type)) return this.#broken(pattern.span, pattern.items);
    const items = pattern.items.map((item, i) => this.infer(item, types[i]));
    return this.inference.node({ kind: 'tuple', items, type: tupleOf(types), span: pattern.span });
  }

  #record(pattern: tree.Pattern & { kind: 'record' }, type: Type): TypedPattern {
    const { span } = pattern;
    const record = prune(type);
    const inner = pattern.fields.map((field) => field.pattern);
    if (record.kind !== 'record') {
      if (record === ERROR) return this.#broken(span, inner);
      if (record.kind === 'unknown') {
        this.inference.report(errors.typeNotKnown(span, 'it can not be taken apart'));
      } else this.inference.report(errors.noRecord(span, record, ', so this pattern never matches it'));
      return this.#broken(span, inner);
    }
    const seen = new Map<string, Span>();
    const fields = [];
    for (const { name, pattern: part } of pattern.fields) {
      const field = record.fields.find((candidate) => candidate.name === name.text);
      const first = seen.get(name.text);
      if (first !== undefined) {
        this.inference.report(names.givenTwice(name.span, 'the field', name.text, first));
      } else if (field === undefined) {
        const near = suggest(
          name.text,
          record.fields.map((candidate) => candidate.name),
        );
        this.inference.report(names.unknownField(name.span, name.text, displayFields(record), near, null));
      }
      seen.set(name.text, first ?? name.span);
      const typed = this.infer(part, field?.type ?? ERROR);
      if (first === undefined) fields.push({ name: name.text, pattern: typed });
    }
    return this.inference.node({ kind: 'record', fields, type: record, span });
  }

  #construct(pattern: tree.Pattern & { kind: 'construct' }, type: Type): TypedPattern {
    const { span } = pattern;
    const inner = pattern.arguments.map((argument) => argument.pattern);
    const reference = constructorOf(pattern.constructor, type, this.inference);
    if (reference === null) return this.#broken(span, inner);
    const { declaration, index } = reference;
    const types = this.inference.freshList(declaration.parameters.length, span);
    const own: Type = { kind: 'sum', declaration, arguments: types };
    if (!this.#matches(pattern, own, type)) return this.#broken(span, inner);
    const { labels, payload } = declaration.constructors[index];
    const payloadType = substitute(payload, types);
    const part =
      labels === null
        ? this.#unnamedArgument(pattern, payloadType)
        : this.#namedArguments(pattern, labels, payloadType);
    if (part === null) return this.#broken(span, inner);
    return this.inference.node({ kind: 'construct', constructor: index, payload: part, type: own, span });
  }

  #unnamedArgument(pattern: tree.Pattern & { kind: 'construct' }, payload: Type): TypedPattern | null {
    const { text } = pattern.constructor.name;
    if (pattern.arguments.length !== 1) {
      const what = `the constructor \`${text}\``;
      const help = tupleHelp(text, payload);
      this.inference.report(errors.wrongCount(pattern.span, what, 1, pattern.arguments.length, null, help));
      return null;
    }
    const [{ name, pattern: part }] = pattern.arguments;
    if (name !== null) {
      const message = `the argument of \`${text}\` has no name`;
      this.inference.report(errors.namedArguments(name.span, message, `Write \`${text}(…)\`.`));
      return null;
    }
    return this.infer(part, payload);
  }

  /** Named arguments may be left out; without names all are there, in the declared order. */
  #namedArguments(
    pattern: tree.Pattern & { kind: 'construct' },
    labels: readonly string[],
    payload: Type,
  ): TypedPattern | null {
    const { arguments: given, span } = pattern;
    const what = `the constructor \`${pattern.constructor.name.text}\``;
    if (labels.length === 0) {
      if (given.length === 0) {
        const { name, span: written } = pattern.constructor;
        if (span.end > written.end) this.inference.report(errors.emptyArguments(span, name.text));
        return this.inference.node({ kind: 'wildcard', type: payload, span });
      }
      this.inference.report(errors.wrongCount(span, what, 0, given.length, null));
      return null;
    }
    const positional = given.filter(({ name }) => name === null).length;
    if (positional > 0 && positional < given.length) {
      this.inference.report(
        errors.namedArguments(span, `some arguments of ${what} are named, some are not`, 'Name all or none.'),
      );
      return null;
    }
    // All of them are left out: the name alone, or with empty parentheses.
    if (given.length === 0) return this.inference.node({ kind: 'wildcard', type: payload, span });
    if (positional > 0 && positional !== labels.length) {
      this.inference.report(errors.wrongCount(span, what, labels.length, given.length, null));
      return null;
    }
    const fields = given.map(({ name, pattern: part, span: place }, i) => ({
      name: name ?? { text: labels[i], span: place },
      pattern: part,
      span: place,
    }));
    return this.#record({ kind: 'record', fields, span }, payload);
  }

  #matches(pattern: tree.Pattern, own: Type, type: Type): boolean {
    if (isError(type)) return false;
    if (this.inference.unify(own, type, pattern.span)) return true;
    const { subject, inference } = this;
    inference.report(
      errors.patternMismatch({
        span: pattern.span,
        pattern: own,
        value: type,
        difference: difference(type, own),
        subjectSpan: subject.span,
        subjectType: subject.type,
      }),
    );
    return false;
  }
}
