import { expect, test } from "vitest";
import { LineReader } from "./line-reader.ts";

test("lines come whole, whatever the pieces, and the last without line feed at the end", () => {
  const reader = new LineReader();
  expect(reader.push(Buffer.from("one\r\ntw"))).toEqual(["one"]);
  const [first, second] = [Buffer.from("ö\nthree").subarray(0, 1), Buffer.from("ö\nthree").subarray(1)];
  expect(reader.push(first)).toEqual([]);
  expect(reader.push(second)).toEqual(["twö"]);
  expect(reader.end()).toEqual(["three"]);
  expect(reader.end()).toEqual([]);
});

test("a line without end is cut, so that it is never kept whole", () => {
  const reader = new LineReader(4);
  expect(reader.push(Buffer.from("aaaabbbbcc"))).toEqual(["aaaa", "bbbb"]);
  expect(reader.push(Buffer.from("cc\n"))).toEqual(["cccc"]);
});
