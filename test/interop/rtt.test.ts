/** Round trip times from coordinates that both kinds of agent exchange, asked for by both command lines. */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { Agent } from "../support/agent.ts";
import { directions, keys } from "../support/directions.ts";
import { requirePeer } from "../support/peers.ts";
import { useSandbox } from "../support/sandbox.ts";
import type { Kind } from "../support/serf-command.ts";
import { waitFor } from "../support/wait-for.ts";

const kinds: readonly Kind[] = ["debian", "ours"];

const deadlineMs = 30_000;

/** Resolves to what the command line prints, once it knows both. */
function roundTrip(agent: Agent, kind: Kind, one: string, other: string): Promise<string> {
  return waitFor(
    async () => {
      const { code, stdout } = await agent.command(["rtt", one, other], kind);
      if (code !== 0) throw new Error(stdout);
      return stdout;
    },
    { what: `${agent.name} to estimate from ${one} to ${other}`, deadlineMs, witnesses: [agent] },
  );
}

describe.skipIf(requirePeer("serf") === undefined)("the round trip time", () => {
  const sandbox = useSandbox();

  for (const { title, founder, newcomer } of directions) {
    for (const secrecy of keys) {
      test.concurrent(`between two agents, ${title}, ${secrecy.title}`, async () => {
        const a = await sandbox.startAgent({ kind: founder, name: "a", key: secrecy.key });
        const b = await sandbox.startAgent({ kind: newcomer, name: "b", key: secrecy.key, join: [a] });
        for (const agent of [a, b])
          for (const kind of kinds) {
            const [, time] =
              /^Estimated a <-> b rtt: (\d+\.\d{3}) ms\n$/.exec(await roundTrip(agent, kind, "a", "b")) ?? [];
            // On one machine, loaded as it may be: an estimate in a wrong unit would be off by a thousand.
            expect(Number(time), `${kind}'s command on ${agent.name}`).toBeGreaterThan(0.01);
            expect(Number(time), `${kind}'s command on ${agent.name}`).toBeLessThan(500);
          }
        for (const agent of [a, b]) {
          expect(agent.log).not.toContain("Failed to decode coordinate");
          expect(agent.log).not.toContain("Unsupported ping version");
        }
      });
    }
  }

  test.concurrent("is unknown where coordinates are off", async () => {
    const config = join(await sandbox.folder(), "coordinates.json");
    await writeFile(config, JSON.stringify({ disable_coordinates: true }));
    const off = await sandbox.startAgent({ kind: "ours", name: "off", args: [`-config-file=${config}`] });
    const on = await sandbox.startAgent({ kind: "ours", name: "on", join: [off] });
    const peer = await sandbox.startAgent({ kind: "debian", name: "peer", join: [off] });
    await Promise.all([roundTrip(peer, "debian", "peer", "on"), roundTrip(on, "debian", "on", "peer")]);
    // Each probes one member a second: had "off" a coordinate, it would be known now.
    await sleep(3000);
    const unknown = { code: 1, stdout: 'Could not find a coordinate for node "off"\n' };
    for (const agent of [off, on, peer])
      for (const kind of kinds) expect(await agent.command(["rtt", "off"], kind)).toMatchObject(unknown);
    expect((await off.command(["info"])).stdout).not.toContain("coordinate_resets");
  });
});
