import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hexDecode, hexEncode, utf8Encode } from "../base/bytes.ts";
import { isRejected } from "../base/rejected.ts";
import { decodeSerfMessage, encodeSerfMessage } from "./messages.ts";
import { decodePushPull, encodePushPull } from "./push-pull.ts";
import type { QueryMessage } from "./query-messages.ts";

function hex(digits: string): Uint8Array {
  const bytes = hexDecode(digits);
  if (bytes === undefined) throw new Error(`not hexadecimal: ${digits}`);
  return bytes;
}

// Golden bytes: written by go-msgpack 0.5.5 (Debian's, as its serf uses it) from structs with the field names and types of
// Serf's messages.go.
const golden = {
  leave: "0083a54c54696d65cd012ca44e6f6465a66e6f64652d61a55072756e65c3",
  join: "0182a54c54696d65ce00011170a44e6f6465a66e6f64652d62",
  userEvent: "0384a24343c3a54c54696d65cf0000010000000000a44e616d65a66465706c6f79a75061796c6f6164a27631",
  emptyUserEvent: "0384a24343c2a54c54696d6501a44e616d65a178a75061796c6f6164c0",
  query:
    "048ba441646472a40a000001a746696c7465727391a20001a5466c61677302a24944ce0001e240a54c54696d6504a44e616d65a46c6f6164a75061796c6f6164a170a4506f7274cd1f0aab52656c6179466163746f7203aa536f757263654e6f6465a3737263a754696d656f7574cf000000037e11d600",
  queryResponse: "0585a5466c61677301a446726f6da162a24944ceee6b2800a54c54696d6507a75061796c6f6164a3302e35",
  relayV4: "0982a8446573744164647283a24950a40a000001a4506f7274cd1f0aa45a6f6e65a0a8446573744e616d65a3647374",
  pushPull:
    "0286aa4576656e744c54696d6509a64576656e747393c082a64576656e74739282a44e616d65a66465706c6f79a75061796c6f6164a2763182a44e616d65a470696e67a75061796c6f6164c0a54c54696d6508c0a54c54696d6507ab4c6566744d656d6265727391a162aa51756572794c54696d6501ac5374617475734c54696d657381a16103",
};

test("a user event is read in whatever order and form its fields come, and refused where they are cut off", () => {
  const event = { kind: "user-event", lamportTime: 1, name: "x", payload: utf8Encode("v1"), coalesce: true };
  const [coalesce, time, name, payload] = ["a24343c3", "a54c54696d6501", "a44e616d65a178", "a75061796c6f6164a27631"];
  for (const fields of [
    `84${coalesce}${time}${name}${payload}`,
    `84${payload}${name}${time}${coalesce}`,
    `84${coalesce}${name}${time}${payload}`,
    `84${coalesce}${time}${payload}${name}`,
    `85${coalesce}${time}${name}${payload}a14100`,
    `84d9024343c3${time}${name}${payload}`,
    `84${coalesce}${time}${name}a75061796c6f6164c4027631`,
  ])
    expect(decodeSerfMessage(hex(`03${fields}`)), fields).toEqual(event);
  const whole = `0384${coalesce}${time}${name}${payload}`;
  for (let digits = 4; digits < whole.length; digits += 2)
    expect(isRejected(decodeSerfMessage(hex(whole.slice(0, digits)))), whole.slice(0, digits)).toBe(true);
});

