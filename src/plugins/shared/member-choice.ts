/** Which members an operator means: by status, name and tags, in the words of one option each. */

import { type Option, type OptionType, option, text } from "../../base/options.ts";
import { fitsGlob } from "./glob.ts";

/** What is known of a member here; any plugin's member has it. */
interface Candidate {
  readonly name: string;
  readonly status: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** Each part is a list divided by commas, and absent or empty leaves all. In patterns `*` is any text, `?` any one character. */
export interface MemberChoice {
  /** "alive,leaving": one of these. */
  readonly status?: string;
  /** "web-*,api-*": a name that fits one of these. */
  readonly name?: string;
  /** "role=web,zone=eu-*,ready": all of these; without "=" the tag must be there, with "!=" its value must not fit. */
  readonly tag?: string;
}

/** The option by which an operator says it by tags. */
export const tagOption = option(
  text(4096),
  "",
  'Members that count, by their tags: "role=web,zone!=eu-*,ready" are those whose role is web, whose zone does not begin with eu-, and that have a tag named ready, whatever its value. `*` is any text, `?` one character. Default: all.',
);

/** The option by which an operator says it by status. */
export function statusOption(value: string): Option<string> {
  const words = ["alive", "leaving", "left", "failed"];
  const type: OptionType<string> = {
    ...text(64),
    name: "list of alive, leaving, left, failed",
    check: (given) =>
      typeof given === "string" && entriesOf(given).length > 0 && entriesOf(given).every((word) => words.includes(word))
        ? { value: given }
        : { problem: `must be some of ${words.join(",")}, is ${JSON.stringify(given)}` },
  };
  return option(type, value, "Members that count, by their status, divided by commas.");
}

/** Returns the test of a choice. Patterns are read once. */
export function memberTest({ status, name, tag }: MemberChoice): (member: Candidate) => boolean {
  const statuses = entriesOf(status);
  const names = entriesOf(name);
  const tags = entriesOf(tag).map(tagTest);
  return (member) =>
    (statuses.length === 0 || statuses.includes(member.status)) &&
    (names.length === 0 || names.some((pattern) => fitsGlob(pattern, member.name))) &&
    tags.every((fits) => fits(member.tags));
}

function entriesOf(list = ""): readonly string[] {
  return list
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
}

function tagTest(entry: string): (tags: Candidate["tags"]) => boolean {
  const equals = entry.indexOf("=");
  if (equals < 0) return (tags) => Object.hasOwn(tags, entry);
  const isDenied = entry[equals - 1] === "!";
  const key = entry.slice(0, isDenied ? equals - 1 : equals);
  const pattern = entry.slice(equals + 1);
  return (tags) => (Object.hasOwn(tags, key) && fitsGlob(pattern, tags[key]!)) !== isDenied;
}
