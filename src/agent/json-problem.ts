/**
 * Where a text stops being JSON. `JSON.parse` tells the place only in some versions of Node and for some mistakes; the
 * operator of a configuration file needs it always.
 */

export interface JsonProblem {
  /** From 1. */
  readonly line: number;
  /** From 1, in characters. */
  readonly column: number;
  readonly found: string;
}

/** The first place that cannot be JSON; `undefined` if all of it is. */
export function findJsonProblem(text: string): JsonProblem | undefined {
  const scanner = new Scanner(text);
  const offset = scanner.findProblem();
  if (offset === undefined) return undefined;
  const before = text.slice(0, offset).split("\n");
  const found = offset < text.length ? `unexpected ${JSON.stringify(text[offset])}` : "unexpected end";
  return { line: before.length, column: before.at(-1)!.length + 1, found };
}

const space = /[ \t\r\n]*/y;
const scalar =
  /"(?:[ !#-[\]-\u{10ffff}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/uy;
/** The longest beginning of a string that could still become one: what follows it is the culprit. */
const stringStart = /"(?:[ !#-[\]-\u{10ffff}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/uy;

/** Walks through the text with a stack of open brackets, so that deep nesting costs no call stack. */
class Scanner {
  private readonly text: string;
  private offset = 0;
  private readonly open: ("{" | "[")[] = [];

  constructor(text: string) {
    this.text = text;
  }

  findProblem(): number | undefined {
    do {
      if (!this.enterValue()) return this.offset;
      if (!this.leaveValue()) return this.offset;
    } while (this.open.length > 0);
    this.take(space);
    return this.offset < this.text.length ? this.offset : undefined;
  }

  /** Moves to the end of the next scalar or empty container, past the brackets and keys in front of it. */
  private enterValue(): boolean {
    for (;;) {
      this.take(space);
      const bracket = this.text[this.offset];
      if (bracket !== "{" && bracket !== "[") return this.take(scalar) || this.stopInString();
      this.open.push(bracket);
      this.offset += 1;
      this.take(space);
      if (this.text[this.offset] === (bracket === "{" ? "}" : "]")) return true;
      if (bracket === "{" && !this.takeKey()) return false;
    }
  }

  /** Closes what is complete, and moves past the comma (and key) in front of the next value. */
  private leaveValue(): boolean {
    while (this.open.length > 0) {
      this.take(space);
      const mark = this.text[this.offset];
      const isObject = this.open.at(-1) === "{";
      if (mark === ",") {
        this.offset += 1;
        return !isObject || this.takeKey();
      }
      if (mark !== (isObject ? "}" : "]")) return false;
      this.offset += 1;
      this.open.pop();
    }
    return true;
  }

  private takeKey(): boolean {
    this.take(space);
    if (this.text[this.offset] !== '"') return false;
    if (!this.take(scalar)) return this.stopInString();
    this.take(space);
    if (this.text[this.offset] !== ":") return false;
    this.offset += 1;
    return true;
  }

  private stopInString(): false {
    this.take(stringStart);
    return false;
  }

  private take(pattern: RegExp): boolean {
    pattern.lastIndex = this.offset;
    const found = pattern.exec(this.text);
    if (found === null) return false;
    this.offset += found[0].length;
    return true;
  }
}
