import { expect, test } from "vitest";
import { goBase64Decode } from "./go-base64.ts";

test.each([
  ["", ""],
  ["YWJj", "abc"],
  ["YWI=", "ab"],
  ["YQ==", "a"],
  ["YW\r\nJj\n", "abc"],
  ["YQ=\n=\n", "a"],
])("base64 %j is read as Go reads it", (text, wanted) => {
  expect(goBase64Decode(text)).toEqual({ bytes: new TextEncoder().encode(wanted) });
});

// What Go's encoding/base64 says of the same texts.
test.each([
  ["abc", 0],
  ["YWJjYQ", 4],
  ["not base64!", 3],
  ["=", 0],
  ["YQ=", 3],
  ["YQ=x", 2],
  ["YWI=x", 4],
  ["YWJjé", 4],
  ["Y===", 1],
])("base64 %j is wrong at byte %i, as Go counts", (text, at) => {
  expect(goBase64Decode(text)).toEqual({ problem: `illegal base64 data at input byte ${at}` });
});
