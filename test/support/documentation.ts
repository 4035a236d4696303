/** Programs in the documentation: fenced blocks of TypeScript, and what they are said to print. */

import { readFileSync } from "node:fs";

export interface DocumentedProgram {
  /** "docs/LIBRARY.md:12" */
  readonly place: string;
  /** A whole module; a fragment has been given the node that it speaks of. */
  readonly code: string;
  /** The lines of the "text" block that follows at once; undefined where there is none. */
  readonly prints: readonly string[] | undefined;
}

/** What a fragment without imports finds already there. */
const surroundings = 'import type { SerfNode } from "serf-ts";\ndeclare const node: SerfNode;\n';

export function documentedPrograms(page: string): DocumentedProgram[] {
  const text = readFileSync(new URL(`../../${page}`, import.meta.url), "utf8");
  const fence = /^```ts\n([\s\S]*?)^```\n(?:\n```text\n([\s\S]*?)^```)?/gm;
  return [...text.matchAll(fence)].map((match) => {
    const [, code = "", printed] = match;
    return {
      place: `${page}:${text.slice(0, match.index).split("\n").length}`,
      code: /^import /m.test(code) ? code : `${surroundings}${code}`,
      prints: printed?.trimEnd().split("\n"),
    };
  });
}
