import { expect, test } from "vitest";
import { escapeUnprintable } from "./unprintable.ts";

test.each([
  ["web-1 größe 日本 €", "web-1 größe 日本 €"],
  ["a\n2013/12/02 23:07:22 [INFO] agent: b", "a\\n2013/12/02 23:07:22 [INFO] agent: b"],
  ["\x1b[2Jred\r\t\x00\x7f", "\\x1b[2Jred\\r\\t\\x00\\x7f"],
  ["\u0085 \u2028 \u2029 \u202e \u00a0", "\\u0085 \\u2028 \\u2029 \\u202e \\u00a0"],
  ["\ud800 \u{e0001}", "\\ud800 \\U000e0001"],
])("what cannot be printed is written as Go escapes it: %j", (text, escaped) => {
  expect(escapeUnprintable(text)).toBe(escaped);
});
