/**
 * Whether the whole text fits a pattern in which `*` is any text and `?` any one character. Takes at most the product of both lengths,
 * whatever the text: it may come from a stranger.
 */
export function fitsGlob(pattern: string, text: string): boolean {
  let at = 0;
  let next = 0;
  let star = -1;
  let starAt = 0;
  while (at < text.length) {
    if (next < pattern.length && pattern[next] === "*") {
      star = next;
      starAt = at;
      next += 1;
    } else if (next < pattern.length && (pattern[next] === "?" || pattern[next] === text[at])) {
      at += 1;
      next += 1;
    } else if (star >= 0) {
      // The last star takes one character more; those before it need not change.
      starAt += 1;
      at = starAt;
      next = star + 1;
    } else {
      return false;
    }
  }
  while (pattern[next] === "*") next += 1;
  return next === pattern.length;
}
