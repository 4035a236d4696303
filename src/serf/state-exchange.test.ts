import { describe, expect, test } from "vitest";
import { memberlistMember } from "../../test/support/members.ts";
import { utf8Encode } from "../base/bytes.ts";
import { isRejected } from "../base/rejected.ts";
import { finish, WorkSlice } from "../base/work-slice.ts";
import { SimulatedNetwork } from "../simulator/index.ts";
import type { SerfEvent } from "./events.ts";
import { Membership } from "./membership.ts";
import { decodePushPull, encodePushPull, type PushPull, readPushPull } from "./push-pull.ts";
import { Queries } from "./queries.ts";
import { type ExchangedState, localState, mergeRemoteState } from "./state-exchange.ts";
import { type UserEventLimits, UserEvents } from "./user-events.ts";

const nobody = {
  self: () => ({ name: "", tags: {} }),
  acknowledge: () => undefined,
  take: () => undefined,
};

function createState(name: string, limits: Partial<UserEventLimits> = {}) {
  const network = new SimulatedNetwork({ seed: 1 });
  const host = network.createHost({ address: "10.0.0.1" });
  const told: SerfEvent[] = [];
  const tell = (event: SerfEvent) => void told.push(event);
  const refuted: number[] = [];
  const refuteLeave = () => void refuted.push(membership.clock.time);
  const node = { name, isStaying: () => true, refuteLeave, erased: () => undefined, tell };
  const membership = new Membership(node, { flapTimeoutMs: 60_000, pruneDelayMs: 6000 }, host);
  const events = new UserEvents({ bufferLength: 512, bytesMax: 512, orderWaitMs: 0, ...limits }, host, tell);
  const queries = new Queries(512, nobody, host);
  membership.memberJoined(memberlistMember(name));
  const userEvents = () =>
    told.filter((event) => event.kind === "user").map((event) => `${event.lamportTime} ${event.name}`);
  return { network, membership, events, queries, told, userEvents, refutations: () => refuted };
}

function remoteState(overrides: Partial<PushPull>): PushPull {
  return {
    kind: "push-pull",
    lamportTime: 1,
    statusTimes: new Map(),
    leftMembers: [],
    eventTime: 1,
    events: [],
    queryTime: 1,
    eventSums: new Uint8Array(0),
    ...overrides,
  };
}

