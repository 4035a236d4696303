/** `serf agent -log-format=json`: all of standard output is for programs. */

import { describe, expect, test } from "vitest";
import { useSandbox } from "../support/sandbox.ts";
import { serfCommand } from "../support/serf-command.ts";
import { waitFor } from "../support/wait-for.ts";

interface Line {
  readonly time: string;
  readonly level: string;
  readonly message: string;
}

describe("the log in JSON", () => {
  const sandbox = useSandbox();

  test("is one object a line, from the first line to the last, while monitors see text", async () => {
    const agent = await sandbox.startAgent({ kind: "ours", name: "web", args: ["-log-format=json"] });
    const monitor = sandbox.startCommand("ours", ["monitor", `-rpc-addr=${agent.rpcAddress}`]);
    await waitFor(() => /^\d{4}\/\d\d\/\d\d .* \[INFO\] agent: Serf agent starting$/m.test(monitor.stdout), {
      what: "the monitor to show text",
      witnesses: [monitor],
    });
    await agent.leave();
    const lines = agent.process.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Line);
    for (const line of lines) {
      expect(Object.keys(line)).toEqual(["time", "level", "message"]);
      expect(line.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    }
    const messages = lines.map(({ level, message }) => `${level} ${message}`);
    expect(messages[0]).toBe("INFO Starting Serf agent...");
    expect(messages).toContain("INFO Node name: 'web'");
    expect(messages).toContain("INFO serf: EventMemberJoin: web 127.0.0.1");
    expect(messages).toContain("INFO Gracefully shutting down agent...");
    expect(agent.process.stderr).toBe("");
  });

  test("holds the reason why an agent did not start, too", async () => {
    const { code, stdout } = await serfCommand("ours", ["agent", "-log-format=json", "-bind=nowhere.invalid"]);
    expect(code).toBe(1);
    const { level, message } = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as Line;
    expect([level, message]).toEqual(["ERR", expect.stringContaining("nowhere.invalid")]);
  });
});
