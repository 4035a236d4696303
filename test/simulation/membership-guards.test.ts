import { describe, expect, it } from "vitest";
import { utf8Encode } from "../../src/base/bytes.ts";
import type { Delegates } from "../../src/memberlist/delegates.ts";
import type { JoinResult } from "../../src/memberlist/joiner.ts";
import type { MemberlistOptions } from "../../src/memberlist/options.ts";
import { pushPullsMax } from "../../src/memberlist/stream-server.ts";
import { createLabel } from "../../src/wire/label.ts";
import { messageTypes } from "../../src/wire/messages.ts";
import { Cluster, type ClusterNode, linesWith } from "./cluster.ts";
import { aliveMessage, aliveRecord, Puppet, versions5 } from "./puppet.ts";

const keyA = new Uint8Array(16).fill(1);
const keyB = new Uint8Array(32).fill(2);

/** Lets a second node try to join a first of other options, and returns what came of it. */
function tryToJoin(first: Partial<MemberlistOptions>, second: Partial<MemberlistOptions>) {
  const cluster = new Cluster();
  const host = cluster.add(first);
  const joiner = cluster.add(second);
  let result: JoinResult | undefined;
  joiner.memberlist.join(["10.0.0.1"], (joined) => {
    result = joined;
  });
  cluster.run(3_000);
  return { cluster, host, joiner, result };
}

/** Log lines that somebody would be woken by. */
function complaints(node: ClusterNode): readonly string[] {
  return node.host.logger.lines.filter(({ level }) => level === "ERR" || level === "WARN").map((line) => line.message);
}

function rejections(node: ClusterNode, reason: string): number {
  return node.host.metrics.counters.get(`memberlist.rejected.${reason}`) ?? 0;
}

describe("a cluster with", () => {
  it.each([
    ["a key", { keys: [keyA] }],
    ["a key and protocol 1", { keys: [keyA], protocolVersion: 1 }],
    ["a label", { label: "blue" }],
    ["a label and a key, without compression", { label: "blue", keys: [keyB], compression: false }],
  ])("%s works as one without", (_, options) => {
    const cluster = new Cluster({ memberlist: options });
    cluster.grow(5);
    cluster.run(20_000);
    cluster.network.crash(cluster.nodes[4]!.host);
    expect(cluster.runUntil(() => cluster.seen(0, "n5") === "dead", 30_000)).toBe(true);
    expect(cluster.nodes.flatMap(complaints)).toEqual([]);
  });

  it("several keys hears all of them, and changes its key without a break", () => {
    const { cluster, result, host, joiner } = tryToJoin({ keys: [keyA, keyB] }, { keys: [keyB, keyA] });
    expect(result?.joined).toBe(1);
    for (const { memberlist } of [host, joiner]) {
      memberlist.keyring?.use(keyB);
      memberlist.keyring?.remove(keyA);
    }
    cluster.run(60_000);
    expect(cluster.nodes.map((node) => node.memberlist.aliveCount)).toEqual([2, 2]);
    expect([...complaints(host), ...complaints(joiner)]).toEqual([]);
  });

  it("encryption being turned on still hears and is heard by those without", () => {
    const between = { keys: [keyA], verifyIncoming: false, verifyOutgoing: false };
    const { cluster, result } = tryToJoin(between, {});
    expect(result?.joined).toBe(1);
    cluster.run(60_000);
    expect(cluster.nodes.map((node) => node.memberlist.aliveCount)).toEqual([2, 2]);
  });
});

