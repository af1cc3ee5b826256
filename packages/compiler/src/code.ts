import {
  decodeUpgradeBody,
  encodeUpgradeBody,
  refusalOf,
  type Checked,
  type Diagnostic,
  type Image,
  type ImageDebug,
  type Judgement,
  type Upgrade,
} from '@smc/protocol';
import { simplify } from './combinators/laws.ts';
import type { MachineTerms, UpgradeTerms } from './combinators/term.ts';
import { translateMachine, translateUpgrade } from './combinators/translate/translate.ts';
import { debugOf, SourceTexts } from './emit/debug.ts';
import { emitMachine } from './emit/emit.ts';
import { isSmall } from './emit/size.ts';
import { programTooLarge } from './errors/translation.ts';
import type { CompiledMachine, TypedMachine, TypedUpgrade } from './types/typed.ts';
import { makeUpgrade, withIdentities } from './upgrade/upgrade.ts';

/** Typed tree to bytecode, of one machine and of one upgrade. */

/** A machine, compiled. */
export interface MachineCode {
  readonly terms: MachineTerms;
  readonly image: Image;
  readonly debug: ImageDebug;
}

/** The code of the machines of a program: each is compiled once, when somebody asks. */
export class Codes {
  readonly #texts: SourceTexts;
  readonly #translated = new Map<TypedMachine, Checked<MachineTerms>>();
  readonly #made = new Map<TypedMachine, Checked<MachineCode>>();

  /** `sources` has the texts of the program by file. */
  constructor(sources: ReadonlyMap<string, string>) {
    this.#texts = new SourceTexts(sources);
  }

  of(machine: TypedMachine): Checked<MachineCode> {
    const made = this.#made.get(machine) ?? this.#compile(machine);
    this.#made.set(machine, made);
    return made;
  }

  /** What keeps a machine from being compiled. Code is made of it only where it may be too large. */
  check(machine: TypedMachine): readonly Diagnostic[] {
    const translated = this.#translate(machine);
    return translated.ok && isSmall(translated.value) ? [] : this.of(machine).diagnostics;
  }

  /** The image of a machine that came as bytecode, or is compiled here. */
  imageOf(machine: TypedMachine | CompiledMachine): Checked<Image> {
    if (machine.image !== null) return { ok: true, value: machine.image, diagnostics: [] };
    const compiled = this.of(machine);
    return compiled.ok ? { ...compiled, value: compiled.value.image } : compiled;
  }

  /** Typed tree to combinators. */
  #translate(machine: TypedMachine): Checked<MachineTerms> {
    const made = this.#translated.get(machine) ?? translateMachine(machine);
    this.#translated.set(machine, made);
    return made;
  }

  /** Combinators made simpler, and those to bytecode. */
  #compile(machine: TypedMachine): Checked<MachineCode> {
    const translated = this.#translate(machine);
    if (!translated.ok) return translated;
    const terms = { ...translated.value, definitions: simplify(translated.value).definitions };
    const { image, places } = emitMachine(terms);
    // What a node would not decode is too large: nothing else can be wrong with it.
    const refusal = refusalOf(image);
    if (refusal !== null)
      return { ok: false, diagnostics: [programTooLarge(machine.nameSpan, refusal.message)] };
    const debug = debugOf(terms, machine.nameSpan.file, places, this.#texts);
    return { ok: true, value: { terms, image, debug }, diagnostics: [] };
  }
}

/** An upgrade, compiled and judged. */
export interface CompiledUpgrade {
  /** With operations as they are where both images have the same one. */
  readonly typed: TypedUpgrade;
  readonly terms: UpgradeTerms;
  readonly upgrade: Upgrade;
  readonly judgement: Judgement;
}

/** The upgrade from one image to the other, which is at the index `image` of its bundle. */
export function compileUpgrade(
  checked: TypedUpgrade,
  old: Image,
  next: Image,
  image: number,
): Checked<CompiledUpgrade> {
  const node = withIdentities(checked, old, next);
  const translated = translateUpgrade(node);
  if (!translated.ok) return translated;
  const { types, definitions } = translated.value;
  const terms = {
    ...translated.value,
    definitions: simplify({ types, state: null, definitions }).definitions,
  };
  const made = makeUpgrade(node, terms, old, next, image);
  if (!made.ok) return made;
  const { upgrade, judgement } = made.value;
  const decoded = decodeUpgradeBody(upgrade, encodeUpgradeBody(upgrade));
  if (!decoded.ok) return { ok: false, diagnostics: [programTooLarge(node.span, decoded.malformed.message)] };
  return { ok: true, value: { typed: node, terms, upgrade, judgement }, diagnostics: [] };
}

/** All values, or all diagnostics. */
export function all<T>(results: readonly Checked<T>[]): Checked<T[]> {
  const diagnostics = results.flatMap((result) => result.diagnostics);
  const values = results.flatMap((result) => (result.ok ? [result.value] : []));
  return values.length === results.length
    ? { ok: true, value: values, diagnostics }
    : { ok: false, diagnostics };
}
