import { describe, expect, test } from "vitest";
import { RateLimitedLog } from "./rate-limited-log.ts";

function logOf(subjectsMax = 100) {
  let nowMs = 0;
  const lines: string[] = [];
  const log = new RateLimitedLog({
    logger: { enabled: () => true, log: (level, message) => lines.push(`${level} ${message}`) },
    clock: { monotonicMs: () => nowMs, wallMs: () => 0 },
    periodMs: 60_000,
    subjectsMax,
  });
  const pass = (ms: number): void => {
    nowMs += ms;
  };
  return { log, lines, pass };
}

describe("the rate-limited log", () => {
  test("says it once a subject and period, then how often it did not", () => {
    const { log, lines, pass } = logOf();
    for (let i = 0; i < 1_000; i++) log.log("ERR", "10.0.0.1", "wrong key");
    log.log("ERR", "10.0.0.2", "wrong key, too");
    pass(59_999);
    log.log("ERR", "10.0.0.1", "wrong key");
    expect(lines).toEqual(["ERR wrong key", "ERR wrong key, too"]);
    pass(1);
    log.log("ERR", "10.0.0.1", "still the wrong key");
    log.log("ERR", "10.0.0.2", "this one, too");
    expect(lines.slice(2)).toEqual([
      "ERR still the wrong key (1000 more like it since the last such line)",
      "ERR this one, too",
    ]);
  });

  test("begins a new period with each line", () => {
    const { log, lines, pass } = logOf();
    for (let i = 0; i < 10; i++) {
      log.log("WARN", "a", `${i}`);
      pass(30_000);
    }
    expect(lines).toHaveLength(5);
  });

  test("gives those beyond its bound one line together", () => {
    const { log, lines, pass } = logOf(3);
    for (let i = 0; i < 1_000; i++) log.log("ERR", `forged ${i}`, `from ${i}`);
    expect(lines).toEqual(["ERR from 0", "ERR from 1", "ERR from 2", "ERR from 3"]);
    pass(60_000);
    for (let i = 5_000; i < 6_000; i++) log.log("ERR", `forged ${i}`, `from ${i}`);
    expect(lines.slice(4)).toEqual([
      "ERR from 5000",
      "ERR from 5001",
      "ERR from 5002",
      "ERR from 5003 (996 more like it since the last such line)",
    ]);
  });

  test("makes room by forgetting the subject whose line is longest ago", () => {
    const { log, lines, pass } = logOf(2);
    log.log("ERR", "a", "a");
    pass(30_000);
    log.log("ERR", "b", "b");
    pass(30_000);
    log.log("ERR", "c", "c");
    log.log("ERR", "b", "b");
    expect(lines).toEqual(["ERR a", "ERR b", "ERR c"]);
  });

  test("holds a subject that was heard of again for newer than one that was not", () => {
    const { log, lines, pass } = logOf(2);
    for (const subject of ["a", "b", "a"]) {
      log.log("ERR", subject, subject);
      pass(30_000);
    }
    pass(5_000);
    log.log("ERR", "c", "c");
    log.log("ERR", "d", "d");
    expect(lines).toEqual(["ERR a", "ERR b", "ERR a", "ERR c", "ERR d"]);
  });
});
