import { expect, test } from "vitest";
import { isAtLeast, parseLogLevel } from "./log-level.ts";

test("levels are read in any case and are ordered", () => {
  expect(parseLogLevel("debug")).toBe("DEBUG");
  expect(parseLogLevel("ERROR")).toBeUndefined();
  expect(isAtLeast("WARN", "INFO")).toBe(true);
  expect(isAtLeast("INFO", "INFO")).toBe(true);
  expect(isAtLeast("DEBUG", "INFO")).toBe(false);
});
