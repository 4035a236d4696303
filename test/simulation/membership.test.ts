import { describe, expect, it } from "vitest";
import { utf8Decode, utf8Encode } from "../../src/base/bytes.ts";
import { SerfError } from "../../src/base/errors.ts";
import type { Delegates } from "../../src/memberlist/delegates.ts";
import type { JoinResult } from "../../src/memberlist/joiner.ts";
import { memberlistProfiles } from "../../src/memberlist/options.ts";
import { Cluster, linesWith } from "./cluster.ts";

function everybodySees(cluster: Cluster, name: string, state: string, except: readonly string[] = []): boolean {
  return cluster.nodes.every((node, index) => except.includes(node.name) || cluster.seen(index, name) === state);
}

/** Writes down what a member delegate is told: "joined n2", "left n2 dead" … */
function recordEvents(into: string[]): Delegates {
  return {
    members: {
      memberJoined: (member) => into.push(`joined ${member.name}`),
      memberLeft: (member) => into.push(`left ${member.name} ${member.state}`),
      memberUpdated: (member) => into.push(`updated ${member.name} ${utf8Decode(member.meta)}`),
    },
  };
}

function withMeta(meta: { text: string }): Delegates {
  return {
    userData: {
      nodeMeta: () => utf8Encode(meta.text),
      receiveUserMessage: () => {},
      takeBroadcasts: () => [],
      localState: () => new Uint8Array(0),
      mergeRemoteState: () => {},
    },
  };
}

