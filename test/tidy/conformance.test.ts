import { existsSync, readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const root = new URL("../../", import.meta.url);
const page = textOf("docs/CONFORMANCE.md");
const rows = [...page.matchAll(/^\| (.*) \| `(\S+)` \| (.+) \|$/gm)].map(([, what = "", path = "", title = ""]) => ({
  what,
  path,
  title,
}));

test("every test that docs/CONFORMANCE.md names exists in the file it names", () => {
  expect(rows.length).toBeGreaterThan(100);
  const missing = rows.filter(({ path, title }) => !textOf(path).includes(`"${title}"`));
  expect(missing).toEqual([]);
});

test("every number of a detail or accident in a test's title has its row in docs/CONFORMANCE.md", () => {
  const explained = rows.map(({ what }) => /^(Detail|Accident) \d+(?=\.)/.exec(what)?.[0].toLowerCase());
  const unexplained = testFiles().flatMap((path) => {
    const marks = [...textOf(path).matchAll(/[(,] ?(detail|accident)s? (\d+(?:, \d+)*)/g)];
    const named = marks.flatMap(([, kind, numbers = ""]) => numbers.split(", ").map((number) => `${kind} ${number}`));
    return named.filter((name) => !explained.includes(name)).map((name) => `${path}: ${name}`);
  });
  expect(unexplained).toEqual([]);
});

test("every accident has a test", () => {
  const numbers = Array.from({ length: 25 }, (_, index) => index + 1);
  expect(numbers.filter((number) => !rows.some(({ what }) => what.startsWith(`Accident ${number}.`)))).toEqual([]);
});

function testFiles(): string[] {
  return ["src", "test"].flatMap((folder) =>
    readdirSync(new URL(folder, root), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".test.ts"))
      .map((name) => `${folder}/${name.replaceAll("\\", "/")}`),
  );
}

function textOf(path: string): string {
  const file = new URL(path, root);
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}
