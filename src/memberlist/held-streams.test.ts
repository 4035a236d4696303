import { describe, expect, test, vi } from "vitest";
import { HeldStreams } from "./held-streams.ts";

function stream() {
  return { drop: vi.fn() };
}

describe("streams that others keep open", () => {
  test("are 64 at most, and one for each watcher: the newer", () => {
    const held = new HeldStreams();
    const first = stream();
    expect(held.admit("watcher-0", first)).toBe(true);
    for (let index = 1; index < 64; index++) expect(held.admit(`watcher-${index}`, stream())).toBe(true);
    expect(held.admit("another", stream())).toBe(false);
    const second = stream();
    expect(held.admit("watcher-0", second)).toBe(true);
    expect(first.drop).toHaveBeenCalledOnce();
    // It is gone already, and takes nobody's place with it.
    held.forget("watcher-0", first);
    expect(held.admit("another", stream())).toBe(false);
    held.forget("watcher-0", second);
    expect(held.admit("another", stream())).toBe(true);
  });

  test("are dropped together", () => {
    const held = new HeldStreams();
    const streams = [stream(), stream()];
    for (const [index, one] of streams.entries()) held.admit(`watcher-${index}`, one);
    held.stop();
    for (const { drop } of streams) expect(drop).toHaveBeenCalledOnce();
  });
});
