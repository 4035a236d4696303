import { describe, expect, test } from "vitest";
import { percentage, split } from "./option-types.ts";

describe("a percentage", () => {
  test.each([
    ["5%", 0.05],
    ["100%", 1],
    ["0.5%", 0.005],
  ])("%s", (text, share) => {
    expect(percentage().readText?.(text)).toEqual({ value: share });
  });

  test.each(["5", "101%", "-5%", "%", "five"])("%s is none", (text) => {
    const read = percentage().readText?.(text) as { value: unknown };
    expect(percentage().check(read.value)).toHaveProperty("problem");
  });
});

describe("a split", () => {
  test.each([
    ["30s", { forMs: 30_000, share: 0.5 }],
    ["1m30s|10/90", { forMs: 90_000, share: 0.1 }],
  ])("%s", (text, value) => {
    expect(split().readText?.(text)).toEqual({ value });
  });

  test.each(["", "30", "30s|", "30s|1", "30s|0/1", "-1s", "30s|1/2/3"])('"%s" is none', (text) => {
    expect(split().readText?.(text)).toHaveProperty("problem");
  });
});
