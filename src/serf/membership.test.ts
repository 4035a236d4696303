import { describe, expect, test } from "vitest";
import { memberlistMember } from "../../test/support/members.ts";
import { SimulatedNetwork } from "../simulator/index.ts";
import type { SerfEvent } from "./events.ts";
import type { SerfMember } from "./member.ts";
import { Membership } from "./membership.ts";

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/** The membership of a node named "self", which knows itself. */
function createMembership() {
  const network = new SimulatedNetwork({ seed: 1 });
  const host = network.createHost({ address: "10.0.0.9" });
  const told: string[] = [];
  const erased: string[] = [];
  const node = {
    staying: true,
    refutations: 0,
    name: "self",
    isStaying: () => node.staying,
    refuteLeave: () => void node.refutations++,
    erased: (name: string) => void erased.push(name),
    tell: (event: SerfEvent) => {
      if ("members" in event) told.push(`${event.kind} ${event.members.map(({ name }) => name).join(",")}`);
    },
  };
  const membership = new Membership(node, { flapTimeoutMs: minuteMs, pruneDelayMs: 6000 }, host);
  membership.memberJoined(memberlistMember("self"));
  told.length = 0;
  const leave = (name: string, lamportTime: number, prune = false) =>
    membership.receiveLeaveIntent({ kind: "leave", node: name, lamportTime, prune });
  const join = (name: string, lamportTime: number) =>
    membership.receiveJoinIntent({ kind: "join", node: name, lamportTime });
  const statusOf = (name: string) => membership.member(name)?.status;
  const log = () => host.logger.lines.map(({ level, message }) => `${level} ${message}`);
  return { network, host, node, membership, told, erased, leave, join, statusOf, log };
}

describe("a leave that does not happen", () => {
  test("is told once more when its time is over; who then neither goes nor says that it is here, stays", () => {
    const { network, membership, leave, statusOf } = createMembership();
    membership.memberJoined(memberlistMember("web"));
    leave("web", 5);
    network.run(29_999);
    expect(membership.overdueLeaves()).toEqual([]);
    network.run(1);
    expect(membership.overdueLeaves()).toEqual([{ kind: "leave", lamportTime: 5, node: "web", prune: false }]);
    expect(membership.overdueLeaves()).toEqual([]);
    network.run(14_999);
    expect(membership.overdueLeaves()).toEqual([]);
    expect(statusOf("web")).toBe("leaving");
    network.run(1);
    expect(membership.overdueLeaves()).toEqual([]);
    expect(statusOf("web")).toBe("alive");
    leave("web", 5);
    expect(statusOf("web")).toBe("alive");
    leave("web", 6);
    network.run(30_000);
    expect(membership.overdueLeaves()).toHaveLength(1);
  });

  test("is told no more once the member says that it is here", () => {
    const { network, membership, leave, join } = createMembership();
    membership.memberJoined(memberlistMember("web"));
    leave("web", 5);
    join("web", 6);
    network.run(60_000);
    expect(membership.overdueLeaves()).toEqual([]);
  });

  test("is also noticed of a member that was heard of after the intent", () => {
    const { network, membership, leave } = createMembership();
    leave("web", 5);
    network.run(100_000);
    membership.memberJoined(memberlistMember("web"));
    expect(membership.overdueLeaves()).toEqual([]);
    network.run(30_000);
    expect(membership.overdueLeaves()).toHaveLength(1);
    membership.memberLeft(memberlistMember("web"));
    network.run(30_000);
    expect(membership.overdueLeaves()).toEqual([]);
  });
});

