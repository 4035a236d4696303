import type { LogLevel } from "./host.ts";

/** From the least to the most severe. */
export const logLevels: readonly LogLevel[] = ["TRACE", "DEBUG", "INFO", "WARN", "ERR"];

/** Reads a level as an operator or an RPC client writes it, in any case; undefined if there is no such level. */
export function parseLogLevel(text: string): LogLevel | undefined {
  const upper = text.toUpperCase();
  return logLevels.find((level) => level === upper);
}

/** Whether a line of `level` is to be seen by somebody who asked for `minimum` and above. */
export function isAtLeast(level: LogLevel, minimum: LogLevel): boolean {
  return logLevels.indexOf(level) >= logLevels.indexOf(minimum);
}
