/** Which events a URL wants, written as event handlers write it. */

const memberKinds: readonly string[] = ["member-join", "member-leave", "member-failed", "member-update", "member-reap"];

/** What is asked of an event. */
export interface Choosable {
  /** "member-join", "user", "query". */
  readonly kind: string;
  /** Of a user event or query. */
  readonly name?: string;
}

/** Returns what tells whether an event is meant, or what is wrong. */
export function readChoices(
  entries: readonly string[],
): { readonly matches: (event: Choosable) => boolean } | { readonly problem: string } {
  const choices: Choosable[] = [];
  for (const entry of entries.flatMap((entry) => entry.split(","))) {
    const [kind = "", ...rest] = entry.trim().split(":");
    const name = rest.join(":");
    const isNamed = kind === "user" || kind === "query";
    if (!(isNamed || (rest.length === 0 && (kind === "*" || memberKinds.includes(kind)))))
      return { problem: `events: there is no kind ${JSON.stringify(entry)}` };
    choices.push(name === "" ? { kind } : { kind, name });
  }
  return {
    matches: (event) =>
      choices.some(
        ({ kind, name }) => kind === "*" || (kind === event.kind && (name === undefined || name === event.name)),
      ),
  };
}
