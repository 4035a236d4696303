/** The examples of docs/HANDLERS.md do what the page says. */

import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadConfig } from "../../src/agent/config.ts";
import { startScript } from "../../src/agent/script-run.ts";
import type { SerfEvent } from "../../src/serf/events.ts";
import { serfMember } from "../support/members.ts";

const page = readFileSync(new URL("../../docs/HANDLERS.md", import.meta.url), "utf8");
const self = serfMember("web-1", { tags: { role: "web" } });

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "serf-ts-handlers-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Writes the script of that name, as it stands on the page. */
function example(name: string): string {
  const [, script] = new RegExp(`\`\`\`sh\n(#!/bin/sh\n# ${name}:[\\s\\S]*?)\`\`\``).exec(page) ?? [];
  const path = join(folder, name);
  writeFileSync(path, script ?? "");
  chmodSync(path, 0o755);
  return path;
}

async function run(script: string, event: SerfEvent) {
  const { output, problem } = await startScript(script, event, self).ended;
  return { output: Buffer.from(output).toString(), problem };
}

function named(kind: "user" | "query", name: string, payload: string): SerfEvent {
  const common = { name, payload: Buffer.from(payload), lamportTime: 1 };
  if (kind === "user") return { kind, ...common, coalesce: false };
  return { kind, ...common, from: "web-2", deadlineMs: 0, respond: () => undefined } as unknown as SerfEvent;
}

describe.skipIf(process.platform !== "linux")("the handler scripts in docs/HANDLERS.md", () => {
  test("members.sh says who came", async () => {
    const members = [serfMember("a", { address: "10.0.0.5" }), serfMember("b", { address: "10.0.0.6" })];
    expect(await run(example("members.sh"), { kind: "member-join", members })).toEqual({
      output: "member-join: a at 10.0.0.5\nmember-join: b at 10.0.0.6\n",
      problem: undefined,
    });
  });

  test("load.sh answers its query and no other", async () => {
    const script = example("load.sh");
    expect((await run(script, named("query", "load", ""))).output).toMatch(/^\d+\.\d\d\n$/);
    expect(await run(script, named("query", "other", ""))).toEqual({ output: "", problem: "exit status 1" });
  });

  test("deploy.sh takes a version and nothing else", async () => {
    const script = example("deploy.sh");
    expect((await run(script, named("user", "deploy", "v1.2.3"))).output).toBe("deploying v1.2.3 on web-1\n");
    for (const payload of ["$(reboot)", "", "1; rm"])
      expect((await run(script, named("user", "deploy", payload))).problem).toBe("exit status 1");
  });
});

describe("the configurations in docs/HANDLERS.md", () => {
  test("are configurations", () => {
    const [, json = ""] = /```json\n([\s\S]*?)```/.exec(page) ?? [];
    const path = join(folder, "agent.json");
    writeFileSync(path, json);
    const { eventScripts } = loadConfig({ configPaths: [path] }, "host").config;
    expect(eventScripts.map(({ filter, script, limits }) => [filter.event, script, limits])).toEqual([
      ["member-join", "members.sh", undefined],
      ["member-failed", "members.sh", undefined],
      ["user", "deploy.sh", { concurrency: 1, timeoutMs: 600_000 }],
      ["query", "load.sh", { concurrency: 4, timeoutMs: 5_000 }],
    ]);
    expect(eventScripts[2]?.members?.matches(self)).toBe(true);
  });

  test("and the flag is a handler, with the same keys as the table", () => {
    const [, text = ""] = /-event-handler='(\{.*\})'/.exec(page) ?? [];
    const [handler] = loadConfig({ eventHandlers: [text] }, "host").config.eventScripts;
    expect(handler?.limits).toEqual({ concurrency: 1, timeoutMs: 5_000 });
  });
});
