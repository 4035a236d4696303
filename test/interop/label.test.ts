/** Labels keep clusters apart. The command has none, nor has Debian's serf, so a node in this process carries the label. */

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
