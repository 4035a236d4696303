import { describe, expect, test } from "vitest";
import { utf8Decode, utf8Encode } from "../base/bytes.ts";
import { SimulatedNetwork } from "../simulator/index.ts";
import type { SerfEvent } from "./events.ts";
import { decodeSerfMessage, type UserEventMessage } from "./messages.ts";
import { UserEvents } from "./user-events.ts";

function createUserEvents(bytesMax = 512) {
  const host = new SimulatedNetwork({ seed: 1 }).createHost({ address: "10.0.0.1" });
  const told: string[] = [];
  const tell = (event: SerfEvent) => {
    if (event.kind === "user") told.push(`${event.lamportTime} ${event.name} ${utf8Decode(event.payload)}`.trim());
  };
  return { host, told, events: new UserEvents({ bufferLength: 512, bytesMax, orderWaitMs: 0 }, host, tell) };
}

function message(name: string, lamportTime: number, payload = ""): UserEventMessage {
  return { kind: "user-event", name, lamportTime, payload: utf8Encode(payload), coalesce: true };
}

function ignore(): void {}

describe("sending a user event", () => {
  test("gives the message for the others, then tells it here and moves the clock on", () => {
    const { told, events } = createUserEvents();
    const left: unknown[] = [];
    events.send("deploy", utf8Encode("v1"), true, (bytes) => {
      expect(told).toEqual([]);
      left.push(decodeSerfMessage(bytes));
    });
    expect(left).toEqual([message("deploy", 1, "v1")]);
    expect(told).toEqual(["1 deploy v1"]);
    expect(events.clock.time).toBe(2);
  });

  test("of the same content twice makes two events", () => {
    const { told, events } = createUserEvents();
    events.send("deploy", utf8Encode("v1"), true, ignore);
    events.send("deploy", utf8Encode("v1"), true, ignore);
    expect(told).toEqual(["1 deploy v1", "2 deploy v1"]);
  });

  test("limits name and payload together, in bytes", () => {
    const { events } = createUserEvents();
    expect(() => events.send("é", new Uint8Array(511), true, ignore)).toThrow(
      expect.objectContaining({
        code: "USER_EVENT_TOO_LARGE",
        message: "user event exceeds configured limit of 512 bytes before encoding",
      }),
    );
  });

  test("limits the encoded message as well, and leaves the clock alone", () => {
    const { told, events } = createUserEvents();
    expect(() => events.send("x", new Uint8Array(511), true, ignore)).toThrow(
      "encoded user event exceeds configured limit of 512 bytes after encoding",
    );
    expect(events.clock.time).toBe(1);
    expect(told).toEqual([]);
    const lengths: number[] = [];
    events.send("x", new Uint8Array(480), true, ({ length }) => lengths.push(length));
    expect(lengths[0]).toBeLessThanOrEqual(512);
  });
});

describe("receiving a user event", () => {
  test("tells it once and passes it on once", () => {
    const { host, told, events } = createUserEvents();
    expect(events.receive(message("deploy", 5, "v1"))).toBe(true);
    expect(events.receive(message("deploy", 5, "v1"))).toBe(false);
    expect(told).toEqual(["5 deploy v1"]);
    expect(host.metrics.counters.get("serf.events")).toBe(1);
    expect(host.metrics.counters.get("serf.events.deploy")).toBe(1);
  });

  test("takes events of one time and name for different if their payloads are", () => {
    const { told, events } = createUserEvents();
    expect(events.receive(message("deploy", 5, "v1"))).toBe(true);
    expect(events.receive(message("deploy", 5, "v2"))).toBe(true);
    expect(told).toHaveLength(2);
  });

  test("moves the clock beyond the event's time", () => {
    const { events } = createUserEvents();
    events.receive(message("deploy", 41));
    expect(events.clock.time).toBe(42);
  });

  test("refuses what is older than the buffer reaches, with a warning a minute", () => {
    const { host, told, events } = createUserEvents();
    events.receive(message("new", 1000));
    expect(events.receive(message("old", 488))).toBe(false);
    expect(events.receive(message("older", 1))).toBe(false);
    expect(events.receive(message("within reach", 489))).toBe(true);
    expect(told).toEqual(["1000 new", "489 within reach"]);
    expect(host.logger.lines.map(({ level, message: text }) => `${level} ${text}`)).toEqual([
      "WARN serf: received old event old from time 488 (current: 1001)",
    ]);
  });

  test("ignores what is older than it was asked to, and asked never looks back", () => {
    const { told, events } = createUserEvents();
    events.ignoreBefore(10);
    events.ignoreBefore(3);
    expect(events.receive(message("old", 9))).toBe(false);
    expect(events.receive(message("new", 10))).toBe(true);
    expect(told).toEqual(["10 new"]);
  });

  test("keeps no view of the packet it came in", () => {
    const { events } = createUserEvents();
    const event = message("deploy", 5, "v1");
    events.receive(event);
    event.payload.fill(0);
    expect(events.recent()).toEqual([{ time: 5, items: [{ name: "deploy", payload: utf8Encode("v1") }] }]);
  });
});
