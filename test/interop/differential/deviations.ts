/** The page that every allowed difference has to be explained on. */

import { readFileSync } from "node:fs";

const page = readFileSync(new URL("../../../docs/DEVIATIONS.md", import.meta.url), "utf8");

/** The bold words that begin each paragraph, without their full stop. */
export const deviationHeadings: ReadonlySet<string> = new Set(
  [...page.matchAll(/^\*\*([^*]+)\*\*/gm)].map(([, heading = ""]) => heading.replace(/\.$/, "")),
);
