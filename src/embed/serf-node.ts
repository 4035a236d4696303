import { onAbort, untilAborted } from "../async/abort.ts";
import { type MissedEvents, Subscription } from "../async/subscription.ts";
import { utf8Encode } from "../base/bytes.ts";
import { messageOf, SerfError } from "../base/errors.ts";
import type { Host, Logger } from "../base/host.ts";
import { expectKeysDone, type KeyOperation, type KeyReport } from "../base/key-report.ts";
import { type Coordinate, distanceSeconds } from "../coordinate/coordinate.ts";
import { completed } from "../host/completed.ts";
import type { JoinResult } from "../memberlist/joiner.ts";
import type { SuspectedMember } from "../memberlist/suspicions.ts";
import type { SerfEvent } from "../serf/events.ts";
import type { SerfMember, Tags } from "../serf/member.ts";
import type { SentQuery } from "../serf/open-queries.ts";
import type { QueryListener } from "../serf/open-query.ts";
import type { SerfOptions } from "../serf/options.ts";
import { Serf, type SerfState } from "../serf/serf.ts";
import { type QueryOptions, QueryResults } from "./query-results.ts";

/** The event of that kind. */
export type EventOf<K extends SerfEvent["kind"], E extends SerfEvent = SerfEvent> = E extends unknown
  ? K extends E["kind"]
    ? E & { readonly kind: K }
    : never
  : never;

/** What ties a node to the process around it. */
export interface Lifeline {
  /** Resolves when everything is released. */
  close(): Promise<void>;
  /** Whether the node keeps the process alive. */
  ref(): void;
  unref(): void;
}

interface Listening {
  readonly kind: SerfEvent["kind"];
  readonly listener: (event: SerfEvent) => void;
}

/** How many events wait for a slow reader unless said otherwise. */
const waitingMaxDefault = 4_096;

/**
 * A node of a Serf cluster in this process: `Serf` with promises. It installs no signal handlers and prints nothing; its sockets keep the
 * process alive until it is shut down, unless `unref` was called.
 */
export class SerfNode {
  /** Resolves once the node is shut down and its port is free: asked to, or by itself because it lost its name to another node. */
  readonly ended: Promise<void>;
  private readonly serf: Serf;
  private readonly logger: Logger;
  private readonly lifeline: Lifeline;
  private readonly listeners = new Set<Listening>();
  private readonly streams = new Set<Subscription<SerfEvent | MissedEvents>>();
  private tellEnded: (released: Promise<void>) => void = () => undefined;
  private isReferenced = true;
  /** Operations under way, for which the process has to stay. */
  private underWay = 0;

  /** Starts at once. Throws what `Serf` throws. */
  constructor(options: Partial<SerfOptions>, host: Host, lifeline: Lifeline) {
    this.logger = host.logger;
    this.lifeline = lifeline;
    this.ended = new Promise((resolve) => {
      this.tellEnded = resolve;
    });
    this.serf = new Serf(options, host, (event) => this.deliver(event));
    this.serf.onShutdown(() => this.release());
    this.serf.start();
  }

  /** "alive" until it leaves or is shut down. */
  get state(): SerfState {
    return this.serf.state;
  }

  /** This node as others see it: name, address, tags. */
  get localMember(): SerfMember {
    return this.serf.localMember;
  }

  /** What this node says of itself to all others. */
  get tags(): Tags {
    return this.serf.localMember.tags;
  }

  /** Whether the cluster's traffic is encrypted: whether this node was given keys. */
  get encrypted(): boolean {
    return this.serf.encrypted;
  }

  /** Serf's own protocol version that this node speaks, 2 to 5. */
  get protocolVersion(): number {
    return this.serf.protocolVersion;
  }

  /** Lifeguard's view of this node's own health: 0 is healthy; it rises, to 7 with default options, while the node is slow or cut off. */
  get healthScore(): number {
    return this.serf.memberlist.healthScore;
  }

  /** Every member that is known, also those failed or left, as long as they are remembered. */
  members(): readonly SerfMember[] {
    return this.serf.members();
  }

  /** The member of that name, failed or left ones included. */
  member(name: string): SerfMember | undefined {
    return this.serf.member(name);
  }

  /** Members that somebody does not reach, and who says so since when. Unless they refute, they fail. */
  suspects(): readonly SuspectedMember[] {
    return this.serf.memberlist.suspects();
  }

  /**
   * Where a member stands in the network, this one by default. Undefined if no probe of this node has reached it yet, or coordinates are
   * off here or there.
   */
  coordinate(name = this.localMember.name): Coordinate | undefined {
    return this.serf.coordinate(name);
  }

