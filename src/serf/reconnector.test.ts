import { describe, expect, test } from "vitest";
import { serfMember } from "../../test/support/members.ts";
import { SimulatedNetwork } from "../simulator/index.ts";
import { decideReconnect } from "./reconnector.ts";

describe("reconnecting", () => {
  const { random } = new SimulatedNetwork({ seed: 1 }).createHost({ address: "10.0.0.1" });
  const failed = ["a", "b", "c"].map((name) => serfMember(name, { status: "failed" }));

  test("tries nobody where nobody failed", () => {
    expect(decideReconnect([], 5, random)).toBeUndefined();
  });

  test("always tries one where as many failed as are alive, or all did", () => {
    for (let round = 0; round < 100; round++) {
      expect(decideReconnect(failed, 3, random)).toBeDefined();
      expect(decideReconnect(failed, 0, random)).toBeDefined();
    }
  });

  test("tries with probability failed / alive, each failed member equally often (detail 9)", () => {
    const tries = new Map<string, number>();
    for (let round = 0; round < 30_000; round++) {
      const name = decideReconnect(failed, 30, random)?.name ?? "nobody";
      tries.set(name, (tries.get(name) ?? 0) + 1);
    }
    for (const name of ["a", "b", "c"]) expect(Math.abs((tries.get(name) ?? 0) - 1000)).toBeLessThan(150);
  });
});
