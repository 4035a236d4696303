import { describe, expect, test } from "vitest";
import { InMemoryMetrics } from "./in-memory-metrics.ts";

/** 2013-12-02 23:07:20 UTC, the begin of an interval. */
const startMs = Date.UTC(2013, 11, 2, 23, 7, 20);

function measure(namesMax?: number) {
  const clock = { ms: startMs };
  const metrics = new InMemoryMetrics({ wallMs: () => clock.ms, ...(namesMax === undefined ? {} : { namesMax }) });
  return { clock, metrics };
}

/** Times of this machine's zone are not what these tests are about. */
function render(metrics: InMemoryMetrics): string[] {
  return metrics
    .render()
    .split("\n")
    .map((line) => line.replaceAll(/\d{4}-\d\d-\d\d \d\d:(\d\d:\d\d(\.\d+)?) [+-]\d{4} [^\]]+(?=\]|$)/g, "$1"));
}

describe("measurements in memory", () => {
  test("are shown in the reference's layout: gauges, counters, samples", () => {
    const { clock, metrics } = measure();
    metrics.sample("probe", 1);
    metrics.gauge("health", 2);
    metrics.gauge("health", 1);
    metrics.increment("sent", 100);
    clock.ms += 1_500;
    metrics.increment("sent", 100);
    metrics.sample("probe", 2);
    metrics.sample("once", 7);
    clock.ms = startMs + 10_000;
    expect(render(metrics)).toEqual([
      "[07:20][G] 'health': 1.000",
      "[07:20][C] 'sent': Count: 2 Sum: 200.000 LastUpdated: 07:21.5",
      "[07:20][S] 'once': Count: 1 Sum: 7.000 LastUpdated: 07:21.5",
      "[07:20][S] 'probe': Count: 2 Min: 1.000 Mean: 1.500 Max: 2.000 Stddev: 0.707 Sum: 3.000 LastUpdated: 07:21.5",
      "",
    ]);
  });

  test("are shown once their ten seconds are over, and for a minute", () => {
    const { clock, metrics } = measure();
    metrics.gauge("first", 1);
    expect(metrics.render()).toBe("");
    clock.ms += 10_000;
    for (let i = 0; i < 4; i++, clock.ms += 10_000) metrics.gauge("later", i);
    expect(render(metrics)[0]).toBe("[07:20][G] 'first': 1.000");
    clock.ms += 10_000;
    metrics.gauge("later", 9);
    expect(metrics.render()).not.toContain("first");
    expect(metrics.render()).toContain("later");
  });

  test("are all counted, each in the interval of its own time, however many are added up at once", () => {
    const { clock, metrics } = measure();
    for (let i = 0; i < 1_000; i++, clock.ms += 20) metrics.increment("sent");
    expect(render(metrics).slice(0, 2)).toEqual([
      "[07:20][C] 'sent': Count: 500 Sum: 500.000 LastUpdated: 07:29.98",
      "[07:30][C] 'sent': Count: 500 Sum: 500.000 LastUpdated: 07:39.98",
    ]);
  });

  test("of too many names are not kept", () => {
    const { clock, metrics } = measure(2);
    for (const name of ["a", "b", "c", "a"]) {
      metrics.gauge(name, 1);
      metrics.increment(name);
      metrics.sample(name, 1);
    }
    clock.ms += 10_000;
    const shown = render(metrics).map((line) => line.slice(7, 14));
    expect(shown).toEqual(["[G] 'a'", "[G] 'b'", "[C] 'a'", "[C] 'b'", "[S] 'a'", "[S] 'b'", ""]);
    expect(metrics.render()).toContain("[C] 'a': Count: 2");
  });
});
