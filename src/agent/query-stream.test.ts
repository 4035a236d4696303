import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { QueryEnd } from "../serf/open-query.ts";
import { createQueryStream } from "./query-stream.ts";

describe("a stream of answers", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const typesAfter = (
    reason: QueryEnd,
    act: (stream: ReturnType<typeof createQueryStream>) => void = () => undefined,
  ) => {
    const types: unknown[] = [];
    const sink = { blocked: false, sendRecord: (body: object) => void types.push((body as { Type: unknown }).Type) };
    const stream = createQueryStream(sink, vi.fn(), vi.fn());
    stream.listener.acked?.("a");
    stream.listener.ended?.(reason);
    act(stream);
    return types;
  };

  test("lets some time pass between the last answer and an early end, for clients that would lose the one over the other", () => {
    expect(typesAfter("complete")).toEqual(["ack"]);
    expect(typesAfter("complete", () => vi.advanceTimersByTime(100))).toEqual(["ack", "done"]);
  });

  test("ends at once when the time is up, and without a word when it was stopped", () => {
    expect(typesAfter("timeout")).toEqual(["ack", "done"]);
    expect(typesAfter("stopped", () => vi.runAllTimers())).toEqual(["ack"]);
  });

  test("to a client that does not read is bounded, counts what is lost, and still ends", () => {
    const records: unknown[] = [];
    const sink = { blocked: true, sendRecord: (body: object) => void records.push((body as { Type: unknown }).Type) };
    const [dropped, ended] = [vi.fn(), vi.fn()];
    const stream = createQueryStream(sink, dropped, ended);
    for (let i = 0; i < 65_546; i++) stream.listener.responded?.(`n${i}`, new Uint8Array(1));
    stream.listener.ended?.("timeout");
    expect([records.length, dropped.mock.calls.length]).toEqual([0, 10]);
    expect(ended).not.toHaveBeenCalled();
    sink.blocked = false;
    stream.flush();
    expect([records.length, records.at(-1)]).toEqual([65_537, "done"]);
    expect(ended).toHaveBeenCalledOnce();
  });

  test("says nothing to a client that went away meanwhile", () => {
    const leave = (stream: { stop(): void }) => {
      stream.stop();
      vi.runAllTimers();
    };
    expect(typesAfter("complete", leave)).toEqual(["ack"]);
  });
});