  /**
   * An estimate of the time that a packet takes from one member to another and back, in milliseconds; from this one by default. Nothing is
   * measured for it. Undefined if the coordinate of either is not known.
   */
  roundTripMs(to: string, from = this.localMember.name): number | undefined {
    const [a, b] = [this.coordinate(from), this.coordinate(to)];
    return a && b && distanceSeconds(a, b) * 1000;
  }

  /** For operators, in texts, under the keys of `serf info`. */
  stats(): Readonly<Record<string, string>> {
    return this.serf.stats();
  }

  /**
   * Joins the cluster of any of the addresses, `[name/]host[:port]`. With `replay`, recent user events from before the join are told
   * as well. Rejects with JOIN_FAILED if none was reached, with NOT_RUNNING, or with the reason of the signal, after which those addresses
   * that are being tried may still be joined.
   */
  join(
    addresses: readonly string[],
    { replay = false, signal }: { readonly replay?: boolean; readonly signal?: AbortSignal } = {},
  ): Promise<JoinResult> {
    const join = (): Promise<JoinResult> =>
      new Promise((resolve, reject) => {
        this.serf.join(addresses, replay, (result) => {
          if (result.joined > 0) resolve(result);
          else reject(new SerfError("JOIN_FAILED", describeFailures(result)));
        });
      });
    return this.staying(untilAborted(signal, join));
  }

  /** Leaves gracefully, so that others see this node as left, and then shuts down. Takes a few seconds. Rejects with NOT_RUNNING. */
  async leave(): Promise<void> {
    // A shutdown meanwhile ends the wait for the news to spread.
    await this.staying(Promise.race([completed((done) => this.serf.leave(done)), this.ended]));
    await this.shutdown();
  }

  /** Falls silent and frees the port. Without `leave` before, others will see this node as failed. */
  async shutdown(): Promise<void> {
    this.serf.shutdown();
    await this.ended;
  }

  /** Leaves, or shuts down where that is under way or not possible, at the end of the block of an `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.state === "alive") await this.leave();
    else if (this.state === "leaving") await this.ended;
    else await this.shutdown();
  }

  /**
   * Lets the process end though the node runs, if nothing else keeps it alive. It still waits for joins, leaves, queries, and changes of
   * tags and keys that are under way.
   */
  unref(): this {
    this.isReferenced = false;
    if (this.underWay === 0) this.lifeline.unref();
    return this;
  }

  /** Keeps the process alive while the node runs, as it does at first. */
  ref(): this {
    this.isReferenced = true;
    this.lifeline.ref();
    return this;
  }

  /** Declares a failed member to have left; with `prune` it is also forgotten. Rejects with TIMEOUT or NOT_RUNNING. */
  forceLeave(name: string, { prune = false }: { readonly prune?: boolean } = {}): Promise<void> {
    return this.staying(completed((done) => this.serf.forceLeave(name, prune, done)));
  }

  /**
   * Installs, uses or removes a key on every member, or lists all keys. `key` is in base64; a listing needs none. Rejects with a KeysError
   * if a member failed or did not answer, or with NOT_RUNNING.
   */
  async requestKeys(operation: KeyOperation, key = ""): Promise<KeyReport> {
    const done = new Promise<KeyReport>((resolve) => this.serf.requestKeys(operation, key, resolve));
    return expectKeysDone(await this.staying(done));
  }

  /** Has `keep` store the keys of this node, the primary one first, whenever they change; it returns what went wrong. */
  onKeysChanged(keep: (keys: readonly Uint8Array[]) => string | undefined): void {
    this.serf.onKeysChanged(keep);
  }

  /** Replaces the tags of this node. Rejects with TAGS_TOO_LARGE, TIMEOUT or NOT_RUNNING. */
  setTags(tags: Tags): Promise<void> {
    return this.staying(completed((done) => this.serf.setTags(tags, done)));
  }

  /** Removes tags of this node, then sets others; what is not named stays. Rejects as `setTags` does. */
  updateTags(set: Tags, remove: readonly string[] = []): Promise<void> {
    const kept = Object.entries(this.tags).filter(([name]) => !remove.includes(name));
    return this.setTags({ ...Object.fromEntries(kept), ...set });
  }

  /**
   * Sends a user event to every member, this one included. With `coalesce` (the default) receivers may tell only the newest of
   * several events of this name. Resolves when it is on its way: at once, or in a burst when the cluster can take it, so that whoever awaits each
   * loses none. Rejects with USER_EVENT_TOO_LARGE, TOO_MANY_LARGE_MESSAGES, TOO_MANY_USER_EVENTS or NOT_RUNNING. Where nobody awaits it, a
   * refusal is a warning in the log and no unhandled rejection, which would end the process.
   */
  userEvent(
    name: string,
    payload: Uint8Array | string = "",
    { coalesce = true }: { readonly coalesce?: boolean } = {},
  ): Promise<void> {
    const bytes = typeof payload === "string" ? utf8Encode(payload) : payload;
    const sent = this.staying(completed((done) => this.serf.userEvent(name, bytes, coalesce, done)));
    sent.catch((error: unknown) => {
      this.logger.log("WARN", `serf: failed to send user event ${name}: ${messageOf(error)}`);
    });
    return sent;
  }