describe("a stranger is kept out:", () => {
  const cases: readonly [string, Partial<MemberlistOptions>, Partial<MemberlistOptions>, string][] = [
    ["another key", { keys: [keyA] }, { keys: [keyB] }, "undecryptable"],
    ["no key where one is needed (accident 8: plain text into encryption)", { keys: [keyA] }, {}, "not-encrypted"],
    ["a key where nobody has one", {}, { keys: [keyA] }, "undecryptable"],
    ["another label", { label: "blue" }, { label: "red" }, "wrong-label"],
    ["a label where none is set", {}, { label: "red" }, "wrong-label"],
    ["no label where one is set", { label: "blue" }, {}, "wrong-label"],
  ];
  it.each(cases)("%s, with one log line", (_, first, second, reason) => {
    const { host, joiner, result } = tryToJoin(first, second);
    expect(result?.joined).toBe(0);
    expect(host.memberlist.aliveCount).toBe(1);
    expect(joiner.memberlist.aliveCount).toBe(1);
    expect(complaints(host)).toHaveLength(1);
    expect(rejections(host, reason)).toBe(1);
  });

  it("a key mismatch costs one log line a minute, however many packets come (accident 15: a flooded log)", () => {
    const cluster = new Cluster();
    const node = cluster.add({ keys: [keyA] });
    const puppet = new Puppet(cluster.network, "10.0.1.1", { keys: [keyB] });
    for (let second = 0; second < 59; second += 1) {
      for (let count = 0; count < 10; count += 1) puppet.send("10.0.0.1", aliveMessage("n9", "10.0.1.1"));
      cluster.run(1_000);
    }
    expect(complaints(node)).toHaveLength(1);
    expect(rejections(node, "undecryptable")).toBe(590);
    cluster.run(2_000);
    puppet.send("10.0.0.1", aliveMessage("n9", "10.0.1.1"));
    cluster.run(10);
    expect(complaints(node)).toHaveLength(2);
    expect(complaints(node)[0]).toMatch(/^memberlist: Decrypt packet failed: .* from=10\.0\.1\.1:7946$/);
    expect(node.memberlist.allMembers()).toHaveLength(1);
  });

  it("bytes that are no message are counted, and logged once", () => {
    const cluster = new Cluster();
    const node = cluster.add();
    const puppet = new Puppet(cluster.network, "10.0.1.1");
    for (let count = 0; count < 100; count += 1) puppet.sendRaw("10.0.0.1", Uint8Array.of(99, 1, 2, 3));
    puppet.openRaw("10.0.0.1", Uint8Array.of(98, 1, 2, 3));
    cluster.run(100);
    expect(rejections(node, "unknown-kind")).toBe(101);
    expect(complaints(node)).toHaveLength(1);
  });

  it("told over a stream why, in so far as it can read it", () => {
    const cluster = new Cluster();
    cluster.add();
    const stream = new Puppet(cluster.network, "10.0.1.1").openRaw("10.0.0.1", Uint8Array.of(98, 1, 2, 3));
    cluster.run(100);
    expect(stream.received).toEqual([{ kind: "error", error: expect.stringContaining("98") }]);
  });
});

describe("an error told over a stream", () => {
  it("is the reason why a join failed", () => {
    const { result } = tryToJoin({}, { keys: [keyA], verifyIncoming: false });
    expect(result).toEqual({
      joined: 0,
      failures: [
        { address: "10.0.0.1", reason: expect.stringMatching(/^Failed to join 10\.0\.0\.1: remote error: \S/) },
      ],
    });
  });

  it("is the reason why a push/pull failed, in the log", () => {
    const cluster = new Cluster();
    const node = cluster.add();
    const puppet = new Puppet(cluster.network, "10.0.1.1");
    puppet.answersPings = true;
    puppet.answer = { kind: "error", error: "no room" };
    puppet.send("10.0.0.1", aliveMessage("p", "10.0.1.1"));
    cluster.run(65_000);
    expect(linesWith(node, "memberlist: Push/Pull with p failed: remote error: no room")).not.toEqual([]);
    expect(node.memberlist.member("p")?.state).toBe("alive");
  });
});

describe("allowed networks", () => {
  const options = { allowedNetworks: ["10.0.0.0/24"] };

  it("keep out who sends from elsewhere, and who is said to be elsewhere", () => {
    const cluster = new Cluster({ memberlist: options });
    const node = cluster.add();
    const outside = new Puppet(cluster.network, "10.0.1.1");
    const inside = new Puppet(cluster.network, "10.0.0.99");
    outside.send("10.0.0.1", aliveMessage("a", "10.0.0.50"));
    inside.send("10.0.0.1", aliveMessage("b", "10.0.1.50"));
    inside.send("10.0.0.1", aliveMessage("c", "10.0.0.51"));
    inside.exchange("10.0.0.1", { nodes: [aliveRecord("d", "10.0.1.51")], join: false });
    cluster.run(100);
    expect(node.memberlist.allMembers().map((member) => member.name)).toEqual(["n1", "c"]);
    expect(linesWith(node, "memberlist: Rejected node ")).toHaveLength(2);
  });
});

