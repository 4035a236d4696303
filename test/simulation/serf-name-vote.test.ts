import { describe, expect, test } from "vitest";
import { hexEncode } from "../../src/base/bytes.ts";
import { encodeConflictResponse } from "../../src/serf/name-vote.ts";
import type { SerfOptions } from "../../src/serf/options.ts";
import { SerfCluster, type SimulatedNode } from "../support/serf-cluster.ts";

/** Three joined nodes, and a fourth that comes under the name of the third. */
function withTwin(options: Partial<SerfOptions> = {}) {
  const cluster = new SerfCluster(1);
  const nodes = cluster.startJoined(3);
  const twin = cluster.start("node-3", options);
  let shutdowns = 0;
  twin.serf.onShutdown(() => {
    shutdowns += 1;
  });
  twin.serf.join([nodes[0]!.host.address], true, () => undefined);
  return { cluster, nodes, twin, shutdowns: () => shutdowns };
}

function linesWith(node: SimulatedNode, text: string): string[] {
  return node.host.logger.lines.flatMap(({ level, message }) =>
    message.includes(text) ? [`${level} ${message}`] : [],
  );
}

describe("two nodes of one name", () => {
  test("have the members vote, and the one that few know shuts down", () => {
    const { cluster, nodes, twin, shutdowns } = withTwin();
    cluster.expectSoon(() => twin.serf.state === "shutdown", "the newcomer gives up", 20_000);
    cluster.network.run(30_000);
    expect(linesWith(twin, "(Resolution enabled: true)")).toHaveLength(1);
    expect(linesWith(twin, "minority in")).toEqual([
      "WARN serf: minority in name conflict resolution, quiting [0 / 2]",
    ]);
    expect(shutdowns()).toBe(1);
    for (const node of nodes) expect(node.serf.state).toBe("alive");
    expect(linesWith(nodes[0]!, "Got conflict resolution query for 'node-3'").length).toBeGreaterThan(0);
    expect(nodes[0]!.serf.members().find(({ name }) => name === "node-3")?.address).toBe(nodes[2]!.host.address);
  });

  test("stay as they are where that is not wanted", () => {
    const { cluster, twin } = withTwin({ resolveNameConflicts: false });
    cluster.network.run(60_000);
    expect(twin.serf.state).toBe("alive");
    expect(linesWith(twin, "name conflict resolution")).toEqual([]);
  });

  test("do not disturb the one that the majority knows", () => {
    const { cluster, nodes } = withTwin({ resolveNameConflicts: false });
    const holder = nodes[2]!;
    cluster.network.run(60_000);
    expect(holder.serf.state).toBe("alive");
    for (const line of linesWith(holder, "in name conflict")) expect(line).toMatch(/^INFO serf: majority/);
  });
});

describe("the answer to a vote", () => {
  test("is the member as the reference writes it, or nil", () => {
    const cluster = new SerfCluster(1);
    const node = cluster.start("a", { tags: { role: "web" } });
    // Written by go-msgpack from Serf's Member; nil is what is said of a name that is not known.
    expect(hexEncode(encodeConflictResponse(undefined))).toBe("06c0");
    expect(hexEncode(encodeConflictResponse(node.serf.localMember))).toBe(
      "068ba441646472a40a000001ab44656c656761746543757205ab44656c65676174654d617805ab44656c65676174654d696e02a44e616d65a161a4506f7274cd1f0aab50726f746f636f6c43757202ab50726f746f636f6c4d617805ab50726f746f636f6c4d696e01a653746174757301a45461677381a4726f6c65a3776562",
    );
  });
});
