import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hexEncode, utf8Decode, utf8Encode } from "../base/bytes.ts";
import { isRejected } from "../base/rejected.ts";
import type { Tags } from "./member.ts";
import { decodeTags, encodeTags } from "./tags.ts";

function roundTrip(tags: Tags): Tags {
  const decoded = decodeTags(encodeTags(tags, 5));
  if (isRejected(decoded)) throw new Error(decoded.detail);
  return decoded.tags;
}

describe("tags", () => {
  // Bytes written by go-msgpack 0.5.5, as Debian's serf uses it.
  test("are written as the reference writes them", () => {
    expect(hexEncode(encodeTags({ role: "web" }, 5))).toBe("ff81a4726f6c65a3776562");
    expect(hexEncode(encodeTags({}, 3))).toBe("ff80");
  });

  test("shrink to the bare role in protocol 2", () => {
    expect(utf8Decode(encodeTags({ role: "web", dc: "east" }, 2))).toBe("web");
    expect(encodeTags({ dc: "east" }, 2)).toHaveLength(0);
  });

  test("of a member of protocol 2 are its role", () => {
    expect(decodeTags(utf8Encode("web"))).toEqual({ tags: { role: "web" } });
    expect(decodeTags(new Uint8Array(0))).toEqual({ tags: { role: "" } });
  });

  test("survive encoding and decoding, whatever they are named", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" })), (tags) => {
        expect(Object.entries(roundTrip(tags))).toEqual(Object.entries(tags));
      }),
    );
  });

  test("named __proto__ change no object", () => {
    const tags = roundTrip(Object.fromEntries([["__proto__", "x"]]));
    expect(Object.entries(tags)).toEqual([["__proto__", "x"]]);
    expect(Object.getPrototypeOf(tags)).toBe(Object.prototype);
  });

  test("are not taken for a rejection, though they look like one", () => {
    expect(roundTrip({ kind: "rejected", reason: "truncated" })).toEqual({ kind: "rejected", reason: "truncated" });
  });

  test("that are not MessagePack are rejected, never thrown", () => {
    expect(decodeTags(Uint8Array.of(255, 0x81, 0xa4))).toMatchObject({ kind: "rejected" });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        decodeTags(Uint8Array.of(255, ...bytes));
      }),
    );
  });
});
