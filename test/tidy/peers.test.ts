import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { peerPackages } from "../support/peers.ts";

describe("the peers that tests run against", () => {
  it("are installed by the script under the names that the tests give when one is missing", () => {
    const script = readFileSync("scripts/install-peers.sh", "utf8");
    const installed = [...script.matchAll(/^need (\S+) (.+)$/gm)].map(([, program, packages]) => [program, packages]);
    expect(Object.fromEntries(installed)).toEqual(peerPackages);
  });
});
