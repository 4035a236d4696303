/** The network coordinates that a real agent sent in its acks: test/fixtures/wire/README.md says how they were taken. */

import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { hexDecode, hexEncode } from "../../src/base/bytes.ts";
import { isRejected } from "../../src/base/rejected.ts";
import { coordinateProblem } from "../../src/coordinate/coordinate.ts";
import { decodePingPayload, encodePingPayload } from "../../src/serf/ping-payload.ts";
import { createLabel } from "../../src/wire/label.ts";
import { openPacket } from "../../src/wire/packet-envelope.ts";

interface AgentSession {
  readonly name: string;
  readonly key: string;
  readonly captures: readonly { readonly transport: "packet" | "stream"; readonly hex: string }[];
}

const fixture = new URL("../fixtures/wire/agent.json", import.meta.url);
const sessions = JSON.parse(readFileSync(fixture, "utf8")) as readonly AgentSession[];

/** The payloads of the acks that an agent sent. */
function payloadsOf({ key, captures }: AgentSession): Uint8Array[] {
  const keys = key === "" ? [] : [hexDecode(key)!];
  const payloads: Uint8Array[] = [];
  for (const { hex } of captures.filter(({ transport }) => transport === "packet"))
    openPacket(hexDecode(hex)!, { label: createLabel(""), keys, verifyIncoming: true }, (message) => {
      if (message.kind === "ack" && message.payload.length > 0) payloads.push(message.payload);
    });
  return payloads;
}

test.each(sessions)("the coordinate of an agent ($name) is read, and written by us byte for byte", (session) => {
  const payloads = payloadsOf(session);
  expect(payloads.length).toBeGreaterThan(0);
  for (const payload of payloads) {
    const decoded = decodePingPayload(payload);
    if (isRejected(decoded)) throw new Error(decoded.detail);
    expect(decoded.pullsEvents).toBe(false);
    expect(coordinateProblem(decoded.coordinate, 8)).toBeUndefined();
    expect(hexEncode(encodePingPayload(decoded.coordinate))).toBe(hexEncode(payload));
  }
});

test("any coordinate survives the way through its bytes, NaN and infinity too", () => {
  const coordinate = fc.record({
    vec: fc.array(fc.double(), { maxLength: 20 }),
    error: fc.double(),
    adjustment: fc.double(),
    height: fc.double(),
  });
  fc.assert(
    fc.property(coordinate, (value) => {
      expect(decodePingPayload(encodePingPayload(value))).toEqual({
        coordinate: value,
        pullsEvents: false,
        keepsStreams: false,
      });
    }),
  );
});

test("any bytes are a coordinate or a rejection, and never throw", () => {
  const bytes = fc.uint8Array({ maxLength: 200 }).map((rest) => Uint8Array.of(1, ...rest));
  fc.assert(fc.property(fc.oneof(bytes, fc.uint8Array()), (payload) => void decodePingPayload(payload)));
});
