/** Guesses which name a misspelt one was meant to be. */

/**
 * The candidate that differs from `name` by at most two letters (one in a short name), where two swapped neighbours
 * count as one and capitals, `-` and `_` as nothing. Optimal string alignment: Wagner and Fischer, 1974, with Damerau's
 * swaps.
 */
export function closestName(name: string, candidates: Iterable<string>): string | undefined {
  const plain = simplify(name);
  let best: string | undefined;
  let bestDistance = plain.length < 5 ? 2 : 3;
  for (const candidate of candidates) {
    const distance = editDistance(plain, simplify(candidate));
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function simplify(name: string): string {
  return name.slice(0, 64).toLowerCase().replaceAll(/[-_]/g, '');
}

function editDistance(from: string, to: string): number {
  let older: number[] = [];
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let index = 0; index < from.length; index++) {
    const next = [index + 1];
    for (let column = 0; column < to.length; column++) {
      const replaced = (row[column] ?? 0) + (from[index] === to[column] ? 0 : 1);
      const swapped = column > 0 && from[index] === to[column - 1] && from[index - 1] === to[column];
      next.push(
        Math.min(
          replaced,
          (row[column + 1] ?? 0) + 1,
          (next[column] ?? 0) + 1,
          swapped ? (older[column - 1] ?? 0) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    older = row;
    row = next;
  }
  return row[to.length] ?? 0;
}
