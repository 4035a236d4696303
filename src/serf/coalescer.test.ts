import { describe, expect, test } from "vitest";
import { serfMember } from "../../test/support/members.ts";
import { SimulatedNetwork } from "../simulator/index.ts";
import { CoalesceMembers } from "./coalesce-members.ts";
import { CoalesceUserEvents } from "./coalesce-user-events.ts";
import { Coalescer } from "./coalescer.ts";
import type { MemberEventKind, SerfEvent } from "./events.ts";
import type { SerfMember, Tags } from "./member.ts";

function member(name: string, tags: Tags = {}): SerfMember {
  return serfMember(name, { tags });
}

function memberEvent(kind: MemberEventKind, name: string, tags: Tags = {}): SerfEvent {
  return { kind, members: [member(name, tags)] };
}

function userEvent(name: string, lamportTime: number, coalesce = true, payload = ""): SerfEvent {
  return { kind: "user", name, lamportTime, coalesce, payload: new TextEncoder().encode(payload) };
}

function createMemberCoalescer() {
  const network = new SimulatedNetwork({ seed: 1 });
  const { timers } = network.createHost({ address: "10.0.0.1" });
  const told: string[] = [];
  const tell = (event: SerfEvent) => {
    const names = "name" in event ? event.name : event.members.map(({ name }) => name).join(",");
    told.push(`${network.nowMs} ${event.kind} ${names}`);
  };
  const timing = { periodMs: 3000, quiescentPeriodMs: 1000 };
  return { network, told, coalescer: new Coalescer(new CoalesceMembers(), timing, timers, tell) };
}

describe("coalescing of member events", () => {
  test("tells one event for members that come in quick succession, once it is calm", () => {
    const { network, told, coalescer } = createMemberCoalescer();
    coalescer.receive(memberEvent("member-join", "a"));
    network.run(500);
    coalescer.receive(memberEvent("member-join", "b"));
    network.run(999);
    expect(told).toEqual([]);
    network.run(1);
    expect(told).toEqual(["1500 member-join a,b"]);
  });

  test("does not wait for calm longer than the period", () => {
    const { network, told, coalescer } = createMemberCoalescer();
    for (const name of ["a", "b", "c", "d", "e", "f", "g", "h", "i"]) {
      coalescer.receive(memberEvent("member-join", name));
      network.run(900);
    }
    expect(told).toEqual(["3000 member-join a,b,c,d", "6600 member-join e,f,g,h"]);
    network.run(1000);
    expect(told.at(-1)).toBe("8200 member-join i");
  });

  test("lets only the latest event of a member count", () => {
    const { network, told, coalescer } = createMemberCoalescer();
    coalescer.receive(memberEvent("member-join", "a"));
    coalescer.receive(memberEvent("member-leave", "a"));
    coalescer.receive(memberEvent("member-leave", "b"));
    network.run(1000);
    expect(told).toEqual(["1000 member-leave a,b"]);
  });

  test("says nothing of a member that is back where it was last told to be", () => {
    const { network, told, coalescer } = createMemberCoalescer();
    coalescer.receive(memberEvent("member-join", "a"));
    network.run(1000);
    coalescer.receive(memberEvent("member-failed", "a"));
    coalescer.receive(memberEvent("member-join", "a"));
    network.run(1000);
    expect(told).toEqual(["1000 member-join a"]);
  });

  test("tells every update, each with its tags", () => {
    const network = new SimulatedNetwork({ seed: 1 });
    const { timers } = network.createHost({ address: "10.0.0.1" });
    const told: SerfEvent[] = [];
    const timing = { periodMs: 3000, quiescentPeriodMs: 1000 };
    const coalescer = new Coalescer(new CoalesceMembers(), timing, timers, (event) => void told.push(event));
    coalescer.receive(memberEvent("member-update", "a", { role: "web" }));
    network.run(1000);
    coalescer.receive(memberEvent("member-update", "a", { role: "db" }));
    network.run(1000);
    expect(told).toEqual([
      memberEvent("member-update", "a", { role: "web" }),
      memberEvent("member-update", "a", { role: "db" }),
    ]);
  });

  test("an update is not told again when another member's event is flushed (accident 17, serf#555)", () => {
    const { network, told, coalescer } = createMemberCoalescer();
    coalescer.receive(memberEvent("member-update", "a"));
    network.run(1000);
    coalescer.receive(memberEvent("member-join", "b"));
    network.run(1000);
    coalescer.receive(memberEvent("member-join", "c"));
    network.run(1000);
    expect(told).toEqual(["1000 member-update a", "2000 member-join b", "3000 member-join c"]);
  });

  test("tells a member's join again after it was reaped", () => {
    const { network, told, coalescer } = createMemberCoalescer();
    for (const kind of ["member-join", "member-reap", "member-join"] as const) {
      coalescer.receive(memberEvent(kind, "a"));
      network.run(1000);
    }
    expect(told).toEqual(["1000 member-join a", "2000 member-reap a", "3000 member-join a"]);
  });

  test("hands on user events at once", () => {
    const { told, coalescer } = createMemberCoalescer();
    coalescer.receive(memberEvent("member-join", "a"));
    coalescer.receive(userEvent("deploy", 1));
    expect(told).toEqual(["0 user deploy"]);
  });

  test("a flood is told early", () => {
    const { told, coalescer } = createMemberCoalescer();
    for (let index = 0; index < 8192; index++) coalescer.receive(memberEvent("member-join", `node-${index}`));
    expect(told).toHaveLength(1);
  });

  test("flush tells what is pending and starts no timer", () => {
    const { network, told, coalescer } = createMemberCoalescer();
    coalescer.receive(memberEvent("member-join", "a"));
    coalescer.flush();
    network.run(10_000);
    expect(told).toEqual(["0 member-join a"]);
  });
});

describe("coalescing of user events", () => {
  test("keeps the events of the newest time of each name", () => {
    const rule = new CoalesceUserEvents();
    for (const event of [
      userEvent("foo", 1),
      userEvent("foo", 2),
      userEvent("foo", 1, true, "late"),
      userEvent("bar", 2, true, "one"),
      userEvent("bar", 2, true, "two"),
    ])
      expect(rule.take(event)).toBe(true);
    expect(rule.drain()).toEqual([
      userEvent("foo", 2),
      userEvent("bar", 2, true, "one"),
      userEvent("bar", 2, true, "two"),
    ]);
    expect(rule.drain()).toEqual([]);
  });

  test("does not hold back events that are not to be coalesced, nor member events", () => {
    const rule = new CoalesceUserEvents();
    expect(rule.take(userEvent("foo", 1, false))).toBe(false);
    expect(rule.take(memberEvent("member-join", "a"))).toBe(false);
  });
});
