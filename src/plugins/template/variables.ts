/** What templates see: plain data whose misspelt names are errors and not empty texts. */

import { nearestWord } from "../../base/nearest-word.ts";
import type { PluginMember, PluginMembers } from "../plugin.ts";

/** A name that a template uses and that is none of what stands there. */
export class UnknownName extends Error {
  readonly unknown: string;

  constructor(unknown: string, what: string, known: readonly string[]) {
    const nearest = nearestWord(unknown, known);
    super(
      `${what} has no "${unknown}"${nearest === undefined ? `, but ${known.join(", ")}` : `, did you mean "${nearest}"?`}`,
    );
    this.unknown = unknown;
  }
}

/** Asked for by JSON.stringify and the engine, and rightly absent. */
const askedInPassing = ["toJSON", "toHTML", "then", "length"];

/** The same object, but for an error instead of undefined where a name is none of its own. */
export function withKnownNames<T extends object>(values: T, what: string): T {
  const expect = (name: string | symbol): void => {
    if (typeof name === "string" && !Object.hasOwn(values, name) && !askedInPassing.includes(name))
      throw new UnknownName(name, what, Object.keys(values));
  };
  return new Proxy(values, {
    get: (target, name, receiver) => {
      expect(name);
      return Reflect.get(target, name, receiver);
    },
    // The engine asks so for what it is to print.
    has: (target, name) => {
      expect(name);
      return Reflect.has(target, name);
    },
  });
}

/** Members as templates see them. Each is made once for as long as it stays the same. */
const membersSeen = new WeakMap<PluginMember, PluginMember>();

function seen(member: PluginMember): PluginMember {
  let known = membersSeen.get(member);
  if (known === undefined) {
    known = withKnownNames({ ...member }, "a member");
    membersSeen.set(member, known);
  }
  return known;
}

/** `data` comes from a plugin that builds on this one; its names count before ours. */
export function templateVariables(
  members: PluginMembers,
  envNames: readonly string[],
  data: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  const all = members.list().map(seen);
  const self = seen(members.self());
  // Only what the operator lists: the rest of the environment may hold secrets of the agent.
  const env = Object.fromEntries(envNames.map((name) => [name, process.env[name] ?? ""]));
  return withKnownNames(
    {
      members: all,
      alive: all.filter(({ status }) => status === "alive"),
      self,
      tags: self.tags,
      env: withKnownNames(env, "env, of what the option `env` lists,"),
      ...data,
    },
    "the template, outside of blocks,",
  );
}
