import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { errorCodes } from "../../src/base/errors.ts";

test("docs/ERRORS.md lists exactly the error codes of the code, with the same words", () => {
  const page = readFileSync(new URL("../../docs/ERRORS.md", import.meta.url), "utf8");
  const rows = [...page.matchAll(/^\| `([A-Z_]+)` \| (.+) \|$/gm)].map(([, code = "", meaning = ""]) => [
    code,
    meaning,
  ]);
  expect(Object.fromEntries(rows), "run: npm run docs").toEqual(errorCodes);
});
