import fc from "fast-check";
import { expect, test } from "vitest";
import { findJsonProblem } from "./json-problem.ts";

test.each([
  ["", { line: 1, column: 1, found: "unexpected end" }],
  ['{"a": 1', { line: 1, column: 8, found: "unexpected end" }],
  ['{\n  "a": 1,\n}', { line: 3, column: 1, found: 'unexpected "}"' }],
  ['{\n  "a": 1\n  "b": 2\n}', { line: 3, column: 3, found: 'unexpected "\\""' }],
  ["{a: 1}", { line: 1, column: 2, found: 'unexpected "a"' }],
  ['{"a" 1}', { line: 1, column: 6, found: 'unexpected "1"' }],
  ['["x\ny"]', { line: 1, column: 4, found: 'unexpected "\\n"' }],
  ["[1, 2] 3", { line: 1, column: 8, found: 'unexpected "3"' }],
  ["[tru]", { line: 1, column: 2, found: 'unexpected "t"' }],
  ["[1}", { line: 1, column: 3, found: 'unexpected "}"' }],
])("finds the first mistake in %j", (text, problem) => {
  expect(findJsonProblem(text)).toEqual(problem);
});

test("finds nothing where JSON.parse finds nothing, and something where it does", () => {
  const almostJson = fc
    .tuple(fc.json(), fc.nat(), fc.constantFrom("", ",", '"', "}", "]", "{", "[", "0", "\\", "\n"))
    .map(([json, at, inserted]) => {
      const place = at % (json.length + 1);
      return json.slice(0, place) + inserted + json.slice(place);
    });
  fc.assert(
    fc.property(fc.oneof(fc.json(), almostJson, fc.string()), (text) => {
      expect(findJsonProblem(text) === undefined).toBe(parses(text));
    }),
    { numRuns: 2000 },
  );
});

test("nesting without end costs no call stack", () => {
  expect(findJsonProblem("[".repeat(100_000))).toMatchObject({ column: 100_001 });
});

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
