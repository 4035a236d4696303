import { describe, expect, test } from "vitest";
import { decideAdvertised, isOutOfReach, resolveNetwork } from "./addresses.ts";

const resolve = (bind: string, advertise = "", networkInterface = "") =>
  resolveNetwork({ bind, advertise, interface: networkInterface });

describe("an address to listen at", () => {
  test.each([
    ["10.0.0.1", "10.0.0.1", 7946],
    ["10.0.0.1:8000", "10.0.0.1", 8000],
    [":8000", "0.0.0.0", 8000],
    ["[::1]:8000", "::1", 8000],
    ["[::1]", "::1", 7946],
    ["::1", "::1", 7946],
    ["::", "::", 7946],
    ["[::]:0", "::", 0],
  ])("%j is %s and port %i", async (text, address, port) => {
    expect((await resolve(text)).bind).toEqual({ address, port });
  });

  test.each([
    ["a/10.0.0.1", 'Invalid bind address: "a/10.0.0.1" must not hold a node name'],
    ["10.0.0.1:x", 'Invalid bind address: "x" is not a port, which is a number from 0 to 65535'],
  ])("%j is refused", async (text, problem) => {
    await expect(resolve(text)).rejects.toMatchObject({ code: "INVALID_ADDRESS", message: problem });
  });
});

describe("what the others are told", () => {
  test.each([
    ["the bound address and port", "127.0.0.1:8000", "", "127.0.0.1", 8001],
    ["what is configured, at the default port", "127.0.0.1:8000", "203.0.113.5", "203.0.113.5", 7946],
    ["what is configured, address and port", "127.0.0.1:8000", "203.0.113.5:9000", "203.0.113.5", 9000],
    ["the bound address under another port", "127.0.0.1:8000", ":9000", "127.0.0.1", 9000],
    ["the bound address, for one that stands for all", "127.0.0.1:8000", "0.0.0.0:9000", "127.0.0.1", 9000],
    ["the bound port, for port 0", "127.0.0.1:8000", "[2001:db8::1]:0", "2001:db8::1", 8001],
  ])("is %s", async (_, bind, advertise, address, port) => {
    expect(decideAdvertised(await resolve(bind, advertise), 8001)).toEqual({ address, port });
  });

  test("is never an address that stands for all (detail 18)", async () => {
    expect(decideAdvertised(await resolve("0.0.0.0", "0.0.0.0"), 8001).address).not.toBe("0.0.0.0");
    expect(decideAdvertised(await resolve("::", "[::]:1"), 8001).address).not.toBe("::");
  });

  test("is known to be useless if it is of this machine alone, unless that is what it is bound to", async () => {
    const loopback = { address: "127.0.0.1", port: 8000 };
    expect(isOutOfReach(await resolve("0.0.0.0"), loopback)).toBe(true);
    expect(isOutOfReach(await resolve("127.0.0.1"), loopback)).toBe(false);
    expect(isOutOfReach(await resolve("0.0.0.0"), { address: "10.0.0.1", port: 8000 })).toBe(false);
  });
});

describe.runIf(process.platform === "linux")("an interface", () => {
  test("gives the address, and the bind option the port; the operator is told which address", async () => {
    expect(await resolve(":8000", "", "lo")).toEqual({
      bind: { address: "127.0.0.1", port: 8000 },
      advertise: undefined,
      notices: ["Using interface 'lo' address '127.0.0.1'"],
    });
  });

  test("must have the address that is bound", async () => {
    expect((await resolve("127.0.0.1", "", "lo")).notices).toEqual([]);
    await expect(resolve("10.9.8.7", "", "lo")).rejects.toThrow("Interface 'lo' has no '10.9.8.7' address, it has 127");
  });
});
