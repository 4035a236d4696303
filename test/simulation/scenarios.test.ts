import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  drawScenario,
  runScenario,
  type Scenario,
  ScenarioRun,
  type Step,
  shrinkScenario,
} from "../../src/simulator/index.ts";

const regressions = join(import.meta.dirname, "regressions");

function failing(steps: readonly Step[], more: Partial<Scenario> = {}) {
  return runScenario({ ...more, steps: [...steps] }, { seed: 1 }).violations[0]?.problem;
}

describe("a scenario", () => {
  test("goes the same way each time, and another way with another seed", () => {
    const hashes = new Set<string>();
    for (const seed of [1, 6, 10]) {
      const [first, second] = [0, 1].map(() => runScenario(drawScenario(seed, { ticks: 100 }), { seed }));
      expect(second).toEqual(first);
      expect(first!.verdict).toBe("passed");
      hashes.add(first!.traceHash);
    }
    expect(hashes.size).toBe(3);
  });

  test.each([
    [{ steps: [{ kind: "addNodes", count: 0 }] }, "steps.0.count: "],
    [{ steps: [{ kind: "explode" }] }, "steps.0.kind: "],
    [{ steps: [{ kind: "wait", ms: -1 }] }, "steps.0.ms: "],
    [{ steps: [{ kind: "loss", share: 2 }] }, "steps.0.share: "],
    [{ steps: [{ kind: "heal", nodes: ["n1"] }] }, "steps.0.nodes: "],
    [{ steps: [{ kind: "crash", nodes: ["n 1"] }] }, "steps.0.nodes.0: must be a name"],
    [{ network: { loss: "much" }, steps: [] }, "network.loss: "],
    [{}, "steps: "],
    [7, "the scenario: "],
  ])("that makes no sense is refused with its place: %j", (given, place) => {
    expect(() => runScenario(given as Scenario)).toThrow(place);
  });

  test("tells what was expected and did not come", () => {
    const start: Step[] = [
      { kind: "addNodes", count: 4 },
      { kind: "wait", ms: 5_000 },
      { kind: "crash", nodes: ["n4"] },
    ];
    expect(failing([...start, { kind: "expect", of: "n4", status: "failed", withinMs: 20_000 }])).toBeUndefined();
    expect(failing([...start, { kind: "expect", of: "n4", status: "failed", withinMs: 100 }])).toBe(
      "n1 holds n4 for alive, expected was failed",
    );
    expect(failing([...start, { kind: "expect", of: "n9", status: "alive", at: ["n2"] }])).toBe(
      "n2 holds n9 for unknown, expected was alive",
    );
  });

  test("does to a cluster what its steps say", () => {
    expect(
      failing(
        [
          { kind: "addNodes", count: 5, tags: { role: "web" } },
          { kind: "wait", ms: 5_000 },
          { kind: "partition", groups: [["n1..n2"], ["n3..n5"]] },
          { kind: "expect", of: "n1", status: "failed", at: ["n3..n5"], withinMs: 60_000 },
          { kind: "expect", of: "n2", status: "alive", at: ["n1"] },
          { kind: "heal" },
          { kind: "expect", of: "n1", status: "alive", at: ["all"], withinMs: 300_000 },
          { kind: "leave", nodes: ["n5"] },
          { kind: "expect", of: "n5", status: "left", withinMs: 10_000 },
          { kind: "restart", nodes: ["n4"], storage: "lost", address: "new" },
          { kind: "wait", ms: 20_000 },
          { kind: "expect", of: "n4", status: "alive", withinMs: 60_000 },
          { kind: "pause", nodes: ["n3"], forMs: 30_000 },
          { kind: "expect", of: "n3", status: "failed", at: ["n1", "n2", "n4"], withinMs: 25_000 },
          { kind: "expect", of: "n3", status: "alive", withinMs: 30_000 },
          { kind: "event", count: 3 },
          { kind: "query" },
          { kind: "setTags", nodes: ["n2"], tags: { role: "db" } },
          { kind: "rotateKey" },
          { kind: "calm" },
        ],
        { encrypted: true, snapshots: true },
      ),
    ).toBeUndefined();
  });
});

