/** -retry-join over an agent's life: a reload may bring other addresses to join, after the first were joined too. */

import { isDeepStrictEqual } from "node:util";
import type { Logger } from "../base/host.ts";
import type { AgentConfig } from "./config.ts";
import { type RetryJoinOptions, retryJoin } from "./retry-join.ts";

export type JoinPlan = Pick<AgentConfig, "retryJoin" | "retryIntervalMs" | "retryMax" | "replay">;

export class PersistentJoin {
  /** Resolves when an attempt was given up; stays pending otherwise. */
  readonly gaveUp: Promise<void>;

  private readonly join: RetryJoinOptions["join"];
  private readonly logger: Logger;
  private plan: JoinPlan = { retryJoin: [], retryIntervalMs: 0, retryMax: 0, replay: false };
  /** Set while nobody has answered yet. */
  private attempt: AbortController | undefined;
  private tellGaveUp: () => void = () => undefined;

  constructor(join: RetryJoinOptions["join"], logger: Logger) {
    this.join = join;
    this.logger = logger;
    this.gaveUp = new Promise((resolve) => {
      this.tellGaveUp = resolve;
    });
  }

  /** Tries the addresses of the plan until one answers. Once somebody has, only a plan with a new address is tried again. */
  follow({ retryJoin: addresses, retryIntervalMs, retryMax, replay }: JoinPlan): void {
    const plan = { retryJoin: addresses, retryIntervalMs, retryMax, replay };
    const before = this.plan;
    this.plan = plan;
    const hasNew = addresses.some((address) => !before.retryJoin.includes(address));
    const isMissing = this.attempt !== undefined && !isDeepStrictEqual(plan, before);
    if (!hasNew && !isMissing) return;
    this.stop();
    if (addresses.length > 0) void this.start(plan);
  }

  /** Ends the trying. */
  stop(): void {
    this.attempt?.abort();
    this.attempt = undefined;
  }

  private async start({ retryJoin: addresses, retryIntervalMs, retryMax, replay }: JoinPlan): Promise<void> {
    const attempt = new AbortController();
    this.attempt = attempt;
    const result = await retryJoin({
      addresses,
      replay,
      intervalMs: retryIntervalMs,
      retriesMax: retryMax,
      join: this.join,
      logger: this.logger,
      stop: attempt.signal,
    });
    if (this.attempt !== attempt) return;
    this.attempt = undefined;
    if (result === "gave-up") this.tellGaveUp();
  }
}