describe("delegates", () => {
  it("can veto a merge, and then nobody is merged", () => {
    const refused: string[][] = [];
    const merge = {
      refuseMerge: (peers: readonly { name: string }[]) => {
        refused.push(peers.map((peer) => peer.name));
        return "not in my cluster";
      },
    };
    const cluster = new Cluster();
    const node = cluster.add({}, { merge });
    const nodes = [aliveRecord("a", "10.0.1.1"), aliveRecord("b", "10.0.1.2")];
    const stream = new Puppet(cluster.network, "10.0.1.1").exchange("10.0.0.1", { nodes });
    cluster.run(100);
    expect(refused).toEqual([["a", "b"]]);
    expect(node.memberlist.allMembers()).toHaveLength(1);
    expect(linesWith(node, "memberlist: Failed push/pull merge: not in my cluster from=10.0.1.1")).toHaveLength(1);
    // The answer leaves before the merge, as with the reference.
    expect(stream.received).toHaveLength(1);
  });

  it("are not asked about a merge that is no join", () => {
    const cluster = new Cluster();
    const node = cluster.add({}, { merge: { refuseMerge: () => "never" } });
    const nodes = [aliveRecord("a", "10.0.1.1")];
    new Puppet(cluster.network, "10.0.1.1").exchange("10.0.0.1", { nodes, join: false });
    cluster.run(100);
    expect(node.memberlist.member("a")?.state).toBe("alive");
  });

  it("can ignore an alive message, and one of a node that tells no versions then is ignored too", () => {
    const cluster = new Cluster();
    const alive = { refuseAlive: ({ name }: { name: string }) => (name === "bad" ? "bad name" : undefined) };
    const node = cluster.add({}, { alive });
    const puppet = new Puppet(cluster.network, "10.0.1.1");
    puppet.send("10.0.0.1", aliveMessage("bad", "10.0.1.1"));
    puppet.send("10.0.0.1", aliveMessage("old", "10.0.1.2", { versions: undefined }));
    puppet.send("10.0.0.1", aliveMessage("good", "10.0.1.3"));
    cluster.run(100);
    expect(node.memberlist.allMembers().map((member) => member.name)).toEqual(["n1", "good"]);
    expect(linesWith(node, "memberlist: ignoring alive message for 'bad': bad name")).toHaveLength(1);
  });

  it("hear of a name conflict each time, and the log once a minute", () => {
    const conflicts: string[] = [];
    const cluster = new Cluster();
    const conflict = {
      nameConflict: (a: { address: string }, b: { address: string }) => conflicts.push(`${a.address} ${b.address}`),
    };
    const node = cluster.add({}, { conflict });
    const puppet = new Puppet(cluster.network, "10.0.1.1");
    puppet.answersPings = true;
    puppet.send("10.0.0.1", aliveMessage("n2", "10.0.1.1"));
    cluster.run(10);
    puppet.send("10.0.0.1", aliveMessage("n2", "10.0.1.2", { incarnation: 5 }));
    cluster.run(10);
    puppet.send("10.0.0.1", aliveMessage("n2", "10.0.1.2", { incarnation: 5 }));
    cluster.run(10);
    expect(conflicts).toEqual(["10.0.1.1 10.0.1.2", "10.0.1.1 10.0.1.2"]);
    const line = "memberlist: Conflicting address for n2. Mine: 10.0.1.1:7946 Theirs: 10.0.1.2:7946 Old state: 0";
    expect(linesWith(node, line)).toHaveLength(1);
    expect(node.memberlist.member("n2")).toMatchObject({ address: "10.0.1.1", incarnation: 1 });
  });

  it("fill the room that membership leaves in packets, and hear what others' put there", () => {
    const heard: string[] = [];
    const delegate = (pending: Uint8Array[]): Delegates => ({
      userData: {
        nodeMeta: () => new Uint8Array(0),
        receiveUserMessage: (message) => heard.push(new TextDecoder().decode(message)),
        takeBroadcasts: (overhead, bytesMax) => {
          expect(overhead).toBe(3);
          expect(bytesMax).toBeLessThanOrEqual(1_400);
          return pending.splice(0);
        },
        localState: () => utf8Encode("state"),
        mergeRemoteState: (state, join) => heard.push(`${new TextDecoder().decode(state)} ${join}`),
      },
    });
    const cluster = new Cluster();
    const pending: Uint8Array[] = [];
    cluster.add({}, delegate([]));
    cluster.add({}, delegate(pending)).memberlist.join(["10.0.0.1"], () => {});
    cluster.run(1_000);
    expect(heard).toEqual(["state true", "state true"]);
    pending.push(utf8Encode("hello"), utf8Encode("world"));
    cluster.run(1_500);
    expect(heard.slice(2).sort()).toEqual(["hello", "world"]);
  });

  it("get messages sent to one node, by packet and by stream, of a size no packet could carry", () => {
    const heard: number[] = [];
    const cluster = new Cluster();
    const receiveUserMessage = (message: Uint8Array) => heard.push(message.length);
    const rest = { nodeMeta: () => new Uint8Array(0), takeBroadcasts: () => [], mergeRemoteState: () => {} };
    cluster.add({}, { userData: { ...rest, receiveUserMessage, localState: () => new Uint8Array(0) } });
    cluster.grow(1);
    const [n1, n2] = cluster.nodes.map((node) => node.memberlist);
    n2!.sendBestEffort(n1!.localMember, new Uint8Array(100));
    const errors: unknown[] = [];
    n2!.sendReliable(n1!.localMember, new Uint8Array(1_000_000), (error) => errors.push(error));
    n2!.sendReliable({ address: "10.0.0.77", port: 7946 }, new Uint8Array(10), (error) => errors.push(error?.code));
    cluster.run(20_000);
    expect(heard).toEqual([100, 1_000_000]);
    expect(errors).toEqual([undefined, "SEND_FAILED"]);
  });
});

