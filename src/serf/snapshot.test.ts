import { describe, expect, test } from "vitest";
import { utf8Decode, utf8Encode } from "../base/bytes.ts";
import { type SimulatedHost, SimulatedNetwork } from "../simulator/index.ts";
import { createVersionVector } from "../wire/versions.ts";
import type { MemberEventKind } from "./events.ts";
import { LamportClock } from "./lamport-clock.ts";
import { Snapshot } from "./snapshot.ts";

const path = "/snapshot";

/** One machine, on which a snapshot is kept by one process after another. */
function createMachine(content?: string) {
  const network = new SimulatedNetwork({ seed: 1 });
  const disk = network.disk("10.0.0.1");
  if (content !== undefined) disk.write(path, utf8Encode(content));
  const text = () => utf8Decode(disk.read(path)!);
  let process: SimulatedHost | undefined;
  const open = (rejoinAfterLeave = false) => {
    process?.crash();
    const host = network.createHost({ address: "10.0.0.1" });
    process = host;
    const clocks = { membership: new LamportClock(), queries: new LamportClock() };
    const snapshot = Snapshot.open({ path, rejoinAfterLeave }, clocks, host);
    const tell = (kind: MemberEventKind, name: string, address = "10.0.0.2") => {
      const versions = createVersionVector(2, { min: 2, max: 5, current: 5 });
      snapshot.record({ kind, members: [{ name, address, port: 7946, tags: {}, status: "alive", versions }] });
    };
    const event = (lamportTime: number) =>
      snapshot.record({ kind: "user", lamportTime, name: "e", payload: new Uint8Array(0), coalesce: false });
    const log = (wanted: string) => host.logger.lines.filter(({ message }) => message.includes(wanted));
    return { snapshot, host, clocks, tell, event, log };
  };
  return { network, disk, text, open };
}

describe("a snapshot", () => {
  test("writes members, events and clocks in the reference's words", () => {
    const { network, open, text } = createMachine();
    const { snapshot, clocks, tell, event } = open();
    snapshot.start();
    tell("member-join", "a", "10.0.0.1");
    tell("member-join", "b");
    tell("member-update", "b");
    tell("member-failed", "b");
    tell("member-join", "c", "::1");
    tell("member-leave", "c");
    event(4);
    event(3);
    network.run(500);
    clocks.membership.witness(8);
    clocks.queries.witness(2);
    network.run(2_000);
    expect(text()).toBe(
      "alive: a 10.0.0.1:7946\nalive: b 10.0.0.2:7946\nnot-alive: b\n# failed: b 10.0.0.2:7946\n" +
        "alive: c [::1]:7946\nnot-alive: c\nevent-clock: 4\nclock: 8\nquery-clock: 2\n",
    );
  });

  test("writes the first line at once, and later ones at most every 20 ms", () => {
    const { network, open, text } = createMachine();
    const { event } = open();
    event(1);
    network.run(2);
    expect(text()).toBe("event-clock: 1\n");
    event(2);
    network.run(10);
    event(3);
    network.run(6);
    expect(text()).toBe("event-clock: 1\n");
    network.run(4);
    expect(text()).toBe("event-clock: 1\nevent-clock: 2\nevent-clock: 3\n");
  });

  test("writes nothing while nothing happens", () => {
    const { network, open } = createMachine();
    const { snapshot, host, event } = open();
    snapshot.start();
    event(1);
    network.run(1_000);
    const writes = () => host.metrics.samples.get("serf.snapshot.appendLine")?.count;
    expect(writes()).toBe(1);
    network.run(60_000);
    expect(writes()).toBe(1);
  });

  test("gives the next process what the former one left", () => {
    const { network, open } = createMachine();
    const first = open();
    first.tell("member-join", "a");
    first.tell("member-failed", "b", "10.0.0.3");
    first.event(9);
    first.clocks.membership.witness(5);
    network.run(1_000);
    network.crash(first.host);
    const { snapshot } = open();
    expect(snapshot.former).toEqual({ clock: 0, eventClock: 9, queryClock: 0 });
    expect(snapshot.formerAlive).toEqual([{ name: "a", address: "10.0.0.2:7946" }]);
    expect(snapshot.formerFailed).toEqual([{ name: "b", address: "10.0.0.3:7946" }]);
  });

  test("that is stopped writes and syncs what it still holds", () => {
    const { network, disk, open, text } = createMachine();
    const { snapshot, clocks, event } = open();
    snapshot.start();
    event(1);
    event(2);
    clocks.membership.witness(3);
    snapshot.stop();
    network.run(100);
    disk.losePower();
    expect(text()).toBe("event-clock: 1\nevent-clock: 2\nclock: 3\n");
  });

  test("of a node that left ends with the leave, which outlives a loss of power, and notes nothing more", () => {
    const { network, disk, open, text } = createMachine();
    const { snapshot, tell } = open();
    snapshot.start();
    tell("member-join", "a");
    snapshot.leave();
    tell("member-leave", "a");
    network.run(100);
    disk.losePower();
    snapshot.stop();
    network.run(2_000);
    expect(text()).toBe("alive: a 10.0.0.2:7946\nleave\n");
    expect(open().snapshot.formerAlive).toEqual([]);
    expect(open(true).snapshot.formerAlive).toHaveLength(1);
  });

  test("does not let a member's name write lines of its own", () => {
    const { network, open, text } = createMachine();
    const { tell } = open();
    tell("member-join", "a\nleave");
    tell("member-failed", "a\nleave");
    network.run(1_000);
    expect(text()).toBe("");
  });

  test("mends a torn end before it adds to the file", () => {
    const { network, open, text } = createMachine("alive: a 10.0.0.2:7946\nclock: 3\nalive: b 10.0");
    const { event } = open();
    event(1);
    network.run(1_000);
    event(2);
    network.run(1_000);
    expect(text()).toBe("alive: a 10.0.0.2:7946\nclock: 3\nevent-clock: 1\nquery-clock: 0\nevent-clock: 2\n");
  });

  test("survives that the machine dies in the midst of a write", () => {
    for (let tornBytes = 0; tornBytes < 40; tornBytes++) {
      const { network, disk, open } = createMachine("alive: a 10.0.0.2:7946\n");
      disk.tornBytes = tornBytes;
      const first = open();
      first.tell("member-join", "b");
      network.run(0.5);
      network.crash(first.host);
      const second = open();
      second.tell("member-join", "c");
      network.run(1_000);
      const names = open().snapshot.formerAlive.map(({ name }) => name);
      expect(names.filter((name) => name !== "b")).toEqual(["a", "c"]);
    }
  });

  test("that cannot be opened is an error with Serf's words", () => {
    const { disk, open } = createMachine();
    disk.isReadOnly = true;
    expect(() => open()).toThrow("Failed to setup snapshot: failed to open snapshot: open /snapshot: read-only");
  });

  test("warns of lines that make no sense", () => {
    const { open } = createMachine("what\n");
    expect(open().log("serf: Unrecognized snapshot line: what")).toHaveLength(1);
  });
});

