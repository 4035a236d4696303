/**
 * A block of lines in a file that belongs to somebody else, between two lines that mark it. Everything outside stays as it is, byte by
 * byte: texts here hold one byte in each character (latin1).
 */

/** Where the block stands, the line end of its last line included. */
interface Place {
  readonly start: number;
  readonly end: number;
}

/** Several instances have a block each. */
export function blockMarks(instance: string): { readonly begin: string; readonly end: string } {
  return {
    begin: `# BEGIN serf plugin ${instance}: this block is written by the agent`,
    end: `# END serf plugin ${instance}`,
  };
}

/**
 * The file with these lines in the block, which is added at the end where there is none, and taken out where `lines` is undefined. Throws
 * an Error that names the line where the marks are not one pair.
 */
export function withBlock(file: string, instance: string, lines: readonly string[] | undefined): string {
  const place = findBlock(file, instance);
  if (lines === undefined) return place === undefined ? file : file.slice(0, place.start) + file.slice(place.end);
  const { begin, end } = blockMarks(instance);
  const block = [begin, ...lines, end].map((line) => `${line}\n`).join("");
  if (place !== undefined) return file.slice(0, place.start) + block + file.slice(place.end);
  return `${file}${file === "" || file.endsWith("\n") ? "" : "\n"}${block}`;
}

/** What is not in the block. */
export function outsideBlock(file: string, instance: string): string {
  return withBlock(file, instance, undefined);
}

function findBlock(file: string, instance: string): Place | undefined {
  const { begin, end } = blockMarks(instance);
  let start: number | undefined;
  let place: Place | undefined;
  let offset = 0;
  for (const [index, line] of file.split("\n").entries()) {
    const next = Math.min(offset + line.length + 1, file.length);
    const text = line.endsWith("\r") ? line.slice(0, -1) : line;
    if (text === begin) {
      if (start !== undefined || place !== undefined) throw broken(index, "a second beginning");
      start = offset;
    } else if (text === end) {
      if (start === undefined) throw broken(index, "an end without a beginning");
      place = { start, end: next };
      start = undefined;
    }
    offset = next;
  }
  if (start !== undefined) throw broken(file.slice(0, start).split("\n").length - 1, "a beginning without an end");
  return place;
}

function broken(index: number, what: string): Error {
  return new Error(
    `line ${index + 1} is ${what} of the block that this plugin writes; remove the block's lines, and it is written anew`,
  );
}
