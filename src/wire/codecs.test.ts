import { describe, expect, test } from "vitest";
import { serfVersions } from "../../test/support/members.ts";
import { concatBytes, hexEncode, utf8Encode } from "../base/bytes.ts";
import { isRejected } from "../base/rejected.ts";
import { decodeMessage, encodeMessage } from "./codecs.ts";
import { messageTypes, type PacketMessage } from "./messages.ts";
import { MsgpackWriter } from "./msgpack-writer.ts";

const versions = { ...serfVersions, delegateCurrent: 4 };

const messages: readonly PacketMessage[] = [
  { kind: "ping", sequence: 1, node: "b", sourceAddress: "", sourcePort: 0, sourceNode: "" },
  { kind: "ping", sequence: 4_294_967_295, node: "b", sourceAddress: "10.0.0.1", sourcePort: 7946, sourceNode: "a" },
  {
    kind: "indirect-ping",
    sequence: 300,
    targetAddress: "fe80::1",
    targetPort: 7946,
    node: "b",
    nack: true,
    sourceAddress: "",
    sourcePort: 0,
    sourceNode: "",
  },
  { kind: "ack", sequence: 7, payload: Uint8Array.of(1, 2, 3) },
  { kind: "nack", sequence: 7 },
  { kind: "suspect", incarnation: 2, node: "b", from: "a" },
  {
    kind: "alive",
    incarnation: 2,
    node: "knoten-ä",
    address: "127.0.0.1",
    port: 7946,
    meta: utf8Encode("x".repeat(300)),
    versions,
  },
  { kind: "dead", incarnation: 2, node: "b", from: "b" },
  { kind: "user", payload: utf8Encode("hello") },
];

describe("a message", () => {
  test.each(messages.map((message) => [message.kind, message] as const))("%s comes back as it was", (_, message) => {
    expect(decodeMessage(encodeMessage(message))).toEqual(message);
  });

  test("without a type byte is rejected (accident 6: empty command byte)", () => {
    expect(decodeMessage(new Uint8Array(0))).toMatchObject({ kind: "rejected", reason: "truncated" });
  });

  test("of an unknown type is rejected", () => {
    for (const type of [6, 7, 9, 10, 12, 13, 14, 243, 244, 255])
      expect(decodeMessage(Uint8Array.of(type, 0x80))).toMatchObject({ kind: "rejected", reason: "unknown-kind" });
  });

  test("that pings carries where to answer, and the ack any payload (detail 5)", () => {
    expect(decodeMessage(encodeMessage(messages[1]!))).toMatchObject({ sourceAddress: "10.0.0.1", sourcePort: 7946 });
    const coordinate = Uint8Array.of(1, 0x84, 0xa3, 0x56, 0x65, 0x63);
    const ack = { kind: "ack", sequence: 1, payload: coordinate } as const;
    expect(decodeMessage(encodeMessage(ack))).toEqual(ack);
  });

  test("leaves out the sender of a ping when it is not given", () => {
    expect(hexEncode(encodeMessage(messages[0]!))).toBe("0082a44e6f6465a162a55365714e6f01");
  });

  test("has a ping ask for a stream that stays open by one key more", () => {
    const ping = { ...messages[0]!, hold: true } as PacketMessage;
    expect(hexEncode(encodeMessage(ping))).toBe("0083a4486f6c64c3a44e6f6465a162a55365714e6f01");
    expect(decodeMessage(encodeMessage(ping))).toEqual(ping);
  });

  test.each([0, 1, 2, 3, 4, 5])("alive with a version array of %i is one without versions (accident 1)", (length) => {
    const decoded = decodeMessage(aliveWith({ Addr: [127, 0, 0, 1], Vsn: [1, 5, 2, 2, 5, 4].slice(0, length) }));
    expect(decoded).toMatchObject({ kind: "alive", address: "127.0.0.1", versions: undefined });
  });

  test("alive with a longer version array keeps the first six", () => {
    expect(decodeMessage(aliveWith({ Addr: [127, 0, 0, 1], Vsn: [1, 5, 2, 2, 5, 4, 9] }))).toMatchObject({ versions });
  });

  test.each([0, 1, 3, 5, 15, 17])("alive with an address of %i bytes is rejected", (length) => {
    const decoded = decodeMessage(aliveWith({ Addr: new Array<number>(length).fill(1), Vsn: [] }));
    expect(decoded).toMatchObject({ kind: "rejected", reason: "malformed" });
  });

  test("alive with Go's 16-byte form of an IPv4 address is the IPv4 address", () => {
    const mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 0, 0, 1];
    expect(decodeMessage(aliveWith({ Addr: mapped, Vsn: [] }))).toMatchObject({ address: "10.0.0.1" });
  });

  test("cut off anywhere is rejected, never thrown", () => {
    for (const message of messages) {
      const encoded = encodeMessage(message);
      if (message.kind === "user") continue;
      for (let length = 0; length < encoded.length; length++)
        expect(isRejected(decodeMessage(encoded.slice(0, length)))).toBe(true);
    }
  });

  test("may be followed by other bytes, as in the reference", () => {
    const encoded = concatBytes(encodeMessage(messages[4]!), Uint8Array.of(1, 2, 3));
    expect(decodeMessage(encoded)).toEqual(messages[4]);
  });
});

function aliveWith({ Addr, Vsn }: { readonly Addr: readonly number[]; readonly Vsn: readonly number[] }): Uint8Array {
  const writer = new MsgpackWriter();
  writer.byte(messageTypes.alive);
  writer.mapHead(4);
  writer.text("Addr");
  writer.raw(Uint8Array.from(Addr));
  writer.text("Node");
  writer.text("a");
  writer.text("Port");
  writer.integer(7946);
  writer.text("Vsn");
  writer.raw(Uint8Array.from(Vsn));
  return writer.finish();
}
