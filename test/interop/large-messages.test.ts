/** User events, queries and answers too large for a packet, where both kinds of agents are told to allow them. */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Agent, waitForView } from "../support/agent.ts";
import { keys } from "../support/directions.ts";
import { requirePeer } from "../support/peers.ts";
import { useSandbox } from "../support/sandbox.ts";
import type { Kind } from "../support/serf-command.ts";
import { waitFor } from "../support/wait-for.ts";

const limits = { user_event_size_limit: 9216, query_size_limit: 9216, query_response_size_limit: 9216 };
const payload = "0123456789".repeat(700);

describe.skipIf(requirePeer("serf") === undefined).concurrent.each(keys)(
  "of $title agents, what fits no packet",
  ({ key }) => {
    const sandbox = useSandbox();
    const agents: Agent[] = [];

    const start = async (kind: Kind, name: string): Promise<void> => {
      const config = join(await sandbox.folder(), "agent.json");
      await writeFile(config, JSON.stringify(limits));
      // The script of the event prints how long its payload is, that of the query gives it back.
      const handlers = ["-event-handler=user:event=wc -c", "-event-handler=query:question=cat"];
      const args = [`-config-file=${config}`, ...handlers];
      agents.push(await sandbox.startAgent({ kind, name, key, args, join: agents.slice(0, 1), profile: "lan" }));
    };

    test.sequential("is a cluster of both kinds", async () => {
      await start("ours", "ours-1");
      await start("debian", "debian-1");
      await start("ours", "ours-2");
      await start("debian", "debian-2");
      await waitForView(agents, { "ours-1": "alive", "ours-2": "alive", "debian-1": "alive", "debian-2": "alive" });
    });

    test.sequential("goes from ours to everybody at once, long before the next push/pull", async () => {
      const { code } = await agents[0]!.command(["event", "event", payload]);
      expect(code).toBe(0);
      for (const agent of agents) {
        // With the line feed that scripts get appended.
        await waitFor(() => agent.log.includes(`Event 'user' script output: ${payload.length + 1}`), {
          what: `${agent.name} to have the event`,
          deadlineMs: 8_000,
          witnesses: agents,
        });
      }
    });

    test.sequential("is also a question of ours, and each answer", async () => {
      const { code, stdout } = await agents[0]!.command(
        ["query", "-format=json", "-timeout=3s", "question", payload],
        "ours",
      );
      expect(code).toBe(0);
      const { Responses } = JSON.parse(stdout) as { Responses: Record<string, string> };
      // Debian's sends so large an answer in one packet, which loopback lets pass.
      expect(Object.keys(Responses).sort()).toEqual(["debian-1", "debian-2", "ours-1", "ours-2"]);
      for (const answer of Object.values(Responses)) expect(answer).toBe(`${payload}\n`);
    });

    test.sequential("beyond the limit is refused by either kind in the same words", async () => {
      const tooLarge = "x".repeat(9300);
      const outcomes = await Promise.all(agents.map((agent) => agent.command(["event", "event", tooLarge])));
      for (const outcome of outcomes) expect(outcome).toEqual(outcomes[1]);
      expect(outcomes[0]!.code).toBe(1);
    });
  },
);
