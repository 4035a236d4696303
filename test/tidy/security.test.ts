import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const root = new URL("../../", import.meta.url);

test("every promise of docs/SECURITY.md names a test that exists", () => {
  const rows = [...textOf("docs/SECURITY.md").matchAll(/^\| .* \| `(\S+)` \| (.+) \|$/gm)];
  expect(rows.length).toBeGreaterThan(20);
  const missing = rows.filter(([, path = "", title = ""]) => !textOf(path).includes(`"${title}"`));
  expect(missing.map(([row]) => row)).toEqual([]);
});

function textOf(path: string): string {
  const file = new URL(path, root);
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}
