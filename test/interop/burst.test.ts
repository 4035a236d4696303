/** Thousands of user events would be another matter for Debian's agents; these are as many as a deployment may send at once. */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { connectSerf } from "../../src/client/client.ts";
import { type Agent, waitForView } from "../support/agent.ts";
import { requirePeer } from "../support/peers.ts";
import { useSandbox } from "../support/sandbox.ts";
import { waitFor } from "../support/wait-for.ts";

const count = 1_000;
const everyEvent = Array.from({ length: count }, (_, index) => index);

describe.skipIf(requirePeer("serf") === undefined)("a thousand user events at once, at one of ours", () => {
  const sandbox = useSandbox();

  test("are all accepted, and told by all of ours once and in order, with Debian's agents among them", async () => {
    const config = join(await sandbox.folder(), "agent.json");
    // What is missing is waited for also on a machine that is busy for a while.
    await writeFile(config, JSON.stringify({ user_event_order_wait: "30s" }));
    const agents: Agent[] = [];
    for (const [kind, name] of [
      ["ours", "ours-1"],
      ["debian", "debian-1"],
      ["ours", "ours-2"],
      ["debian", "debian-2"],
      ["ours", "ours-3"],
    ] as const) {
      const args = kind === "ours" ? [`-config-file=${config}`] : [];
      agents.push(await sandbox.startAgent({ kind, name, args, join: agents.slice(0, 1), profile: "lan" }));
    }
    await waitForView(agents, Object.fromEntries(agents.map(({ name }) => [name, "alive"])));
    const client = await connectSerf({ address: agents[0]!.rpcAddress });
    sandbox.onClose(async () => client.close());
    await Promise.all(everyEvent.map((index) => client.userEvent(`burst-${index}`, "", { coalesce: false })));
    for (const agent of agents.filter(({ kind }) => kind === "ours")) {
      await waitFor(() => burstToldBy(agent).length >= count, {
        what: `${agent.name} to tell all events`,
        deadlineMs: 60_000,
        witnesses: agents,
      });
      expect(burstToldBy(agent)).toEqual(everyEvent);
    }
  });
});

/** The numbers of the events that the agent told, in its order. */
function burstToldBy({ log }: Agent): readonly number[] {
  return [...log.matchAll(/Received event: user-event: burst-(\d+)/g)].map(([, index]) => Number(index));
}
