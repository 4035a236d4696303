import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const root = new URL("../../", import.meta.url);

test("every step of the journeys in docs/ARCHITECTURE.md names a file and a function that exist", () => {
  const page = readFileSync(new URL("docs/ARCHITECTURE.md", root), "utf8");
  const steps = [...page.matchAll(/`(src\/[\w/-]+\.ts)` `(\w+)`/g)].map(([, path = "", name = ""]) => ({ path, name }));
  expect(steps.length).toBeGreaterThan(35);
  const missing = steps.filter(({ path, name }) => !defines(path, name));
  expect(missing).toEqual([]);
});

/** True if the file declares a function, method or property of that name. */
function defines(path: string, name: string): boolean {
  const file = new URL(path, root);
  if (!existsSync(file)) return false;
  return new RegExp(`(function |^ +(private |async |public )*)"?${name}"?(\\(|<|\\? *\\(|:|: async)`, "m").test(
    readFileSync(file, "utf8"),
  );
}
