import type { Logger, LogLevel } from "./host.ts";

/** Has the message made when somebody reads it, where the logger can do that; else now, where it goes anywhere. It must stay the same, and not throw. */
export function logLater(logger: Logger, level: LogLevel, message: () => string): void {
  if (logger.logLater !== undefined) logger.logLater(level, message);
  else if (logger.enabled(level)) logger.log(level, message());
}
