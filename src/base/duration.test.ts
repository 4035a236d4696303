import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatDuration, parseDuration } from "./duration.ts";

describe("parseDuration", () => {
  test.each([
    ["0", 0],
    ["5s", 5000],
    ["1m30s", 90_000],
    ["300ms", 300],
    ["1.5h", 5_400_000],
    [".5s", 500],
    ["1.s", 1000],
    ["-2s", -2000],
    ["+2s", 2000],
    ["100us", 0.1],
    ["100µs", 0.1],
    ["24h0m0s", 86_400_000],
  ])("reads %j", (text, valueMs) => {
    expect(parseDuration(text)).toEqual({ value: valueMs });
  });

  test.each([
    ["", 'time: invalid duration ""'],
    ["-", 'time: invalid duration "-"'],
    ["abc", 'time: invalid duration "abc"'],
    [".s", 'time: invalid duration ".s"'],
    ["5", 'time: missing unit in duration "5"'],
    ["1m5", 'time: missing unit in duration "1m5"'],
    ["5x", 'time: unknown unit "x" in duration "5x"'],
    ["5 s", 'time: unknown unit " s" in duration "5 s"'],
    ["5toString", 'time: unknown unit "toString" in duration "5toString"'],
    ["99999999999h", 'time: invalid duration "99999999999h"'],
  ])("refuses %j in Go's words", (text, problem) => {
    expect(parseDuration(text)).toEqual({ problem });
  });

  test("any text gives a value or a problem", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const parsed = parseDuration(text);
        expect("problem" in parsed || Number.isFinite(parsed.value)).toBe(true);
      }),
    );
  });
});

describe("formatDuration", () => {
  test.each([
    [0, "0s"],
    [1000, "1s"],
    [1500, "1.5s"],
    [300, "300ms"],
    [1.5, "1.5ms"],
    [0.25, "250µs"],
    [0.000012, "12ns"],
    [90_000, "1m30s"],
    [60_000, "1m0s"],
    [3_600_000, "1h0m0s"],
    [86_400_000, "24h0m0s"],
    [-30_000, "-30s"],
    [59_999.999_999_9, "1m0s"],
  ])("writes %d ms", (valueMs, text) => {
    expect(formatDuration(valueMs)).toBe(text);
  });

  test("what it writes is read back as it was", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10 ** 11 }), (valueMs) => {
        const parsed = parseDuration(formatDuration(valueMs));
        expect("value" in parsed && Math.round(parsed.value)).toBe(valueMs);
      }),
    );
  });
});
