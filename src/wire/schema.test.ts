import { describe, expect, test } from "vitest";
import { hexDecode, hexEncode, utf8Encode } from "../base/bytes.ts";
import { isRejected, type Rejected } from "../base/rejected.ts";
import { MsgpackReader } from "./msgpack-reader.ts";
import {
  boolean,
  bytes,
  f64,
  field,
  i64,
  list,
  looseText,
  map,
  nullable,
  optionalField,
  struct,
  text,
  u8,
  u16,
  u32,
  u64,
} from "./schema.ts";

const event = struct({
  time: field("LTime", u64),
  name: field("Name", text),
  payload: field("Payload", bytes),
  coalesce: field("CC", boolean),
});
const value = { time: 300, name: "deploy", payload: utf8Encode("v1"), coalesce: true };

function hex(text: string): Uint8Array {
  return hexDecode(text)!;
}

function reasonOf(result: unknown): Rejected["reason"] | undefined {
  return isRejected(result) ? result.reason : undefined;
}

describe("a struct", () => {
  test("is a map of its fields sorted by key, behind a message type if given", () => {
    const encoded = "84a24343c3a54c54696d65cd012ca44e616d65a66465706c6f79a75061796c6f6164a27631";
    expect(hexEncode(event.encode(value))).toBe(encoded);
    expect(hexEncode(event.encode(value, 3))).toBe(`03${encoded}`);
    expect(event.decode(hex(`03${encoded}`), 1)).toEqual(value);
  });

  test("is read with its keys in any order, twice, unknown, of other types, or in a longer form", () => {
    const cases = [
      "84 a44e616d65a66465706c6f79 a75061796c6f6164a27631 a24343c3 a54c54696d65cd012c",
      "85 a44e616d65a178 a24343c3 a54c54696d65cd012c a44e616d65a66465706c6f79 a75061796c6f6164a27631",
      "86 a1610a a24343c3 a54c54696d65cd012c 0592a1ff80 a44e616d65a66465706c6f79 a75061796c6f6164a27631",
      "84 d9024343c3 da00054c54696d65cd012c c4044e616d65a66465706c6f79 db000000075061796c6f6164a27631",
    ];
    for (const encoded of cases) expect(event.decode(hex(encoded))).toEqual(value);
  });

  test("is read in the dialect of gossip (raw) and in that of RPC (str8, bin8) (detail 3)", () => {
    const inNewDialect = "84a24343c3a54c54696d65cd012ca44e616d65d9066465706c6f79a75061796c6f6164c4027631";
    expect(event.decode(hex(inNewDialect))).toEqual(value);
  });

  test("writes strings and bytes from 32 on in raw16, never in str8 or bin8 (detail 3)", () => {
    const encoded = event.encode({ ...value, name: "n".repeat(32), payload: new Uint8Array(255) });
    expect(hexEncode(encoded)).toContain(`a44e616d65da0020${"6e".repeat(32)}`);
    expect(hexEncode(encoded)).toContain("a75061796c6f6164da00ff00");
  });

  test("has zero values for what is missing or nil", () => {
    const zero = { time: 0, name: "", payload: new Uint8Array(0), coalesce: false };
    expect(event.decode(hex("80"))).toEqual(zero);
    expect(event.decode(hex("c0"))).toEqual(zero);
    expect(event.decode(hex("84a24343c0a54c54696d65c0a44e616d65c0a75061796c6f6164c0"))).toEqual(zero);
  });

  test("gives objects of one shape whatever was sent", () => {
    for (const encoded of ["80", "82a44e616d65a161a24343c3"])
      expect(Object.keys(event.decode(hex(encoded)))).toEqual(["time", "name", "payload", "coalesce"]);
  });

  test("keeps a key like __proto__ out of the object", () => {
    const decoded = event.decode(hex("81a95f5f70726f746f5f5f81a161a162"));
    expect(Object.getPrototypeOf(decoded)).toBe(Object.prototype);
    expect(map(text).decode(hex("81a95f5f70726f746f5f5fa162"))).toEqual(new Map([["__proto__", "b"]]));
  });

  test("leaves out optional fields that are zero", () => {
    const schema = struct({ a: optionalField("A", u8), b: field("B", u8), c: optionalField("C", list(u8)) });
    expect(hexEncode(schema.encode({ a: 0, b: 0, c: [] }))).toBe("81a14200");
    expect(hexEncode(schema.encode({ a: 1, b: 0, c: [2] }))).toBe("83a14101a14200a1439102");
  });
});

