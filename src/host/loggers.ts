import type { Logger, LogLevel, Metrics } from "../base/host.ts";
import { logLater } from "../base/log-later.ts";
import { isAtLeast } from "../base/log-level.ts";
import { escapeUnprintable } from "../base/unprintable.ts";

export const silentLogger: Logger = {
  enabled: () => false,
  log: () => undefined,
};

export const silentMetrics: Metrics = {
  increment: () => undefined,
  gauge: () => undefined,
  sample: () => undefined,
};

/** A logger that hands lines of `minLevel` and above to `write`, for programs that have a log of their own. */
export function createLogger(minLevel: LogLevel, write: (level: LogLevel, message: string) => void): Logger {
  return {
    enabled: (level) => isAtLeast(level, minLevel),
    log: (level, message) => {
      if (isAtLeast(level, minLevel)) write(level, message);
    },
  };
}

/** A logger for rooms whose messages are single lines, whatever names of peers are in them. */
export function singleLineLogger(logger: Logger): Logger {
  return {
    enabled: (level) => logger.enabled(level),
    log: (level, message) => logger.log(level, escapeUnprintable(message)),
    logLater: (level, message) => logLater(logger, level, () => escapeUnprintable(message())),
  };
}