describe("compaction of a snapshot", () => {
  test("takes place above 128 KiB, and keeps every member", () => {
    const { network, disk, open } = createMachine();
    const { tell, event } = open();
    tell("member-join", "a");
    tell("member-failed", "b", "10.0.0.3");
    let longest = 0;
    for (let time = 1; time <= 20_000; time++) {
      event(time);
      if (time % 100 === 0) network.run(600);
      longest = Math.max(longest, disk.read(path)!.length);
    }
    network.run(1_000);
    expect(longest).toBeGreaterThan(125 * 1024);
    expect(longest).toBeLessThan(132 * 1024);
    const { snapshot } = open();
    expect(snapshot.former.eventClock).toBe(20_000);
    expect([...snapshot.formerAlive, ...snapshot.formerFailed].map(({ name }) => name)).toEqual(["a", "b"]);
  });

  test("waits for 256 bytes a member that is alive", () => {
    const { network, disk, open } = createMachine();
    const { tell, event } = open();
    for (let index = 0; index < 1_000; index++) tell("member-join", `member-${index}`);
    let longest = 0;
    for (let time = 1; time <= 30_000; time++) {
      event(time);
      if (time % 100 === 0) network.run(600);
      longest = Math.max(longest, disk.read(path)!.length);
    }
    expect(longest).toBeGreaterThan(250_000);
    expect(longest).toBeLessThan(260_000);
  });

  test("that fails loses nothing, and is tried again after 30 s", () => {
    const { network, disk, open, text } = createMachine(`${"# filler of a file that is long\n".repeat(5_000)}`);
    const { event, log } = open();
    // Room to append, none for a second file.
    disk.capacityBytes = text().length + 40;
    event(1);
    network.run(1_000);
    event(2);
    network.run(1_000);
    expect(log("Compaction failed, will reattempt after 30s: write /snapshot: no space left on device")).toHaveLength(
      1,
    );
    expect(text()).toMatch(/long\nevent-clock: 1\nevent-clock: 2\n$/);
    disk.capacityBytes = Number.POSITIVE_INFINITY;
    network.run(30_000);
    event(3);
    network.run(1_000);
    expect(text()).toBe("clock: 0\nevent-clock: 3\nquery-clock: 0\n");
  });
});

describe("a snapshot on a full or unwritable disk", () => {
  test("is written anew once there is room, with all that happened meanwhile", () => {
    const { network, disk, open, text } = createMachine();
    const { tell, event, log } = open();
    tell("member-join", "a");
    network.run(1_000);
    disk.capacityBytes = text().length + 5;
    tell("member-join", "b");
    network.run(1_000);
    expect(log("Failed to update snapshot: write /snapshot: no space left on device")).toHaveLength(1);
    expect(log("Attempting compaction to recover from error")).toHaveLength(1);
    expect(text()).toBe("alive: a 10.0.0.2:7946\nalive");
    tell("member-leave", "a");
    event(7);
    network.run(100_000);
    expect(log("Compaction failed")).toHaveLength(4);
    disk.capacityBytes = Number.POSITIVE_INFINITY;
    network.run(30_000);
    expect(log("Finished compaction, successfully recovered from error state")).toHaveLength(1);
    expect(text()).toBe("alive: b 10.0.0.2:7946\nclock: 0\nevent-clock: 7\nquery-clock: 0\n");
    event(8);
    network.run(1_000);
    expect(text()).toMatch(/query-clock: 0\nevent-clock: 8\n$/);
  });

  test("does no harm when the node is stopped meanwhile, and the file is still read as far as it goes", () => {
    const { network, disk, open } = createMachine("alive: a 10.0.0.2:7946\n");
    const { snapshot, event } = open();
    snapshot.start();
    disk.isReadOnly = true;
    event(1);
    network.run(1_000);
    snapshot.stop();
    network.run(60_000);
    disk.isReadOnly = false;
    expect(open().snapshot.formerAlive).toHaveLength(1);
  });
});