describe("what memberlist says of a member", () => {
  test("alive makes it a member, with its tags and versions", () => {
    const { membership, told, log } = createMembership();
    membership.memberJoined(memberlistMember("web", { tags: { role: "web" }, address: "10.0.0.2" }));
    expect(membership.member("web")).toMatchObject({ tags: { role: "web" }, status: "alive", address: "10.0.0.2" });
    expect(told).toEqual(["member-join web"]);
    expect(log()).toContain("INFO serf: EventMemberJoin: web 10.0.0.2");
  });

  test("gone without a word is failed, gone after a leave intent is left", () => {
    const { membership, told, leave, log } = createMembership();
    for (const name of ["crashed", "leaver"]) membership.memberJoined(memberlistMember(name));
    leave("leaver", 5);
    for (const name of ["crashed", "leaver"]) membership.memberLeft(memberlistMember(name));
    expect(membership.members().map(({ name, status }) => `${name} ${status}`)).toEqual([
      "self alive",
      "crashed failed",
      "leaver left",
    ]);
    expect(told.slice(2)).toEqual(["member-failed crashed", "member-leave leaver"]);
    expect(log()).toContain("INFO serf: EventMemberFailed: crashed 10.0.0.1");
    expect(log()).toContain("INFO serf: EventMemberLeave: leaver 10.0.0.1");
  });

  test("gone by its own word is left, whether its intent was heard before, after, or not at all", () => {
    const { membership, told, leave } = createMembership();
    membership.memberJoined(memberlistMember("leaver"));
    membership.memberLeft({ ...memberlistMember("leaver"), state: "left" });
    expect(membership.member("leaver")?.status).toBe("left");
    leave("leaver", 5);
    expect(membership.member("leaver")?.status).toBe("left");
    expect(told).toEqual(["member-join leaver", "member-leave leaver"]);
  });

  test("gone of one never heard of, or gone twice, says nothing new", () => {
    const { membership, told } = createMembership();
    membership.memberLeft(memberlistMember("stranger"));
    membership.memberJoined(memberlistMember("web"));
    membership.memberLeft(memberlistMember("web"));
    membership.memberLeft(memberlistMember("web"));
    expect(told).toEqual(["member-join web", "member-failed web"]);
  });

  test("updated changes tags and address and keeps the status", () => {
    const { membership, told, leave, log } = createMembership();
    membership.memberUpdated(memberlistMember("stranger"));
    membership.memberJoined(memberlistMember("web"));
    leave("web", 5);
    membership.memberUpdated(memberlistMember("web", { tags: { role: "db" }, address: "10.0.0.3" }));
    expect(membership.member("web")).toMatchObject({ tags: { role: "db" }, address: "10.0.0.3", status: "leaving" });
    expect(told).toEqual(["member-join web", "member-update web"]);
    expect(log()).toContain("INFO serf: EventMemberUpdate: web");
  });

  test("back within the flap time counts as a flap, later it does not", () => {
    const { network, host, membership } = createMembership();
    for (const awayMs of [minuteMs - 1, minuteMs]) {
      membership.memberJoined(memberlistMember("web"));
      membership.memberLeft(memberlistMember("web"));
      network.run(awayMs);
    }
    membership.memberJoined(memberlistMember("web"));
    expect(host.metrics.counters.get("serf.member.flap")).toBe(1);
    expect(host.metrics.counters.get("serf.member.failed")).toBe(2);
  });

  test("tags nobody can read are logged and leave the member without any", () => {
    const { membership, log } = createMembership();
    membership.memberJoined(memberlistMember("web", { meta: Uint8Array.of(255, 0xc1) }));
    expect(membership.member("web")).toMatchObject({ tags: {}, status: "alive" });
    expect(log().some((line) => line.startsWith("ERR serf: Failed to decode tags: "))).toBe(true);
  });

  test("a member shown once stays as it was", () => {
    const { membership } = createMembership();
    membership.memberJoined(memberlistMember("web"));
    const before = membership.member("web");
    membership.memberLeft(memberlistMember("web"));
    expect(before?.status).toBe("alive");
  });
});