describe("versions", () => {
  it("1 to 5 live in one cluster", () => {
    const cluster = new Cluster();
    for (const protocolVersion of [1, 2, 3, 4, 5]) {
      cluster.add({ protocolVersion, keys: [keyA] }).memberlist.join(["10.0.0.1"], () => {});
    }
    cluster.run(30_000);
    expect(cluster.nodes.map((node) => node.memberlist.aliveCount)).toEqual([5, 5, 5, 5, 5]);
    cluster.network.crash(cluster.nodes[4]!.host);
    expect(cluster.runUntil(() => cluster.seen(0, "n5") === "dead" && cluster.seen(3, "n5") === "dead", 40_000)).toBe(
      true,
    );
  });

  it.each([
    [5, messageTypes.crc],
    [4, messageTypes.compound],
  ])(
    "decide whether gossip has a checksum: a node of protocol %i gets packets of type %i (detail 1)",
    (protocolMax, type) => {
      const cluster = new Cluster();
      cluster.add({ probeIntervalMs: 0, compression: false });
      const puppet = new Puppet(cluster.network, "10.0.1.1");
      puppet.send("10.0.0.1", aliveMessage("p", "10.0.1.1", { versions: { ...versions5, protocolMax } }));
      cluster.run(1_000);
      expect(new Set(puppet.packets.map((packet) => packet[0]))).toEqual(new Set([type]));
    },
  );

  it("that one node does not understand refuse the whole merge (detail 6)", () => {
    const cluster = new Cluster();
    const node = cluster.add();
    const puppet = new Puppet(cluster.network, "10.0.1.1");
    const future = { ...versions5, protocolCurrent: 6 };
    puppet.exchange("10.0.0.1", {
      nodes: [aliveRecord("good", "10.0.1.2"), aliveRecord("odd", "10.0.1.3", { versions: future })],
    });
    cluster.run(100);
    expect(node.memberlist.allMembers()).toHaveLength(1);
    const line = "memberlist: Failed push/pull merge: Node 'odd' protocol version (6) is incompatible: [1, 5]";
    expect(linesWith(node, line)).toHaveLength(1);
  });

  it("out of order make an alive message void", () => {
    const cluster = new Cluster();
    const node = cluster.add();
    const puppet = new Puppet(cluster.network, "10.0.1.1");
    puppet.send("10.0.0.1", aliveMessage("n2", "10.0.1.1", { versions: { ...versions5, protocolMin: 6 } }));
    cluster.run(100);
    expect(node.memberlist.allMembers()).toHaveLength(1);
    expect(linesWith(node, "because protocol version(s) are wrong: 6 <= 2 <= 5 should be >0")).toHaveLength(1);
  });

  it("missing, with the port of a node of protocol 1, leave the member at this node's own port", () => {
    const cluster = new Cluster();
    const node = cluster.add();
    const puppet = new Puppet(cluster.network, "10.0.1.1");
    puppet.send("10.0.0.1", aliveMessage("old", "10.0.1.1", { versions: undefined, port: 0 }));
    cluster.run(10);
    expect(node.memberlist.member("old")).toMatchObject({ port: 7946, versions: { protocolMax: 0 } });
  });
});

