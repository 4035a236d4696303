import { describe, expect, test } from "vitest";
import { concatBytes, utf8Encode } from "../base/bytes.ts";
import type { Random } from "../base/host.ts";
import { addChecksum } from "./checksum.ts";
import { encodeMessage } from "./codecs.ts";
import { encodeCompound } from "./compound.ts";
import { compress, compressedSchema } from "./compression.ts";
import { createLabel } from "./label.ts";
import { compressLzw } from "./lzw.ts";
import { messageTypes, type PacketMessage } from "./messages.ts";
import { type Opening, openPacket, type Sealing, sealLoneCompound, sealPacket } from "./packet-envelope.ts";

const random: Random = { below: () => 0, fraction: () => 0, fill: (target) => target.fill(7) };
const key = new Uint8Array(16).fill(1);
const otherKey = new Uint8Array(32).fill(2);

const suspect: PacketMessage = { kind: "suspect", incarnation: 1, node: "b", from: "a" };
const nack: PacketMessage = { kind: "nack", sequence: 3 };
const user: PacketMessage = { kind: "user", payload: utf8Encode("na".repeat(200)) };

function sealing(changes: Partial<Sealing> = {}): Sealing {
  return { label: createLabel(""), keys: [], encryptionVersion: 1, compress: false, random, ...changes };
}

function opening(changes: Partial<Opening> = {}): Opening {
  return { label: createLabel(""), keys: [], verifyIncoming: true, ...changes };
}

function open(packet: Uint8Array, changes: Partial<Opening> = {}) {
  const messages: PacketMessage[] = [];
  const problem = openPacket(packet, opening(changes), (message) => messages.push(message));
  return { messages, problem };
}

const encoded = [suspect, nack, user].map(encodeMessage);

describe("a sealed packet", () => {
  for (const label of ["", "blue"])
    for (const keys of [[], [key], [otherKey, key]])
      for (const encryptionVersion of [0, 1] as const)
        for (const compressed of [false, true])
          for (const checksum of [false, true])
            test(`opens: label "${label}", ${keys.length} keys, version ${encryptionVersion}, compressed ${compressed}, checksum ${checksum}`, () => {
              const layers = { label: createLabel(label), keys };
              const packet = sealPacket(
                encoded,
                sealing({ ...layers, encryptionVersion, compress: compressed }),
                checksum,
              );
              const opened = open(packet, { label: createLabel(label), keys: keys.toReversed() });
              expect(opened).toEqual({ messages: [suspect, nack, user], problem: undefined });
            });

  test("is layered outward as compound, compression, checksum, encryption, label (detail 1)", () => {
    const inside = addChecksum(compress(encodeCompound(encoded)));
    expect(sealPacket(encoded, sealing({ compress: true }), true)).toEqual(inside);
    const labelled = sealPacket(encoded, sealing({ compress: true, label: createLabel("blue"), keys: [key] }), true);
    expect(labelled.subarray(0, 7)).toEqual(Uint8Array.of(244, 4, ...utf8Encode("blue"), 1));
    expect(labelled.length).toBe(6 + 1 + 12 + inside.length + 16);
  });

  test("of one message is not a compound", () => {
    expect(sealPacket([encoded[1]!], sealing(), false)).toEqual(encoded[1]);
  });

  test("of one message can be a compound nevertheless, and that is told, whatever is around it", () => {
    const isLone = (packet: Uint8Array, changes: Partial<Opening> = {}) => {
      const told: boolean[] = [];
      expect(openPacket(packet, opening(changes), (_, lone) => told.push(lone))).toBeUndefined();
      return told;
    };
    const [one, , long] = encoded;
    for (const layers of [{}, { compress: true }, { keys: [key], label: createLabel("blue") }])
      for (const message of [one!, long!])
        expect(isLone(sealLoneCompound(message, sealing(layers), true), layers)).toEqual([true]);
    expect(open(sealLoneCompound(one!, sealing(), false)).messages).toEqual([suspect]);
    expect(isLone(sealPacket([one!], sealing(), true))).toEqual([false]);
    expect(isLone(sealPacket(encoded, sealing(), true))).toEqual([false, false, false]);
    expect(isLone(encodeCompound([encodeCompound([one!]), one!]))).toEqual([false, false]);
  });

  test("is compressed only if that makes it smaller (detail 1)", () => {
    expect(sealPacket([encoded[1]!], sealing({ compress: true }), false)[0]).toBe(messageTypes.nack);
    expect(sealPacket([encoded[2]!], sealing({ compress: true }), false)[0]).toBe(messageTypes.compress);
  });

  test("is not compressed if it is small", () => {
    const { length } = encoded[2]!;
    const seal = (compressedPacketBytesMin: number) =>
      sealPacket([encoded[2]!], sealing({ compress: true, compressedPacketBytesMin }), false);
    expect(seal(length + 1)).toEqual(encoded[2]);
    expect(seal(length)[0]).toBe(messageTypes.compress);
  });
});

