/** Campaigns are resumed: what is done is kept, and is not run again. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { renderLog } from "../campaign/log.ts";
import { CampaignRecord, sumOf } from "../campaign/record.ts";
import { runSeed } from "../campaign/seed-run.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "campaign-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const result = runSeed({ seed: 1, ticks: 1, twice: true });
const passed = (seed: number) => ({ ...result, seed });

test("a record goes on where it ended, also where seeds ended in another order than they began", () => {
  const path = join(folder, "record.json");
  const first = new CampaignRecord(path, 5, 1);
  first.begin("one", "2020-01-01");
  for (const seed of [1, 2, 4]) first.add(passed(seed));
  first.save();
  const second = new CampaignRecord(path, 5, 1);
  expect([second.nextSeed, [1, 2, 3, 4, 5].filter((seed) => second.isDone(seed))]).toEqual([3, [1, 2, 4]]);
  second.begin("one", "2020-01-02");
  second.add(passed(3));
  expect([second.nextSeed, second.runs.length, sumOf(second.runs).seeds]).toEqual([5, 1, 4]);
});

test("a new version of the code has an entry of its own", () => {
  const record = new CampaignRecord(undefined, 5, 1);
  record.begin("one", "2020-01-01");
  record.add(passed(1));
  record.begin("two", "2020-01-02");
  const violations = [{ checker: "bounds", atMs: 1, node: "n1", problem: "too much\nof it" }];
  record.add({ ...result, seed: 2, verdict: "failed", violations });
  expect(record.runs.map(({ version, firstSeed, failures }) => [version, firstSeed, failures.length])).toEqual([
    ["one", 1, 0],
    ["two", 2, 1],
  ]);
  expect(renderLog(record)).toContain("- Seed 2 with two, found by `bounds`: too much.");
});

test("a record of other seeds is not gone on with", () => {
  const path = join(folder, "record.json");
  const record = new CampaignRecord(path, 5, 1);
  record.save();
  expect(() => new CampaignRecord(path, 6, 1)).toThrow("is of 5 ticks a seed, not of 6");
});