describe("joining", () => {
  for (const size of [2, 3, 10, 30]) {
    it(`${size} nodes see each other a second after all have joined the first`, () => {
      const cluster = new Cluster();
      for (let count = 0; count < size; count += 1) cluster.add().memberlist.join(["10.0.0.1"], () => {});
      cluster.run(2_000);
      expect(cluster.nodes.map((node) => node.memberlist.members().length)).toEqual(new Array(size).fill(size));
    });
  }

  it("counts the nodes it reached and says of each address why not", () => {
    const cluster = new Cluster();
    cluster.add();
    cluster.network.crash(cluster.add().host);
    const joiner = cluster.add();
    let result: JoinResult | undefined;
    const addresses = ["10.0.0.1", "10.0.0.2:7946", "nowhere.example", "/10.0.0.1", "10.0.0.1:99999"];
    joiner.memberlist.join(addresses, (joined) => {
      result = joined;
    });
    cluster.run(30_000);
    expect(result?.joined).toBe(1);
    expect(result?.failures.map((failure) => failure.address)).toEqual(addresses.slice(1));
    expect(result?.failures.map((failure) => failure.reason)).toEqual([
      expect.stringMatching(/^Failed to join 10\.0\.0\.2: .*refused/),
      expect.stringContaining("Failed to resolve nowhere.example: "),
      "Failed to resolve /10.0.0.1: empty node name provided",
      expect.stringContaining("Failed to resolve 10.0.0.1:99999: "),
    ]);
  });

  it("contacts every address of a host name, anew each time (detail 17, accident 24)", () => {
    const cluster = new Cluster();
    for (let count = 0; count < 3; count += 1) cluster.add();
    const joiner = cluster.add();
    cluster.network.setName("seeds.example", ["10.0.0.1"]);
    const joined: number[] = [];
    joiner.memberlist.join(["seeds.example"], (result) => joined.push(result.joined));
    cluster.run(1_000);
    cluster.network.setName("seeds.example", ["10.0.0.1", "10.0.0.2", "10.0.0.3"]);
    joiner.memberlist.join(["n1/seeds.example:7946"], (result) => joined.push(result.joined));
    cluster.run(1_000);
    expect(joined).toEqual([1, 3]);
  });

  it("contacts what the SRV records of a service list, each at its port", () => {
    const cluster = new Cluster();
    for (let count = 0; count < 3; count += 1) cluster.add();
    const joiner = cluster.add();
    const service = "_serf._tcp.example.org";
    const results: JoinResult[] = [];
    joiner.memberlist.join([`srv:${service}`], (result) => results.push(result));
    cluster.run(1_000);
    cluster.network.setService(service, [
      { address: "10.0.0.1", port: 7946 },
      { address: "10.0.0.2", port: 7999 },
      { address: "10.0.0.3", port: 7946 },
    ]);
    joiner.memberlist.join([`srv:${service}`], (result) => results.push(result));
    cluster.run(11_000);
    cluster.network.setService(service, [{ address: joiner.host.address, port: joiner.host.port }]);
    joiner.memberlist.join([`srv:${service}`], (result) => results.push(result));
    cluster.run(1_000);
    expect(results.map(({ joined, failures }) => [joined, failures.map(({ reason }) => reason)])).toEqual([
      [0, [`Failed to resolve srv:${service}: lookup ${service}: no such service`]],
      [2, [expect.stringMatching(/^Failed to join 10\.0\.0\.2: /)]],
      [0, [`Failed to resolve srv:${service}: it lists nobody but this node`]],
    ]);
    expect(joiner.memberlist.aliveCount).toBe(3);
  });

  it("is told about by memberlist's log lines", () => {
    const cluster = new Cluster();
    cluster.add();
    const joiner = cluster.add();
    joiner.memberlist.join(["n1/10.0.0.1"], () => {});
    cluster.run(1_000);
    expect(linesWith(joiner, "memberlist: Initiating push/pull sync with: n1 10.0.0.1:7946")).toHaveLength(1);
    expect(linesWith(cluster.nodes[0]!, "memberlist: Stream connection from=10.0.0.2")).toHaveLength(1);
  });

  it("without node names fails where they are required", () => {
    const cluster = new Cluster({ memberlist: { requireNodeNames: true } });
    cluster.add();
    const joined: number[] = [];
    const joiner = cluster.add();
    joiner.memberlist.join(["10.0.0.1"], (result) => joined.push(result.joined));
    joiner.memberlist.join(["n1/10.0.0.1"], (result) => joined.push(result.joined));
    cluster.run(5_000);
    expect(joined).toEqual([0, 1]);
    expect(everybodySees(cluster, "n2", "alive")).toBe(true);
  });

  it("ends with failures when the node is shut down meanwhile", () => {
    const cluster = new Cluster();
    const joiner = cluster.add();
    let result: JoinResult | undefined;
    joiner.memberlist.join(["10.9.9.9", "10.9.9.8"], (joined) => {
      result = joined;
    });
    cluster.run(100);
    joiner.memberlist.shutdown();
    expect(result).toEqual({
      joined: 0,
      failures: [
        { address: "10.9.9.9", reason: "shut down" },
        { address: "10.9.9.8", reason: "shut down" },
      ],
    });
    expect(() => joiner.memberlist.join(["10.0.0.1"], () => {})).toThrow(SerfError);
  });
});