describe("a state exchange", () => {
  it("takes another's dead and suspects for suspects of its own, and its left for left (detail 6)", () => {
    const cluster = new Cluster();
    const node = cluster.add();
    const puppet = new Puppet(cluster.network, "10.0.1.1");
    const names = ["a", "b", "c"];
    for (const [index, name] of names.entries()) puppet.send("10.0.0.1", aliveMessage(name, `10.0.1.${index + 2}`));
    cluster.run(10);
    const states = ["dead", "suspect", "left"] as const;
    const nodes = names.map((name, index) => aliveRecord(name, `10.0.1.${index + 2}`, { state: states[index]! }));
    puppet.exchange("10.0.0.1", { nodes, join: false });
    cluster.run(10);
    expect(names.map((name) => node.memberlist.member(name)?.state)).toEqual(["suspect", "suspect", "left"]);
  });

  it("that is empty changes nothing and harms nobody (accident 13: empty remote state)", () => {
    const cluster = new Cluster();
    const node = cluster.add();
    const stream = new Puppet(cluster.network, "10.0.1.1").exchange("10.0.0.1");
    cluster.run(100);
    expect(stream.received).toEqual([expect.objectContaining({ kind: "push-pull", nodes: [expect.anything()] })]);
    expect(node.memberlist.allMembers()).toHaveLength(1);
    expect(complaints(node)).toEqual([]);
  });

  it("too many at once: one beyond 128 is closed without a reply (accident 10: unlimited push/pulls)", () => {
    const cluster = new Cluster();
    const node = cluster.add();
    const puppet = new Puppet(cluster.network, "10.0.1.1");
    // These peers take the answer and never close their side.
    const streams = Array.from({ length: pushPullsMax + 1 }, () => puppet.exchange("10.0.0.1"));
    for (const { stream } of streams) stream.end = () => {};
    cluster.run(1_000);
    expect(streams.filter((stream) => stream.received.length === 1)).toHaveLength(128);
    expect(streams.filter((stream) => stream.received.length === 0 && stream.ended)).toHaveLength(1);
    expect(linesWith(node, "memberlist: Too many pending push/pull requests")).toHaveLength(1);
    // Those that hang are dropped when the stream timeout has passed, and others have their turn.
    cluster.run(10_000);
    const late = puppet.exchange("10.0.0.1");
    cluster.run(100);
    expect(late.received).toHaveLength(1);
  });
});

describe("streams", () => {
  it("that bring nothing are dropped after the stream timeout, and are limited in number (accident 25: no limit)", () => {
    const cluster = new Cluster();
    const node = cluster.add();
    const puppet = new Puppet(cluster.network, "10.0.1.1");
    const streams = Array.from({ length: 600 }, () => puppet.openRaw("10.0.0.1", new Uint8Array(0)));
    cluster.run(1_000);
    expect(streams.filter((stream) => stream.closed === undefined)).toHaveLength(512);
    expect(complaints(node)).toHaveLength(1);
    cluster.run(10_000);
    expect(streams.filter((stream) => stream.closed === undefined)).toHaveLength(0);
  });

  it("with a label of another cluster are dropped without a word", () => {
    const cluster = new Cluster();
    cluster.add({ label: "blue" });
    const stream = new Puppet(cluster.network, "10.0.1.1", { label: createLabel("red") }).exchange("10.0.0.1");
    cluster.run(100);
    expect(stream).toMatchObject({ receivedBytes: 0, ended: true });
  });
});

describe("the inbox", () => {
  it("drops what comes beyond its length, counts it, and says so once", () => {
    const cluster = new Cluster({ memberlist: { inboxLengthMax: 10 } });
    const node = cluster.add();
    const puppet = new Puppet(cluster.network, "10.0.1.1");
    const packet = Array.from({ length: 15 }, (_, index) => aliveMessage(`m${index}`, `10.0.2.${index}`));
    puppet.send("10.0.0.1", ...packet);
    cluster.run(10);
    expect(node.memberlist.allMembers()).toHaveLength(11);
    expect(node.host.metrics.counters.get("memberlist.inbox.dropped")).toBe(5);
    expect(linesWith(node, "memberlist: handler queue full, dropping message (alive) from=10.0.1.1")).toHaveLength(1);
  });
});

