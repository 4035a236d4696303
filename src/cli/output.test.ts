import { describe, expect, test } from "vitest";
import { indentedJson } from "../base/go-json.ts";
import { columnize, formatReport, trimSpace } from "./output.ts";

describe("columns", () => {
  test("are as wide as their widest field, two spaces apart, the last one not padded", () => {
    expect(columnize(["deb1|127.0.0.1:17946|alive|x=1", "deb2-longer|127.0.0.1:1|leaving|"])).toBe(
      "deb1         127.0.0.1:17946  alive    x=1\ndeb2-longer  127.0.0.1:1      leaving  ",
    );
  });

  test("count characters, not bytes or halves of them", () => {
    expect(columnize(["ä😀|1", "abc|2"])).toBe("ä😀   1\nabc  2");
  });

  test("are begun by every bar, also one within a value", () => {
    expect(columnize(["a|k=v|w", "b|k"])).toBe("a  k=v  w\nb  k");
  });

  test("of nothing are nothing", () => {
    expect(columnize([])).toBe("");
  });
});

describe("JSON", () => {
  test("is indented and escaped as Go does it (detail 19)", () => {
    expect(indentedJson({ members: null })).toBe('{\n  "members": null\n}');
    expect(indentedJson({ a: {}, b: [] })).toBe('{\n  "a": {},\n  "b": []\n}');
    expect(indentedJson('<a>&"\\\u2028\u2029\n\t\r\b\f\u0001')).toBe(
      '"\\u003ca\\u003e\\u0026\\"\\\\\\u2028\\u2029\\n\\t\\r\\u0008\\u000c\\u0001"',
    );
  });

  test("keeps a backslash that only looks like an escape", () => {
    expect(indentedJson("\\b")).toBe('"\\\\b"');
  });
});

test("space is trimmed as Go does it", () => {
  expect(trimSpace(" \t\n\v\f\r\u0085\u00a0x y\u3000\n")).toBe("x y");
  expect(trimSpace("\ufeffx")).toBe("\ufeffx");
});

test("a report is text or JSON, and any other format an error", () => {
  const report = { text: () => "\n text \n", json: () => [1] };
  expect(formatReport(report, "text")).toBe("text");
  expect(formatReport(report, "json")).toBe("[\n  1\n]");
  expect(() => formatReport(report, "xml")).toThrow('Invalid output format "xml"');
});