describe("failure detection", () => {
  it("notices a kill within the bound of the constants, by the profile lan", () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const cluster = new Cluster({ seed, memberlist: { fastFailure: false } });
      cluster.grow(10);
      cluster.run(5_000);
      cluster.network.crash(cluster.nodes[3]!.host);
      const startMs = cluster.network.nowMs;
      expect(cluster.runUntil(() => everybodySees(cluster, "n4", "dead", ["n4"]), 30_000)).toBe(true);
      // At least the shortest suspicion of 4 s; at most a probe round of 10 s, and the longest suspicion of 24 s.
      const tookMs = cluster.network.nowMs - startMs;
      expect(tookMs).toBeGreaterThan(4_000);
      expect(tookMs).toBeLessThan(14_000);
    }
  });

  it("says so as memberlist does, and tells the delegate once", () => {
    const events: string[] = [];
    const cluster = new Cluster({ memberlist: { fastFailure: false } });
    const first = cluster.add({}, recordEvents(events));
    cluster.grow(4);
    cluster.network.crash(cluster.nodes[4]!.host);
    cluster.runUntil(() => cluster.seen(0, "n5") === "dead", 30_000);
    expect(events).toEqual(["joined n1", "joined n2", "joined n3", "joined n4", "joined n5", "left n5 dead"]);
    const lines = cluster.nodes.flatMap((node) => node.host.logger.lines.map((line) => line.message));
    expect(lines).toContain("memberlist: Failed UDP ping: n5 (timeout reached)");
    expect(lines).toContain("memberlist: Suspect n5 has failed, no acks received");
    const marking = lines.filter((line) => line.startsWith("memberlist: Marking n5 as failed"));
    expect(marking[0]).toMatch(
      /^memberlist: Marking n5 as failed, suspect timeout reached \([0-2] peer confirmations\)$/,
    );
    expect(first.host.metrics.counters.get("memberlist.msg.dead")).toBe(1);
  });

  it("of a cluster of two takes the shortest suspicion, since nobody can confirm it (accident 16: tiny clusters)", () => {
    const cluster = new Cluster();
    cluster.grow(2);
    cluster.run(3_000);
    cluster.network.crash(cluster.nodes[1]!.host);
    const startMs = cluster.network.nowMs;
    expect(cluster.runUntil(() => cluster.seen(0, "n2") === "dead", 10_000)).toBe(true);
    expect(cluster.network.nowMs - startMs).toBeLessThan(1_000 + 1_000 + 4_000 + 100);
  });

  it("of a cluster of one has nothing to do (accident 16: tiny clusters)", () => {
    const cluster = new Cluster();
    const only = cluster.add();
    cluster.run(120_000);
    expect(only.memberlist.aliveCount).toBe(1);
    expect(only.memberlist.healthScore).toBe(0);
    expect(only.host.metrics.counters.get("memberlist.udp.sent")).toBeUndefined();
  });

  it("probes the other of two in every interval (accident 16: tiny clusters)", () => {
    const cluster = new Cluster({ memberlist: { pushPullIntervalMs: 0 } });
    cluster.grow(2);
    cluster.run(60_000);
    const probes = cluster.nodes[0]!.host.metrics.samples.get("memberlist.probeNode")?.count ?? 0;
    expect(probes).toBeGreaterThanOrEqual(59);
  });

  it("forgets the dead when they have been dead for gossipToTheDeadMs, at the turn of a round", () => {
    const cluster = new Cluster();
    cluster.grow(3);
    cluster.network.crash(cluster.nodes[2]!.host);
    cluster.runUntil(() => cluster.seen(0, "n3") === "dead", 30_000);
    cluster.run(29_000);
    expect(cluster.seen(0, "n3")).toBe("dead");
    cluster.run(10_000);
    expect(cluster.seen(0, "n3")).toBeUndefined();
    expect(cluster.nodes[0]!.memberlist.estimatedSize).toBe(2);
  });

  it("makes no mistake in ten minutes at 10 percent loss", () => {
    const events: string[] = [];
    const cluster = new Cluster({ seed: 7, loss: 0.1 });
    cluster.add({}, recordEvents(events));
    cluster.grow(19);
    cluster.run(600_000);
    expect(events.filter((event) => event.startsWith("left"))).toEqual([]);
    expect(cluster.nodes.map((node) => node.memberlist.aliveCount)).toEqual(new Array(20).fill(20));
  });

  it("spares a node whose direct link to the prober is cut: others reach it", () => {
    const cluster = new Cluster();
    cluster.grow(5);
    const [n1, n2] = cluster.nodes;
    cluster.network.partition([n1!.host], [n2!.host]);
    cluster.run(120_000);
    expect(linesWith(n1!, "Failed UDP ping: n2")).not.toHaveLength(0);
    expect(linesWith(n1!, "Suspect n2")).toEqual([]);
    expect(everybodySees(cluster, "n2", "alive")).toBe(true);
    expect(n1!.memberlist.healthScore).toBe(0);
  });

  it("spares a node that only streams reach, and says that the network is odd", () => {
    const cluster = new Cluster({ memberlist: { pushPullIntervalMs: 5_000 } });
    cluster.grow(3);
    cluster.network.setLoss(1);
    cluster.run(60_000);
    expect(cluster.nodes.map((node) => node.memberlist.aliveCount)).toEqual([3, 3, 3]);
    const warning = "memberlist: Was able to connect to n2 but other probes failed, network may be misconfigured";
    expect(linesWith(cluster.nodes[0]!, warning)).not.toHaveLength(0);
  });

  it("does not spare it with stream pings turned off", () => {
    const cluster = new Cluster({ memberlist: { streamPings: false, pushPullIntervalMs: 0 } });
    cluster.grow(3);
    cluster.network.setLoss(1);
    cluster.run(60_000);
    expect(cluster.nodes[0]!.memberlist.aliveCount).toBe(1);
  });
});