function slot(time: number, ...names: string[]) {
  return { time, items: names.map((name) => ({ name, payload: new Uint8Array(0) })) };
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

/** Returns of whom a leave was passed on. */
function merge(remote: PushPull, state: ExchangedState, replay = true): string[] {
  const passedOn: string[] = [];
  finish(mergeRemoteState(remote, state, replay, ({ node }) => void passedOn.push(node), new WorkSlice()));
  return passedOn;
}

describe("the local state", () => {
  test("tells clocks, status times, who left, and recent events in order", () => {
    const { membership, events, queries } = createState("self");
    membership.memberJoined(memberlistMember("leaver"));
    membership.receiveLeaveIntent({ kind: "leave", node: "leaver", lamportTime: 6, prune: false });
    membership.memberLeft(memberlistMember("leaver"));
    events.receive({ kind: "user-event", lamportTime: 600, name: "b", payload: utf8Encode("2"), coalesce: true });
    events.receive({ kind: "user-event", lamportTime: 500, name: "a", payload: utf8Encode("1"), coalesce: true });
    expect(localState({ membership, events, queries })).toEqual({
      kind: "push-pull",
      lamportTime: 7,
      statusTimes: new Map([
        ["self", 0],
        ["leaver", 6],
      ]),
      leftMembers: ["leaver"],
      eventTime: 601,
      events: [
        { time: 500, items: [{ name: "a", payload: utf8Encode("1") }] },
        { time: 600, items: [{ name: "b", payload: utf8Encode("2") }] },
      ],
      queryTime: 1,
      eventSums: new Uint8Array(0),
    });
  });
});

describe("the state with which a node asks for what it misses", () => {
  /** It has heard of 400 times but one, and an exchange for that one is under way. */
  function createAsking(isForgetfulKnown: boolean) {
    const state = createState("asking", { exchange: () => true, knowsForgetful: () => isForgetfulKnown });
    for (let lamportTime = 1; lamportTime < 400; lamportTime++)
      if (lamportTime !== 70) state.events.receive(userEvent(lamportTime));
    state.network.run(1_000);
    return state;
  }

  function userEvent(lamportTime: number) {
    return {
      kind: "user-event",
      lamportTime,
      name: "deploy",
      payload: utf8Encode(`${lamportTime}`),
      coalesce: true,
    } as const;
  }

  const timesIn = ({ events }: PushPull) => events.map(({ time }) => time);

  test("has no events, unless some member asks nobody; and the answer has the missing ones and those around them", () => {
    const asked = localState(createAsking(false));
    expect(timesIn(asked)).toEqual([]);
    expect(asked.eventSums.length).toBeGreaterThan(8);
    expect(timesIn(localState(createAsking(true)))).toHaveLength(398);

    const other = createState("other");
    for (let lamportTime = 1; lamportTime < 420; lamportTime++) other.events.receive(userEvent(lamportTime));
    const answer = localState(other, asked.eventSums);
    expect(timesIn(answer)).toEqual([...range(64, 96), ...range(384, 420)]);
    expect(timesIn(localState(other, new Uint8Array(0)))).toHaveLength(419);

    const asking = createAsking(false);
    merge(answer, asking);
    expect(asking.userEvents()).toHaveLength(419);
  });
});

describe("a large remote state", () => {
  const count = 20_000;
  const names = Array.from({ length: count }, (_, index) => `n${index}`);
  const oneSlot = [{ time: 3, items: names.map((name) => ({ name, payload: utf8Encode("1") })) }];

  test.each([
    ["status times", { statusTimes: new Map(names.map((name) => [name, 5])) }, 4],
    ["who left", { leftMembers: names }, 4],
    ["events of many times", { events: names.map((name, time) => slot(time, name)) }, 12],
    ["events of one time", { events: oneSlot }, 4],
  ])("is read and merged in slices: %s", (_title, overrides, slicesMin) => {
    const state = createState("self");
    const encoded = encodePushPull(remoteState(overrides));
    function* readAndMerge() {
      const slice = new WorkSlice();
      const remote = yield* readPushPull(encoded, slice);
      if (isRejected(remote)) throw new Error(remote.detail);
      yield* mergeRemoteState(remote, state, true, () => undefined, slice);
    }
    expect([...readAndMerge()].length).toBeGreaterThanOrEqual(slicesMin);
  });

  test("is refused as a whole if a part cannot be read, and if a flood of events is in no order", () => {
    const broken = encodePushPull(remoteState({ statusTimes: new Map([["web", 5]]), leftMembers: ["left"] }));
    broken[broken.length - 1] = 0xa0;
    expect(decodePushPull(broken)).toMatchObject({ reason: "malformed" });
    const slots = Array.from({ length: 70_000 }, (_, time) => slot(time, "e"));
    expect(isRejected(decodePushPull(encodePushPull(remoteState({ events: slots }))))).toBe(false);
    const shuffled = encodePushPull(remoteState({ events: [...slots, slot(1, "late")] }));
    expect(decodePushPull(shuffled)).toMatchObject({ reason: "too-large" });
  });
});

describe("merging a remote state", () => {
  test("brings the clocks to where the other's are, not beyond (detail 7)", () => {
    const state = createState("self");
    merge(remoteState({ lamportTime: 20, eventTime: 30, queryTime: 40 }), state);
    expect([state.membership.clock.time, state.events.clock.time, state.queries.clock.time]).toEqual([20, 30, 40]);
  });

  test("makes a failed member left, one later than the status time told (detail 7)", () => {
    const state = createState("self");
    state.membership.memberJoined(memberlistMember("web"));
    state.membership.receiveJoinIntent({ kind: "join", node: "web", lamportTime: 5 });
    state.membership.memberLeft(memberlistMember("web"));
    merge(remoteState({ statusTimes: new Map([["web", 5]]), leftMembers: ["web"] }), state);
    expect(state.membership.member("web")?.status).toBe("left");
    expect(state.membership.statusTimes().get("web")).toBe(6);
  });

  test("passes on the leave of a member that is alive here, once, and no other", () => {
    const state = createState("self");
    for (const name of ["alive", "failed"]) state.membership.memberJoined(memberlistMember(name));
    state.membership.memberLeft(memberlistMember("failed"));
    const left = remoteState({ statusTimes: new Map([["alive", 5]]), leftMembers: ["alive", "failed", "unknown"] });
    expect(merge(left, state)).toEqual(["alive"]);
    expect(state.membership.member("alive")?.status).toBe("leaving");
    expect(merge(left, state)).toEqual([]);
  });

  test("does not raise the time of a leave that is known already, at however many exchanges", () => {
    const [a, b] = [createState("a"), createState("b")];
    for (const { membership } of [a, b]) {
      membership.memberJoined(memberlistMember("web"));
      membership.receiveLeaveIntent({ kind: "leave", node: "web", lamportTime: 5, prune: false });
      membership.memberLeft(memberlistMember("web"));
    }
    for (let exchange = 0; exchange < 10; exchange++) {
      merge(localState(a), b);
      merge(localState(b), a);
    }
    expect(a.membership.statusTimes().get("web")).toBe(5);
    expect(b.membership.statusTimes().get("web")).toBe(5);
  });

  test("says once more that this node is here, where a status time of it is later than its own word", () => {
    const { refutations, ...state } = createState("self");
    merge(remoteState({ statusTimes: new Map([["self", 0]]) }), state);
    expect(refutations()).toEqual([]);
    merge(remoteState({ statusTimes: new Map([["self", 7]]) }), state);
    // Later than what was told of it, so that everybody listens.
    expect(refutations()).toEqual([8]);
    expect(state.membership.statusTimes().get("self")).toBe(0);
  });

  test("takes over the status times of the others as joins", () => {
    const state = createState("self");
    state.membership.memberJoined(memberlistMember("web"));
    state.membership.receiveLeaveIntent({ kind: "leave", node: "web", lamportTime: 5, prune: false });
    merge(remoteState({ statusTimes: new Map([["web", 9]]) }), state);
    expect(state.membership.member("web")?.status).toBe("alive");
    expect(state.membership.clock.time).toBe(10);
  });

  test("events are told in Lamport order, however the ring lies (accident 18, serf#448)", () => {
    const state = createState("self");
    const events = [slot(513, "fourth"), slot(514, "fifth"), slot(3, "first", "second"), slot(512, "third")];
    merge(remoteState({ eventTime: 515, events }), state);
    expect(state.userEvents()).toEqual(["3 first", "3 second", "512 third", "513 fourth", "514 fifth"]);
  });

  test("tells events so that no coalescer holds them back (detail 7)", () => {
    const state = createState("self");
    merge(remoteState({ eventTime: 4, events: [slot(3, "deploy")] }), state);
    expect(state.told.at(-1)).toMatchObject({ name: "deploy", coalesce: false });
  });

  test("without replay tells no event from before, now or later (detail 7)", () => {
    const state = createState("self");
    merge(remoteState({ eventTime: 4, events: [slot(3, "deploy")] }), state, false);
    merge(remoteState({ eventTime: 5, events: [slot(3, "deploy"), slot(4, "restart")] }), state);
    expect(state.userEvents()).toEqual(["4 restart"]);
  });
});
