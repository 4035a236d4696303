/** Who does not belong to the cluster does not get in, and cannot fill the log by knocking. */

import { describe, expect, test } from "vitest";
import { type Agent, waitForView } from "../support/agent.ts";
import { directions, keys } from "../support/directions.ts";
import { requirePeer } from "../support/peers.ts";
import { useSandbox } from "../support/sandbox.ts";
import { waitFor } from "../support/wait-for.ts";

const rightKey = keys[1]?.key;
const wrongKey = "kZyFABeAmc64UMTrm9XuKA==";

const intrusions = [
  { title: "an agent with the wrong key", founderKey: rightKey, intruderKey: wrongKey },
  { title: "an agent that sends plain text into an encrypted cluster", founderKey: rightKey, intruderKey: undefined },
  { title: "an agent that sends cipher text into a plain cluster", founderKey: undefined, intruderKey: rightKey },
];

/** How often the intruder knocks before the founder's log is judged. */
const knocks = 4;

for (const { title, founder: founderKind, newcomer: intruderKind } of directions) {
  for (const { title: intrusion, founderKey, intruderKey } of intrusions) {
    describe.skipIf(requirePeer("serf") === undefined).concurrent(`${intrusion} (${title})`, () => {
      const sandbox = useSandbox();
      let founder: Agent;

      test.sequential("its -join fails and it ends with 1", async () => {
        founder = await sandbox.startAgent({ kind: founderKind, name: "founder", key: founderKey });
        const intruder = await sandbox.launchAgent({
          kind: intruderKind,
          name: "intruder",
          key: intruderKey,
          join: [founder],
        });
        expect(await intruder.process.exited).toBe(1);
        expect(intruder.log).toContain("Failed to join 127.0.0.1");
      });

      test.sequential("however often it knocks, neither sees the other", async () => {
        const args = [`-retry-join=${founder.address}`, "-retry-interval=1s"];
        const intruder = await sandbox.startAgent({ kind: intruderKind, name: "intruder", key: intruderKey, args });
        await waitFor(() => (intruder.log.match(/Join failed/g)?.length ?? 0) >= knocks, {
          what: `${knocks} failed tries`,
          witnesses: [founder, intruder],
        });
        await waitForView([founder], { founder: "alive" });
        await waitForView([intruder], { intruder: "alive" });
      });

      // The reference logs every knock.
      if (founderKind !== "ours") return;

      test.sequential("its knocking is one line in the founder's log", () => {
        const complaints = founder.log.split("\n").filter((line) => /\[(WARN|ERR)\]/.test(line));
        expect(complaints).toHaveLength(1);
      });
    });
  }
}
