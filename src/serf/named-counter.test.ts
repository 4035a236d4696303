import { expect, test } from "vitest";
import { NamedCounter } from "./named-counter.ts";

test("names that a peer makes up without end do not become counters without end", () => {
  const counters = new Map<string, number>();
  const increment = (name: string): void => {
    counters.set(name, (counters.get(name) ?? 0) + 1);
  };
  const counter = new NamedCounter("serf.events", { increment, gauge: () => {}, sample: () => {} });
  for (let index = 0; index < 2_000; index += 1) counter.increment(`made-up-${index}`);
  counter.increment("made-up-0");
  expect(counters.size).toBe(1 + 1_024);
  expect([counters.get("serf.events"), counters.get("serf.events.made-up-0")]).toEqual([2_001, 2]);
});
