/** Serf's part of a push/pull, which speaks of every member: it is read a slice at a time. Field meanings follow Serf's. */

import { isRejected, type Rejected, rejected } from "../base/rejected.ts";
import { finish, WorkSlice } from "../base/work-slice.ts";
import {
  bytes,
  field,
  list,
  looseText,
  map,
  nullable,
  optionalField,
  struct,
  text,
  u64,
  type Value,
} from "../wire/schema.ts";
import { readList, readMap, unread } from "../wire/unread.ts";
import type { LamportSlot } from "./lamport-buffer.ts";

const messageType = 2;

/** More times than the reference remembers by far. Ours are in order, however many they are. */
const unorderedTimesMax = 65_536;

const recentEvent = struct({
  name: field("Name", looseText),
  payload: field("Payload", bytes),
});

const statusTimes = map(u64);
const leftMembers = list(text);
const recentEvents = list(recentEvent);
const slot = nullable(struct({ time: field("LTime", u64), items: field("Events", unread) }));
/** The reference sends its ring of events as it lies, with a nil for every empty slot. */
const slots = list(slot);

const pushPull = struct({
  lamportTime: field("LTime", u64),
  statusTimes: field("StatusLTimes", unread),
  leftMembers: field("LeftMembers", unread),
  eventTime: field("EventLTime", u64),
  slots: field("Events", unread),
  queryTime: field("QueryLTime", u64),
  /** Ours alone: others skip it. See `event-sums.ts`. */
  eventSums: optionalField("EventSums", bytes),
});

export type RecentEvent = Value<typeof recentEvent>;

/** As it came: what is long in it was not looked at. */
export type ReceivedPushPull = Value<typeof pushPull>;

export interface PushPull {
  readonly kind: "push-pull";
  readonly lamportTime: number;
  /** Of every member, the Lamport time of the newest intent about it. */
  readonly statusTimes: ReadonlyMap<string, number>;
  readonly leftMembers: readonly string[];
  readonly eventTime: number;
  readonly events: readonly LamportSlot<RecentEvent>[];
  readonly queryTime: number;
  /** Asks for the user events of times whose checksums differ. Empty where nothing is asked. */
  readonly eventSums: Uint8Array;
}

export function encodePushPull(value: PushPull): Uint8Array {
  const encoded = {
    ...value,
    statusTimes: statusTimes.encode(value.statusTimes),
    leftMembers: leftMembers.encode(value.leftMembers),
    slots: slots.encode(value.events.map(({ time, items }) => ({ time, items: recentEvents.encode(items) }))),
  };
  return pushPull.encode(encoded, messageType);
}

/** All that can be said without looking at what is long. */
export function openPushPull(received: Uint8Array): ReceivedPushPull | Rejected {
  if (received.length === 0) return rejected("truncated", "Remote state is zero bytes");
  if (received[0] !== messageType) return rejected("unknown-kind", `Remote state has bad type prefix: ${received[0]}`);
  return because(pushPull.decode(received, 1));
}

/** Byte fields of the result are views of `received`. */
export function decodePushPull(received: Uint8Array): PushPull | Rejected {
  return finish(readPushPull(received, new WorkSlice()));
}

/** As `decodePushPull`, a slice at a time. */
export function* readPushPull(received: Uint8Array, slice: WorkSlice): Generator<void, PushPull | Rejected> {
  const opened = openPushPull(received);
  if (isRejected(opened)) return opened;
  const times = yield* readMap(opened.statusTimes, u64, slice);
  if (isRejected(times)) return because(times);
  const left = yield* readList(opened.leftMembers, text, slice);
  if (isRejected(left)) return because(left);
  const events = yield* readSlots(opened.slots, slice);
  if (isRejected(events)) return because(events);
  const { lamportTime, eventTime, queryTime, eventSums } = opened;
  return {
    kind: "push-pull",
    lamportTime,
    statusTimes: times,
    leftMembers: left,
    eventTime,
    events,
    queryTime,
    eventSums,
  };
}

function* readSlots(encoded: Uint8Array, slice: WorkSlice): Generator<void, LamportSlot<RecentEvent>[] | Rejected> {
  const unreadSlots = yield* readList(encoded, slot, slice);
  if (isRejected(unreadSlots)) return unreadSlots;
  const read: LamportSlot<RecentEvent>[] = [];
  let isInOrder = true;
  let latest = 0;
  for (const { time, items } of unreadSlots) {
    const events = yield* readList(items, recentEvent, slice);
    if (isRejected(events)) return events;
    read.push({ time, items: events });
    isInOrder &&= time >= latest;
    latest = time;
    if (slice.isOver()) yield;
  }
  if (!isInOrder && read.length > unorderedTimesMax)
    return rejected("too-large", `events of ${read.length} Lamport times, in no order`);
  return read;
}

/** Says in a rejection what could not be read. */
function because<T>(decoded: T | Rejected): T | Rejected {
  return isRejected(decoded) ? rejected(decoded.reason, `Failed to decode remote state: ${decoded.detail}`) : decoded;
}