  /**
   * Asks a question of every member, or of those that the parameters let through, this one included. Members answer by the `respond` of
   * their "query" event. Throws QUERY_TOO_LARGE, TOO_MANY_QUERIES, NOT_SUPPORTED, INVALID_OPTION, NOT_RUNNING, or the reason of the signal.
   */
  query(name: string, payload: Uint8Array | string = "", options: QueryOptions = {}): QueryResults {
    const { signal, ...params } = options;
    const bytes = typeof payload === "string" ? utf8Encode(payload) : payload;
    const send = (listener: QueryListener): SentQuery => this.serf.query(name, bytes, params, listener);
    const results = new QueryResults(send, this.logger, signal);
    void this.staying(results.ended);
    return results;
  }

  /**
   * Calls `listener` for every event of that kind, until the signal fires or what is returned is called. What a listener throws is not
   * caught, as that of any callback in Node.
   */
  on<K extends SerfEvent["kind"]>(
    kind: K,
    listener: (event: EventOf<K>) => void,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): () => void {
    if (signal?.aborted) return () => undefined;
    const listening: Listening = { kind, listener: listener as (event: SerfEvent) => void };
    this.listeners.add(listening);
    const stopListening = onAbort(signal, () => void this.listeners.delete(listening));
    return () => {
      stopListening();
      this.listeners.delete(listening);
    };
  }

  /** The next event of that kind. Rejects with NOT_RUNNING when the node shuts down before, or with the reason of the signal. */
  async once<K extends SerfEvent["kind"]>(
    kind: K,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<EventOf<K>> {
    let stop = (): void => undefined;
    const next = (): Promise<EventOf<K>> =>
      new Promise((resolve, reject) => {
        stop = this.on(kind, resolve);
        void this.ended.then(() => reject(new SerfError("NOT_RUNNING", `the node ended before an event "${kind}"`)));
      });
    try {
      return await untilAborted(signal, next);
    } finally {
      stop();
    }
  }

  /**
   * All events from now on, until the node shuts down or the signal fires. At most `waitingMax` wait for a slow reader; then the oldest are
   * lost, and in their place the reader finds a MissedEvents with their number. Throws INVALID_OPTION, or the reason of the signal.
   */
  events({
    waitingMax = waitingMaxDefault,
    signal,
  }: {
    readonly waitingMax?: number;
    readonly signal?: AbortSignal;
  } = {}): Subscription<SerfEvent | MissedEvents> {
    if (!Number.isInteger(waitingMax) || waitingMax < 1)
      throw new SerfError("INVALID_OPTION", `waitingMax must be an integer of at least 1, is ${waitingMax}`);
    signal?.throwIfAborted();
    const stream = new Subscription<SerfEvent | MissedEvents>({
      waitingMax,
      signal,
      stop: () => void this.streams.delete(stream),
      missed: (count) => ({ kind: "missed", count }),
      losing: () =>
        this.logger.log("WARN", `serf: a reader of events is too slow, the oldest of ${waitingMax} are lost`),
    });
    if (this.serf.state === "shutdown") stream.end(undefined);
    else this.streams.add(stream);
    return stream;
  }

  /** Keeps the process alive while `work` is under way, though nothing else may. */
  private async staying<T>(work: Promise<T>): Promise<T> {
    this.underWay += 1;
    this.lifeline.ref();
    try {
      return await work;
    } finally {
      this.underWay -= 1;
      if (this.underWay === 0 && !this.isReferenced) this.lifeline.unref();
    }
  }

  private release(): void {
    for (const stream of this.streams) stream.end(undefined);
    this.streams.clear();
    this.tellEnded(this.lifeline.close());
  }

  /** In a microtask, so that a listener may call anything, and what it throws does not tear the protocol. */
  private deliver(event: SerfEvent): void {
    for (const stream of this.streams) stream.offer(event);
    for (const { kind, listener } of this.listeners) if (kind === event.kind) queueMicrotask(() => listener(event));
  }
}

function describeFailures({ failures }: JoinResult): string {
  if (failures.length === 0) return "no address to join was given";
  return failures.map(({ address, reason }) => `${address}: ${reason}`).join("; ");
}
