import { describe, expect, test } from "vitest";
import { Keyring } from "./keyring.ts";

const key = (value: number, bytes = 16): Uint8Array => new Uint8Array(bytes).fill(value);
const [a, b, c] = [key(1), key(2, 24), key(3, 32)];

function codeOf(action: () => unknown): { code: string; message: string } | undefined {
  try {
    action();
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return { code, message };
  }
  return undefined;
}

describe("a keyring", () => {
  test("keeps the first key as the primary one, and each key once", () => {
    const keyring = new Keyring([b, a, b, c, a]);
    expect(keyring.keys()).toEqual([b, a, c]);
    expect(keyring.primary).toEqual(b);
  });

  test("adds a key behind the others, once", () => {
    const keyring = new Keyring([a]);
    keyring.add(b);
    keyring.add(key(2, 24));
    expect(keyring.keys()).toEqual([a, b]);
  });

  test("puts the key to use in front, and the former behind it", () => {
    const keyring = new Keyring([a, b, c]);
    keyring.use(key(3, 32));
    expect(keyring.keys()).toEqual([c, a, b]);
    keyring.use(c);
    expect(keyring.keys()).toEqual([c, a, b]);
  });

  test("removes any key but the primary one", () => {
    const keyring = new Keyring([a, b, c]);
    keyring.remove(b);
    keyring.remove(key(9));
    expect(keyring.keys()).toEqual([a, c]);
    expect(codeOf(() => keyring.remove(a))).toEqual({
      code: "INVALID_KEY",
      message: "removing the primary key is not allowed",
    });
    expect(keyring.keys()).toEqual([a, c]);
  });

  test("uses no key that it does not have", () => {
    const keyring = new Keyring([a]);
    expect(codeOf(() => keyring.use(b))).toEqual({
      code: "INVALID_KEY",
      message: "requested key is not in the keyring",
    });
  });

  test.each([0, 1, 15, 17, 23, 25, 31, 33, 64])("takes no key of %i bytes", (bytes) => {
    const expected = { code: "INVALID_KEY", message: "key size must be 16, 24 or 32 bytes" };
    const keyring = new Keyring([a]);
    expect(codeOf(() => keyring.add(key(1, bytes)))).toEqual(expected);
    expect(codeOf(() => new Keyring([a, key(1, bytes)]))).toEqual(expected);
    expect(keyring.keys()).toEqual([a]);
  });

  test("is not made without a key", () => {
    expect(codeOf(() => new Keyring([]))?.code).toBe("INVALID_KEY");
  });

  test("never changes the keys somebody is reading (accident 9)", () => {
    const keyring = new Keyring([a, b]);
    const before = keyring.keys();
    keyring.add(c);
    keyring.use(c);
    keyring.remove(a);
    expect(before).toEqual([a, b]);
    expect(() => (before as Uint8Array[]).push(c)).toThrow();
  });

  test("keeps its own copy of the bytes", () => {
    const given = key(7);
    const keyring = new Keyring([given]);
    given.fill(0);
    expect(keyring.primary).toEqual(key(7));
  });
});
