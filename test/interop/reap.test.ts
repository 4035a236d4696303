/** Members that failed or left are forgotten after their time, and scripts hear of it. */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { waitForView } from "../support/agent.ts";
import { directions } from "../support/directions.ts";
import { Handler } from "../support/handler.ts";
import { requirePeer } from "../support/peers.ts";
import { useSandbox } from "../support/sandbox.ts";
import { waitFor } from "../support/wait-for.ts";

describe.skipIf(requirePeer("serf") === undefined).concurrent.each(directions)("$title", ({ founder, newcomer }) => {
  const sandbox = useSandbox();

  test("a member that failed and one that left are reaped", async () => {
    const config = join(await sandbox.folder(), "agent.json");
    await writeFile(config, JSON.stringify({ reconnect_timeout: "1s", tombstone_timeout: "1s" }));
    const handler = await Handler.create(await sandbox.folder());
    const args = [`-config-file=${config}`, `-event-handler=member-reap=${handler.script}`];
    const observer = await sandbox.startAgent({ kind: founder, name: "observer", profile: "lan", args });
    const others = await Promise.all(
      ["crashes", "leaves"].map((name) =>
        sandbox.startAgent({ kind: newcomer, name, profile: "lan", join: [observer] }),
      ),
    );
    await waitForView([observer], { observer: "alive", crashes: "alive", leaves: "alive" });
    await others[0]!.kill();
    await others[1]!.leave();
    // Members to forget are looked for every 15 s.
    await waitForView([observer], { observer: "alive" }, 60_000);
    const reaped = await waitFor(
      async () => {
        const lines = (await handler.callsOf("member-reap")).map(({ stdin }) => stdin).join("");
        return lines.split("\n").length > 2 && lines;
      },
      { what: "the script to hear of both", witnesses: [observer] },
    );
    expect(reaped.split("\n").toSorted()).toEqual(["", "crashes\t127.0.0.1\t\t", "leaves\t127.0.0.1\t\t"]);
    for (const name of ["crashes", "leaves"]) expect(observer.log).toContain(`EventMemberReap: ${name}`);
  });
});
