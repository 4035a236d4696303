import { Buffer } from "node:buffer";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isRejected } from "../base/rejected.ts";
import { decodeFrame, encodeFrame, FrameReader, type FrameValue, uint64 } from "./framing.ts";

const limit = 64 * 1024;

function readAll(chunks: readonly Uint8Array[], frameBytesMax = limit): unknown[] {
  const reader = new FrameReader(frameBytesMax);
  const found: unknown[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
      const message = isRejected(frame) ? frame : decodeFrame(frame);
      found.push(message);
      if (isRejected(frame)) return found;
    }
  }
  return found;
}

function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const size = sizes.length === 0 ? bytes.length : sizes[i % sizes.length]!;
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

const leaf = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.integer(),
  fc.bigInt({ min: 2n ** 54n, max: 2n ** 64n - 1n }),
  fc.string({ unit: "grapheme", maxLength: 300 }),
  fc.uint8Array({ maxLength: 300 }),
);
const key = fc.string({ maxLength: 40 }).filter((name) => name !== "__proto__");
const frame = fc.dictionary(
  key,
  fc.oneof(leaf, fc.array(leaf, { maxLength: 20 }), fc.dictionary(key, leaf)),
) as fc.Arbitrary<Record<string, FrameValue>>;

describe("framing", () => {
  test("reads back any frames, however they are cut into chunks", () => {
    fc.assert(
      fc.property(
        fc.array(frame, { maxLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 700 }), { maxLength: 8 }),
        (frames, sizes) => {
          const bytes = Buffer.concat(frames.map((value) => encodeFrame(value)));
          expect(readAll(cut(bytes, sizes))).toEqual(frames.map((value) => ({ ...value })));
        },
      ),
    );
  });

  test("takes any bytes without an exception, and holds no more memory than it needs", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 400 }), { maxLength: 40 }), (chunks) => {
        const reader = new FrameReader(1_024);
        for (const chunk of chunks) {
          reader.push(chunk);
          for (let next = reader.next(); next !== undefined; next = reader.next()) {
            if (isRejected(next)) return reader.heldBytes === 0;
            decodeFrame(next);
          }
          if (reader.heldBytes > 16 * 1_024) return false;
        }
        return true;
      }),
      { numRuns: 500 },
    );
  });

  test("refuses a frame from the length it announces, before its bytes arrive", () => {
    const announcesText = Uint8Array.of(0x81, 0xa1, 0x61, 0xdb, 0x7f, 0xff, 0xff, 0xff);
    const announcesEntries = Uint8Array.of(0xdf, 0xff, 0xff, 0xff, 0xff);
    const announcesNested = Uint8Array.of(0x81, 0xa1, 0x61, 0xdd, 0xff, 0xff, 0xff, 0xff);
    for (const bytes of [announcesText, announcesEntries, announcesNested]) {
      expect(readAll([bytes])).toMatchObject([{ kind: "rejected", reason: "too-large" }]);
    }
  });

  test("refuses what nests too deeply, is no map, or has an extension type", () => {
    const deep = Uint8Array.of(0x81, 0xa1, 0x61, ...new Array<number>(20).fill(0x91), 0xc0);
    expect(readAll([deep])).toMatchObject([{ reason: "too-large" }]);
    expect(readAll([Uint8Array.of(0x93, 1, 2, 3)])).toMatchObject([{ reason: "malformed" }]);
    for (const first of [0xc1, 0xc7, 0xc8, 0xc9, 0xd4, 0xd8]) {
      expect(readAll([Uint8Array.of(0x81, 0xa1, 0x61, first, 1, 1, 1, 1, 1)])).toMatchObject([
        { reason: "unknown-kind" },
      ]);
    }
  });

  test("stays closed after a refusal", () => {
    const reader = new FrameReader(limit);
    reader.push(Uint8Array.of(0xc0));
    expect(reader.next()).toMatchObject({ reason: "malformed" });
    reader.push(encodeFrame({ Seq: 1 }));
    expect(reader.next()).toMatchObject({ reason: "malformed" });
    expect(reader.heldBytes).toBe(0);
  });

  test("gives its memory back after a large frame", () => {
    const reader = new FrameReader(2 ** 20);
    const large = encodeFrame({ Payload: new Uint8Array(500_000) });
    reader.push(large);
    expect(reader.heldBytes).toBeGreaterThan(large.length);
    expect(reader.next()).toHaveLength(large.length);
    expect(reader.heldBytes).toBeLessThan(20_000);
    reader.push(encodeFrame({ Seq: 1 }));
    expect(decodeFrame(reader.next() as Uint8Array)).toEqual({ Seq: 1 });
  });

  test("reads bytes that an old client wrote as raw, and text that it wrote as raw 16 (detail 3)", () => {
    const payload = [0xff, 0x00, 0x80];
    const raw = Buffer.from([0x82, 0xa1, 0x50, 0xa3, ...payload, 0xa1, 0x4e, 0xda, 0x00, 0x02, 0x68, 0x69]);
    expect(readAll([raw])).toEqual([{ P: Buffer.from(payload), N: "hi" }]);
  });

  test("writes the bytes that the reference writes (detail 3)", () => {
    const hex = (value: Record<string, FrameValue>): string => Buffer.from(encodeFrame(value)).toString("hex");
    expect(hex({ Error: "", Seq: 0 })).toBe("82a54572726f72a0a353657100");
    expect(hex({ Error: "Stream with given sequence exists", Seq: 2 })).toBe(
      "82a54572726f72d92153747265616d207769746820676976656e2073657175656e636520657869737473a353657102",
    );
    expect(hex({ Payload: Uint8Array.of(0x78) })).toBe("81a75061796c6f6164c40178");
    expect(hex({ Seq: uint64(300) })).toBe("81a3536571cd012c");
    expect(hex({ LTime: uint64(2 ** 40) })).toBe("81a54c54696d65d30000010000000000");
  });
});
