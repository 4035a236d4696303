/** Of `known`, the word that was probably meant by `text`: at most a third of it is mistyped. */
export function nearestWord(text: string, known: readonly string[]): string | undefined {
  let nearest: string | undefined;
  let fewest = Math.floor(Math.max(text.length, 3) / 3) + 1;
  for (const word of known) {
    const edits = editDistance(text.toLowerCase(), word, fewest);
    if (edits < fewest) [nearest, fewest] = [word, edits];
  }
  return nearest;
}

/** Insertions, deletions and replacements between two words; `limit` or more if it is certain to reach that. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = previous[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, previous[column]! + 1, current[column - 1]! + 1));
    }
    previous = current;
  }
  return previous[b.length]!;
}
