import { utf8Encode } from "../base/bytes.ts";
import { SerfError } from "../base/errors.ts";
import { expectKeysDone, type KeyOperation, type KeyReport } from "../base/key-report.ts";
import type { Coordinate } from "../coordinate/coordinate.ts";
import { completed } from "../host/completed.ts";
import type { NodeHost } from "../host/node-host.ts";
import type { JoinResult } from "../memberlist/joiner.ts";
import type { SerfEvent } from "../serf/events.ts";
import type { SerfMember, Tags } from "../serf/member.ts";
import type { QueryParams } from "../serf/open-queries.ts";
import type { SerfOptions } from "../serf/options.ts";
import { Serf, type SerfState } from "../serf/serf.ts";
import { EventStream } from "./event-stream.ts";
import { QueryResults } from "./query-results.ts";

/** The event of that kind. */
export type EventOf<K extends SerfEvent["kind"], E extends SerfEvent = SerfEvent> = E extends unknown
  ? K extends E["kind"]
    ? E & { readonly kind: K }
    : never
  : never;

interface Subscription {
  readonly kind: SerfEvent["kind"];
  readonly listener: (event: SerfEvent) => void;
}

/** A node of a Serf cluster in this process: `Serf` with promises. */
export class SerfNode {
  private readonly serf: Serf;
  private readonly host: NodeHost;
  private readonly subscriptions = new Set<Subscription>();
  private released: Promise<void> | undefined;
  private readonly streams = new Set<EventStream<SerfEvent>>();

  /** Starts at once. Throws what `Serf` throws. */
  constructor(options: Partial<SerfOptions>, host: NodeHost) {
    this.host = host;
    this.serf = new Serf(options, host, (event) => this.deliver(event));
    // By itself if this node lost its name to another.
    this.serf.onShutdown(() => this.release());
    this.serf.start();
  }

  get state(): SerfState {
    return this.serf.state;
  }

  /** This node as others see it: name, address, tags. */
  get localMember(): SerfMember {
    return this.serf.localMember;
  }

  get tags(): Tags {
    return this.serf.localMember.tags;
  }

  /** Also those failed or left, as long as they are remembered. */
  members(): readonly SerfMember[] {
    return this.serf.members();
  }

  /**
   * Where a member stands in the network: `distanceSeconds` of two of them is the round trip time between their members. Undefined if
   * no probe of this node has reached it yet, or coordinates are off here or there.
   */
  coordinate(name: string): Coordinate | undefined {
    return this.serf.coordinate(name);
  }

  /** For operators, in texts, under the keys of `serf info`. */
  stats(): Readonly<Record<string, string>> {
    return this.serf.stats();
  }

  /**
   * Joins the cluster of any of the addresses, `[name/]host[:port]`. With `replay`, recent user events from before the join are told
   * as well. Rejects with JOIN_FAILED if none was reached, or NOT_RUNNING.
   */
  join(addresses: readonly string[], { replay = false }: { readonly replay?: boolean } = {}): Promise<JoinResult> {
    return new Promise((resolve, reject) => {
      this.serf.join(addresses, replay, (result) => {
        if (result.joined > 0) resolve(result);
        else reject(new SerfError("JOIN_FAILED", describeFailures(result)));
      });
    });
  }

  /** Leaves gracefully, so that others see this node as left, and then shuts down. Takes a few seconds. Rejects with NOT_RUNNING. */
  async leave(): Promise<void> {
    await completed((done) => this.serf.leave(done));
    await this.shutdown();
  }

  /** Falls silent and frees the port. Without `leave` before, others will see this node as failed. */
  async shutdown(): Promise<void> {
    this.serf.shutdown();
    await this.released;
  }

  /** Declares a failed member to have left; with `prune` it is also forgotten. Rejects with TIMEOUT or NOT_RUNNING. */
  forceLeave(name: string, { prune = false }: { readonly prune?: boolean } = {}): Promise<void> {
    return completed((done) => this.serf.forceLeave(name, prune, done));
  }

  /**
   * Installs, uses or removes a key on every member, or lists all keys. `key` is in base64; a listing needs none. Rejects with a KeysError
   * if a member failed or did not answer, or with NOT_RUNNING.
   */
  async requestKeys(operation: KeyOperation, key = ""): Promise<KeyReport> {
    const done = new Promise<KeyReport>((resolve) => this.serf.requestKeys(operation, key, resolve));
    return expectKeysDone(await done);
  }

  /** Has `keep` store the keys of this node, the primary one first, whenever they change; it returns what went wrong. */
  onKeysChanged(keep: (keys: readonly Uint8Array[]) => string | undefined): void {
    this.serf.onKeysChanged(keep);
  }

  /** Replaces the tags of this node. Rejects with TAGS_TOO_LARGE, TIMEOUT or NOT_RUNNING. */
  setTags(tags: Tags): Promise<void> {
    return completed((done) => this.serf.setTags(tags, done));
  }

  /**
   * Sends a user event to every member, this one included. With `coalesce` (the default) receivers may tell only the newest of
   * several events of this name. Throws USER_EVENT_TOO_LARGE or NOT_RUNNING.
   */
  userEvent(
    name: string,
    payload: Uint8Array | string = "",
    { coalesce = true }: { readonly coalesce?: boolean } = {},
  ): void {
    this.serf.userEvent(name, typeof payload === "string" ? utf8Encode(payload) : payload, coalesce);
  }

  /**
   * Asks a question of every member, or of those that the parameters let through, this one included. Members answer by the `respond` of
   * their "query" event. Throws QUERY_TOO_LARGE, TOO_MANY_QUERIES, NOT_SUPPORTED, INVALID_OPTION or NOT_RUNNING.
   */
  query(name: string, payload: Uint8Array | string = "", params: QueryParams = {}): QueryResults {
    const bytes = typeof payload === "string" ? utf8Encode(payload) : payload;
    return new QueryResults((listener) => this.serf.query(name, bytes, params, listener), this.host.logger);
  }

  /** Calls `listener` for every event of that kind. Returns what ends it. */
  on<K extends SerfEvent["kind"]>(kind: K, listener: (event: EventOf<K>) => void): () => void {
    const subscription: Subscription = { kind, listener: listener as (event: SerfEvent) => void };
    this.subscriptions.add(subscription);
    return () => void this.subscriptions.delete(subscription);
  }

  /** All events from now on, until the node shuts down. At most `lengthMax` wait for a slow reader; then the oldest are lost. */
  events({ lengthMax = 4096 }: { readonly lengthMax?: number } = {}): AsyncIterableIterator<SerfEvent> {
    const stream = new EventStream<SerfEvent>({
      lengthMax,
      logger: this.host.logger,
      closed: () => void this.streams.delete(stream),
    });
    this.streams.add(stream);
    if (this.serf.state === "shutdown") stream.end();
    return stream;
  }

  private release(): void {
    for (const stream of this.streams) stream.end();
    this.released = this.host.close();
  }

  /** In a microtask, so that a listener may call anything, and what it throws does not tear the protocol. */
  private deliver(event: SerfEvent): void {
    for (const stream of this.streams) stream.push(event);
    for (const { kind, listener } of this.subscriptions) if (kind === event.kind) queueMicrotask(() => listener(event));
  }
}

function describeFailures({ failures }: JoinResult): string {
  if (failures.length === 0) return "no address to join was given";
  return failures.map(({ address, reason }) => `${address}: ${reason}`).join("; ");
}
