/** Which members an operator means: by status, name and tags, in the words of one option each. */

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
