/** Compression is each sender's own choice; a receiver reads both. */

import { describe, expect, test } from "vitest";
import { type Agent, waitForView } from "../support/agent.ts";
import { directions } from "../support/directions.ts";
import { requirePeer } from "../support/peers.ts";
import { useSandbox } from "../support/sandbox.ts";
import { waitFor } from "../support/wait-for.ts";

const choices = [
  { title: "only the founder compresses", founderArgs: [], newcomerArgs: ["-disable-compression"] },
  { title: "only the newcomer compresses", founderArgs: ["-disable-compression"], newcomerArgs: [] },
  { title: "neither compresses", founderArgs: ["-disable-compression"], newcomerArgs: ["-disable-compression"] },
];

/** Worth compressing, and as long as the limits of tags (512 bytes) and events (512 bytes) allow. */
const longText = "abcdefgh".repeat(50);

for (const { title, founder: founderKind, newcomer: newcomerKind } of directions) {
  for (const choice of choices) {
    describe.skipIf(requirePeer("serf") === undefined).concurrent(`${title}, ${choice.title}`, () => {
      const sandbox = useSandbox();
      let founder: Agent;
      let newcomer: Agent;

      test.sequential("they join, with long tags", async () => {
        const args = [`-tag=text=${longText}`];
        founder = await sandbox.startAgent({
          kind: founderKind,
          name: "founder",
          args: [...choice.founderArgs, ...args],
        });
        newcomer = await sandbox.startAgent({
          kind: newcomerKind,
          name: "newcomer",
          args: [...choice.newcomerArgs, ...args],
          join: [founder],
        });
        await waitForView([founder, newcomer], { founder: "alive", newcomer: "alive" });
        for (const agent of [founder, newcomer]) {
          for (const member of await agent.members()) expect(member.tags).toEqual({ text: longText });
        }
      });

      test.sequential("they hear each other's long events", async () => {
        await founder.command(["event", "from-founder", longText]);
        await newcomer.command(["event", "from-newcomer", longText]);
        for (const agent of [founder, newcomer]) {
          for (const event of ["from-founder", "from-newcomer"]) {
            await waitFor(() => agent.log.includes(`agent: Received event: user-event: ${event}`), {
              what: `${agent.name} to receive ${event}`,
              witnesses: [founder, newcomer],
            });
          }
        }
      });
    });
  }
}
