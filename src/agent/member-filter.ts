import { RE2JS } from "re2js";
import { messageOf } from "../base/errors.ts";
import type { SerfMember } from "../serf/member.ts";

export interface MemberCriteria {
  /** Regular expressions (RE2) that must match the whole of a value. Empty name and status match every member. */
  readonly name: string;
  readonly status: string;
  /** A tag that a member does not have is matched as "". */
  readonly tags: Readonly<Record<string, string>>;
}

/**
 * Returns the test for these criteria, or why an expression is wrong. RE2 and not JavaScript's own expressions: Serf's users
 * write RE2, and it takes linear time whatever a client sends.
 */
export function compileMemberFilter(
  criteria: MemberCriteria,
): { matches(member: SerfMember): boolean } | { problem: string } {
  try {
    const tags = Object.entries(criteria.tags).map(([tag, expression]) => ({ tag, pattern: anchored(expression) }));
    const status = anchored(criteria.status);
    const name = anchored(criteria.name);
    return {
      matches: (member) =>
        tags.every(({ tag, pattern }) => pattern.test(member.tags[tag] ?? "")) &&
        (criteria.status === "" || status.test(member.status)) &&
        (criteria.name === "" || name.test(member.name)),
    };
  } catch (error) {
    return { problem: `Failed to compile regex: ${messageOf(error)}` };
  }
}

/** As the reference does it, so that "a|b" means "begins with a, or ends with b" here as well. */
function anchored(expression: string): RE2JS {
  return RE2JS.compile(`^${expression}$`);
}
