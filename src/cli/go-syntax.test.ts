import { expect, test } from "vitest";
import { goSyntax } from "./go-syntax.ts";

test("numbers are decimal while small and hexadecimal above, as the reference's decoder types them", () => {
  expect([0, 127, 128, 17_946].map((value) => goSyntax(value))).toEqual(["0", "127", "0x80", "0x461a"]);
});

test("bytes are named differently at the top and within, and none at the top is nil", () => {
  expect(goSyntax(Uint8Array.of(0x70, 0))).toBe("[]byte{0x70, 0x0}");
  expect(goSyntax(new Uint8Array(0))).toBe("<nil>");
  expect(goSyntax([{ Addr: Uint8Array.of(127, 0, 0, 1) }])).toBe(
    '[]interface {}{map[interface {}]interface {}{"Addr":[]uint8{0x7f, 0x0, 0x0, 0x1}}}',
  );
});

test("maps are sorted by key, and may be empty", () => {
  expect(goSyntax({ b: true, a: "x" })).toBe('map[interface {}]interface {}{"a":"x", "b":true}');
  expect(goSyntax({})).toBe("map[interface {}]interface {}{}");
});

test("texts are quoted with Go's escapes", () => {
  expect(goSyntax('a<b>&"\\\n')).toBe('"a<b>&\\"\\\\\\n"');
});
