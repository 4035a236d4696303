/** Pages as a stranger would follow them: their commands are run word by word, one after another, and what the pages show must come. */

import { readFileSync } from "node:fs";
import { chmod, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "vitest";
import { requirePeer } from "../support/peers.ts";
import { useSandbox } from "../support/sandbox.ts";
import { ShellSession } from "../support/shell-session.ts";
import { waitFor } from "../support/wait-for.ts";

interface Step {
  readonly command: string;
  readonly shown: readonly string[];
}

const sandbox = useSandbox();

const pages = [
  { page: "docs/MIGRATING.md", stepsMin: 12 },
  { page: "docs/RECIPES.md", stepsMin: 12 },
];

test.skipIf(requirePeer("serf") === undefined).concurrent.for(pages)(
  "$page works word by word",
  async ({ page, stepsMin }, { expect, onTestFinished }) => {
    const steps = readSteps(readFileSync(page, "utf8"));
    expect(steps.length).toBeGreaterThan(stepsMin);
    const clone = await sandbox.folder();
    await writeFile(join(clone, "serf"), `#!/bin/sh\nexec '${process.execPath}' '${resolve("dist/serf.cjs")}' "$@"\n`);
    await chmod(join(clone, "serf"), 0o755);
    const shell = new ShellSession(clone);
    onTestFinished(() => shell.close());
    for (const step of steps) await follow(step, shell);
  },
);

/** What only looks is repeated until it shows what the page says: a reader at a terminal is slower than this test. */
async function follow({ command, shown }: Step, shell: ShellSession): Promise<void> {
  const looks = / (members|query) |^cat /.test(command);
  const wanted = toPattern(comparable(shown).join("\n"));
  const look = async () => {
    const output = await shell.run(command);
    const seen = comparable(output.split("\n")).join("\n");
    if (!wanted.test(seen)) throw new Error(`"${command}" printed\n${output}\ninstead of\n${shown.join("\n")}`);
    return true;
  };
  await (looks ? waitFor(look, { what: `the output of "${command}"` }) : look());
}

/** Commands stand behind `$ `, their further lines behind `> `, and below them what they print. */
function readSteps(page: string): readonly Step[] {
  const steps: { command: string; shown: string[] }[] = [];
  for (const [, block] of page.matchAll(/^```console\n(.*?)^```$/gms)) {
    for (const line of block!.trimEnd().split("\n")) {
      if (line.startsWith("$ ")) steps.push({ command: line.slice(2), shown: [] });
      else if (line.startsWith("> ")) steps.at(-1)!.command += `\n${line.slice(2)}`;
      else steps.at(-1)!.shown.push(line);
    }
  }
  return steps;
}

/** Blind to the order of members and tags and to the width of columns, which HashiCorp's command chooses anew each time. */
function comparable(lines: readonly string[]): readonly string[] {
  const words = lines.map((line) => line.trim().replace(/\S+=\S+$/, (tags) => tags.split(",").sort().join(",")));
  return words
    .filter((line) => line !== "")
    .map((line) => line.replace(/\s+/g, " "))
    .sort();
}

/** An ellipsis stands for anything within a word. */
function toPattern(shown: string): RegExp {
  const parts = shown.split("…").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join("[^\\s,]*")}$`);
}
