import { clauseFingerprint, type Bundle } from '@smc/protocol';
import type * as tree from '../syntax/tree.ts';
import { wordsOf, type Word } from '../syntax/words.ts';

/**
 * Clauses that have been carried out: those of the upgrade that led to what is deployed. Left in the
 * file they may fit the next version too, and would be done again. So a machine remembers them in its
 * debug data, as fingerprints of their tokens: comments, layout and the names of bound variables do
 * not count, nor does the name under which the older version is imported.
 */

/** The texts of source files, by name. */
type Sources = ReadonlyMap<string, string>;

/** The fingerprint of each clause of an upgrade, in their order. */
function fingerprintsOf(upgrade: tree.Upgrade, sources: Sources): readonly string[] {
  const alias = upgrade.old.qualifier?.text ?? null;
  return upgrade.clauses.map((clause) => {
    const { file, start, end } = clause.span;
    const words = wordsOf((sources.get(file) ?? '').slice(start, end));
    return clauseFingerprint(normalized(words, boundBy(clause), alias));
  });
}

/** The clauses of an upgrade from what is deployed that led to it. */
export function carriedOutClauses(
  upgrade: tree.Upgrade,
  deployed: Bundle | null,
  sources: Sources,
): readonly tree.Clause[] {
  const index = deployed?.images.findIndex(({ name }) => name === upgrade.new.name.text) ?? -1;
  const known = new Set(deployed?.debug[index]?.carriedOut);
  if (known.size === 0) return [];
  const own = fingerprintsOf(upgrade, sources);
  return upgrade.clauses.filter((_, i) => known.has(own[i]));
}

/** What a machine of a file is to remember where it is deployed: the clauses of its upgrade. */
export function clausesToRemember(
  machine: string,
  { declarations }: tree.Module,
  sources: Sources,
): readonly string[] {
  const upgrades = declarations.filter((declaration) => declaration.kind === 'upgrade');
  const own = upgrades.find(({ new: to }) => to.qualifier === null && to.name.text === machine);
  return own === undefined ? [] : [...new Set(fingerprintsOf(own, sources))];
}

/** The tokens of a clause; variables by their order, and types of the older version by one name for that. */
function normalized(
  words: readonly Word[],
  bound: readonly string[],
  alias: string | null,
): readonly string[] {
  // A name that is a label, too, is not told from it here: then it counts.
  const isLabel = (name: string): boolean =>
    words.some(({ text }, i) => text === name && words.at(i + 1)?.text === ':');
  const variables = new Map(bound.map((name, i) => [name, isLabel(name) ? name : `$${i}`]));
  return words.map(({ text, kind }, i) => {
    if (kind !== 'lower' || words[i - 1]?.text === '.') return text;
    const isQualifier = words.at(i + 1)?.text === '.' && words.at(i + 2)?.kind === 'upper';
    if (isQualifier) return text === alias ? '$old' : text;
    return variables.get(text) ?? text;
  });
}

/** The variables that the patterns of a clause bind. */
function boundBy(clause: tree.Clause): readonly string[] {
  if (clause.kind === 'rename' || clause.kind === 'drop') return [];
  const patterns =
    clause.kind === 'convert'
      ? [clause.pattern]
      : [...clause.parameters, ...(clause.reply === null ? [] : [clause.reply.pattern])];
  const found: string[] = [];
  // Not by recursion: a pattern may be nested more deeply than a stack.
  const open = patterns.toReversed();
  for (let pattern = open.pop(); pattern !== undefined; pattern = open.pop()) {
    if (pattern.kind === 'bind') found.push(pattern.name.text);
    else open.push(...partsOf(pattern).toReversed());
  }
  return [...new Set(found)];
}

function partsOf(pattern: tree.Pattern): readonly tree.Pattern[] {
  switch (pattern.kind) {
    case 'construct':
      return pattern.arguments.map((argument) => argument.pattern);
    case 'tuple':
      return pattern.items;
    case 'record':
      return pattern.fields.map((field) => field.pattern);
    case 'list':
      return pattern.rest === 'closed' ? pattern.items : [...pattern.items, pattern.rest];
    default:
      return [];
  }
}
