/** Reads `key=value` arguments. Throws with the reference's words for one that is none. */
export function parseTags(pairs: readonly string[]): Record<string, string> {
  const tags: Record<string, string> = {};
  for (const pair of pairs) {
    const equals = pair.indexOf("=");
    if (equals <= 0) throw new Error(`Invalid tag: '${pair}'`);
    tags[pair.slice(0, equals)] = pair.slice(equals + 1);
  }
  return tags;
}
