// Finds the word that a misspelt one was meant to be.

/** Mistakes allowed in a word that is longer than SHORT letters; a shorter word may have half as many. */
const MISTAKES_MAX = 2;
const SHORT = 4;

/** Returns the known word nearest to a misspelt one; undefined if none is near. Compares letters only, without their case. */
export function nearest<T extends string>(word: string, known: readonly T[]): T | undefined {
  let found: T | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const letters = lettersOf(candidate);
    const mistakes = distance(lettersOf(word), letters);
    if (mistakes < least && mistakes <= (letters.length > SHORT ? MISTAKES_MAX : MISTAKES_MAX / 2)) {
      found = candidate;
      least = mistakes;
    }
  }
  return found;
}

function lettersOf(word: string): string {
  return word.toLowerCase().replace(/[^a-z]/g, '');
}

/** Returns the edit distance: letters to change, add, remove or swap; Infinity if the lengths alone differ too much. */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > MISTAKES_MAX) return Number.POSITIVE_INFINITY;
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min((row[j] as number) + 1, (next[j - 1] as number) + 1, (row[j - 1] as number) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, (before[j - 2] as number) + 1);
      next.push(cost);
    }
    before = row;
    row = next;
  }
  return row[b.length] as number;
}