describe("a dead member's name", () => {
  const restart = (options: Partial<MemberlistOptions>) => {
    const cluster = new Cluster({ memberlist: { nameTakeover: false, ...options } });
    cluster.grow(3);
    cluster.network.crash(cluster.nodes[2]!.host);
    cluster.runUntil(() => cluster.seen(0, "n3") === "dead" && cluster.seen(1, "n3") === "dead", 30_000);
    cluster.run(6_000);
    cluster.add({ nodeName: "n3" }, {}, "10.0.0.33").memberlist.join(["10.0.0.1"], () => {});
    cluster.run(5_000);
    return cluster.nodes[0]!.memberlist.member("n3");
  };

  it("is not free for another address, as long as it is remembered", () => {
    expect(restart({})).toMatchObject({ state: "dead", address: "10.0.0.3" });
  });

  it("is free after the reclaim time", () => {
    expect(restart({ deadNodeReclaimMs: 5_000 })).toMatchObject({ state: "alive", address: "10.0.0.33" });
  });
});

/** A cluster of three, and a puppet that says of n2 what nobody else does. */
function withSlanderer(options: Partial<MemberlistOptions>) {
  const cluster = new Cluster({ memberlist: options });
  cluster.grow(3);
  const puppet = new Puppet(cluster.network, "10.0.0.9");
  const seen: string[] = [];
  const call = (incarnation: number) => {
    puppet.send("10.0.0.1", { kind: "dead", incarnation, node: "n2", from: "n9" });
    // Before the refutation is back.
    cluster.run(1);
    seen.push(cluster.seen(0, "n2") ?? "unknown");
  };
  return { cluster, call, seen };
}

describe("one member's word that another is dead", () => {
  it("is believed at once, and refuted", () => {
    const { cluster, call, seen } = withSlanderer({});
    call(1);
    cluster.run(5_000);
    expect([...seen, cluster.seen(0, "n2")]).toEqual(["dead", "alive"]);
  });

  it("is a suspicion where deaths are to be confirmed, and refuted before anybody is told", () => {
    const { cluster, call, seen } = withSlanderer({ confirmDeaths: true });
    call(1);
    expect(cluster.runUntil(() => cluster.seen(0, "n2") === "alive", 3_000)).toBe(true);
    expect(seen).toEqual(["suspect"]);
  });

  it("does not keep a true death from being known", () => {
    const { cluster } = withSlanderer({ confirmDeaths: true });
    cluster.network.crash(cluster.nodes[1]!.host);
    expect(cluster.runUntil(() => [0, 2].every((at) => cluster.seen(at, "n2") === "dead"), 60_000)).toBe(true);
  });
});

describe("a member that comes and goes", () => {
  it("is taken back each time", () => {
    const { cluster, call, seen } = withSlanderer({});
    for (const incarnation of [1, 2, 3]) {
      call(incarnation);
      cluster.run(5_000);
      seen.push(cluster.seen(0, "n2") ?? "unknown");
    }
    expect(seen).toEqual(["dead", "alive", "dead", "alive", "dead", "alive"]);
  });

  it("is held out from its second death on where flaps are damped, and let in once that is long ago", () => {
    const { cluster, call, seen } = withSlanderer({ flapDampingMs: 120_000 });
    for (const incarnation of [1, 2]) {
      call(incarnation);
      cluster.run(5_000);
      seen.push(cluster.seen(0, "n2") ?? "unknown");
    }
    expect(seen).toEqual(["dead", "alive", "dead", "dead"]);
    expect(linesWith(cluster.nodes[0]!, "n2 comes and goes")).toHaveLength(1);
    cluster.run(100_000);
    // It does not take itself for dead, and says so all the time; the others do not listen, or have forgotten it.
    expect([cluster.seen(1, "n2"), cluster.seen(0, "n2") ?? "dead"]).toEqual(["alive", "dead"]);
    expect(cluster.runUntil(() => [0, 2].every((at) => cluster.seen(at, "n2") === "alive"), 200_000)).toBe(true);
  });
});
