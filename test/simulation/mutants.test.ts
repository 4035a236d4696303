/**
 * The checkers, checked: each test plants a bug into the protocol, and the checker that is there for it has to find it. Without a bug, the same
 * scenario passes.
 */

import { afterEach, describe, expect, test, vi } from "vitest";
import { BroadcastQueue } from "../../src/memberlist/broadcast-queue.ts";
import { Inbox } from "../../src/memberlist/inbox.ts";
import { MemberTable } from "../../src/memberlist/member-table.ts";
import { Membership } from "../../src/memberlist/membership.ts";
import { Suspicions } from "../../src/memberlist/suspicions.ts";
import { EventOrder } from "../../src/serf/event-order.ts";
import { LamportBuffer } from "../../src/serf/lamport-buffer.ts";
import { LamportClock } from "../../src/serf/lamport-clock.ts";
import { Membership as SerfMembership } from "../../src/serf/membership.ts";
import { OpenQuery } from "../../src/serf/open-query.ts";
import { Queries } from "../../src/serf/queries.ts";
import { Snapshot } from "../../src/serf/snapshot.ts";
import { SnapshotWriter } from "../../src/serf/snapshot-writer.ts";
import { UserEvents } from "../../src/serf/user-events.ts";
import { runScenario, type Scenario, type Step } from "../../src/simulator/index.ts";

/** A day on which everything happens to five nodes, and nothing that the protocol does not get over. */
const eventful: Scenario = {
  snapshots: true,
  steps: [
    { kind: "addNodes", count: 5, tags: { role: "web" } },
    { kind: "wait", ms: 5_000 },
    { kind: "event", node: "n2", count: 3 },
    { kind: "query", node: "n3" },
    { kind: "setTags", nodes: ["n4"], tags: { role: "db" } },
    { kind: "wait", ms: 5_000 },
    { kind: "pause", nodes: ["n5"], forMs: 20_000 },
    { kind: "wait", ms: 30_000 },
    { kind: "partition", groups: [["n1..n2"], ["n3..n5"]] },
    { kind: "event", node: "n4", count: 3 },
    { kind: "wait", ms: 40_000 },
    { kind: "heal" },
    { kind: "wait", ms: 60_000 },
    { kind: "crash", nodes: ["n3"] },
    { kind: "wait", ms: 20_000 },
    { kind: "restart", nodes: ["n3"] },
    { kind: "wait", ms: 10_000 },
    { kind: "leave", nodes: ["n5"] },
    { kind: "query", node: "n1" },
    { kind: "wait", ms: 10_000 },
    { kind: "calm" },
  ],
};

afterEach(() => {
  vi.restoreAllMocks();
});

/** Which checkers complain, of whatever seed. */
function complaints(scenario: Scenario = eventful): string[] {
  const found = new Set<string>();
  for (const seed of [1, 2, 3])
    for (const { checker } of runScenario(scenario, { seed }).violations) found.add(checker);
  return [...found];
}

// biome-ignore lint/suspicious/noExplicitAny: methods and fields of all kinds are broken here
type Anything = any;
type Mutation = (real: (...args: Anything[]) => Anything, self: Anything, args: Anything[]) => unknown;

/** Wraps a method: the mutation gets the real one, the object, and what it was called with. */
function mutate(prototype: object, method: string, mutation: Mutation): void {
  const target = prototype as Anything;
  const real = target[method];
  vi.spyOn(target, method).mockImplementation(function (this: Anything, ...args: Anything[]) {
    return mutation(real.bind(this), this, args);
  });
}

test("a sound protocol gives no checker cause to complain", () => {
  expect(complaints()).toEqual([]);
});