describe("messages that the reference wrote", () => {
  test("are written alike", () => {
    const { leave, join, userEvent, emptyUserEvent } = golden;
    expect(hexEncode(encodeSerfMessage({ kind: "leave", lamportTime: 300, node: "node-a", prune: true }))).toBe(leave);
    expect(hexEncode(encodeSerfMessage({ kind: "join", lamportTime: 70_000, node: "node-b" }))).toBe(join);
    const event = { kind: "user-event", lamportTime: 2 ** 40, name: "deploy", payload: utf8Encode("v1") } as const;
    expect(hexEncode(encodeSerfMessage({ ...event, coalesce: true }))).toBe(userEvent);
    const empty = { kind: "user-event", lamportTime: 1, name: "x", payload: new Uint8Array(0) } as const;
    expect(hexEncode(encodeSerfMessage({ ...empty, coalesce: false }))).toBe(emptyUserEvent);
  });

  test("are written, of queries, to the same bytes", () => {
    const read = decodeSerfMessage(hex(golden.query));
    expect(isRejected(read)).toBe(false);
    expect(hexEncode(encodeSerfMessage(read as QueryMessage))).toBe(golden.query);
    const response = { kind: "query-response", lamportTime: 7, id: 4e9, from: "b", flags: 1 } as const;
    expect(hexEncode(encodeSerfMessage({ ...response, payload: utf8Encode("0.5") }))).toBe(golden.queryResponse);
    const plain = { ...(read as QueryMessage), filters: undefined, payload: new Uint8Array(0) };
    expect(hexEncode(encodeSerfMessage(plain))).toContain(`${hexEncode(utf8Encode("Filters"))}c0`);
  });

  test("are written, of relays, to what is read again", () => {
    const destination = { address: "10.0.0.1", port: 7946 };
    const relay = { kind: "relay", destination, destinationName: "a", message: Uint8Array.of(5, 0x80) } as const;
    expect(decodeSerfMessage(encodeSerfMessage(relay))).toEqual(relay);
  });

  test("are read", () => {
    expect(decodeSerfMessage(hex(golden.leave))).toEqual({
      kind: "leave",
      lamportTime: 300,
      node: "node-a",
      prune: true,
    });
    expect(decodeSerfMessage(hex(golden.query))).toEqual({
      kind: "query",
      lamportTime: 4,
      id: 123_456,
      address: "10.0.0.1",
      port: 7946,
      sourceNode: "src",
      filters: [Uint8Array.of(0, 1)],
      flags: 2,
      relayFactor: 3,
      timeoutNs: 15e9,
      name: "load",
      payload: utf8Encode("p"),
    });
    expect(decodeSerfMessage(hex(golden.emptyUserEvent))).toEqual({
      kind: "user-event",
      lamportTime: 1,
      name: "x",
      payload: new Uint8Array(0),
      coalesce: false,
    });
  });

  test("a push/pull loses its empty slots", () => {
    expect(decodePushPull(hex(golden.pushPull))).toEqual({
      kind: "push-pull",
      lamportTime: 7,
      statusTimes: new Map([["a", 3]]),
      leftMembers: ["b"],
      eventTime: 9,
      events: [
        {
          time: 8,
          items: [
            { name: "deploy", payload: utf8Encode("v1") },
            { name: "ping", payload: new Uint8Array(0) },
          ],
        },
      ],
      queryTime: 1,
      eventSums: new Uint8Array(0),
    });
  });

  test("a leave intent of Serf 0.1, without a prune field, does not prune", () => {
    expect(decodeSerfMessage(hex("0082a54c54696d6505a44e6f6465a161"))).toMatchObject({ node: "a", prune: false });
  });
});

describe("a relay", () => {
  test("carries the message for its destination as it is", () => {
    expect(decodeSerfMessage(hex(`${golden.relayV4}0583`))).toEqual({
      kind: "relay",
      destination: { address: "10.0.0.1", port: 7946 },
      destinationName: "dst",
      message: hex("0583"),
    });
  });

  test("to no address is rejected", () => {
    expect(decodeSerfMessage(hex("0981a8446573744164647281a24950a10a"))).toMatchObject({ reason: "malformed" });
  });
});

describe("any bytes", () => {
  test("are a message or are rejected, never an exception", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10 }), fc.uint8Array({ maxLength: 128 }), (type, body) => {
        const bytes = Uint8Array.of(type, ...body);
        decodeSerfMessage(bytes);
        decodePushPull(bytes);
      }),
    );
  });

  test("of no message, or of a type nobody defined, are rejected", () => {
    expect(decodeSerfMessage(new Uint8Array(0))).toMatchObject({ reason: "truncated" });
    expect(decodeSerfMessage(Uint8Array.of(200))).toMatchObject({ reason: "unknown-kind" });
    expect(decodePushPull(new Uint8Array(0))).toMatchObject({ reason: "truncated" });
    expect(decodePushPull(Uint8Array.of(3))).toMatchObject({ reason: "unknown-kind" });
  });
});

test("a push/pull survives encoding and decoding", () => {
  const time = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
  const name = fc.string({ unit: "grapheme" });
  const item = fc.record({ name, payload: fc.uint8Array() });
  const pushPull = fc.record({
    kind: fc.constant("push-pull" as const),
    lamportTime: time,
    statusTimes: fc.array(fc.tuple(name, time)).map((entries) => new Map(entries)),
    leftMembers: fc.array(name),
    eventTime: time,
    events: fc.array(fc.record({ time, items: fc.array(item) })),
    queryTime: time,
    eventSums: fc.uint8Array(),
  });
  fc.assert(
    fc.property(pushPull, (value) => {
      const decoded = decodePushPull(encodePushPull(value));
      expect(isRejected(decoded)).toBe(false);
      expect(decoded).toEqual(value);
    }),
  );
});