describe("nodes that share hosts", () => {
  const start: Step[] = [
    { kind: "addNodes", count: 7 },
    { kind: "wait", ms: 10_000 },
  ];

  test("have ports of their own, and links between the hosts", () => {
    const run = new ScenarioRun({
      hosts: 3,
      steps: [...start, { kind: "partition", groups: [["n1"], ["n2"]] }, { kind: "wait", ms: 60_000 }],
    });
    while (run.advance());
    const { simulation, report } = run;
    expect(report.violations).toEqual([]);
    expect(simulation.nodes.map(({ endpoint }) => endpoint)).toEqual(
      ["1:7946", "2:7946", "3:7946", "1:7947", "2:7947", "3:7947", "1:7948"].map((place) => `10.0.0.${place}`),
    );
    // n3 and n6 reach both sides, and so nobody fails.
    const alive = simulation.nodes.map(({ serf }) => serf.members().filter(({ status }) => status === "alive").length);
    expect(alive).toEqual([7, 7, 7, 7, 7, 7, 7]);
    const { serf } = simulation.node("n4")!;
    expect(serf.memberlist.localMember.port).toBe(7947);
  });

  test("lose power together, and crash alone", () => {
    const failed = (power: boolean, status: "alive" | "failed") =>
      failing(
        [
          ...start,
          { kind: "crash", nodes: ["n4"], power },
          { kind: "expect", of: "n4", status: "failed", at: ["n2"], withinMs: 60_000 },
          { kind: "expect", of: "n7", status, at: ["n2"], withinMs: 60_000 },
          { kind: "restart", nodes: ["n1", "n4", "n7"] },
          { kind: "calm" },
        ],
        { hosts: 3, snapshots: true },
      );
    expect(failed(false, "failed")).toBeUndefined();
    expect(failed(true, "alive")).toBeUndefined();
  });

  test("on one host find each other again at other ports, under names in dispute, and after all was cut off", () => {
    for (const seed of [1, 2]) {
      const { violations } = runScenario(
        {
          hosts: 1,
          snapshots: true,
          steps: [
            ...start,
            { kind: "event", count: 40 },
            { kind: "restart", nodes: ["n3"], address: "new" },
            { kind: "intrude", name: "n5" },
            { kind: "wait", ms: 30_000 },
            { kind: "event", node: "n2", count: 2 },
            { kind: "partition", groups: [["n1"], ["n2"]] },
            { kind: "wait", ms: 20_000 },
            { kind: "event", node: "n6" },
            { kind: "calm" },
          ],
        },
        { seed },
      );
      expect(violations).toEqual([]);
    }
  });
});

describe("shrinking", () => {
  test("leaves what is needed to fail, and no more", () => {
    const scenario: Scenario = {
      encrypted: true,
      network: { latency: 5 },
      steps: [
        { kind: "addNodes", count: 9 },
        { kind: "event" },
        { kind: "wait", ms: 9_500 },
        { kind: "pause", nodes: ["n2", "n3", "n4"] },
        { kind: "query" },
        { kind: "calm" },
      ],
    };
    const fails = ({ steps }: Scenario) => steps.some((step) => step.kind === "pause" && step.nodes.includes("n3"));
    expect(shrinkScenario(scenario, fails)).toEqual({
      encrypted: false,
      network: {},
      steps: [{ kind: "pause", nodes: ["n3"] }],
    });
  });
});

describe("what the simulator once found stays mended:", () => {
  test.each(readdirSync(regressions))("%s", (file) => {
    const scenario = JSON.parse(readFileSync(join(regressions, file), "utf8")) as Scenario;
    expect(runScenario(scenario).violations).toEqual([]);
  });
});
