/** The log of a whole agent at a syslog daemon, beside that of Debian's: each has a /run of its own with a daemon in it. */

import { spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, describe, test } from "vitest";
import { loopback } from "../support/loopback.ts";
import { requirePeer } from "../support/peers.ts";
import { useSandbox } from "../support/sandbox.ts";
import { type Kind, serfCommand, startCommand } from "../support/serf-command.ts";
import { waitFor } from "../support/wait-for.ts";

const namespace = ["unshare", "--mount", "--pid", "--fork", "--kill-child"];
const isPossible =
  requirePeer("socat") !== undefined &&
  requirePeer("serf") !== undefined &&
  spawnSync(namespace[0]!, [...namespace.slice(1), "true"]).status === 0;

/** Standard error is the daemon's, standard output the agent's. The daemon gets a moment to read the last lines. */
const script = `
mount -t tmpfs tmpfs /run
socat -u UNIX-RECV:/run/log STDOUT >&2 &
while [ ! -S /run/log ]; do sleep 0.02; done
"$@" & wait $! || true
sleep 0.5`;

describe.skipIf(!isPossible).concurrent.each<Kind>(["debian", "ours"])("syslog of %s", (kind) => {
  const sandbox = useSandbox();

  test("has the log from its first line to its last, under the facility of the configuration", async ({ expect }) => {
    const [bindPort, rpcPort, folder] = [await sandbox.port(), await sandbox.port(), await sandbox.folder()];
    const config = join(folder, "agent.json");
    await writeFile(config, JSON.stringify({ enable_syslog: true, syslog_facility: "local5" }));
    const args = [`-config-file=${config}`, "-node=web", `-bind=${loopback}:${bindPort}`];
    const rpc = `-rpc-addr=${loopback}:${rpcPort}`;
    const place = [...namespace, "sh", "-ec", script, "sh"];
    const agent = startCommand(kind, ["agent", rpc, ...args], {}, place);
    afterAll(() => agent.kill());
    await waitFor(() => agent.stdout.includes("Received event: member-join"), {
      what: "it to run",
      witnesses: [agent],
    });
    await serfCommand("debian", ["leave", rpc]);
    await agent.exited;
    const lines = agent.stderr.split(/(?=<\d+>[A-Z][a-z]{2} )/).map((line) => line.trimEnd().replace(/>.{15} /, ">"));
    const known = lines.map((line) => line.replace(/\[\d+\]/, "[PID]").replace(/127\.0\.0\.1:\d+/, "CLIENT"));
    expect(known.slice(0, 6)).toEqual([
      "<173>serf[PID]: agent: Serf agent starting",
      "<173>serf[PID]: serf: EventMemberJoin: web 127.0.0.1",
      "<173>serf[PID]: agent: Received event: member-join",
      "<173>serf[PID]: agent.ipc: Accepted client: CLIENT",
      "<173>serf[PID]: agent.ipc: Graceful leave triggered",
      "<173>serf[PID]: agent: requesting graceful leave from Serf",
    ]);
    // The order of what Debian's agent says at its end varies, and whether it still tells of its own leaving.
    expect(known).toContain("<173>serf[PID]: agent: requesting serf shutdown");
    if (kind === "debian") return;
    expect(known).toContain("<173>serf[PID]: agent: Received event: member-leave");
    expect(known.at(-1)).toBe("<173>serf[PID]: agent: shutdown complete");
  });
});
