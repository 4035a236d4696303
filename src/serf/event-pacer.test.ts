import { describe, expect, test } from "vitest";
import { SerfError } from "../base/errors.ts";
import { SimulatedNetwork } from "../simulator/index.ts";
import { EventPacer } from "./event-pacer.ts";
import type { EventRate } from "./event-rate.ts";

function createPacer(perSecond = 1_000, waitingMax = 10_000) {
  const network = new SimulatedNetwork({ seed: 1 });
  const room = { has: true };
  const steps: string[] = [];
  const current = () => {
    steps.push("rate");
    return perSecond;
  };
  const rate = { current, noteOwn: () => undefined } as unknown as EventRate;
  const host = network.createHost({ address: "10.0.0.1" });
  const pacer = new EventPacer({ waitingMax, hasRoom: () => room.has }, rate, host);
  const sent: number[] = [];
  const outcomes: (string | undefined)[] = [];
  const admit = (from: number, to: number) => {
    for (let index = from; index < to; index++)
      pacer.admit(
        { check: () => undefined, send: () => void sent.push(index) },
        (error) => void outcomes.push(error?.code),
      );
  };
  return { network, room, pacer, sent, steps, outcomes, admit };
}

describe("the pacer of events", () => {
  test("sends a few at once, and then so many a second, in order", () => {
    const { network, sent, outcomes, admit } = createPacer();
    admit(0, 500);
    expect(sent).toHaveLength(64);
    expect(outcomes).toHaveLength(64);
    network.run(100);
    expect(sent.length).toBeGreaterThan(64 + 90);
    expect(sent.length).toBeLessThan(64 + 110);
    network.run(1_000);
    expect(sent).toEqual(Array.from({ length: 500 }, (_, index) => index));
    expect(outcomes.every((code) => code === undefined)).toBe(true);
  });

  test("sends an event after a pause before it asks for the rate", () => {
    const { pacer, steps } = createPacer();
    pacer.admit({ check: () => steps.push("check"), send: () => steps.push("send") }, () => steps.push("done"));
    expect(steps).toEqual(["send", "rate", "done"]);
  });

  test("refuses at once what has to wait and could never be sent", () => {
    const { pacer, admit, outcomes } = createPacer();
    admit(0, 64);
    const check = () => {
      throw new SerfError("USER_EVENT_TOO_LARGE", "for any packet");
    };
    expect(() => pacer.admit({ check, send: check }, () => outcomes.push("done"))).toThrow("for any packet");
    expect(pacer.waitingCount).toBe(0);
    expect(outcomes).toHaveLength(64);
  });

  test("lets nobody overtake who waits", () => {
    const { network, sent, admit } = createPacer();
    admit(0, 70);
    network.run(3);
    admit(70, 71);
    network.run(100);
    expect(sent).toEqual(Array.from({ length: 71 }, (_, index) => index));
  });

  test("waits while there is no room", () => {
    const { network, room, sent, admit } = createPacer();
    room.has = false;
    admit(0, 3);
    network.run(1_000);
    expect(sent).toEqual([]);
    room.has = true;
    network.run(100);
    expect(sent).toEqual([0, 1, 2]);
  });

  test("refuses one more than may wait", () => {
    const { pacer, admit } = createPacer(1_000, 10);
    admit(0, 74);
    expect(pacer.waitingCount).toBe(10);
    expect(() => admit(74, 75)).toThrow(
      expect.objectContaining({
        code: "TOO_MANY_USER_EVENTS",
        message: "10 user events wait to be sent already, at about 1000 a second",
      }),
    );
  });

  test("tells those that wait why they are not sent", () => {
    const { network, pacer, sent, outcomes, admit } = createPacer();
    admit(0, 70);
    pacer.refuseWaiting(new SerfError("NOT_RUNNING", "the node leaves"));
    expect(outcomes.slice(64)).toEqual(Array.from({ length: 6 }, () => "NOT_RUNNING"));
    network.run(1_000);
    expect(sent).toHaveLength(64);
  });

  test("tells whoever waited what went wrong when it was sent", () => {
    const { network, pacer, admit } = createPacer();
    admit(0, 64);
    const outcomes: (string | undefined)[] = [];
    const fail = () => {
      throw new SerfError("TOO_MANY_LARGE_MESSAGES", "later");
    };
    pacer.admit({ check: () => undefined, send: fail }, (error) => void outcomes.push(error?.code));
    network.run(100);
    expect(outcomes).toEqual(["TOO_MANY_LARGE_MESSAGES"]);
  });
});
