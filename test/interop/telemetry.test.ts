/** What an agent tells a statsd and, on SIGUSR1, its operator: under the names and in the layout that dashboards know. */

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { type Agent, waitForView } from "../support/agent.ts";
import { loopback } from "../support/loopback.ts";
import { requirePeer } from "../support/peers.ts";
import { type Sandbox, useSandbox } from "../support/sandbox.ts";
import type { Kind } from "../support/serf-command.ts";
import { waitFor } from "../support/wait-for.ts";

const script = "true";

/** All that one agent emits in a life with a bit of everything, by name, with its kind: "c", "g" or "ms". */
const names = [
  "agent.invoke.echo_1 ms",
  "agent.invoke.true ms",
  "agent.ipc.accept c",
  "agent.ipc.command c",
  "memberlist.gossip ms",
  "memberlist.msg.alive c",
  "memberlist.msg.dead c",
  "memberlist.probeNode ms",
  "memberlist.pushPullNode ms",
  "memberlist.tcp.accept c",
  "memberlist.tcp.connect c",
  "memberlist.tcp.sent c",
  "memberlist.udp.received c",
  "memberlist.udp.sent c",
  "runtime.alloc_bytes g",
  "runtime.num_goroutines g",
  "runtime.sys_bytes g",
  "runtime.total_gc_pause_ns g",
  "runtime.total_gc_runs g",
  "serf.coordinate.adjustment-ms ms",
  "serf.events c",
  "serf.events.deploy c",
  "serf.member.join c",
  "serf.member.left c",
  "serf.member.update c",
  "serf.msgs.received ms",
  "serf.msgs.sent ms",
  "serf.queries c",
  "serf.queries.load c",
  "serf.query_acks c",
  "serf.query_responses c",
  "serf.snapshot.appendLine ms",
];

/** Go's own, see docs/DEVIATIONS.md. */
const debianOnly = ["runtime.free_count g", "runtime.heap_objects g", "runtime.malloc_count g"];
/** Newer than Debian's version. */
const oursOnly = [
  "memberlist.node.instances.alive g",
  "memberlist.node.instances.dead g",
  "memberlist.node.instances.left g",
  "memberlist.node.instances.suspect g",
  "memberlist.size.local g",
  "memberlist.size.remote ms",
];
/** Comes twice a minute, or depends on how the machine happens to fare. */
const occasional =
  /^(serf\.queue\.|memberlist\.(queue|degraded|health|msg\.suspect)|serf\.(coordinate\.(rejected|zero-rtt)|query_duplicate)|runtime\.gc_)/;

class Statsd {
  readonly names = new Set<string>();
  private readonly socket = createSocket("udp4");

  async listen(): Promise<string> {
    this.socket.on("message", (packet) => {
      for (const line of String(packet).split("\n")) {
        const [, name = "", kind = ""] = /^serf-agent\.(.+):-?\d+\.\d{6}\|(\w+)$/.exec(line) ?? [];
        if (line !== "") this.names.add(`${name} ${kind}`);
      }
    });
    this.socket.bind(0, loopback);
    await once(this.socket, "listening");
    afterAll(() => this.socket.close());
    return `${loopback}:${this.socket.address().port}`;
  }

  /** With the host's name, which stands in those of gauges alone, left out. */
  get shownNames(): string[] {
    const host = `${hostname()}.`;
    return [...this.names].map((name) => (name.endsWith(" g") ? name.replace(host, "") : name));
  }
}

describe.skipIf(requirePeer("serf") === undefined).concurrent.each<Kind>(["debian", "ours"])(
  "a statsd, of %s",
  (kind) => {
    const sandbox = useSandbox();

    test("hears every name, each with its kind (detail 27)", async ({ expect }) => {
      const statsd = new Statsd();
      const address = await statsd.listen();
      const agent = await startWatched(sandbox, kind, { statsd_addr: address });
      await liveALittle(sandbox, agent);
      await waitFor(() => names.every((name) => statsd.shownNames.includes(name)), {
        what: `${kind} to emit ${names.length} names`,
        deadlineMs: 60_000,
        witnesses: [{ describe: () => `missing: ${names.filter((name) => !statsd.shownNames.includes(name))}` }],
      });
      expect([...statsd.names].filter((name) => name.endsWith(" g"))).toEqual(
        expect.arrayContaining([`${hostname()}.runtime.alloc_bytes g`]),
      );
      const known = [...names, ...(kind === "ours" ? oursOnly : debianOnly)];
      const others = statsd.shownNames.filter((name) => !known.includes(name) && !occasional.test(name));
      expect(others).toEqual([]);
    });
  },
);

describe.concurrent("SIGUSR1", () => {
  const sandbox = useSandbox();

  test("prints the finished ten seconds to stderr, and the agent goes on (detail 27)", async () => {
    const agent = await sandbox.startAgent({ kind: "ours", name: "told", args: ["-event-handler=true"] });
    const shown = /^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d0 [+-]\d{4} [^\]]+\]\[(.)\] '(.+)': (.+)$/;
    const stderr = () => agent.process.stderr.trimEnd().split("\n");
    // The first begin of an interval after the start is up to ten seconds away, and only what is finished is shown. An agent
    // that starts at the very end of one has joined in it, and has its first gauges in the next.
    const wanted = ["C serf-agent.serf.member.join", "G serf-agent.runtime.sys_bytes"];
    await waitFor(
      () => {
        agent.process.signal("SIGUSR1");
        const lines = stderr().map((line) => shown.exec(line)?.slice(1, 3).join(" "));
        return wanted.every((line) => lines.includes(line));
      },
      { what: "the telemetry", intervalMs: 500, witnesses: [agent] },
    );
    expect(stderr().filter((line) => !shown.test(line))).toEqual([]);
    expect(await agent.statusOf("told")).toBe("alive");
  });
});

async function startWatched(sandbox: Sandbox, kind: Kind, config: object): Promise<Agent> {
  const folder = await sandbox.folder();
  const path = join(folder, "agent.json");
  await writeFile(path, JSON.stringify(config));
  const args = [
    `-config-file=${path}`,
    `-event-handler=${script}`,
    "-event-handler=query:load=echo 1",
    `-snapshot=${join(folder, "snapshot")}`,
  ];
  return sandbox.startAgent({ kind, name: "watched", args, profile: "lan" });
}

/** Joins, events, queries and a leave, in a cluster with an agent of Debian's. */
async function liveALittle(sandbox: Sandbox, watched: Agent): Promise<void> {
  const other = await sandbox.startAgent({ kind: "debian", name: "other", join: [watched], profile: "lan" });
  await waitForView([watched, other], { watched: "alive", other: "alive" });
  await watched.command(["join", other.address]);
  await watched.command(["event", "deploy"]);
  await watched.command(["query", "-timeout=1s", "load"]);
  await other.command(["tags", "-set", "a=b"]);
  await waitFor(async () => (await watched.members()).some(({ tags }) => tags["a"] === "b"), { what: "the tag" });
  await other.leave();
  await waitForView([watched], { watched: "alive", other: "left" });
}
