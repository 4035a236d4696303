/** A minute of seeds that nobody has seen before. A seed that fails is printed with the command that replays it. */

import { availableParallelism } from "node:os";
import { expect, test } from "vitest";
import { describeFailure, runCampaign } from "../campaign/campaign.ts";
import { CampaignRecord, sumOf } from "../campaign/record.ts";

const ticks = 1_000;
const limitMs = 60_000;

test("swarms drawn from new seeds go through their faults without a violation", async () => {
  const firstSeed = 1_000_000 + Math.floor(Math.random() * 1_000_000_000);
  const record = new CampaignRecord(undefined, ticks, firstSeed);
  record.begin("these tests", "");
  const failures: string[] = [];
  await runCampaign({
    ...{ record, lastSeed: Number.MAX_SAFE_INTEGER, limitMs, workers: Math.min(2, availableParallelism()) },
    done: (result) => {
      if (result.verdict === "failed") failures.push(describeFailure(result, ticks));
    },
  });
  const summary = sumOf(record.runs);
  const hours = (summary.simulatedMs / 3_600_000).toFixed(1);
  console.log(`${summary.seeds} seeds from ${firstSeed} on, ${hours} hours simulated, ${summary.events} events`);
  expect(failures.join("\n")).toBe("");
  expect(summary.seeds).toBeGreaterThan(0);
});
