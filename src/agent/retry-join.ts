import { setTimeout as sleep } from "node:timers/promises";
import { formatDuration } from "../base/duration.ts";
import type { Logger } from "../base/host.ts";
import type { JoinResult } from "../memberlist/joiner.ts";
import { joinErrorText } from "./face.ts";

export interface RetryJoinOptions {
  readonly addresses: readonly string[];
  readonly replay: boolean;
  readonly intervalMs: number;
  /** How often to try again after the first time; 0 is without end. */
  readonly retriesMax: number;
  readonly join: (addresses: readonly string[], replay: boolean) => Promise<JoinResult>;
  readonly logger: Logger;
  /** Ends the trying, with the result "stopped". */
  readonly stop: AbortSignal;
}

/** Joins the first of the addresses that answers, and tries all of them again until one does. */
export async function retryJoin(options: RetryJoinOptions): Promise<"joined" | "gave-up" | "stopped"> {
  const { addresses, replay, intervalMs, retriesMax, join, logger, stop } = options;
  const log = (level: "INFO" | "WARN" | "ERR", message: string) => logger.log(level, `agent: ${message}`);
  for (let failures = 1; !stop.aborted; failures++) {
    log("INFO", `Joining cluster...(replay: ${replay})`);
    const outcome = await join(addresses, replay);
    const problem = joinErrorText(outcome);
    if (problem === "") {
      log("INFO", `Join completed. Synced with ${outcome.joined} initial agents`);
      return "joined";
    }
    if (retriesMax > 0 && failures > retriesMax) {
      log("ERR", "maximum retry join attempts made, exiting");
      return "gave-up";
    }
    log("WARN", `Join failed: ${problem}, retrying in ${formatDuration(intervalMs)}`);
    await sleep(intervalMs, undefined, { signal: stop }).catch(() => undefined);
  }
  return "stopped";
}
