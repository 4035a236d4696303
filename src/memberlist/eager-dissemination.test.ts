import { describe, expect, test } from "vitest";
import type { Endpoint } from "../base/address.ts";
import { SimulatedNetwork } from "../simulator/index.ts";
import { unknownVersions } from "../wire/versions.ts";
import { type Descriptor, Directory } from "./directory.ts";
import type { DisseminationSurroundings } from "./dissemination-policy.ts";
import { EagerDissemination } from "./eager-dissemination.ts";
import type { InboxMessage } from "./inbox.ts";
import { MemberTable } from "./member-table.ts";

/** One of a hundred members, of which the last so many live elsewhere. To send something takes it so long. */
function createMember(index = 0, elsewhere = 0, sendingMs = 0) {
  const network = new SimulatedNetwork({ seed: 1 });
  const host = network.createHost({ address: "10.0.0.1" });
  const table = new MemberTable(new Directory(), 1_000);
  const all = Array.from({ length: 100 }, (_, n) => {
    const place =
      n < 100 - elsewhere ? { address: "10.0.0.1", port: 7_000 + n } : { address: `10.0.1.${n}`, port: 7_946 };
    return { name: `n${n}`, ...place, meta: new Uint8Array(0), versions: unknownVersions };
  });
  for (const descriptor of all) table.insert(descriptor, 1, "alive", 0);
  const copies: number[] = [];
  const sent: { readonly to: number; readonly isForNobodyElse: boolean }[] = [];
  const packets = {
    countFitting: () => 1,
    sendBroadcasts: () => copies.push(host.clock.monotonicMs()) > 0,
    sendToAll: (members: readonly Descriptor[], _messages: readonly Uint8Array[], isForNobodyElse = false) => {
      sent.push({ to: members.length, isForNobodyElse });
      network.run(sendingMs);
    },
  };
  const options = {
    nodeName: `n${index}`,
    retransmitMult: 4,
    eagerPacketsPerSecond: 10_000,
    eagerPushesPerSecond: 100,
  };
  const peers = { forGossip: (count: number) => Array.from({ length: count }, () => table.view(1)), rowAt: () => -1 };
  // What it needs of its surroundings.
  const around = { ...host, table, options, packets, peers } as unknown as DisseminationSurroundings;
  const policy = new EagerDissemination(around, () => undefined);
  const begin = () => policy.queued({ message: Uint8Array.of(3, 1) }, true);
  /** A packet with news comes from there. */
  const hear = (from: Endpoint, isToldToAll: boolean) => {
    const message: InboxMessage = { kind: "user", payload: Uint8Array.of(3, all.length) };
    if (isToldToAll) policy.noteToldToAll(from);
    policy.receiving(from, message);
    policy.queued({ message: message.payload, origin: "elsewhere" }, true);
    policy.received();
    network.run(1);
  };
  /** Again what was heard already. */
  const hearAgain = (from: Endpoint) => {
    policy.receiving(from, { kind: "user", payload: Uint8Array.of(3, all.length) });
    policy.received();
  };
  return { network, all, sent, copies, begin, hear, hearAgain };
}

describe("a hundred members on one host", () => {
  test("are told by the origin itself what it begins after a pause, and by the tree what follows at once", () => {
    const { network, sent, begin } = createMember();
    begin();
    expect(sent).toEqual([{ to: 99, isForNobodyElse: true }]);
    network.run(5);
    begin();
    network.run(1);
    expect(sent).toHaveLength(2);
    expect(sent[1]!.isForNobodyElse).toBe(false);
    expect(sent[1]!.to).toBeLessThan(50);
    network.run(20);
    begin();
    expect(sent[2]).toEqual(sent[0]);
  });

  test("are told by the tree of the fifth within a second, and of what follows at once on one that took long to send", () => {
    const { network, sent, begin } = createMember();
    const isTold = () => {
      network.run(100);
      begin();
      network.run(1);
      return sent.at(-1)!.isForNobodyElse;
    };
    expect([isTold(), isTold(), isTold(), isTold(), isTold()]).toEqual([true, true, true, true, false]);
    network.run(900);
    expect(isTold()).toBe(true);

    const slow = createMember(0, 0, 25);
    slow.begin();
    slow.begin();
    slow.network.run(1);
    expect(slow.sent.map(({ isForNobodyElse }) => isForNobodyElse)).toEqual([true, false]);
  });

  test("are told by the tree where one of them lives elsewhere", () => {
    const { sent, begin } = createMember(0, 1);
    begin();
    expect(sent[0]!.isForNobodyElse).toBe(false);
    expect(sent[0]!.to).toBeLessThan(50);
  });

  test("pass on what they are deputies for, unless its origin says that it tells everybody", () => {
    const relaysOf = (index: number, isToldToAll: boolean) => {
      const { all, sent, hear } = createMember(index);
      hear({ address: all[0]!.address, port: all[0]!.port }, isToldToAll);
      return sent.length;
    };
    const others = Array.from({ length: 99 }, (_, n) => n + 1);
    expect(others.filter((index) => relaysOf(index, false) > 0).length).toBeGreaterThanOrEqual(5);
    expect(others.filter((index) => relaysOf(index, true) > 0)).toEqual([]);
  });

  test("send copies once a copy of what its origin told everybody comes to them, and by a timer of anything else", () => {
    const { network, all, copies, hear, hearAgain } = createMember(1);
    const origin = { address: all[0]!.address, port: all[0]!.port };
    hear(origin, true);
    network.run(1_000);
    expect(copies).toEqual([]);
    hearAgain({ address: all[2]!.address, port: all[2]!.port });
    expect(copies).toHaveLength(5);
    const other = createMember(1);
    other.hear({ address: all[3]!.address, port: all[3]!.port }, false);
    other.network.run(300);
    expect(other.copies).toHaveLength(10);
  });
});