describe("an intent", () => {
  test("about a member not yet heard of is kept until it is", () => {
    const { membership, leave, join, statusOf } = createMembership();
    expect(leave("web", 5)).toBe(true);
    expect(leave("web", 5)).toBe(false);
    expect(join("db", 7)).toBe(true);
    for (const name of ["web", "db"]) membership.memberJoined(memberlistMember(name));
    expect(statusOf("web")).toBe("leaving");
    expect(statusOf("db")).toBe("alive");
    expect(membership.statusTimes()).toEqual(
      new Map([
        ["self", 0],
        ["web", 5],
        ["db", 7],
      ]),
    );
  });

  test("moves the clock beyond its time, also when it changes nothing", () => {
    const { membership, leave, join } = createMembership();
    leave("stranger", 41);
    expect(membership.clock.time).toBe(42);
    join("self", 50);
    expect(membership.clock.time).toBe(51);
  });

  test("to join calls off an older leave", () => {
    const { membership, leave, join, statusOf } = createMembership();
    membership.memberJoined(memberlistMember("web"));
    expect(leave("web", 5)).toBe(true);
    expect(statusOf("web")).toBe("leaving");
    expect(join("web", 6)).toBe(true);
    expect(statusOf("web")).toBe("alive");
    expect(join("web", 6)).toBe(false);
  });

  test("to leave is passed on once only, also about a member that is leaving or left (detail 8, serf#606)", () => {
    const { membership, leave } = createMembership();
    membership.memberJoined(memberlistMember("web"));
    expect([leave("web", 5), leave("web", 5), leave("web", 6), leave("web", 6)]).toEqual([true, false, true, false]);
    membership.memberLeft(memberlistMember("web"));
    expect([leave("web", 7), leave("web", 7), leave("web", 6)]).toEqual([true, false, false]);
  });

  test("to leave about ourselves is refuted while we stay, and not passed on (detail 8)", () => {
    const { node, leave, statusOf } = createMembership();
    expect(leave("self", 5)).toBe(false);
    expect(node.refutations).toBe(1);
    expect(statusOf("self")).toBe("alive");
    node.staying = false;
    expect(leave("self", 6)).toBe(true);
    expect(statusOf("self")).toBe("leaving");
    expect(node.refutations).toBe(1);
  });

  test("to leave about a failed member makes it left", () => {
    const { membership, told, leave, statusOf, log } = createMembership();
    membership.memberJoined(memberlistMember("web"));
    membership.memberLeft(memberlistMember("web"));
    expect(leave("web", 5)).toBe(true);
    expect(statusOf("web")).toBe("left");
    expect(told.at(-1)).toBe("member-leave web");
    expect(log()).toContain("INFO serf: EventMemberLeave (forced): web 10.0.0.1");
  });
});

describe("pruning", () => {
  test("forgets a failed or left member at once", () => {
    const { membership, told, leave, statusOf, log } = createMembership();
    membership.memberJoined(memberlistMember("web"));
    membership.memberLeft(memberlistMember("web"));
    leave("web", 5, true);
    expect(statusOf("web")).toBeUndefined();
    expect(told.slice(1)).toEqual(["member-failed web", "member-leave web", "member-reap web"]);
    expect(log()).toContain("INFO serf: EventMemberReap (forced): web 10.0.0.1");
  });

  test("gives a member that is leaving six seconds, by a timer (detail 8)", () => {
    const { network, membership, told, leave, statusOf } = createMembership();
    membership.memberJoined(memberlistMember("web"));
    leave("web", 5, true);
    network.run(3000);
    membership.memberLeft(memberlistMember("web"));
    network.run(2999);
    expect(statusOf("web")).toBe("left");
    network.run(1);
    expect(statusOf("web")).toBeUndefined();
    expect(told).toEqual(["member-join web", "member-leave web", "member-reap web"]);
  });

  test("spares a member that took its leave back meanwhile", () => {
    const { network, membership, leave, join, statusOf } = createMembership();
    membership.memberJoined(memberlistMember("web"));
    leave("web", 5, true);
    join("web", 6);
    network.run(10_000);
    expect(statusOf("web")).toBe("alive");
  });

  test("never forgets this node itself", () => {
    const { network, node, leave, statusOf } = createMembership();
    node.staying = false;
    leave("self", 5, true);
    network.run(10_000);
    expect(statusOf("self")).toBe("leaving");
  });

  test("starts no timer twice and leaves none behind", () => {
    const { network, membership, told, leave } = createMembership();
    membership.memberJoined(memberlistMember("web"));
    leave("web", 5, true);
    leave("web", 6, true);
    membership.stop();
    network.run(10_000);
    expect(told).toEqual(["member-join web"]);
  });
});

