import { expect, test } from "vitest";
import { fitsGlob } from "./glob.ts";

/** All texts of these characters, up to that length. */
function textsOf(characters: string, lengthMax: number): string[] {
  if (lengthMax === 0) return [""];
  const shorter = textsOf(characters, lengthMax - 1);
  const longest = shorter.filter(({ length }) => length === lengthMax - 1);
  return [...shorter, ...longest.flatMap((text) => [...characters].map((character) => text + character))];
}

test("a pattern fits just what the same regular expression does", () => {
  for (const pattern of textsOf("ab*?", 5)) {
    const regex = new RegExp(`^${pattern.replace(/\*+/g, ".*").replaceAll("?", ".")}$`);
    const wrong = textsOf("ab", 6).filter((text) => fitsGlob(pattern, text) !== regex.test(text));
    expect([pattern, wrong]).toEqual([pattern, []]);
  }
});

test("characters of regular expressions mean themselves", () => {
  expect([fitsGlob("a.c", "abc"), fitsGlob("(a|b)+", "(a|b)+"), fitsGlob("", ""), fitsGlob("", "a")]).toEqual([
    false,
    true,
    true,
    false,
  ]);
});

test("a pattern that would stall a regular expression is done at once", () => {
  expect(fitsGlob(`${"*a".repeat(50)}b`, "a".repeat(50_000))).toBe(false);
});
