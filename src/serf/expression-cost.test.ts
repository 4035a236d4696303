import { describe, expect, test } from "vitest";
import { expressionCost, expressionCostMax } from "./expression-cost.ts";

describe("an expression", () => {
  test.each([
    "^(web|db)[0-9]{1,3}$",
    "(?i)^[[:alpha:]]+$",
    "^(\\d{1,3}\\.){3}\\d{1,3}$",
    "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
    "^\\pL[\\pL\\pN_-]{0,62}$",
    `^(${Array.from({ length: 60 }, (_, n) => `web-${n}`).join("|")})$`,
  ])("that operators write is cheap: %s", (expression) => {
    expect(expressionCost(expression)).toBeLessThan(expressionCostMax / 10);
  });

  test.each([
    ["repeats of a long group", `(?:${"a?".repeat(300)}){1000}`],
    ["repeats of groups in groups", `(${"(a|aa)".repeat(100)}{10}){100}`],
    ["many repeats side by side", "[^a]{1000}".repeat(60)],
    ["many classes of Unicode", `(?i)[${"\\pL".repeat(300)}]`],
    ["the same, negated", "\\P{Latin}".repeat(150)],
  ])("that would keep a node busy is dear: %s", (_, expression) => {
    expect(expressionCost(expression)).toBeGreaterThan(expressionCostMax);
  });

  test("costs at least an instruction for each letter and repetition", () => {
    expect(expressionCost("abc")).toBe(3);
    expect(expressionCost("a{7}")).toBe(4 + 7);
    expect(expressionCost("a{2,9}")).toBe(6 + 9);
    expect(expressionCost("a{5,}")).toBe(5 + 5);
    expect(expressionCost("(ab){50}")).toBe(8 * 50);
    expect(expressionCost("((ab){50}){9}")).toBe(13 * 450);
    expect(expressionCost("")).toBe(0);
  });
});
