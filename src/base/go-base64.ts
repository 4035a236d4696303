const sextet = /[A-Za-z0-9+/]/;

/** Reads base64 as Go's standard encoding does, line breaks skipped, and tells what is wrong in Go's words. */
export function goBase64Decode(text: string): { readonly bytes: Uint8Array } | { readonly problem: string } {
  const at = findCorruption(text);
  if (at !== undefined) return { problem: `illegal base64 data at input byte ${at}` };
  return { bytes: Uint8Array.from(atob(text.replace(/[\r\n]/g, "")), (character) => character.charCodeAt(0)) };
}

/** Go counts from the group of four that is not complete, or names the character that does not belong. */
function findCorruption(text: string): number | undefined {
  const input = new TextEncoder().encode(text);
  let inGroup = 0;
  for (let i = 0; i < input.length; i++) {
    const character = String.fromCharCode(input[i]!);
    if (character === "\r" || character === "\n") continue;
    if (character === "=") return inGroup < 2 ? i : findAfterPadding(input, i, inGroup);
    if (!sextet.test(character)) return i;
    inGroup = (inGroup + 1) % 4;
  }
  return inGroup === 0 ? undefined : input.length - inGroup;
}

/** `first` is where the first "=" stands, after two or three characters of its group. */
function findAfterPadding(input: Uint8Array, first: number, inGroup: number): number | undefined {
  let next = skipLineBreaks(input, first + 1);
  if (inGroup === 2) {
    if (next === input.length) return input.length;
    if (input[next] !== 0x3d) return next - 1;
    next = skipLineBreaks(input, next + 1);
  }
  return next === input.length ? undefined : next;
}

function skipLineBreaks(input: Uint8Array, from: number): number {
  let i = from;
  while (input[i] === 0x0d || input[i] === 0x0a) i++;
  return i;
}
