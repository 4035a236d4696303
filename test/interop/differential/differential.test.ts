/**
 * The scenario by all four combinations of command line and agent: what Debian's two do together, the others do, or docs/DEVIATIONS.md
 * says why not. `npm run differential` prints the same as a table.
 */

import { beforeAll, describe, expect, test } from "vitest";
import { commandLoaders } from "../../../src/cli/commands/index.ts";
import { requirePeer } from "../../support/peers.ts";
import { deviationHeadings } from "./deviations.ts";
import { stages } from "./stages/index.ts";
import type { Step } from "./step.ts";
import { combinations, compareAll, type Row, wasPlayed } from "./table.ts";

const skip = requirePeer("serf") === undefined;

test("every deviation that the scenario allows is a paragraph of docs/DEVIATIONS.md", () => {
  const allowed = stages.flatMap(({ steps }) => steps.flatMap(({ deviation }) => deviation?.heading ?? []));
  expect([...new Set(allowed)].filter((heading) => !deviationHeadings.has(heading))).toEqual([]);
});

/** Flags that only ours has, or that are shown elsewhere with Debian's agent. */
const elsewhere: Readonly<Record<string, readonly string[]>> = {
  agent: [
    "label",
    "log-format",
    "mdns-iface",
    "mdns-disable-ipv4",
    "mdns-disable-ipv6",
    "discover",
    "syslog",
    "plugin-dir",
    "dissemination",
    "flap-damping",
    "confirm-deaths",
    "disable-fast-failure",
  ],
};

/** Commands that HashiCorp's does not have. */
const onlyOurs = ["completion", "dev", "plugin", "simulate"];
const shared = Object.entries(commandLoaders).filter(([name]) => !onlyOurs.includes(name));

test.each(shared)("every flag of serf %s is in the scenario", async (name, load) => {
  const used = stages.flatMap(({ steps }) => steps.flatMap((step) => wordsOf(step, name)));
  const flags = Object.values((await load()).options).flatMap(({ flag }) => flag ?? []);
  const missing = flags.filter((flag) => !used.some((word) => word.replace(/^--?([^=]+).*$/s, "$1") === flag));
  expect(missing.filter((flag) => !elsewhere[name]?.includes(flag))).toEqual([]);
});

function wordsOf(step: Step, command: string): readonly string[] {
  if (step.do === "run" || step.do === "follow") return step.words[0] === command ? step.words.slice(1) : [];
  return step.do === "start" && command === "agent" ? (step.args ?? []) : [];
}

describe.skipIf(skip)("the differential scenario", () => {
  const rows = new Map<string, Row>();

  beforeAll(async () => {
    for (const row of await compareAll()) rows.set(`${row.stage}: ${row.step}`, row);
  }, 240_000);

  describe.each(stages)("$title", ({ title: stage, steps }) => {
    for (const { name } of steps) {
      test(name, () => {
        const row = rows.get(`${stage}: ${name}`);
        expect(row?.reference, "the reference plays it").toSatisfy(wasPlayed);
        for (const { title, outcome, deviation } of row?.comparisons ?? []) {
          if (deviation === undefined) expect(outcome, title).toEqual(row?.reference);
          else {
            expect(outcome, title).toSatisfy(wasPlayed);
            expect(outcome, `${title}: no longer differs by "${deviation.heading}"`).not.toEqual(row?.reference);
          }
        }
        expect(row?.comparisons).toHaveLength(combinations.length);
      });
    }
  });
});