describe("reaping", () => {
  const timeouts = { intentMs: 5 * minuteMs, failedMs: dayMs, leftMs: 2 * dayMs };

  test("forgets failed and left members, each after its own time, and never one that is alive", () => {
    const { network, membership, told, erased, leave, log } = createMembership();
    for (const name of ["crashed", "leaver", "alive"]) membership.memberJoined(memberlistMember(name));
    leave("leaver", 5);
    for (const name of ["crashed", "leaver"]) membership.memberLeft(memberlistMember(name));
    told.length = 0;
    network.run(dayMs);
    membership.reap(timeouts);
    expect(told).toEqual([]);
    network.run(1);
    membership.reap(timeouts);
    expect(told).toEqual(["member-reap crashed"]);
    expect(erased).toEqual(["crashed"]);
    network.run(dayMs);
    membership.reap(timeouts);
    expect(told).toEqual(["member-reap crashed", "member-reap leaver"]);
    expect(log()).toContain("INFO serf: EventMemberReap: leaver");
    expect(membership.members().map(({ name }) => name)).toEqual(["self", "alive"]);
  });

  test("keeps a single member longer or shorter where that is asked for", () => {
    const { network, membership, erased, leave } = createMembership();
    const names = ["short", "usual", "long", "for ever", "no number"];
    for (const name of names) membership.memberJoined(memberlistMember(name));
    leave("short", 5);
    for (const name of names) membership.memberLeft(memberlistMember(name));
    const asked: string[] = [];
    const times = [minuteMs, undefined, 3 * dayMs, Number.POSITIVE_INFINITY, Number.NaN];
    const override = ({ name, status }: SerfMember, timeoutMs: number): number => {
      asked.push(`${name} ${status} ${timeoutMs / dayMs}`);
      return times[names.indexOf(name)] ?? timeoutMs;
    };
    const reap = (): void => membership.reap({ ...timeouts, override });
    network.run(minuteMs + 1);
    reap();
    expect(asked).toEqual([
      "short left 2",
      "usual failed 1",
      "long failed 1",
      "for ever failed 1",
      "no number failed 1",
    ]);
    expect(erased).toEqual(["short"]);
    network.run(dayMs);
    reap();
    expect(erased).toEqual(["short", "usual"]);
    network.run(100 * dayMs);
    reap();
    expect(erased).toEqual(["short", "usual", "long"]);
  });

  test("spares a member that came back", () => {
    const { network, membership, statusOf } = createMembership();
    membership.memberJoined(memberlistMember("web"));
    membership.memberLeft(memberlistMember("web"));
    membership.memberJoined(memberlistMember("web"));
    network.run(3 * dayMs);
    membership.reap(timeouts);
    expect(statusOf("web")).toBe("alive");
  });

  test("forgets intents about members that never came", () => {
    const { network, membership, leave, statusOf } = createMembership();
    leave("web", 5);
    network.run(5 * minuteMs + 1);
    membership.reap(timeouts);
    membership.memberJoined(memberlistMember("web"));
    expect(statusOf("web")).toBe("alive");
  });

  test("spares this node itself, however long ago it left", () => {
    const { network, node, membership, leave, statusOf } = createMembership();
    node.staying = false;
    leave("self", 5);
    membership.memberLeft(memberlistMember("self"));
    network.run(3 * dayMs);
    membership.reap(timeouts);
    expect(statusOf("self")).toBe("left");
  });
});
