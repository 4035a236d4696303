/** What Serf sends along in a push/pull, and what it makes of the other side's. */

import { emptyBytes } from "../base/bytes.ts";
import type { WorkSlice } from "../base/work-slice.ts";
import type { Membership } from "./membership.ts";
import type { LeaveIntent } from "./messages.ts";
import type { PushPull } from "./push-pull.ts";
import type { Queries } from "./queries.ts";
import type { UserEvents } from "./user-events.ts";

export interface ExchangedState {
  readonly membership: Membership;
  readonly events: UserEvents;
  readonly queries: Queries;
}

/** `askedSums`: where the other side spoke first, what events it asked for. */
export function localState({ membership, events, queries }: ExchangedState, askedSums?: Uint8Array): PushPull {
  const eventSums = askedSums === undefined ? events.repairSums() : emptyBytes;
  return {
    kind: "push-pull",
    lamportTime: membership.clock.time,
    statusTimes: membership.statusTimes(),
    leftMembers: membership.withStatus("left").map(({ name }) => name),
    eventTime: events.clock.time,
    events: eventSums.length > 0 ? events.toTellWhenAsking() : events.recent(askedSums),
    queryTime: queries.clock.time,
    eventSums,
  };
}

/**
 * A slice at a time. What it brings is not passed on, since the next push/pull of whoever lacks it brings it there, with one exception: that somebody
 * left who is alive here. Only that member can set it right, and it does so when it hears of it by gossip; a push/pull would tell it no
 * more than the time. In the reference it counts as leaving from then on.
 */
export function* mergeRemoteState(
  remote: PushPull,
  { membership, events, queries }: ExchangedState,
  replay: boolean,
  passOn: (intent: LeaveIntent) => void,
  slice: WorkSlice,
): Generator<void, void> {
  // One less, since no message bears the time that the other's clock shows.
  membership.clock.witness(remote.lamportTime - 1);
  queries.clock.witness(remote.queryTime - 1);
  yield* mergeStatuses(remote, membership, passOn, slice);
  yield* events.merge(remote, replay, slice);
}

function* mergeStatuses(
  remote: PushPull,
  membership: Membership,
  passOn: (intent: LeaveIntent) => void,
  slice: WorkSlice,
): Generator<void, void> {
  // The left come first, before joins move the clock. Their leave has no time of its own here; it must have been accepted
  // after the status time told, so it counts as one later. Where the leave is known already it does not: two nodes would
  // raise each other's time at every exchange, until it passes the member's next join.
  const left = new Set<string>();
  for (const node of remote.leftMembers) {
    if (slice.isOver()) yield;
    if (left.has(node)) continue;
    left.add(node);
    const status = membership.member(node)?.status;
    const lamportTime = (remote.statusTimes.get(node) ?? 0) + (status === "left" ? 0 : 1);
    const intent = { kind: "leave", lamportTime, node, prune: false } as const;
    if (membership.receiveLeaveIntent(intent) && status === "alive") passOn(intent);
  }
  for (const [node, lamportTime] of remote.statusTimes) {
    if (!left.has(node)) membership.receiveStatusTime(node, lamportTime);
    if (slice.isOver()) yield;
  }
}
