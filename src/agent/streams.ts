/**
 * What the server sends unasked: events and log lines. A client that reads more slowly than they come keeps its
 * connection and loses records, so that it can neither hold up the agent nor fill its memory.
 */

import type { LogLevel } from "../base/host.ts";
import { isAtLeast } from "../base/log-level.ts";
import type { Body } from "../rpc/commands.ts";
import type { SerfEvent } from "../serf/events.ts";
import { type EventFilter, matchesEvent } from "./event-filter.ts";
import type { AgentFace } from "./face.ts";
import type { LogBuffer } from "./log-buffer.ts";
import type { PendingQueries } from "./pending-queries.ts";
import { eventBody } from "./rpc-records.ts";

/** As many as the reference keeps for a client that does not keep up. */
export const queuedRecordsMax = 512;
/** Of events, more: a burst that its sender was told is accepted is not to be lost for a reader that stops for a moment. */
export const queuedEventsMax = 16_384;

/** Where records go. */
export interface RecordSink {
  /** True while the client has not read what it was sent: records then wait. */
  readonly blocked: boolean;
  /** Bytes are a body that is encoded already. */
  sendRecord(body: Body | Uint8Array): void;
}

/** Records on their way to one client. They wait as they came and are encoded only when they can be sent. */
export class RecordQueue<T> {
  private readonly sink: RecordSink;
  private readonly toBody: (record: T) => Body | Uint8Array;
  private readonly lengthMax: number;
  private readonly waiting: T[] = [];
  /** Of those waiting, from the first on. Shifting each out by itself would move all the others, of which there may be tens of thousands. */
  private sent = 0;

  constructor(sink: RecordSink, toBody: (record: T) => Body | Uint8Array, lengthMax = queuedRecordsMax) {
    this.lengthMax = lengthMax;
    this.sink = sink;
    this.toBody = toBody;
  }

  /** False: the record was dropped, because too many wait already. */
  offer(record: T): boolean {
    if (this.waiting.length >= this.lengthMax) return false;
    this.offerLast(record);
    return true;
  }

  /** For the record that must not be dropped. */
  offerLast(record: T): void {
    this.waiting.push(record);
    this.flush();
  }

  get isEmpty(): boolean {
    return this.waiting.length === 0;
  }

  /** Sends what waits, as far as the client takes it. */
  flush(): void {
    while (this.sent < this.waiting.length && !this.sink.blocked)
      this.sink.sendRecord(this.toBody(this.waiting[this.sent++]!));
    this.waiting.splice(0, this.sent);
    this.sent = 0;
  }
}

export interface ClientStream {
  /** The client has read: more may be sent. */
  flush(): void;
  stop(): void;
}

/** Stands where records were lost. */
interface Missed {
  readonly kind: "missed";
  readonly count: number;
}

export interface EventStreamTarget {
  readonly sink: RecordSink;
  readonly queries: PendingQueries;
  /** Whether the client wants to be told how many events it lost. */
  readonly tellMissed: boolean;
}

/** Streams the events that match any of the filters; its queries can be answered. `dropped` is called for each that is lost. */
export function streamEvents(
  agent: AgentFace,
  filters: readonly EventFilter[],
  { sink, queries, tellMissed }: EventStreamTarget,
  dropped: () => void,
): ClientStream {
  const toBody = (event: SerfEvent | Missed): Body | Uint8Array =>
    event.kind === "missed"
      ? { Event: "missed", Missed: event.count }
      : eventBody(event, (query) => queries.register(query));
  const queue = new RecordQueue(sink, toBody, queuedEventsMax);
  let missed = 0;
  const flush = (): void => {
    queue.flush();
    if (missed === 0 || !tellMissed || !queue.offer({ kind: "missed", count: missed })) return;
    missed = 0;
  };
  const stop = agent.onEvent((event) => {
    if (!filters.some((filter) => matchesEvent(filter, event))) return;
    // Once some are lost, the next one is told after their number.
    if (missed > 0 && tellMissed) flush();
    if (queue.offer(event)) return;
    missed += 1;
    dropped();
  });
  return { flush, stop };
}

/**
 * Streams the last log lines and then new ones, from `level` upwards. `dropped` is called when lines begin to be lost, and
 * again only after some could be sent: it logs, and a line about each lost line would be lost in turn, without end.
 */
export function streamLogs(logs: LogBuffer, level: LogLevel, sink: RecordSink, dropped: () => void): ClientStream {
  const queue = new RecordQueue<string>(sink, (line) => ({ Log: line }));
  let dropping = false;
  const offer = (line: string, lineLevel: LogLevel): void => {
    if (!isAtLeast(lineLevel, level)) return;
    const wasDropping = dropping;
    dropping = !queue.offer(line);
    if (dropping && !wasDropping) dropped();
  };
  const stop = logs.subscribe(offer);
  return { flush: () => queue.flush(), stop };
}