describe("a number", () => {
  test.each([
    [0, "00"],
    [127, "7f"],
    [128, "cc80"],
    [256, "cd0100"],
    [65_536, "ce00010000"],
    [4_294_967_296, "cf0000000100000000"],
    [Number.MAX_SAFE_INTEGER, "cf001fffffffffffff"],
    [-1, "ff"],
    [-32, "e0"],
    [-33, "d0df"],
    [-129, "d1ff7f"],
    [-32_769, "d2ffff7fff"],
    [-2_147_483_649, "d3ffffffff7fffffff"],
    [Number.MIN_SAFE_INTEGER, "d3ffe0000000000001"],
  ])("%i is %s", (number, encoded) => {
    expect(hexEncode(i64.encode(number))).toBe(encoded);
    expect(i64.decode(hex(encoded))).toBe(number);
  });

  test("is read from the signed forms that newer memberlists write for lengths", () => {
    for (const encoded of ["d1024d", "d20000024d", "d3000000000000024d"]) expect(i64.decode(hex(encoded))).toBe(589);
    expect(u16.decode(hex("d1024d"))).toBe(589);
  });

  test("outside the range of its field is rejected", () => {
    for (const [schema, encoded] of [
      [u8, "cd0100"],
      [u16, "ce00010000"],
      [u32, "cf0000000100000000"],
      [u8, "ff"],
      [u64, "d0ff"],
      [u64, "cf0020000000000000"],
      [u64, "cfffffffffffffffff"],
      [i64, "d3ffe0000000000000"],
      [i64, "d38000000000000000"],
      [u8, "a161"],
      [u8, "c3"],
      [u8, "cb3ff0000000000000"],
    ] as const)
      expect(reasonOf(schema.decode(hex(encoded)))).toBe("malformed");
  });

  test("with a fraction is a float64, and read from float32 and integers too", () => {
    expect(hexEncode(f64.encode(1.5))).toBe("cb3ff8000000000000");
    for (const encoded of ["cb3ff8000000000000", "ca3fc00000"]) expect(f64.decode(hex(encoded))).toBe(1.5);
    expect(f64.decode(hex("05"))).toBe(5);
    expect(f64.decode(hex("cb7ff8000000000000"))).toBe(Number.NaN);
  });
});

describe("a text", () => {
  test("that names something must be UTF-8; others are mended", () => {
    expect(reasonOf(text.decode(hex("a2c328")))).toBe("malformed");
    expect(looseText.decode(hex("a2c328"))).toBe("\ufffd(");
    expect(text.decode(hex("a2c3a4"))).toBe("ä");
  });

  test("is the same whether it was seen before or not, and however often others took its place", () => {
    for (let round = 0; round < 3; round++)
      for (let i = 0; i < 5000; i++) {
        const name = `node-${i}`;
        expect(text.decode(text.encode(name))).toBe(name);
      }
  });
});

describe("a container", () => {
  test("that announces more than is there is rejected before anything is allocated", () => {
    for (const encoded of ["dd7fffffff", "dc000301", "9f00"])
      expect(reasonOf(list(u8).decode(hex(encoded)))).toBe("truncated");
    for (const encoded of ["df7fffffff", "de0002a16100", "8fa16100"])
      expect(reasonOf(map(u8).decode(hex(encoded)))).toBe("truncated");
    for (const encoded of ["dbffffffff", "da0001", "c6ffffffff", "bf61"])
      expect(reasonOf(bytes.decode(hex(encoded)))).toBe("truncated");
  });

  test("is refused by its head alone, and says how many bytes it would need", () => {
    const reader = new MsgpackReader(hex("dd00000100"));
    expect(reader.listLength()).toBe(0);
    expect(reader.failure?.reason).toBe("truncated");
    expect(reader.neededBytes).toBe(5 + 256);
  });

  test("may hold nil entries", () => {
    const schema = list(nullable(u8));
    expect(schema.decode(hex("9301c003"))).toEqual([1, undefined, 3]);
    expect(hexEncode(schema.encode([1, undefined, 3]))).toBe("9301c003");
    expect(schema.decode(hex("c0"))).toEqual([]);
  });

  test("nested ten thousand deep is stepped over without recursion", () => {
    const reader = new MsgpackReader(Uint8Array.from({ length: 10_001 }, (_, i) => (i === 10_000 ? 0xc0 : 0x91)));
    reader.skip();
    expect(reader.failure).toBeUndefined();
    expect(reader.position).toBe(10_001);
  });

  test("of every type is stepped over", () => {
    const values =
      "00 7f 80 90 a0 bf" +
      "61".repeat(31) +
      "c0 c2 c3 c40161 c5000161 c60000000161 c7010561 c800010561 c9000000010561" +
      "ca00000000 cb0000000000000000 cc00 cd0000 ce00000000 cf0000000000000000 d000 d10000 d200000000 d30000000000000000" +
      "d40161 d5016161 d601" +
      "61".repeat(4) +
      "d701" +
      "61".repeat(8) +
      "d801" +
      "61".repeat(16) +
      "d90161 da000161 db0000000161 dc000100 dd0000000100 de00010000 df000000010000 e0 ff";
    const reader = new MsgpackReader(hex(values));
    while (reader.position < reader.end) reader.skip();
    expect(reader.failure).toBeUndefined();
    expect(reader.position).toBe(reader.end);
    const unused = new MsgpackReader(hex("c1"));
    unused.skip();
    expect(unused.failure?.reason).toBe("malformed");
  });
});
