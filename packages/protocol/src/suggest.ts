/** Names that a user may have meant. */

const NAME_LENGTH_MAX = 64;

/** The nearest of the candidates, if it is near enough to have been meant; of equally near the first. */
export function suggest(name: string, candidates: Iterable<string>): string | null {
  if (name.length > NAME_LENGTH_MAX) return null;
  const wanted = name.toLowerCase();
  let best: string | null = null;
  // Of a name of one or two letters every other one is near: only its case may differ.
  const distanceMax = name.length < 3 ? 0 : Math.max(1, Math.floor(name.length / 3));
  let bestDistance = distanceMax + 1;
  for (const candidate of candidates) {
    if (candidate === name || Math.abs(candidate.length - name.length) >= bestDistance) continue;
    const distance = editDistance(wanted, candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/**
 * Insertions, deletions, replacements and exchanges of neighbours that make one of the other:
 * the restricted Damerau–Levenshtein distance, by rows.
 */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = above[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min(replaced, above[j] + 1, row[j - 1] + 1);
      const exchanged = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (exchanged) row[j] = Math.min(row[j], before[j - 2] + 1);
    }
    before = above;
    above = row;
  }
  return above[b.length];
}
