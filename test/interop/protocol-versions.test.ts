/** An agent of either kind that was told to speak an older version of Serf's protocol, in a cluster with one of the other kind that was not. */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Agent, type AgentOptions, waitForView } from "../support/agent.ts";
import { requirePeer } from "../support/peers.ts";
import { useSandbox } from "../support/sandbox.ts";
import type { Kind } from "../support/serf-command.ts";
import { waitFor } from "../support/wait-for.ts";

interface Pair {
  readonly version: number;
  /** Of the one with the older protocol, which joins. */
  readonly kind: Kind;
  readonly other: Kind;
}

const pairs: readonly Pair[] = [2, 3, 4, 5].flatMap((version) => [
  { version, kind: "debian", other: "ours" } as const,
  { version, kind: "ours", other: "debian" } as const,
]);

const title = "version $version: $kind joins $other";

describe.skipIf(requirePeer("serf") === undefined).concurrent.each(pairs)(title, ({ version, kind, other }) => {
  const sandbox = useSandbox();
  let old: Agent;
  let current: Agent;
  /** Before version 3 there was a role and no other tag. */
  const tags = version < 3 ? { role: "web" } : { role: "web", zone: "north" };
  const hasQueries = version >= 4;

  const startOld = async (options: Partial<AgentOptions> = {}): Promise<Agent> => {
    const config = join(await sandbox.folder(), "agent.json");
    await writeFile(config, JSON.stringify({ protocol: version, tags: { role: "web", zone: "north" } }));
    const handlers = ["-event-handler=user:hello=echo heard", "-event-handler=query:ask=echo answer"];
    const args = [`-config-file=${config}`, ...handlers];
    return sandbox.startAgent({ kind, name: "old", args, join: [current], ...options });
  };

  test.sequential("both see both, with the version and the tags that it has", async () => {
    const handlers = ["-event-handler=user:hello=echo heard", "-event-handler=query:ask=echo answer"];
    current = await sandbox.startAgent({ kind: other, name: "current", args: ["-tag=role=db", ...handlers] });
    old = await startOld();
    for (const agent of [old, current])
      await waitFor(
        async () => {
          const members = new Map((await agent.members()).map((member) => [member.name, member]));
          expect(members.get("old")).toMatchObject({ status: "alive", tags, protocol: { min: 2, max: 5, version } });
          expect(members.get("current")).toMatchObject({
            status: "alive",
            tags: { role: "db" },
            protocol: { min: 2, max: 5, version: 5 },
          });
        },
        { what: `${agent.name} to see both`, witnesses: [old, current] },
      );
    expect((await old.command(["info", "-format=json"])).stdout).toContain("web");
  });

  test.sequential("user events go both ways", async () => {
    for (const [sender, receiver] of [
      [old, current],
      [current, old],
    ] as const) {
      const heard = (): number => receiver.log.split("script output: heard").length - 1;
      const before = heard();
      expect((await sender.command(["event", "-coalesce=false", "hello", sender.name])).code).toBe(0);
      await waitFor(() => heard() > before, { what: `${receiver.name} to hear it`, witnesses: [old, current] });
    }
  });

  test.sequential("queries are answered by both, and asked by it from version 4 on", async () => {
    const ask = (agent: Agent) => agent.command(["query", "-format=json", "-timeout=2s", "ask"]);
    const everybody = { Acks: ["current", "old"], Responses: { current: "answer\n", old: "answer\n" } };
    const read = (stdout: string) => {
      const { Acks, Responses } = JSON.parse(stdout) as { Acks: string[]; Responses: Record<string, string> };
      return { Acks: Acks.toSorted(), Responses };
    };
    expect(read((await ask(current)).stdout)).toEqual(everybody);
    const asked = await ask(old);
    if (hasQueries) expect(read(asked.stdout)).toEqual(everybody);
    else expect(asked).toMatchObject({ code: 1, stdout: "Error sending query: Feature not supported\n" });
  });

  test.sequential("it leaves, comes back, fails, and is forced to leave", async () => {
    expect(await old.leave()).toBe(0);
    await waitForView([current], { current: "alive", old: "left" });
    old = await startOld({ place: old.place });
    await waitForView([old, current], { current: "alive", old: "alive" });
    await old.kill();
    await waitForView([current], { current: "alive", old: "failed" });
    expect((await current.command(["force-leave", "old"])).code).toBe(0);
    await waitForView([current], { current: "alive", old: "left" });
  });
});

describe("a version that does not exist", () => {
  const sandbox = useSandbox();

  test.each(["1", "6"])("%s ends our agent with one line that says which do", async (version) => {
    const agent = await sandbox.launchAgent({ kind: "ours", name: "a", args: [`-protocol=${version}`] });
    expect(await agent.process.exited).toBe(1);
    expect(agent.process.output).toMatch(/protocol.*\b2\b.*\b5\b/);
  });
});
