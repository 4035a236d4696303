/** The short form of `npm run bench:floods`: a cluster stays whole while one of its agents is flooded. */

import { describe, expect, test } from "vitest";
import { runFlood } from "../floods/floods.ts";
import { buildFlood } from "../floods/loader.ts";
import { requirePeer } from "../support/peers.ts";
import { useSandbox } from "../support/sandbox.ts";

const skip = requirePeer("go") === undefined || process.platform !== "linux";
const packetLinesMax = 100;
/** Each connection that RPC accepts has its line; more are accepted where some are gone already. */
const connectionLinesMax = 2_100;

describe.skipIf(skip)("an agent of five that is flooded", () => {
  const sandbox = useSandbox();

  test.each(["garbage", "wrong-key", "rpc-idle", "gossip-slow"])("stays a member: %s", async (name) => {
    const program = await buildFlood(await sandbox.folder());
    const result = await runFlood(sandbox, name, { program, perSecond: 50_000, seconds: 2 });
    expect(result.offered).toBeGreaterThan(100);
    expect(result).toMatchObject({ failures: 0 });
    expect(result.logLines).toBeLessThan(name === "rpc-idle" ? connectionLinesMax : packetLinesMax);
    expect(result.peakMiB).toBeLessThan(200);
    expect(result.answerMs.longest).toBeLessThan(5_000);
  });
});
