/** The process plugin beside real agents: what the rest of the cluster sees of the programs. */

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Agent } from "../support/agent.ts";
import { loopback } from "../support/loopback.ts";
import { type Sandbox, useSandbox } from "../support/sandbox.ts";
import { serfCommand } from "../support/serf-command.ts";
import { waitFor } from "../support/wait-for.ts";

const sandbox = useSandbox();
/** Another host, as far as a cluster on this machine can tell. */
const otherAddress = "127.0.0.2";

/** The configuration directory of a container: the agent leaves on SIGTERM, and is there for these programs. */
async function imageOf(sandbox: Sandbox, ...programs: readonly object[]): Promise<string> {
  const folder = await sandbox.folder();
  await mkdir(join(folder, "plugins"));
  await writeFile(join(folder, "agent.json"), JSON.stringify({ leave_on_terminate: true }));
  const plugin = { plugin: "process", enabled: true, options: { programs } };
  await writeFile(join(folder, "plugins/process.json"), JSON.stringify(plugin));
  return folder;
}

const web = { name: "web", command: ["sh", "-c", "echo pid $$; exec sleep 1000"], check: "true" };

async function sees(watcher: Agent, name: string, wanted: object): Promise<void> {
  await waitFor(
    async () => expect((await watcher.members()).find((member) => member.name === name)).toMatchObject(wanted),
    { what: `${name} to be ${JSON.stringify(wanted)}`, witnesses: [watcher] },
  );
}

test("a container that stops and starts again on a new address under its old name leaves and joins", async () => {
  const watcher = await sandbox.startAgent({ kind: "ours", name: "watcher" });
  const image = await imageOf(sandbox, web);
  const port = await sandbox.port();
  const start = async (address: string): Promise<Agent> =>
    sandbox.startAgent({
      kind: "ours",
      name: "web1",
      join: [watcher],
      listen: [`-bind=${address}:${port}`],
      args: [`-config-dir=${image}`],
    });
  const first = await start(loopback);
  await sees(watcher, "web1", { status: "alive", addr: `${loopback}:${port}`, tags: { ready: "true" } });
  const [, pid] = /web: pid (\d+)/.exec(first.log) ?? [];
  expect(readFileSync(`/proc/${pid}/cmdline`, "utf8")).toBe("sleep\x001000\0");
  first.process.signal("SIGTERM");
  expect(await first.process.exited).toBe(0);
  expect(() => readFileSync(`/proc/${pid}/cmdline`)).toThrow("ENOENT");
  await sees(watcher, "web1", { status: "left" });

  await start(otherAddress);
  await sees(watcher, "web1", { status: "alive", addr: `${otherAddress}:${port}`, tags: { ready: "true" } });
  const events = watcher.log.split("\n").flatMap((line) => /EventMember\w+: web1 [\d.]+/.exec(line) ?? []);
  expect(events.filter((event) => !event.includes("Update"))).toEqual([
    `EventMemberJoin: web1 ${loopback}`,
    `EventMemberLeave: web1 ${loopback}`,
    `EventMemberJoin: web1 ${otherAddress}`,
  ]);
});

test("a program that is not well takes the tag back, and one whose end is the node's has it leave", async () => {
  const watcher = await sandbox.startAgent({ kind: "ours", name: "watcher" });
  const folder = await sandbox.folder();
  const [well, done] = [join(folder, "well"), join(folder, "done")];
  await writeFile(well, "");
  const image = await imageOf(
    sandbox,
    { ...web, check: `test -e ${well}`, check_every: "100ms", check_failures: 1 },
    { name: "job", command: ["sh", "-c", `until test -e ${done}; do sleep 0.1; done; exit 7`], on_exit: "leave" },
  );
  const agent = await sandbox.startAgent({
    kind: "ours",
    name: "web1",
    join: [watcher],
    args: [`-config-dir=${image}`],
  });
  await sees(watcher, "web1", { tags: { ready: "true" } });
  await rm(well);
  await sees(watcher, "web1", { tags: { ready: "false" } });
  const { stdout } = await serfCommand("ours", ["plugin", `-rpc-addr=${agent.rpcAddress}`, "process", "status"]);
  expect(JSON.parse(stdout)).toMatchObject([
    { name: "web", state: "unwell", starts: 1, problem: "the check ended with 1" },
    { name: "job", state: "ready", starts: 1 },
  ]);
  const [, pid] = /web: pid (\d+)/.exec(agent.log) ?? [];
  await writeFile(done, "");
  expect(await agent.process.exited).toBe(0);
  expect(agent.log).toContain("job ended with 7: this node leaves the cluster");
  expect(() => readFileSync(`/proc/${pid}/cmdline`)).toThrow("ENOENT");
  await sees(watcher, "web1", { status: "left" });
});

test.skipIf(!mayBeFirst())("an agent that is process 1 says what that takes", async () => {
  const image = await imageOf(sandbox, web);
  const agent = await sandbox.startAgent({
    kind: "ours",
    name: "first",
    host: { exec: ["unshare", "--pid", "--fork", "--kill-child"], address: loopback },
    place: { bindPort: await sandbox.port(), rpcPort: await sandbox.port() },
    args: [`-config-dir=${image}`],
  });
  const warning =
    "[WARN] plugin.process: the agent is process 1, and Node does not reap what its programs leave behind";
  await waitFor(() => agent.log.includes(warning), { what: "the warning", witnesses: [agent] });
});

/** Process namespaces take rights that not every machine gives. */
function mayBeFirst(): boolean {
  return spawnSync("unshare", ["--pid", "--fork", "true"]).status === 0;
}
