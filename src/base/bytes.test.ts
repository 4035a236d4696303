import { describe, expect, test } from "vitest";
import {
  base64Decode,
  base64Encode,
  bytesEqual,
  bytesToKeep,
  concatBytes,
  hexDecode,
  hexEncode,
  readUint16,
  readUint32,
  utf8DecodeStrict,
  utf8Encode,
  utf8EncodeInto,
  utf8Length,
  viewBytes,
  writeUint16,
  writeUint32,
} from "./bytes.ts";

describe("bytes", () => {
  test("are copied to be kept where they would keep much more than themselves", () => {
    const alone = new Uint8Array(100);
    expect(bytesToKeep(alone)).toBe(alone);
    const most = alone.subarray(10, 60);
    expect(bytesToKeep(most)).toBe(most);
    const one = new Uint8Array(1_400).fill(7).subarray(10, 60);
    expect(bytesToKeep(one).buffer.byteLength).toBe(50);
    expect(bytesToKeep(one)).toEqual(one);
  });

  test("are joined and compared", () => {
    const whole = concatBytes(Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 3));
    expect(whole).toEqual(Uint8Array.of(1, 2, 3));
    expect(bytesEqual(whole, Uint8Array.of(1, 2, 3))).toBe(true);
    expect(bytesEqual(whole, Uint8Array.of(1, 2))).toBe(false);
    expect(bytesEqual(whole, Uint8Array.of(1, 2, 4))).toBe(false);
  });

  test("are viewed without copying, as plain Uint8Arrays even from a Buffer", () => {
    const buffer = Buffer.from([1, 2, 3, 4]).subarray(1);
    const view = viewBytes(buffer, 1, 3);
    expect(view.constructor).toBe(Uint8Array);
    expect(view).toEqual(Uint8Array.of(3, 4));
    expect(view.buffer).toBe(buffer.buffer);
  });

  test("hold big endian integers over their whole range", () => {
    const bytes = new Uint8Array(5);
    for (const value of [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]) {
      writeUint32(bytes, 1, value);
      expect(readUint32(bytes, 1)).toBe(value);
    }
    writeUint16(bytes, 0, 0x1234);
    expect(bytes.subarray(0, 2)).toEqual(Uint8Array.of(0x12, 0x34));
    expect(readUint16(bytes, 0)).toBe(0x1234);
  });

  test("come back from hex and base64, which are checked", () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    expect(hexDecode(hexEncode(bytes))).toEqual(bytes);
    expect(base64Decode(base64Encode(bytes))).toEqual(bytes);
    expect(hexDecode("0a FF\n00")).toEqual(Uint8Array.of(10, 255, 0));
    for (const bad of ["0", "0g", "zz"]) expect(hexDecode(bad)).toBeUndefined();
    for (const bad of ["A", "AAA", "AA=A", "A===", "AA-_", "AAAA\n"]) expect(base64Decode(bad)).toBeUndefined();
  });

  test("are text only if they are UTF-8", () => {
    expect(utf8DecodeStrict(utf8Encode("grün \ufffd 🐟"))).toBe("grün \ufffd 🐟");
    expect(utf8DecodeStrict(Uint8Array.of(0xef, 0xbb, 0xbf, 65))).toBe("\ufeffA");
    for (const bad of [[0xff], [0xc3], [0xc0, 0x80], [0xed, 0xa0, 0x80]])
      expect(utf8DecodeStrict(Uint8Array.from(bad))).toBeUndefined();
  });

  test("of a text are counted without encoding it", () => {
    for (const text of ["", "a", "ä", "€", "🐟", "\ud800", "\udc00\ud800"]) {
      expect(utf8Length(text)).toBe(utf8Encode(text).length);
      expect(utf8EncodeInto(text, new Uint8Array(20), 2)).toBe(utf8Encode(text).length);
    }
  });
});
