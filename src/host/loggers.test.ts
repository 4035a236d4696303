import { expect, test } from "vitest";
import { createLogger, silentLogger } from "./loggers.ts";

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
