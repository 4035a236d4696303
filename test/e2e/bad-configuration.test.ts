/** A configuration file with something wrong in it: one line that says what and where, exit code 1, and nothing started. */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { useSandbox } from "../support/sandbox.ts";

describe.concurrent("a configuration file", () => {
  const sandbox = useSandbox();

  test.each<[what: string, content: string, problem: string]>([
    ["that is not JSON", '{"node_name": "a",\n}', 'not JSON at line 2, column 1: unexpected "}"'],
    ["that goes on after its end", "{} {}", 'not JSON at line 1, column 4: unexpected "{"'],
    ["that is empty", "", "not JSON at line 1, column 1: unexpected end"],
    ["that holds no object", "[1]", "the file must hold one JSON object"],
    ["with an unknown key", '{"nodename": "a"}', 'unknown key "nodename", did you mean "node_name"?'],
    ["with a value of another type", '{"protocol": "five"}', 'protocol: must be an integer from 2 to 5, is "five"'],
    ["with a value out of range", '{"protocol": 1}', "protocol: must be an integer from 2 to 5, is 1"],
    ["with a duration that is none", '{"retry_interval": "soon"}', 'retry_interval: time: invalid duration "soon"'],
    [
      "with a key of a wrong length",
      '{"encrypt_key": "c2hvcnQ="}',
      "encrypt_key: must be 16, 24 or 32 bytes in base64, is 5 bytes",
    ],
  ])("%s", async (_, content, problem) => {
    const path = join(await sandbox.folder(), "agent.json");
    await writeFile(path, content);
    const agent = await sandbox.launchAgent({ kind: "ours", name: "web", args: [`-config-file=${path}`] });
    expect(await agent.process.exited).toBe(1);
    expect(agent.log).toBe(`==> Error decoding '${path}': ${problem}\n`);
  });

  test("that cannot be read", async () => {
    const folder = await sandbox.folder();
    const agent = await sandbox.launchAgent({ kind: "ours", name: "web", args: [`-config-file=${folder}/none.json`] });
    expect(await agent.process.exited).toBe(1);
    expect(agent.log).toBe(
      `==> Error reading '${folder}/none.json': open ${folder}/none.json: no such file or directory\n`,
    );
  });
});

describe.concurrent("what only shows when the agent starts", () => {
  const sandbox = useSandbox();

  test.each<[what: string, args: string[], problem: RegExp]>([
    ["tags beyond the limit", [`-tag=a=${"x".repeat(600)}`], /512/],
    [
      "an advertised address that is none",
      ["-advertise=nowhere:x"],
      /^==> Invalid advertise address: "x" is not a port/m,
    ],
  ])("%s", async (_, args, problem) => {
    const agent = await sandbox.launchAgent({ kind: "ours", name: "web", args });
    expect(await agent.process.exited).toBe(1);
    expect(agent.log).toMatch(problem);
    expect(agent.log).not.toContain("Serf agent running!");
    expect(agent.log.split("\n").filter((line) => line !== "" && !line.startsWith("==> Starting"))).toHaveLength(1);
  });
});