describe("a false suspicion", () => {
  it("is refuted with a higher incarnation", () => {
    const cluster = new Cluster();
    cluster.grow(4);
    const [n1, n2] = cluster.nodes;
    cluster.network.partition(
      [n2!.host],
      cluster.nodes.filter((node) => node !== n2).map((node) => node.host),
    );
    expect(cluster.runUntil(() => cluster.seen(0, "n2") === "suspect", 20_000)).toBe(true);
    cluster.network.heal();
    expect(cluster.runUntil(() => everybodySees(cluster, "n2", "alive", ["n2"]), 10_000)).toBe(true);
    expect(n1!.memberlist.member("n2")?.incarnation).toBeGreaterThan(1);
    expect(linesWith(n2!, "memberlist: Refuting a suspect message (from: ")).not.toHaveLength(0);
  });

  it("told while both sides held each other for dead ends after the partition by push/pull", () => {
    const cluster = new Cluster();
    cluster.grow(6);
    const [left, right] = [cluster.nodes.slice(0, 3), cluster.nodes.slice(3)];
    cluster.network.partition(
      left.map((node) => node.host),
      right.map((node) => node.host),
    );
    cluster.runUntil(() => cluster.seen(0, "n4") === "dead" && cluster.seen(3, "n1") === "dead", 60_000);
    cluster.network.heal();
    left[0]!.memberlist.join(["10.0.0.4"], () => {});
    const healed = (): boolean => cluster.nodes.every((node) => node.memberlist.aliveCount === 6);
    expect(cluster.runUntil(healed, 10_000)).toBe(true);
  });
});

