import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeFrame, encodeFrame } from "../rpc/framing.ts";
import type { UserEvent } from "../serf/events.ts";
import { encodeUserEvent } from "./user-event-record.ts";

/** What is sent of a user event, written by the library that writes everything else. */
function expected({ coalesce, lamportTime, name, payload }: UserEvent): Uint8Array {
  return encodeFrame({
    Coalesce: coalesce,
    Event: "user",
    LTime: lamportTime > 0xffff_ffff ? BigInt(lamportTime) : lamportTime,
    Name: name,
    Payload: payload.length === 0 ? null : payload,
  });
}

function eventOf(lamportTime: number, name: string, payload: Uint8Array, coalesce = false): UserEvent {
  return { kind: "user", lamportTime, name, payload, coalesce };
}

describe("the record of a user event", () => {
  test("is the same bytes as a library's, at every change of a length's kind", () => {
    for (const length of [0, 1, 31, 32, 255, 256, 9_000, 65_535, 65_536])
      for (const time of [0, 127, 128, 255, 256, 65_535, 65_536, 2 ** 32 - 1]) {
        const event = eventOf(time, "n".repeat(length), new Uint8Array(length).fill(7), length % 2 === 0);
        expect(Buffer.compare(encodeUserEvent(event), expected(event)), `${length} ${time}`).toBe(0);
      }
  });

  test("has a time beyond 32 bits as the reference writes it, unsigned", () => {
    const record = encodeUserEvent(eventOf(2 ** 32, "deploy", Uint8Array.of(1)));
    expect(Buffer.from(record).includes(Buffer.from("\xa5LTime\xcf\0\0\0\x01\0\0\0\0\xa4Name", "latin1"))).toBe(true);
  });

  test("reads as what a library wrote, whatever is in the name", () => {
    const events = fc.tuple(
      fc.maxSafeNat(),
      fc.string({ unit: "binary", maxLength: 300 }),
      fc.uint8Array(),
      fc.boolean(),
    );
    fc.assert(
      fc.property(events, (fields) => {
        const event = eventOf(...fields);
        expect(decodeFrame(encodeUserEvent(event))).toEqual(decodeFrame(expected(event)));
      }),
    );
  });
});
