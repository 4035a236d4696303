import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const source = fileURLToPath(new URL("../../src", import.meta.url));

/** Names in the code, with "*" for what varies. */
function emittedNames(): Set<string> {
  const names = new Set<string>();
  for (const file of readdirSync(source, { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".ts") || file.endsWith(".test.ts")) continue;
    const text = readFileSync(`${source}/${file}`, "utf8");
    const calls = text.matchAll(
      /(?:increment|gauge|sample|NamedCounter)\(\s*["`]((?:agent|memberlist|runtime|serf)\.[^"`]+)/g,
    );
    for (const [, name = ""] of calls) names.add(name.replace(/\$\{.*?\}/g, "*"));
  }
  return names;
}

test("docs/TELEMETRY.md has a row for every name that is measured, and for no other", () => {
  const page = readFileSync(new URL("../../docs/TELEMETRY.md", import.meta.url), "utf8");
  const rows = [...page.matchAll(/^\| `([a-z]+\.[^`]+)` \| (?:c|g|ms) \|/gm)].map(([, name = ""]) => name);
  const patterns = rows.map((row) => row.replace(/[A-Z]{4,}$/, "*"));
  const emitted = [...emittedNames()];
  expect(emitted.length).toBeGreaterThan(30);
  const covers = (pattern: string, name: string) =>
    pattern === name || (name.endsWith("*") && pattern.startsWith(name.slice(0, -1)));
  expect(emitted.filter((name) => !patterns.some((pattern) => covers(pattern, name)))).toEqual([]);
  const counted = new Set(["serf.events.*", "serf.queries.*"]);
  expect(patterns.filter((row) => !counted.has(row) && !emitted.some((name) => covers(row, name)))).toEqual([]);
});
