import type { Logger, LogLevel, Metrics } from "../base/host.ts";

export const silentLogger: Logger = {
  enabled: () => false,
  log: () => undefined,
};

export const silentMetrics: Metrics = {
  increment: () => undefined,
  gauge: () => undefined,
  sample: () => undefined,
};

/** From the most talkative level to the gravest. */
const levels: readonly LogLevel[] = ["TRACE", "DEBUG", "INFO", "WARN", "ERR"];

/** A logger that hands lines of `minLevel` and above to `write`, for programs that have a log of their own. */
export function createLogger(minLevel: LogLevel, write: (level: LogLevel, message: string) => void): Logger {
  const enabled = new Set(levels.slice(levels.indexOf(minLevel)));
  return {
    enabled: (level) => enabled.has(level),
    log: (level, message) => {
      if (enabled.has(level)) write(level, message);
    },
  };
}
