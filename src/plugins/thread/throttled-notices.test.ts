import { expect, test } from "vitest";
import { BenchTimers } from "../bench-timers.ts";
import type { PluginNotice } from "../link.ts";
import { ThrottledNotices } from "./throttled-notices.ts";

function world() {
  const timers = new BenchTimers();
  const posted: PluginNotice[] = [];
  const notices = new ThrottledNotices(timers, (notice) => posted.push(notice));
  const advance = (ms: number): void => {
    const untilMs = timers.nowMs() + ms;
    while (timers.fireNext(untilMs));
  };
  return { notices, posted, advance };
}

test("of a flood of lines a hundred a second are told, and how many were left out", () => {
  const { notices, posted, advance } = world();
  for (let i = 0; i < 1000; i++) notices.notify({ kind: "log", level: "INFO", line: `${i}` });
  expect(posted).toHaveLength(100);
  advance(1000);
  expect(posted.at(-1)).toEqual({
    kind: "log",
    level: "WARN",
    line: "900 lines of the last second are left out: more than 100 were written",
  });
  notices.notify({ kind: "log", level: "INFO", line: "after" });
  expect(posted.at(-1)).toMatchObject({ line: "after" });
  advance(1000);
  expect(posted).toHaveLength(102);
});

test("of many statuses the last is told, at once and then ten times a second", () => {
  const { notices, posted, advance } = world();
  for (let i = 0; i < 1000; i++) {
    notices.notify({ kind: "status", text: `${i}` });
    notices.notify({ kind: "problem", text: undefined });
    advance(1);
  }
  const statuses = posted.flatMap((notice) => (notice.kind === "status" ? [notice.text] : []));
  expect([statuses[0], statuses.length]).toEqual(["0", 11]);
  advance(100);
  expect(posted.filter(({ kind }) => kind === "status").at(-1)).toEqual({ kind: "status", text: "999" });
});

test("what waits is told at the end, and a failure never waits", () => {
  const { notices, posted } = world();
  notices.notify({ kind: "status", text: "last" });
  notices.notify({ kind: "failed", reason: "why" });
  expect(posted).toEqual([{ kind: "failed", reason: "why" }]);
  notices.flush();
  expect(posted.at(-1)).toEqual({ kind: "status", text: "last" });
});
