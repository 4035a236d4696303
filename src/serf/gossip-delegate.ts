import { type Endpoint, formatEndpoint } from "../base/address.ts";
import { bytesToKeep } from "../base/bytes.ts";
import { unreachable } from "../base/errors.ts";
import type { Host } from "../base/host.ts";
import { logLater } from "../base/log-later.ts";
import { RateLimitedLog } from "../base/rate-limited-log.ts";
import { isRejected, type Rejected } from "../base/rejected.ts";
import { finish, WorkSlice } from "../base/work-slice.ts";
import type { BroadcastQueue, QueuedListener } from "../memberlist/broadcast-queue.ts";
import type { UserDataDelegate } from "../memberlist/delegates.ts";
import type { Broadcasts } from "./broadcasts.ts";
import { decodeSerfMessage, encodeSerfMessage, type LeaveIntent, type Relay, type SerfMessage } from "./messages.ts";
import { encodePushPull, openPushPull, readPushPull } from "./push-pull.ts";
import type { QueryResponse } from "./query-messages.ts";
import { type ExchangedState, localState, mergeRemoteState } from "./state-exchange.ts";

/** A line a minute for each reason: who sent a gossiped message first is not known, so it cannot be one for each peer. */
const rejectionLogPeriodMs = 60_000;
const rejectionSubjectsMax = 16;

export interface GossipDelegateParts extends ExchangedState {
  readonly broadcasts: Broadcasts;
  /** This node's tags as they go on the wire. */
  nodeMeta(): Uint8Array;
  /** False while a join is under way that does not want the user events of before. */
  replays(): boolean;
  receiveResponse(response: QueryResponse): void;
  send(to: Endpoint, message: Uint8Array): void;
}

/** Serf's end of memberlist: what it sends along, and where what arrives goes. */
export class GossipDelegate implements UserDataDelegate {
  private readonly parts: GossipDelegateParts;
  private readonly host: Host;
  private readonly rejectionLog: RateLimitedLog;

  constructor(parts: GossipDelegateParts, host: Host) {
    this.parts = parts;
    this.host = host;
    this.rejectionLog = new RateLimitedLog({
      logger: host.logger,
      clock: host.clock,
      periodMs: rejectionLogPeriodMs,
      subjectsMax: rejectionSubjectsMax,
    });
  }

  nodeMeta(): Uint8Array {
    return this.parts.nodeMeta();
  }

  receiveUserMessage(bytes: Uint8Array): void {
    this.host.metrics.sample("serf.msgs.received", bytes.length);
    const message = decodeSerfMessage(bytes);
    if (isRejected(message)) {
      this.note(message);
      return;
    }
    const queue = this.receive(message);
    // Of a whole packet with other messages, a copy.
    if (queue !== undefined) this.parts.broadcasts.passOn(queue, bytesToKeep(bytes), message.kind === "join");
  }

  takeBroadcasts(overheadBytes: number, bytesMax: number): readonly Uint8Array[] {
    return this.parts.broadcasts.take(overheadBytes, bytesMax);
  }

  whenQueued(listener: QueuedListener): void {
    this.parts.broadcasts.whenQueued(listener);
  }

  localState(_join: boolean, received?: Uint8Array): Uint8Array {
    const asked = received && received.length > 0 ? openPushPull(received) : undefined;
    const sums = asked === undefined || isRejected(asked) ? undefined : asked.eventSums;
    return encodePushPull(localState(this.parts, sums));
  }

  mergeRemoteState(state: Uint8Array, join: boolean): void {
    finish(this.mergeInSlices(state, join));
  }

  *mergeInSlices(state: Uint8Array, join: boolean): Generator<void, void> {
    const replay = !join || this.parts.replays();
    const slice = new WorkSlice();
    const remote = yield* readPushPull(state, slice);
    if (isRejected(remote)) this.note(remote);
    else yield* mergeRemoteState(remote, this.parts, replay, (intent) => this.passOn(intent), slice);
  }

  private passOn(intent: LeaveIntent): void {
    const { broadcasts } = this.parts;
    broadcasts.passOn(broadcasts.intents, encodeSerfMessage(intent));
  }

  /** Returns the queue by which the message goes on to others, if it was news here. */
  private receive(message: SerfMessage): BroadcastQueue | undefined {
    const { membership, events, queries, broadcasts } = this.parts;
    switch (message.kind) {
      case "leave":
        this.trace("messageLeaveType", message.node);
        return membership.receiveLeaveIntent(message) ? broadcasts.intents : undefined;
      case "join":
        this.trace("messageJoinType", message.node);
        return membership.receiveJoinIntent(message) ? broadcasts.intents : undefined;
      case "user-event":
        this.trace("messageUserEventType", message.name);
        return events.receive(message) ? broadcasts.events : undefined;
      case "query":
        this.trace("messageQueryType", message.name);
        return queries.receive(message) ? broadcasts.queries : undefined;
      case "query-response":
        this.trace("messageQueryResponseType", message.from);
        this.parts.receiveResponse(message);
        return undefined;
      case "relay":
        this.relay(message);
        return undefined;
      default:
        return unreachable(message);
    }
  }

  private relay({ destination, message }: Relay): void {
    this.trace("Relaying response to addr", formatEndpoint(destination));
    this.parts.send(destination, message);
  }

  private trace(what: string, detail: string): void {
    logLater(this.host.logger, "DEBUG", () => `serf: ${what}: ${detail}`);
  }

  private note(problem: Rejected): void {
    this.host.metrics.increment(`serf.rejected.${problem.reason}`);
    const level = problem.reason === "unknown-kind" ? "WARN" : "ERR";
    this.rejectionLog.log(level, problem.reason, `serf: ${problem.detail}`);
  }
}
