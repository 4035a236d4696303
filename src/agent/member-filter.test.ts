import { expect, test } from "vitest";
import { serfMember } from "../../test/support/members.ts";
import { compileMemberFilter } from "./member-filter.ts";

function matches(expression: string, name: string): boolean | string {
  const filter = compileMemberFilter({ name: expression, status: "", tags: {} });
  return "problem" in filter ? filter.problem : filter.matches(serfMember(name));
}

test("filters are RE2, anchored at both ends (detail 11)", () => {
  expect(matches("we", "web")).toBe(false);
  expect(matches("we.*", "web")).toBe(true);
  expect(matches("(?i)WEB", "web")).toBe(true);
  expect(matches("[[:alpha:]]+", "web")).toBe(true);
  expect(matches("[[:alpha:]]+", "web1")).toBe(false);
  expect(matches("(?=web)web", "web")).toMatch(/^Failed to compile regex: /);
});

test("no expression takes more than linear time, where a backtracking one would take years (detail 11)", () => {
  expect(matches("(a+)+", `${"a".repeat(10_000)}!`)).toBe(false);
});
