import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";

const folders = [".", "docs", "docs/plugins", "examples", ...listFolders("examples")];
const pages = folders.flatMap((folder) => listPages(folder));

describe("the pages", () => {
  it.each(pages)("%s links only to what is there", (page) => {
    const text = readFileSync(page, "utf8").replace(/^```.*?^```/gms, "");
    const targets = [...text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, target]) => target!);
    const local = targets.filter((target) => !/^[a-z]+:/.test(target));
    expect(local.filter((target) => !existsSync(join(dirname(page), target)))).toEqual([]);
  });
});

function listFolders(parent: string): readonly string[] {
  if (!existsSync(parent)) return [];
  const entries = readdirSync(parent, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return entries.map(({ name }) => join(parent, name));
}

function listPages(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(folder, name));
}