describe("an opened packet", () => {
  test("authenticates the label with the cipher (detail 2)", () => {
    const packet = sealPacket([encoded[1]!], sealing({ label: createLabel("blue"), keys: [key] }), false);
    const relabelled = concatBytes(createLabel("grey").header, packet.subarray(6));
    expect(open(relabelled, { label: createLabel("grey"), keys: [key] }).problem?.reason).toBe("undecryptable");
  });

  test("is refused with a wrong, missing or unexpected label", () => {
    const labelled = sealPacket([encoded[1]!], sealing({ label: createLabel("blue") }), false);
    expect(open(labelled).problem?.reason).toBe("wrong-label");
    expect(open(labelled, { label: createLabel("grey") }).problem?.reason).toBe("wrong-label");
    expect(open(encoded[1]!, { label: createLabel("blue") }).problem?.reason).toBe("wrong-label");
    expect(open(labelled, { label: createLabel("blue", true) }).problem?.reason).toBe("wrong-label");
  });

  test("is taken without a label where something before has removed it", () => {
    const keys = [key];
    const packet = sealPacket([encoded[1]!], sealing({ label: createLabel("blue"), keys }), false);
    const removed = packet.subarray(6);
    expect(open(removed, { label: createLabel("blue", true), keys }).messages).toEqual([nack]);
  });

  test("with a label that is cut off or empty is refused (accident 7: label removal failing halfway)", () => {
    expect(open(Uint8Array.of(244)).problem?.reason).toBe("truncated");
    expect(open(Uint8Array.of(244, 0, 11)).problem?.reason).toBe("wrong-label");
    expect(open(Uint8Array.of(244, 9, 65), { label: createLabel("A") }).problem?.reason).toBe("truncated");
  });

  test("in plain text is refused while encryption is on (accident 8), unless incoming is not verified", () => {
    for (const packet of encoded) {
      const refused = open(packet, { keys: [key] });
      expect(refused.messages).toEqual([]);
      expect(refused.problem).toBeDefined();
    }
    expect(open(encoded[0]!, { keys: [key] }).problem?.reason).toBe("not-encrypted");
    expect(open(encoded[0]!, { keys: [key], verifyIncoming: false }).messages).toEqual([suspect]);
  });

  test("under an unknown key is refused", () => {
    const packet = sealPacket(encoded, sealing({ keys: [otherKey] }), false);
    expect(open(packet, { keys: [key] }).problem?.reason).toBe("undecryptable");
    expect(open(packet).messages).toEqual([]);
  });

  test("with a wrong checksum is refused", () => {
    const packet = sealPacket(encoded, sealing(), true);
    packet[packet.length - 1]! ^= 1;
    expect(open(packet).problem?.reason).toBe("bad-checksum");
  });

  test("whose compressed part inflates to nothing is refused (accident 2)", () => {
    const part = compressedSchema.encode(
      { algorithm: 0, bytes: compressLzw(new Uint8Array(0)) },
      messageTypes.compress,
    );
    expect(open(part).problem?.reason).toBe("truncated");
  });

  test("is refused beyond 64 KiB inflated (accident 3: decompression bomb), also as many parts", () => {
    const bomb = compress(new Uint8Array(70_000));
    expect(bomb.length).toBeLessThan(1000);
    expect(open(bomb).problem?.reason).toBe("too-large");
    const half = compress(concatBytes(encoded[2]!, new Uint8Array(40_000)));
    const opened = open(encodeCompound([half, half, half, encoded[1]!]));
    expect(opened.problem?.reason).toBe("too-large");
    expect(opened.messages.map(({ kind }) => kind)).toEqual(["user", "nack"]);
  });

  test("gets no further inflating once a part went over the bound", () => {
    const bomb = compress(new Uint8Array(70_000));
    const opened = open(encodeCompound([compress(encoded[0]!), bomb, compress(encoded[1]!), encoded[2]!]));
    expect(opened.messages).toEqual([suspect, user]);
    expect(opened.problem?.reason).toBe("too-large");
  });

  test("whose encryption version was changed on the way is refused: the padding makes no sense", () => {
    for (const message of [encoded[1]!, new Uint8Array(40).fill(200), new Uint8Array(40), Uint8Array.of(16)]) {
      const packet = sealPacket([message], sealing({ keys: [key] }), false);
      packet[0] = 0;
      expect(open(packet, { keys: [key] })).toMatchObject({ messages: [], problem: { kind: "rejected" } });
    }
  });

  test("whose compound counts more parts than it has bytes is refused (accident 5)", () => {
    expect(open(Uint8Array.of(7, 1, 0, 0)).problem?.reason).toBe("truncated");
    expect(open(Uint8Array.of(7, 255, 0, 1, 8)).problem?.reason).toBe("truncated");
    expect(open(Uint8Array.of(7)).problem?.reason).toBe("truncated");
  });

  test("cut off inside a compound still gives the messages that are whole", () => {
    const packet = sealPacket(encoded, sealing(), false);
    const opened = open(packet.subarray(0, packet.length - 1));
    expect(opened.messages).toEqual([suspect, nack]);
    expect(opened.problem?.reason).toBe("truncated");
  });

  test("nested deeper than anybody nests is refused", () => {
    let packet = encoded[1]!;
    for (let i = 0; i < 4; i++) packet = encodeCompound([packet]);
    expect(open(packet).messages).toEqual([nack]);
    expect(open(encodeCompound([packet])).problem?.reason).toBe("too-large");
  });

  test("without any bytes, or nothing but an envelope, is refused (accident 6: empty command byte)", () => {
    expect(open(new Uint8Array(0)).problem?.reason).toBe("truncated");
    expect(open(addChecksum(new Uint8Array(0))).problem?.reason).toBe("truncated");
    expect(
      open(sealPacket([new Uint8Array(0)], sealing({ keys: [key] }), false), { keys: [key] }).problem?.reason,
    ).toBe("truncated");
  });
});