describe("leaving", () => {
  it("is not failing: the others see it at once, and as left", () => {
    const events: string[] = [];
    const cluster = new Cluster();
    cluster.add({}, recordEvents(events));
    cluster.grow(4);
    const leaver = cluster.nodes[4]!;
    let doneAtMs = 0;
    const startMs = cluster.network.nowMs;
    leaver.memberlist.leave(5_000, (error) => {
      expect(error).toBeUndefined();
      doneAtMs = cluster.network.nowMs;
    });
    expect(cluster.runUntil(() => everybodySees(cluster, "n5", "left"), 2_000)).toBe(true);
    cluster.runUntil(() => doneAtMs > 0, 5_000);
    expect(doneAtMs - startMs).toBeLessThan(2_000);
    leaver.memberlist.shutdown();
    cluster.run(60_000);
    expect(events.filter((event) => event.includes("n5"))).toEqual(["joined n5", "left n5 left"]);
  });

  it("is no cluster to join, where nobody else was known", () => {
    const cluster = new Cluster();
    cluster.add().memberlist.leave(0, () => {});
    const results: JoinResult[] = [];
    cluster.add().memberlist.join(["10.0.0.1"], (result) => results.push(result));
    cluster.run(1_000);
    const reason = "Failed to join 10.0.0.1: it has left, and knows nobody who is alive";
    expect(results).toEqual([{ joined: 0, failures: [{ address: "10.0.0.1", reason }] }]);
  });

  it("alone in the world is done at once, and a second time too", () => {
    const cluster = new Cluster();
    const only = cluster.add();
    let done = 0;
    only.memberlist.leave(5_000, () => {
      done += 1;
    });
    only.memberlist.leave(5_000, () => {
      done += 1;
    });
    expect(done).toBe(2);
    expect(only.memberlist.localMember.state).toBe("left");
    cluster.run(120_000);
    expect(only.memberlist.localMember.state).toBe("left");
  });

  it("fails with TIMEOUT where nobody can be told in time", () => {
    const cluster = new Cluster({ memberlist: { gossipIntervalMs: 0, probeIntervalMs: 0 } });
    cluster.grow(2);
    let code: string | undefined;
    cluster.nodes[1]!.memberlist.leave(3_000, (error) => {
      code = error?.code;
    });
    cluster.run(3_100);
    expect(code).toBe("TIMEOUT");
  });

  it("frees the name for a node at another address", () => {
    const cluster = new Cluster();
    cluster.grow(3);
    const leaver = cluster.nodes[2]!;
    leaver.memberlist.leave(5_000, () => leaver.memberlist.shutdown());
    cluster.run(3_000);
    cluster.add({ nodeName: "n3" }, {}, "10.0.0.33").memberlist.join(["10.0.0.1"], () => {});
    cluster.run(3_000);
    expect(cluster.nodes[0]!.memberlist.member("n3")).toMatchObject({ address: "10.0.0.33", state: "alive" });
    expect(cluster.nodes[1]!.memberlist.member("n3")).toMatchObject({ address: "10.0.0.33", state: "alive" });
    const line = "memberlist: Updating address for left or failed node n3 from 10.0.0.3:7946 to 10.0.0.33:7946";
    expect(linesWith(cluster.nodes[0]!, line)).toHaveLength(1);
  });
});

describe("node meta", () => {
  it("reaches everybody, and so does a change of it", () => {
    const events: string[] = [];
    const cluster = new Cluster();
    cluster.add({}, recordEvents(events));
    const meta = { text: "v1" };
    const changing = cluster.add({}, withMeta(meta));
    changing.memberlist.join(["10.0.0.1"], () => {});
    cluster.run(1_000);
    meta.text = "v2";
    let told = false;
    changing.memberlist.updateMeta(5_000, (error) => {
      told = error === undefined;
    });
    cluster.run(3_000);
    expect(told).toBe(true);
    expect(utf8Decode(cluster.nodes[0]!.memberlist.member("n2")!.meta)).toBe("v2");
    expect(events).toEqual(["joined n1", "joined n2", "updated n2 v2"]);
  });

  it("of a node that restarts with another is corrected by the node itself", () => {
    const cluster = new Cluster();
    cluster.grow(3);
    cluster.network.crash(cluster.nodes[2]!.host);
    cluster.run(200);
    const again = cluster.add({ nodeName: "n3" }, withMeta({ text: "new" }), "10.0.0.3");
    again.memberlist.join(["10.0.0.1"], () => {});
    cluster.run(5_000);
    expect(utf8Decode(cluster.nodes[0]!.memberlist.member("n3")!.meta)).toBe("new");
    expect(linesWith(again, "memberlist: Refuting an alive message for 'n3' (10.0.0.3:7946)")).not.toHaveLength(0);
  });
});

