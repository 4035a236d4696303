import { readlinkSync } from "node:fs";
import { dirname, resolve } from "node:path";

/** As many as Linux follows. */
const linksMax = 40;

/**
 * Where a symbolic link leads in the end, even if nothing is there yet; any other path as it is. A file that is replaced by renaming another onto it
 * is replaced there: a link that an operator made stays a link.
 */
export function followLinks(path: string): string {
  let target = path;
  for (let links = 0; links < linksMax; links++) {
    const next = readLink(target);
    if (next === undefined) return target;
    target = resolve(dirname(target), next);
  }
  return path;
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
