import { RE2JS } from "re2js";
import { messageOf } from "../../base/errors.ts";

type Tags = Readonly<Record<string, string>>;

/** Returns what tells whether tags are meant, or what is wrong. As in `serf members -tag`: RE2, for the whole value; a missing tag is "". */
export function compileTags(
  wanted: Tags,
): { readonly matches: (tags: Tags) => boolean } | { readonly problem: string } {
  try {
    const patterns = Object.entries(wanted).map(([tag, pattern]) => ({ tag, pattern: RE2JS.compile(`^${pattern}$`) }));
    return { matches: (tags) => patterns.every(({ tag, pattern }) => pattern.test(tags[tag] ?? "")) };
  } catch (error) {
    return { problem: `tags: ${messageOf(error)}` };
  }
}