describe("push/pull", () => {
  it("alone makes everybody see everybody and notice deaths, with every packet lost", () => {
    const cluster = new Cluster({ loss: 1, memberlist: { pushPullIntervalMs: 5_000 } });
    for (let count = 0; count < 8; count += 1) cluster.add().memberlist.join(["10.0.0.1"], () => {});
    const converged = (): boolean => cluster.nodes.every((node) => node.memberlist.aliveCount === 8);
    expect(cluster.runUntil(converged, 60_000)).toBe(true);
    cluster.network.crash(cluster.nodes[7]!.host);
    expect(cluster.runUntil(() => everybodySees(cluster, "n8", "dead", ["n8"]), 120_000)).toBe(true);
  });

  it("measures what was exchanged, and counts members by state", () => {
    const cluster = new Cluster();
    cluster.grow(3);
    const { gauges, samples } = cluster.nodes[2]!.host.metrics;
    expect(gauges.get("memberlist.node.instances.alive")).toBe(1);
    expect(gauges.get("memberlist.node.instances.dead")).toBe(0);
    expect(gauges.get("memberlist.size.local")).toBeGreaterThan(50);
    expect(samples.get("memberlist.size.remote")?.max).toBeGreaterThan(gauges.get("memberlist.size.local")!);
  });

  it("works with streams that deliver byte by byte", () => {
    const cluster = new Cluster({ streamChunkBytesMax: 1 });
    cluster.grow(3);
    expect(cluster.nodes[2]!.memberlist.aliveCount).toBe(3);
  });
});

describe("shutting down", () => {
  it("tells whoever waits, and leaves no timer that does anything", () => {
    const cluster = new Cluster({ memberlist: { gossipIntervalMs: 0 } });
    cluster.grow(3);
    const { memberlist } = cluster.nodes[2]!;
    const codes: (string | undefined)[] = [];
    memberlist.sendReliable({ address: "10.9.9.9", port: 7946 }, new Uint8Array(1), (error) => codes.push(error?.code));
    memberlist.leave(0, (error) => codes.push(error?.code));
    memberlist.shutdown();
    memberlist.shutdown();
    expect(codes).toEqual(["NOT_RUNNING", "NOT_RUNNING"]);
    expect(() => memberlist.leave(0, () => {})).toThrow(SerfError);
    const sentBefore = cluster.nodes[2]!.host.metrics.counters.get("memberlist.udp.sent");
    cluster.run(60_000);
    expect(cluster.nodes[2]!.host.metrics.counters.get("memberlist.udp.sent")).toBe(sentBefore);
    expect(cluster.seen(0, "n3")).not.toBe("alive");
  });
});

describe("starting", () => {
  it.each([
    ["192.0.2.1", {}, 0],
    ["fd00::1", {}, 0],
    ["8.8.8.8", {}, 1],
    ["2a00:1450::1", {}, 1],
    ["8.8.8.8", { keys: [new Uint8Array(16)] }, 0],
  ])("at %s with %o warns %i times of a public address without encryption", (address, options, times) => {
    const node = new Cluster().add(options, {}, address);
    expect(linesWith(node, "memberlist: Binding to public address without encryption!")).toHaveLength(times);
  });

  it("tells others the address that it was given to advertise", () => {
    const cluster = new Cluster();
    const node = cluster.add({ advertise: { address: "192.0.2.7", port: 9000 } });
    expect(node.memberlist.localMember).toMatchObject({ address: "192.0.2.7", port: 9000, state: "alive" });
  });
});

describe("the profiles", () => {
  for (const [name, profile] of Object.entries(memberlistProfiles)) {
    it(`${name} detects a kill`, () => {
      const cluster = new Cluster({ memberlist: profile });
      cluster.grow(5);
      cluster.network.crash(cluster.nodes[4]!.host);
      expect(cluster.runUntil(() => everybodySees(cluster, "n5", "dead", ["n5"]), 200_000)).toBe(true);
    });
  }
});

describe("a run", () => {
  it("is the same, line for line, with the same seed, and another with another", () => {
    const trace = (seed: number): string => {
      const cluster = new Cluster({ seed, loss: 0.2 });
      cluster.grow(8);
      cluster.network.crash(cluster.nodes[2]!.host);
      cluster.run(60_000);
      const lines = cluster.nodes.flatMap((node) =>
        node.host.logger.lines.map((line) => `${node.name} ${line.atMs} ${line.message}`),
      );
      return [...lines, cluster.network.eventCount].join("\n");
    };
    expect(trace(11)).toBe(trace(11));
    expect(trace(11)).not.toBe(trace(12));
  });
});