describe("a planted bug is found:", () => {
  test("an incarnation taken over though it is lower", () => {
    mutate(MemberTable.prototype, "setIncarnation", (real, _, [row, incarnation]) =>
      real(row, incarnation > 2 ? incarnation - 2 : incarnation),
    );
    expect(complaints()).toContain("incarnations");
  });

  test("a dead member that comes back to life with every old rumour", () => {
    mutate(Membership.prototype, "receiveAlive", (real, self, [alive]) => {
      const row = self.around.table.find(alive.node);
      const isGone = row >= 0 && ["dead", "left"].includes(self.around.table.stateOf(row));
      if (isGone) self.around.table.setState(row, "alive", self.around.clock.monotonicMs());
      else real(alive);
    });
    expect(complaints()).toContain("transitions");
  });

  test("tags that change without a new incarnation", () => {
    mutate(Membership.prototype, "announceSelf", (real, self, [told]) => {
      const { table, options } = self.around;
      const before = table.find(options.nodeName) < 0 ? 0 : table.incarnationOf(table.find(options.nodeName));
      real(told);
      if (before > 0) table.setIncarnation(table.find(options.nodeName), before);
    });
    expect(complaints()).toContain("announcements");
  });

  test("a node that believes what others say of it", () => {
    mutate(Membership.prototype, "refute", (_, self, [accused]) => {
      const { table, options } = self.around;
      table.setIncarnation(table.find(options.nodeName), accused);
      table.setState(table.find(options.nodeName), "dead", self.around.clock.monotonicMs());
    });
    expect(complaints()).toContain("own-life");
  });

  test("a suspicion that is not ended by a refutation", () => {
    mutate(Suspicions.prototype, "end", () => undefined);
    expect(complaints()).toContain("bounds");
  });

  test("news of a member that does not replace older news", () => {
    mutate(BroadcastQueue.prototype, "queue", (real, _, [{ message, finished }]) => real({ message, finished }));
    const busy: Step[] = Array.from({ length: 12 }, (_, index) => ({
      kind: "setTags",
      nodes: ["n1"],
      tags: { at: `${index}` },
    }));
    expect(
      complaints({
        steps: [{ kind: "addNodes", count: 2 }, { kind: "wait", ms: 5_000 }, ...busy, { kind: "wait", ms: 100 }],
      }),
    ).toContain("bounds");
  });

  test("a clock that takes over the time of whoever spoke last", () => {
    mutate(LamportClock.prototype, "witness", (_, self, [time]) => {
      self.now = time + 1;
    });
    expect(complaints()).toContain("lamport-clocks");
  });

  test("duplicates of user events that are not known again", () => {
    mutate(LamportBuffer.prototype, "judge", (real, _, args) => {
      const admission = real(...args);
      // Of queries the buffer keeps numbers.
      return admission === "too-old" || typeof args[2] === "number" ? admission : "new";
    });
    expect(complaints()).toContain("user-events");
  });

  test("user events that a push/pull does not carry", () => {
    mutate(UserEvents.prototype, "recent", () => []);
    expect(complaints()).toContain("user-events");
  });

  test("user events of a push/pull in any order", () => {
    mutate(UserEvents.prototype, "recent", (real) => real().toReversed());
    mutate(EventOrder.prototype, "take", (_, self, [, event]) => self.deliver(event));
    vi.spyOn(Array.prototype, "toSorted").mockImplementation(function (this: unknown[]) {
      return [...this];
    });
    const late: Scenario = {
      steps: [
        { kind: "addNodes", count: 3 },
        { kind: "wait", ms: 5_000 },
        { kind: "event", count: 1 },
        { kind: "wait", ms: 2_000 },
        { kind: "event", count: 1 },
        { kind: "wait", ms: 2_000 },
        { kind: "addNodes", count: 1 },
        { kind: "calm" },
      ],
    };
    expect(complaints(late)).toContain("event-order");
  });

  test("a query that is told again each time it is heard", () => {
    mutate(Queries.prototype, "receive", (real, self, [query]) => {
      const isNews = real(query);
      if (!isNews) self.receiver.take(query);
      return isNews;
    });
    expect(complaints()).toContain("query-answers");
  });

  test("an answer that counts twice", () => {
    mutate(OpenQuery.prototype, "receive", (real, self, [response]) => {
      real(response);
      self.responses.delete(response.from);
      real(response);
    });
    expect(complaints()).toContain("query-answers");
  });

  test("a snapshot that forgets what it was told", () => {
    mutate(Snapshot.prototype, "recordEventTime", () => undefined);
    expect(complaints()).toContain("snapshots");
  });

  test("a snapshot that waits half a second with what a killed process was told", () => {
    mutate(SnapshotWriter.prototype, "plan", (real, self) => void self.host.timers.after(500, real));
    const killed: Scenario = {
      snapshots: true,
      steps: [
        { kind: "addNodes", count: 3 },
        { kind: "wait", ms: 5_000 },
        { kind: "event", node: "n1", count: 3 },
        { kind: "wait", ms: 250 },
        { kind: "restart", nodes: ["n3"] },
        { kind: "calm" },
      ],
    };
    expect(complaints(killed)).toContain("snapshots");
    vi.restoreAllMocks();
    expect(complaints(killed)).toEqual([]);
  });

  test("a restart that does not take up its clocks", () => {
    mutate(UserEvents.prototype, "resumeAfter", () => undefined);
    expect(complaints()).toContain("snapshots");
  });

  test("a member that failed and is never looked for again", () => {
    mutate(SerfMembership.prototype, "withStatus", (real, _, [status]) => (status === "failed" ? [] : real(status)));
    const split: Step[] = [
      { kind: "addNodes", count: 4 },
      { kind: "wait", ms: 5_000 },
      { kind: "partition", groups: [["n1..n2"], ["n3..n4"]] },
      { kind: "wait", ms: 120_000 },
      { kind: "calm" },
    ];
    expect(complaints({ steps: split })).toContain("agreement");
  });

  test("dead members that nobody hears of", () => {
    mutate(Inbox.prototype, "push", (real, _, [from, message]) => {
      if (message.kind !== "dead") real(from, message);
    });
    mutate(Suspicions.prototype, "begin", () => undefined);
    expect(complaints().length).toBeGreaterThan(0);
  });

  test("an exception", () => {
    mutate(Membership.prototype, "receiveSuspect", () => {
      throw new Error("what nobody expected");
    });
    expect(complaints()).toContain("exceptions");
  });
});
