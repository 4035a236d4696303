/** What a dry run shows: the content, and how it differs from what is there. */

import { readFile } from "node:fs/promises";
import { createTwoFilesPatch } from "diff";

/** Comparing long files that have nothing in common takes the product of their lines. */
const compareMsMax = 2_000;

/** Declares the action that shows it. */
export const previewAction = { usage: "", doc: "Shows what would be written, and writes nothing." } as const;

/** The content and then the difference, each under a line that says what it is. */
export async function previewFile(destination: string, content: string): Promise<string> {
  const current = await readFile(destination, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  const heading = (what: string): string => `==> ${destination} ${what}\n`;
  if (current === undefined) return `${heading("would be new")}${content}`;
  if (current === content) return `${heading("would stay as it is")}${content}`;
  return `${heading("would become")}${endLine(content)}${heading("would change by")}${difference(destination, current, content)}`;
}

function difference(path: string, before: string, after: string): string {
  const patch = createTwoFilesPatch(path, path, before, after, "now", "rendered", {
    context: 3,
    timeout: compareMsMax,
  });
  // What comes before names the file once more.
  return patch === undefined ? "(too different to compare)\n" : patch.slice(patch.indexOf("\n--- ") + 1);
}

function endLine(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}
