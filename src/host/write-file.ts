import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { describeFileFailure } from "./file-failure.ts";
import { followLinks } from "./follow-links.ts";

/**
 * Puts `text` in the place of all the file held, all or nothing; behind a symbolic link, where that leads. It blocks: for the few files that change when an operator says so.
 * Returns what went wrong, a text that names the path; the old content is then still there.
 */
export function writeFileWhole(path: string, text: string, mode: number): string | undefined {
  const target = followLinks(path);
  const temporary = `${target}.tmp`;
  try {
    // Anew, so that it has this mode whatever was left behind under its name.
    rmSync(temporary, { force: true });
    const descriptor = openSync(temporary, "wx", mode);
    try {
      writeFileSync(descriptor, text);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, target);
    return undefined;
  } catch (error) {
    rmSync(temporary, { force: true });
    return describeFileFailure(error);
  }
}
