/** The short form of `npm run faults`: a few seconds of everything at once for twenty agents, half of them Debian's. */

import { describe, expect, test } from "vitest";
import { whyNoFaults } from "../faults/available.ts";
import { faults } from "../faults/faults.ts";
import { runTrial } from "../faults/trial.ts";
import { useSandbox } from "../support/sandbox.ts";

const skip = (await whyNoFaults()) !== undefined;

describe.skipIf(skip)("twenty agents that lose packets, are cut off, stopped, killed and set back in time", () => {
  const sandbox = useSandbox();

  test("agree again once that is over, and tell no event twice", { timeout: 240_000 }, async () => {
    const fault = faults.find(({ name }) => name === "everything");
    if (fault === undefined) throw new Error("there is no such fault");
    const result = await runTrial(sandbox, fault, {
      ...{ agents: 20, eventsPerSecond: 50, durationMs: 5_000, seed: Date.now() },
      ...{ agreementMs: 90_000, settleMs: 0 },
    });
    expect(result.problems).toEqual([]);
    expect(result.evidence).toMatch(/^[1-9]\d* rounds, [1-9]\d* packets lost/);
    expect(result.events.accepted).toBeGreaterThan(100);
    for (const { due, lost } of [result.ours, result.debian].flatMap(({ sound }) => Object.values(sound))) {
      expect(due).toBeGreaterThan(100);
      expect(lost).toBeLessThan(due / 2);
    }
  });
});
