import { describe, expect, test } from "vitest";
import { Forecast, type ForecastOptions } from "./forecast.ts";
import { isKnownToAll } from "./observations.ts";
import { distributionOf } from "./statistics.ts";

const options: ForecastOptions = {
  ...{ nodes: 12, seed: 5, profile: "local", loss: 0.02, latency: 0.5, kill: 2, event: true, quietMs: 2_000 },
};

function forecast(more: Partial<ForecastOptions> = {}): Forecast {
  const run = new Forecast({ ...options, ...more });
  while (run.advance());
  return run;
}

describe("a forecast", () => {
  test("shows how a cluster forms, hears of an event, and notices failures", () => {
    const { report, observations } = forecast();
    expect(report.phase).toBe("done");
    expect(report.formedAfterMs).toBeGreaterThan(0);
    expect(report.dissemination).toMatchObject({ receivers: 11, afterMs: { count: 11 } });
    expect(report.dissemination!.afterMs!.min).toBeGreaterThan(0);
    expect(report.failures).toMatchObject({ killed: 2, knownToAll: 2 });
    expect(report.failures!.firstMs!.min).toBeLessThanOrEqual(report.failures!.allMs!.min);
    expect(observations.detections.map(({ observers }) => observers)).toEqual([10, 10]);
    expect(observations.detections.every(isKnownToAll)).toBe(true);
    expect(observations.agreement).toBe(1);
    expect(report.falsePositives).toBe(0);
    expect(report.quietLoad!.packetsPerSecond).toBeGreaterThan(2);
  });

  test("is the same for the same seed, and another for another", () => {
    const first = forecast();
    expect(forecast().report).toEqual(first.report);
    expect(forecast({ seed: 6 }).report.traceHash).not.toBe(first.report.traceHash);
  });

  test("shows what a setting changes", () => {
    const patient = forecast({ powerLoss: true, memberlist: { suspicionMult: 12 } });
    const usual = forecast({ powerLoss: true });
    expect(patient.report.failures!.firstMs!.min).toBeGreaterThan(2 * usual.report.failures!.firstMs!.max);
  });

  test("kills processes, whose machines refuse and so show it, or has machines lose their power", () => {
    const { firstMs } = forecast().report.failures!;
    expect(firstMs!.max).toBeLessThan(1_500);
    expect(forecast({ powerLoss: true }).report.failures!.firstMs!.min).toBeGreaterThan(2 * firstMs!.max);
  });

  test("counts living members that are called failed", () => {
    const { report } = forecast({
      loss: 0.7,
      kill: 0,
      event: false,
      quietMs: 60_000,
      memberlist: { streamPings: false },
    });
    expect(report.falsePositives).toBeGreaterThan(0);
  });

  test("can be looked at before its end", () => {
    const run = new Forecast(options);
    expect(run.advance()).toBe(true);
    expect(run.report).toMatchObject({ phase: "forming", formedAfterMs: undefined, failures: undefined });
    expect(run.observations.agreement).toBeGreaterThan(0);
  });

  test("needs somebody who survives", () => {
    expect(() => new Forecast({ ...options, kill: 12 })).toThrow("at most 11 can be killed");
  });
});

test("a distribution names values that were there", () => {
  expect(distributionOf([])).toBeUndefined();
  expect(distributionOf([3, 1, 2, 4])).toEqual({ count: 4, min: 1, median: 2, p90: 4, p99: 4, max: 4 });
});
