import { describe, expect, test } from "vitest";
import { memberlistMember } from "../../test/support/members.ts";
import type { Coordinate } from "../coordinate/coordinate.ts";
import { SimulatedNetwork } from "../simulator/index.ts";
import { Coordinates } from "./coordinates.ts";
import { decodePingPayload, encodePingPayload } from "./ping-payload.ts";

const origin: Coordinate = { vec: [0, 0, 0, 0, 0, 0, 0, 0], error: 1.5, adjustment: 0, height: 10e-6 };

function createCoordinates() {
  const host = new SimulatedNetwork({ seed: 1 }).createHost({ address: "10.0.0.1" });
  const members = new Set(["self", "a", "b"]);
  const coordinates = new Coordinates({ name: "self", isMember: (name) => members.has(name) }, host);
  const answer = (name: string, roundTripMs: number, payload: Uint8Array) =>
    coordinates.pingCompleted(memberlistMember(name), roundTripMs, payload);
  const counter = (name: string) => host.metrics.counters.get(name);
  const log = () => host.logger.lines.map(({ level, message }) => `${level} ${message}`);
  return { host, coordinates, answer, counter, log };
}

const does = { pullsEvents: true, keepsStreams: true };

describe("coordinates", () => {
  test("tell from an ack whether its sender keeps streams", () => {
    const { coordinates } = createCoordinates();
    expect(coordinates.keepsStreams(coordinates.ackPayload())).toBe(true);
    for (const payload of [encodePingPayload(origin), new Uint8Array(0), Uint8Array.of(1, 0xc1)])
      expect(coordinates.keepsStreams(payload)).toBe(false);
  });

  test("send this node's own with every ack, and what this node does beyond others", () => {
    const { coordinates, answer } = createCoordinates();
    expect(decodePingPayload(coordinates.ackPayload())).toEqual({ coordinate: origin, ...does });
    answer("a", 50, encodePingPayload(origin));
    const moved = coordinates.find("self");
    expect(moved).not.toEqual(origin);
    expect(decodePingPayload(coordinates.ackPayload())).toEqual({ coordinate: moved, ...does });
  });

  test("keep what a member said last, until it is forgotten", () => {
    const { coordinates, answer, host } = createCoordinates();
    expect(coordinates.find("a")).toBeUndefined();
    const theirs = { ...origin, vec: [0.01, 0, 0, 0, 0, 0, 0, 0], error: 0.5 };
    answer("a", 50, encodePingPayload(origin));
    answer("a", 50, encodePingPayload(theirs));
    expect(coordinates.find("a")).toEqual(theirs);
    expect(host.metrics.samples.get("serf.coordinate.adjustment-ms")?.count).toBe(2);
    coordinates.forget("a");
    expect(coordinates.find("a")).toBeUndefined();
  });

  test("of who is no member are not kept", () => {
    const { coordinates, answer } = createCoordinates();
    answer("stranger", 50, encodePingPayload(origin));
    expect(coordinates.find("stranger")).toBeUndefined();
    expect(coordinates.find("self")).toEqual(origin);
  });

  test("do without those of a member that sends none", () => {
    const { coordinates, answer, log } = createCoordinates();
    answer("a", 50, new Uint8Array(0));
    expect(coordinates.find("a")).toBeUndefined();
    expect(log()).toEqual([]);
  });

  test.each([
    ["too few dimensions", { ...origin, vec: [0] }, 50],
    ["NaN", { ...origin, vec: [Number.NaN, 0, 0, 0, 0, 0, 0, 0] }, 50],
    ["infinity", { ...origin, height: Number.POSITIVE_INFINITY }, 50],
    ["a round trip that is too long", origin, 10_001],
  ])("with %s are refused and counted", (_, theirs, roundTripMs) => {
    const { coordinates, answer, counter } = createCoordinates();
    answer("a", roundTripMs, encodePingPayload(theirs));
    expect(counter("serf.coordinate.rejected")).toBe(1);
    expect(coordinates.find("a")).toBeUndefined();
    expect(coordinates.find("self")).toEqual(origin);
  });

  test("say whether a member pulls the user events it misses; of one without an ack neither is known", () => {
    const { coordinates, answer } = createCoordinates();
    const known = (name: string) => [coordinates.pullsEvents(name), coordinates.forgetsEvents(name)];
    expect(known("a")).toEqual([false, false]);
    answer("a", 50, coordinates.ackPayload());
    expect(known("a")).toEqual([true, false]);
    answer("a", 50, encodePingPayload(origin));
    expect(known("a")).toEqual([false, true]);
    answer("b", 50, new Uint8Array(0));
    expect(known("b")).toEqual([false, true]);
    coordinates.forget("a");
    expect(known("a")).toEqual([false, false]);
  });

  test("that cannot be read are complained of once a minute", () => {
    const { answer, counter, log } = createCoordinates();
    for (let i = 0; i < 3; i++) answer("a", 50, Uint8Array.of(2, 0x80));
    answer("b", 50, Uint8Array.of(1, 0x84, 0xa3));
    expect(counter("serf.rejected.version")).toBe(3);
    expect(log()).toHaveLength(2);
    expect(log()[0]).toBe("ERR serf: Unsupported ping version: 2");
    expect(log()[1]).toMatch(/^ERR serf: Failed to decode coordinate from ping: /);
  });

  test("take a round trip of no measurable time, and count it", () => {
    const { coordinates, answer, counter } = createCoordinates();
    answer("a", 0, encodePingPayload(origin));
    expect(counter("serf.coordinate.zero-rtt")).toBe(1);
    expect(coordinates.find("a")).toEqual(origin);
  });
});
