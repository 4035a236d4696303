/** Labels keep clusters apart: nodes in this process, agents of the command, and Debian's serf, which knows none. */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { createSerf, memberlistProfiles, type SerfNode } from "../../src/index.ts";
import { type Agent, waitForView } from "../support/agent.ts";
import { keys } from "../support/directions.ts";
import { loopback } from "../support/loopback.ts";
import { requirePeer } from "../support/peers.ts";
import { useSandbox } from "../support/sandbox.ts";
import { waitFor } from "../support/wait-for.ts";

for (const { title, key } of keys) {
  describe.skipIf(requirePeer("serf") === undefined)(`a label, ${title}`, () => {
    const sandbox = useSandbox();
    const nodes: SerfNode[] = [];
    const complaints: string[] = [];
    let plain: Agent;
    afterAll(() => Promise.all(nodes.map((node) => node.shutdown())));

    const startNode = async (nodeName: string, label: string) => {
      const node = await createSerf({
        nodeName,
        bind: `${loopback}:${await sandbox.port()}`,
        memberlist: { ...memberlistProfiles.local, label, keys: key === undefined ? [] : [Buffer.from(key, "base64")] },
        logger: {
          enabled: (level) => level === "WARN" || level === "ERR",
          log: (level, line) => {
            if (level === "WARN" || level === "ERR") complaints.push(`${nodeName}: ${line}`);
          },
        },
      });
      nodes.push(node);
      return node;
    };
    const addressOf = ({ localMember }: SerfNode) => `${localMember.address}:${localMember.port}`;
    const names = (node: SerfNode) => node.members().map(({ name }) => name);

    test("nodes with the same label find each other", async () => {
      const first = await startNode("blue-1", "blue");
      const second = await startNode("blue-2", "blue");
      await second.join([addressOf(first)]);
      await waitFor(() => names(first).length === 2, { what: "both to see each other" });
      expect(names(second)).toEqual(expect.arrayContaining(["blue-1", "blue-2"]));
      expect(complaints).toEqual([]);
    });

    test("a node with another label is turned away, and stays alone", async () => {
      const green = await startNode("green", "green");
      await expect(green.join([addressOf(nodes[0]!)])).rejects.toMatchObject({ code: "JOIN_FAILED" });
      expect(names(green)).toEqual(["green"]);
      expect(names(nodes[0]!)).not.toContain("green");
    });

    test("an agent with the same label joins, given by flag, environment or file", async () => {
      const path = join(await sandbox.folder(), "label.json");
      await writeFile(path, JSON.stringify({ label: "blue" }));
      const [seed] = nodes;
      const told = [{ args: ["-label=blue"] }, { env: { SERF_LABEL: "blue" } }, { args: [`-config-file=${path}`] }];
      for (const [index, { args = [], env }] of told.entries()) {
        const agent = await sandbox.startAgent({
          kind: "ours",
          name: `agent-${index}`,
          key,
          args: [...args, `-join=${addressOf(seed!)}`],
          ...(env === undefined ? {} : { env }),
        });
        await waitFor(() => names(seed!).includes(agent.name), {
          what: `${agent.name} to be seen`,
          witnesses: [agent],
        });
        await agent.leave();
      }
    });

    test("an agent without a label, or with another, ends with its -join refused", async () => {
      for (const args of [[], ["-label=green"]]) {
        const join = `-join=${addressOf(nodes[0]!)}`;
        const agent = await sandbox.launchAgent({ kind: "ours", name: "stranger", key, args: [...args, join] });
        expect(await agent.process.exited).toBe(1);
        expect(agent.log).toMatch(/==> 1 error occurred:\n\t\* Failed to join/);
      }
      expect(names(nodes[0]!)).not.toContain("stranger");
    });

    test("a labelled node does not get into a cluster of Debian's serf", async () => {
      plain = await sandbox.startAgent({ kind: "debian", name: "plain", key });
      await expect(nodes[0]?.join([plain.address])).rejects.toMatchObject({ code: "JOIN_FAILED" });
      await waitForView([plain], { plain: "alive" });
    });

    test("Debian's serf does not get into a labelled cluster, and its knocking is one line in the log", async () => {
      complaints.length = 0;
      const args = [`-retry-join=${addressOf(nodes[0]!)}`, "-retry-interval=1s"];
      const intruder = await sandbox.startAgent({ kind: "debian", name: "intruder", key, args });
      await waitFor(() => (intruder.log.match(/Join failed/g)?.length ?? 0) >= 3, {
        what: "three failed tries",
        witnesses: [intruder],
      });
      await waitForView([intruder], { intruder: "alive" });
      expect(names(nodes[0]!)).not.toContain("intruder");
      expect(complaints.filter((line) => line.startsWith("blue-1: ")).length).toBeLessThanOrEqual(1);
    });
  });
}
