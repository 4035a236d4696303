import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { QueryEvent } from "../serf/events.ts";
import { PendingQueries } from "./pending-queries.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function query(timeoutMs: number): QueryEvent {
  const respond = (): void => undefined;
  const payload = new Uint8Array(0);
  return { kind: "query", lamportTime: 1, name: "load", payload, sourceNode: "a", timeoutMs, respond };
}

test("queries are numbered from 1 and found until their time is up", () => {
  const pending = new PendingQueries();
  const [brief, long] = [query(100), query(1000)];
  expect([pending.register(brief), pending.register(long)]).toEqual([1, 2]);
  expect(pending.find(1)).toBe(brief);
  vi.advanceTimersByTime(100);
  expect(pending.find(1)).toBeUndefined();
  expect(pending.find(2)).toBe(long);
  pending.clear();
  expect(pending.find(2)).toBeUndefined();
  expect(vi.getTimerCount()).toBe(0);
});

test("of very many queries the newest are kept", () => {
  const pending = new PendingQueries();
  for (let count = 0; count < 5000; count++) pending.register(query(1000));
  expect(pending.find(904)).toBeUndefined();
  expect(pending.find(905)).toBeDefined();
  expect(vi.getTimerCount()).toBe(4096);
});
