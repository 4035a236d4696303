import type { Broadcasts } from "./broadcasts.ts";
import type { ExchangedState } from "./state-exchange.ts";

/** What a Serf is made of, for those who look. */
export interface SerfInside extends ExchangedState {
  readonly broadcasts: Broadcasts;
  readonly memberlist: { readonly healthScore: number };
  readonly encrypted: boolean;
  readonly coordinates: { readonly resetCount: number } | undefined;
}

/** What operators look at, in texts, under the reference's keys. */
export function collectStats(source: SerfInside): Readonly<Record<string, string>> {
  const { membership, events, queries, broadcasts, memberlist, encrypted, coordinates } = source;
  const stats = {
    members: membership.size,
    failed: membership.withStatus("failed").length,
    left: membership.withStatus("left").length,
    health_score: memberlist.healthScore,
    member_time: membership.clock.time,
    event_time: events.clock.time,
    query_time: queries.clock.time,
    intent_queue: broadcasts.intents.length,
    event_queue: broadcasts.events.length,
    query_queue: broadcasts.queries.length,
    encrypted,
    ...(coordinates === undefined ? {} : { coordinate_resets: coordinates.resetCount }),
  };
  return Object.fromEntries(Object.entries(stats).map(([key, value]) => [key, String(value)]));
}
