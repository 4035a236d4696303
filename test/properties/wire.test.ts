/** What holds for every message and for all bytes. fast-check prints the seed that replays a failure. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bytesToIp, canonicalIp, ipToBytes } from "../../src/base/address.ts";
import { bytesEqual, utf8Decode, utf8Encode, utf8Length } from "../../src/base/bytes.ts";
import { isRejected, type Rejected } from "../../src/base/rejected.ts";
import { decrypt } from "../../src/wire/cipher.ts";
import { decodeMessage, encodeMessage } from "../../src/wire/codecs.ts";
import { compress, decompress } from "../../src/wire/compression.ts";
import { createLabel } from "../../src/wire/label.ts";
import { packetInflatedBytesMax } from "../../src/wire/limits.ts";
import { compressLzw, LzwInflater } from "../../src/wire/lzw.ts";
import type { PacketMessage, StreamMessage } from "../../src/wire/messages.ts";
import { MsgpackReader } from "../../src/wire/msgpack-reader.ts";
import { type Opening, openPacket, type Sealing, sealPacket } from "../../src/wire/packet-envelope.ts";
import { f64, i64, list, looseText, map, nullable, u64 } from "../../src/wire/schema.ts";
import { encodeStateExchange } from "../../src/wire/state-exchange.ts";
import { StreamDecoder } from "../../src/wire/stream-decoder.ts";
import { sealStreamMessage } from "../../src/wire/stream-envelope.ts";
import { anyBytes, anyExchange, anyMessage } from "./wire-arbitraries.ts";

const runs = { numRuns: 1500 };
const keys = [16, 24, 32].map((keyBytes) => new Uint8Array(keyBytes).fill(keyBytes));

const anySealing: fc.Arbitrary<Sealing> = fc.record({
  label: fc.string({ maxLength: 60 }).map((text) => createLabel(text)),
  keys: fc.subarray(keys),
  encryptionVersion: fc.constantFrom(0 as const, 1 as const),
  compress: fc.boolean(),
  compressedPacketBytesMin: fc.constantFrom(0, 256),
  random: fc.uint8Array({ minLength: 12, maxLength: 12 }).map((nonce) => ({
    below: () => 0,
    fraction: () => 0,
    fill: (target: Uint8Array) => {
      target.set(nonce);
      return target;
    },
  })),
});

function openingOf({ label, keys }: Sealing): Opening {
  return { label, keys: keys.toReversed(), verifyIncoming: true };
}

describe("every message", () => {
  test("comes back as it was", () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        expect(decodeMessage(encodeMessage(message))).toEqual(message);
      }),
      runs,
    );
  });

  test("comes back from a sealed packet", () => {
    fc.assert(
      fc.property(
        fc.array(anyMessage, { minLength: 1, maxLength: 20 }),
        anySealing,
        fc.boolean(),
        (messages, sealing, checksum) => {
          const packet = sealPacket(messages.map(encodeMessage), sealing, checksum);
          const opened: PacketMessage[] = [];
          expect(openPacket(packet, openingOf(sealing), (message) => opened.push(message))).toBeUndefined();
          expect(opened).toEqual(messages);
        },
      ),
      { numRuns: 300 },
    );
  });

  test("comes back from a sealed stream, however it is cut into chunks", () => {
    fc.assert(
      fc.property(anyExchange, anySealing, fc.array(fc.nat({ max: 3000 })), (exchange, sealing, cuts) => {
        const stream = sealStreamMessage(encodeStateExchange(exchange), sealing);
        expect(decodeStream(stream, openingOf(sealing), cuts)).toEqual(exchange);
      }),
      { numRuns: 300 },
    );
  });

  test("with one bit changed under a cipher does not open", () => {
    fc.assert(
      fc.property(anyMessage, anySealing, fc.nat(), (message, sealing, position) => {
        const sealed = { ...sealing, keys: [keys[0]!], label: createLabel("blue") };
        const packet = sealPacket([encodeMessage(message)], sealed, true);
        packet[position % packet.length]! ^= 1 << (position % 8);
        const visit = () => expect.unreachable();
        expect(isRejected(openPacket(packet, openingOf(sealed), visit))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

describe("any bytes", () => {
  test("as a message give a value or a refusal, and little memory", () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const message = decodeMessage(bytes);
        expect(footprintBytes(message, bytes)).toBeLessThan(1000 + 4 * bytes.length);
      }),
      runs,
    );
  });

  test.each([true, false])(
    "as a packet give messages and a refusal, and little memory (verifying: %s)",
    (verifyIncoming) => {
      fc.assert(
        fc.property(anyBytes, fc.subarray(keys), (bytes, someKeys) => {
          let largestBytes = 0;
          const problem = openPacket(bytes, { label: createLabel(""), keys: someKeys, verifyIncoming }, (message) => {
            largestBytes = Math.max(largestBytes, footprintBytes(message, bytes));
          });
          expect(problem === undefined || isRejected(problem)).toBe(true);
          expect(largestBytes).toBeLessThan(1000 + 4 * bytes.length + packetInflatedBytesMax);
        }),
        runs,
      );
    },
  );

  test("as a stream give a message or a refusal, the same in any chunks, and little memory", () => {
    fc.assert(
      fc.property(anyBytes, fc.subarray(keys), fc.array(fc.nat({ max: 1500 })), (bytes, someKeys, cuts) => {
        const opening = { label: createLabel(""), keys: someKeys, verifyIncoming: false };
        const whole = decodeStream(bytes, opening, []);
        const chunked = decodeStream(bytes, opening, cuts);
        // The details name positions, which differ with what is there when the refusal is certain.
        if (isRejected(whole)) expect(chunked).toMatchObject({ kind: "rejected" });
        else expect(chunked).toEqual(whole);
        expect(footprintBytes(whole, bytes)).toBeLessThan(1000 + 12 * bytes.length + 1024 * 1024);
      }),
      runs,
    );
  });

  test("as MessagePack of any schema give a value or a refusal", () => {
    const schemas = [map(u64), list(nullable(map(looseText))), list(f64), i64, list(list(list(u64)))];
    fc.assert(
      fc.property(anyBytes, fc.constantFrom(...schemas), (bytes, schema) => {
        const value: unknown = schema.decode(bytes);
        expect(footprintBytes(value, bytes)).toBeLessThan(1000 + 40 * bytes.length);
        const reader = new MsgpackReader(bytes);
        reader.skip();
        expect(reader.position).toBeLessThanOrEqual(bytes.length);
      }),
      runs,
    );
  });

  test("as ciphertext or compressed bytes give bytes or a refusal", () => {
    fc.assert(
      fc.property(anyBytes, fc.nat({ max: 5000 }), (bytes, bytesMax) => {
        const plain = decrypt(bytes, keys, new Uint8Array(0));
        expect(isRejected(plain)).toBe(true);
        const inflater = new LzwInflater(bytes, bytesMax);
        expect(inflater.advance(bytesMax + 1) === undefined ? inflater.isDone : true).toBe(true);
        expect(inflater.result().length).toBeLessThanOrEqual(bytesMax);
      }),
      runs,
    );
  });

  test("come back from compression, and from slices of it", () => {
    fc.assert(
      fc.property(anyBytes, fc.nat({ max: 200 }), (bytes, sliceBytes) => {
        if (bytes.length > 0) expect(decompress(compress(bytes), bytes.length)).toEqual(bytes);
        const inflater = new LzwInflater(compressLzw(bytes), bytes.length);
        while (!inflater.isDone) expect(inflater.advance(1 + sliceBytes)).toBeUndefined();
        expect(bytesEqual(inflater.result(), bytes)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test("of 4 or 16 as an address have one text, which gives them back", () => {
    const lengths = fc.constantFrom(4, 16).chain((length) => fc.uint8Array({ minLength: length, maxLength: length }));
    fc.assert(
      fc.property(
        fc.oneof(
          lengths,
          lengths.map((bytes) => bytes.map((byte) => (byte < 128 ? 0 : byte))),
        ),
        (bytes) => {
          const text = bytesToIp(bytes)!;
          expect(canonicalIp(text)).toBe(text);
          expect(bytesToIp(ipToBytes(text)!)).toBe(text);
        },
      ),
      runs,
    );
  });
});

test("any text is as long in UTF-8 as was foretold", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.nat({ max: 0xffff }).map((unit) => String.fromCharCode(unit)) }), (text) => {
      expect(utf8Length(text)).toBe(utf8Encode(text).length);
      if (!/\p{Surrogate}/u.test(text)) expect(utf8Decode(utf8Encode(text))).toBe(text);
    }),
    runs,
  );
});

test("any text is not an address, or an address of one canonical text", () => {
  const parts = fc.array(fc.constantFrom("0", "1", "ff", "ffff", "255", "256", ":", "::", ".", "01", "g", "%1"), {
    maxLength: 16,
  });
  fc.assert(
    fc.property(parts, (pieces) => {
      const canonical = canonicalIp(pieces.join(""));
      if (canonical !== undefined) expect(canonicalIp(canonical)).toBe(canonical);
    }),
    runs,
  );
});

function decodeStream(
  stream: Uint8Array,
  opening: Opening,
  cuts: readonly number[],
): StreamMessage | Rejected | undefined {
  const decoder = new StreamDecoder(opening);
  const edges = [...cuts.filter((cut) => cut < stream.length).toSorted((a, b) => a - b), stream.length];
  let start = 0;
  for (const edge of edges) {
    decoder.push(stream.slice(start, edge));
    start = edge;
    do {
      const message = decoder.next();
      if (message !== undefined) return message;
    } while (decoder.isBusy);
  }
  return decoder.end();
}

/** What a value holds, roughly as V8 does; views of `source` cost only themselves. */
function footprintBytes(value: unknown, source: Uint8Array): number {
  if (typeof value === "string") return 16 + 2 * value.length;
  if (typeof value !== "object" || value === null) return 8;
  if (value instanceof Uint8Array) return 64 + (value.buffer === source.buffer ? 0 : value.buffer.byteLength);
  const children = value instanceof Map ? [...value.entries()].flat() : Object.values(value);
  return children.reduce<number>((bytes, child) => bytes + 8 + footprintBytes(child, source), 32);
}
