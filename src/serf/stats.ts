import type { Broadcasts } from "./broadcasts.ts";
import type { ExchangedState } from "./state-exchange.ts";

export interface StatsSource extends ExchangedState {
  readonly broadcasts: Broadcasts;
  readonly healthScore: number;
  readonly encrypted: boolean;
  /** Undefined where there are no coordinates. */
  readonly coordinateResets: number | undefined;
}

/** What operators look at, in texts, under the reference's keys. */
export function collectStats(source: StatsSource): Readonly<Record<string, string>> {
  const { membership, events, queries, broadcasts, healthScore, encrypted, coordinateResets } = source;
  const stats = {
    members: membership.size,
    failed: membership.withStatus("failed").length,
    left: membership.withStatus("left").length,
    health_score: healthScore,
    member_time: membership.clock.time,
    event_time: events.clock.time,
    query_time: queries.clock.time,
    intent_queue: broadcasts.intents.length,
    event_queue: broadcasts.events.length,
    query_queue: broadcasts.queries.length,
    encrypted,
    ...(coordinateResets === undefined ? {} : { coordinate_resets: coordinateResets }),
  };
  return Object.fromEntries(Object.entries(stats).map(([key, value]) => [key, String(value)]));
}
