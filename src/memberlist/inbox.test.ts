import { describe, expect, it } from "vitest";
import { SimulatedNetwork } from "../simulator/index.ts";
import { Inbox, type InboxMessage } from "./inbox.ts";

const from = { address: "10.0.0.9", port: 7946 };

function alive(node: string): InboxMessage {
  const meta = new Uint8Array(0);
  return { kind: "alive", incarnation: 1, node, address: "10.0.0.9", port: 7946, meta, versions: undefined };
}

function dead(node: string): InboxMessage {
  return { kind: "dead", incarnation: 1, node, from: "x" };
}

function createInbox(lengthMax: number) {
  const network = new SimulatedNetwork({ seed: 1 });
  const { timers } = network.createHost({ address: "10.0.0.1" });
  const handled: string[] = [];
  const overflowed: string[] = [];
  const nameOf = (message: InboxMessage): string => (message.kind === "user" ? "user" : message.node);
  const inbox = new Inbox({
    lengthMax,
    timers,
    handle: (_, message) => handled.push(nameOf(message)),
    overflowed: (_, message) => overflowed.push(nameOf(message)),
  });
  return { network, inbox, handled, overflowed };
}

describe("the inbox", () => {
  it("handles nothing within the call that brings it, and everything in the same moment", () => {
    const { network, inbox, handled } = createInbox(10);
    inbox.push(from, alive("a"), 0);
    expect(handled).toEqual([]);
    network.run(0);
    expect(handled).toEqual(["a"]);
  });

  it("takes alive messages before others, and the newest first", () => {
    const { network, inbox, handled } = createInbox(10);
    for (const message of [dead("d1"), alive("a1"), dead("d2"), alive("a2")]) inbox.push(from, message, 0);
    network.run(0);
    expect(handled).toEqual(["a2", "a1", "d2", "d1"]);
  });

  it("has room for so many of either kind, and tells of each that it drops", () => {
    const { network, inbox, handled, overflowed } = createInbox(2);
    for (const name of ["a1", "a2", "a3"]) inbox.push(from, alive(name), 0);
    for (const name of ["d1", "d2", "d3"]) inbox.push(from, dead(name), 0);
    expect(overflowed).toEqual(["a3", "d3"]);
    network.run(0);
    expect(handled).toEqual(["a2", "a1", "d2", "d1"]);
    inbox.push(from, alive("a4"), 0);
    network.run(0);
    expect(handled.at(-1)).toBe("a4");
  });

  it("has messages of the layer above wait for a flood of others no longer than for a turn", () => {
    const { network, inbox, handled } = createInbox(1_000);
    for (let count = 0; count < 600; count++) inbox.push(from, alive(`a${count}`), 0);
    for (let count = 0; count < 100; count++) inbox.push(from, { kind: "user", payload: new Uint8Array(1) }, 0);
    const orders: string[][] = [];
    network.createHost({ address: "10.0.0.2" }).timers.after(0, () => orders.push(handled.slice()));
    network.run(0);
    const [turn] = orders;
    expect(turn).toHaveLength(256);
    expect(turn!.filter((name) => name === "user")).toHaveLength(64);
    expect(turn!.slice(0, 192)).not.toContain("user");
    expect(handled).toHaveLength(700);
  });

  it("lets other timers have their turn after some hundred messages", () => {
    const { network, inbox, handled } = createInbox(1_000);
    for (let index = 0; index < 600; index += 1) inbox.push(from, dead(`d${index}`), 0);
    const { timers } = network.createHost({ address: "10.0.0.2" });
    const seen: number[] = [];
    const look = (): void => {
      seen.push(handled.length);
      if (handled.length < 600) timers.after(0, look);
    };
    timers.after(0, look);
    network.run(0);
    expect(seen).toEqual([256, 512, 600]);
  });

  it("handles the first message of the layer above after a pause at once, if nothing waits", () => {
    const { network, inbox, handled } = createInbox(10);
    const user: InboxMessage = { kind: "user", payload: new Uint8Array(1) };
    inbox.push(from, user, 100);
    expect(handled).toEqual(["user"]);
    inbox.push(from, user, 119);
    expect(handled).toEqual(["user"]);
    network.run(0);
    expect(handled).toEqual(["user", "user"]);
    // The pause is one since the last, whichever way that went.
    inbox.push(from, user, 138);
    expect(handled).toHaveLength(2);
    network.run(0);
    inbox.push(from, alive("a"), 158);
    inbox.push(from, user, 158);
    expect(handled).toHaveLength(3);
    network.run(0);
    inbox.push(from, user, 178);
    expect(handled).toEqual(["user", "user", "user", "a", "user", "user"]);
  });

  it("forgets what waits when it is cleared", () => {
    const { network, inbox, handled } = createInbox(10);
    inbox.push(from, alive("a"), 0);
    inbox.clear();
    network.run(10);
    expect(handled).toEqual([]);
    expect(inbox.length).toBe(0);
  });
});
