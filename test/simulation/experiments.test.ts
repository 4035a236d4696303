/** Short forms of the experiments in test/experiments. */

import { expect, test } from "vitest";
import { runCell } from "../experiments/lifeguard-run.ts";
import { MemberlistCluster } from "../experiments/memberlist-cluster.ts";
import { replaceSection } from "../experiments/section.ts";

test("Lifeguard has fifty times fewer false positives than SWIM without it", () => {
  const cell = { nodes: 64, slow: 8, pauseMs: 16_384, runMs: 64, forMs: 50_000, seed: 3 } as const;
  const swim = runCell({ ...cell, variant: "SWIM" });
  const lifeguard = runCell({ ...cell, variant: "Lifeguard" });
  expect(swim.falsePositives).toBeGreaterThan(500);
  expect(swim.falsePositives).toBeGreaterThanOrEqual(50 * lifeguard.falsePositives);
  expect(swim.falsePositivesAtHealthy).toBeGreaterThanOrEqual(50 * lifeguard.falsePositivesAtHealthy);
}, 60_000);

test("seventeen nodes that join while a tenth of all packets is lost hold together", () => {
  const cluster = new MemberlistCluster(17);
  cluster.network.setConditions({ loss: 0.1, streamLoss: 0.1 });
  const heldForDead: string[] = [];
  cluster.heldForDead = (observer, member) => void heldForDead.push(`${observer}: ${member}`);
  for (let joined = 0; joined < 17; joined++) {
    cluster.add();
    cluster.network.run(1_000);
  }
  expect(cluster.complete(60_000)).toBeLessThan(60_000);
  cluster.network.run(600_000);
  expect([cluster.isComplete, heldForDead]).toEqual([true, []]);
});

// With each of these seeds news of a newcomer misses somebody: without exchanges soon after a join that takes ten seconds and more to be made good.
test.each([8, 21, 22, 27])(
  "sixty nodes that start at one moment and know only the first know all soon (seed %i)",
  (seed) => {
    const cluster = new MemberlistCluster(seed);
    for (let started = 0; started < 60; started++) {
      cluster.add();
      cluster.network.run(1 / 60);
    }
    expect(cluster.complete(60_000)).toBeLessThan(3_000);
  },
);

test("a section of a page is replaced, and must be there", () => {
  const page = "a\n<!-- x -->\nold\n<!-- end of x -->\nb";
  expect(replaceSection(page, "x", "new")).toBe("a\n<!-- x -->\n\nnew\n\n<!-- end of x -->\nb");
  expect(() => replaceSection(page, "y", "new")).toThrow("no section y");
});
