/** `serf completion` in real shells: what becomes of a line when the tab key is pressed. */

import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { requirePeer } from "../support/peers.ts";
import { useSandbox } from "../support/sandbox.ts";

const run = promisify(execFile);
const command = fileURLToPath(new URL("../../dist/serf.cjs", import.meta.url));
const pressTab = fileURLToPath(new URL("../fixtures/completion/press-tab.zsh", import.meta.url));

/** What is typed, and the words that can stand in the place of the last one; only one each, so that a shell fills it in. */
const cases: readonly (readonly [line: string, candidate: string])[] = [
  ["serf mem", "members"],
  ["serf force", "force-leave"],
  ["serf members -form", "-format"],
  ["serf members -format j", "json"],
  ["serf members -format=j", "json"],
  ["serf agent -profile=w", "wan"],
  ["serf agent -log-level d", "debug"],
  ["serf agent -tags-f", "-tags-file"],
  ["serf monitor -log-level=tr", "trace"],
  ["serf force-leave al", "alpha"],
  ["serf rtt al", "alpha"],
  ["serf query -node al", "alpha"],
  ["serf query -node=al", "alpha"],
  ["serf completion f", "fish"],
  ["serf agent -config-file FOLDER/settings/ag", "FOLDER/settings/agent.json"],
];

describe.concurrent("completion", () => {
  const sandbox = useSandbox();
  let folder: string;
  let env: Record<string, string>;

  beforeAll(async () => {
    folder = await sandbox.folder();
    mkdirSync(join(folder, "settings"));
    writeFileSync(join(folder, "settings", "agent.json"), "{}");
    writeFileSync(join(folder, "serf"), `#!/bin/sh\nexec ${process.execPath} ${command} "$@"\n`, { mode: 0o755 });
    for (const shell of ["bash", "zsh", "fish"]) {
      const { stdout } = await run(process.execPath, [command, "completion", shell]);
      writeFileSync(join(folder, `completion.${shell}`), stdout);
    }
    const agent = await sandbox.startAgent({ kind: "ours", name: "alpha" });
    env = {
      ...process.env,
      PATH: `${folder}${delimiter}${process.env["PATH"]}`,
      HOME: folder,
      SERF_RPC_ADDR: agent.rpcAddress,
    } as Record<string, string>;
  });

  const inFolder = (text: string): string => text.replaceAll("FOLDER", folder);

  test("fills in commands, flags, values, files and members in bash", async () => {
    const script = `source ${folder}/completion.bash
for COMP_LINE; do COMP_POINT=\${#COMP_LINE} COMPREPLY=(); _serf; echo "\${COMPREPLY[*]}"; done`;
    const { stdout } = await run("bash", ["--norc", "-c", script, "bash", ...cases.map(([line]) => inFolder(line))], {
      env,
    });
    expect(stdout.trimEnd().split("\n")).toEqual(cases.map(([, candidate]) => inFolder(candidate)));
  });

  test("offers nothing in bash where nothing can be known, or no agent runs", async () => {
    const script = `source ${folder}/completion.bash
for COMP_LINE; do COMP_POINT=\${#COMP_LINE} COMPREPLY=(); _serf; echo "<\${COMPREPLY[*]}>"; done`;
    const lines = ["serf nope ", "serf event -rpc-auth ", "serf event ", "serf force-leave -rpc-addr=127.0.0.1:1 "];
    const { stdout } = await run("bash", ["--norc", "-c", script, "bash", ...lines], { env });
    expect(stdout.trimEnd().split("\n")).toEqual(lines.map(() => "<>"));
  });

  test.skipIf(requirePeer("zsh") === undefined)("fills them in in zsh", async () => {
    const notes = await sandbox.folder();
    const lines = cases.map(([line]) => inFolder(line));
    const args = ["-f", pressTab, notes, join(folder, "completion.zsh"), ...lines];
    const { stdout } = await run(requirePeer("zsh")!, args, { env });
    const filled = cases.map(([line, candidate]) => inFolder(line.replace(/[^ =]*$/, candidate)));
    expect(
      stdout
        .trimEnd()
        .split("\n")
        .map((line) => line.replace(/[ =]$/, "")),
    ).toEqual(filled);
  });

  test.skipIf(requirePeer("fish") === undefined)("offers them in fish", async () => {
    const script = `source ${folder}/completion.fish; for line in $argv; complete -C $line; end`;
    const { stdout } = await run(
      requirePeer("fish")!,
      ["--no-config", "-c", script, ...cases.map(([line]) => inFolder(line))],
      { env },
    );
    const offered = stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.split("\t")[0]);
    expect(offered).toEqual(
      cases.map(([line, candidate]) =>
        inFolder(line.includes("=") ? line.split(" ").at(-1)!.replace(/=.*/, `=${candidate}`) : candidate),
      ),
    );
  });
});
