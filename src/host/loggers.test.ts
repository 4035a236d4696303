import { expect, test } from "vitest";
import { createLogger, silentLogger, singleLineLogger } from "./loggers.ts";

test("a logger hands on its level and what is graver", () => {
  const written: string[] = [];
  const logger = createLogger("WARN", (level, message) => written.push(`[${level}] ${message}`));
  for (const level of ["TRACE", "DEBUG", "INFO", "WARN", "ERR"] as const) {
    logger.log(level, "serf: text");
    expect(logger.enabled(level)).toBe(level === "WARN" || level === "ERR");
    expect(silentLogger.enabled(level)).toBe(false);
  }
  expect(written).toEqual(["[WARN] serf: text", "[ERR] serf: text"]);
});

test("a peer's name cannot write a log line of its own", () => {
  const written: string[] = [];
  const logger = singleLineLogger(createLogger("INFO", (level, message) => written.push(`[${level}] ${message}`)));
  expect([logger.enabled("DEBUG"), logger.enabled("INFO")]).toEqual([false, true]);
  logger.log("DEBUG", "serf: quiet");
  logger.log("INFO", "serf: EventMemberJoin: web\n[ERR] agent: \x1b[31mforged 10.0.0.1");
  logger.logLater?.("DEBUG", () => expect.fail("nobody reads it"));
  logger.logLater?.("WARN", () => "serf: web\n[ERR] forged");
  expect(written.pop()).toBe("[WARN] serf: web\\n[ERR] forged");
  expect(written).toEqual(["[INFO] serf: EventMemberJoin: web\\n[ERR] agent: \\x1b[31mforged 10.0.0.1"]);
});
