import { assert, SerfError } from "../base/errors.ts";
import type { Host } from "../base/host.ts";
import type { KeyOperation, KeyReport } from "../base/key-report.ts";
import { resolveOptions } from "../base/options.ts";
import type { Coordinate } from "../coordinate/coordinate.ts";
import type { Delegates } from "../memberlist/delegates.ts";
import type { Directory } from "../memberlist/directory.ts";
import type { JoinResult } from "../memberlist/joiner.ts";
import { Memberlist } from "../memberlist/memberlist.ts";
import type { MemberlistOptions } from "../memberlist/options.ts";
import { Broadcasts } from "./broadcasts.ts";
import { Coordinates } from "./coordinates.ts";
import { EventPipeline } from "./event-pipeline.ts";
import { Eventing } from "./eventing.ts";
import type { SerfEvent } from "./events.ts";
import { GossipDelegate } from "./gossip-delegate.ts";
import { Joins } from "./joins.ts";
import { LeaveIntents } from "./leave-intents.ts";
import type { SerfMember, Tags } from "./member.ts";
import { Membership } from "./membership.ts";
import { encodeSerfMessage } from "./messages.ts";
import { NameConflicts } from "./name-conflicts.ts";
import { checkNodeName, nodeNameDelegates } from "./node-names.ts";
import type { QueryParams, SentQuery } from "./open-queries.ts";
import type { QueryListener } from "./open-query.ts";
import { memberlistOptionsOf, type SerfOptions, serfOptions } from "./options.ts";
import { Querying } from "./querying.ts";
import { Recovery } from "./recovery.ts";
import { collectStats, type SerfInside } from "./stats.ts";
import { encodedTagsBytesMax, encodeTags } from "./tags.ts";
import { Upkeep } from "./upkeep.ts";

/** "left": the node has told the others and is silent to its user, but may still be answering probes until `shutdown`. */
export type SerfState = "alive" | "leaving" | "left" | "shutdown";

const cannotJoin = "Serf can't Join after Leave or Shutdown";

/** Why a node in that state cannot leave, if it is a mistake to ask. */
const leaveProblems = {
  left: undefined,
  leaving: "Leave already in progress",
  shutdown: "Leave called after Shutdown",
} as const;

export type SerfDone = (error?: SerfError) => void;

/**
 * One node of a Serf cluster: membership with statuses and tags, user events and queries. This class ties the rooms of the layer
 * together; what each thing does is found in the room of its name.
 *
 * The listener is called synchronously, in the order of events, from within the protocol: it may ask, answer, send user events and set
 * timers, but leave joining, leaving and tags to a timer.
 */
export class Serf {
  readonly options: SerfOptions;
  readonly memberlist: Memberlist;

  private readonly host: Host;
  private readonly pipeline: EventPipeline;
  readonly membership: Membership;
  private readonly coordinates: Coordinates | undefined;
  private readonly eventing: Eventing;
  private readonly querying: Querying;
  private readonly broadcasts: Broadcasts;
  private readonly joins: Joins;
  private readonly leaveIntents: LeaveIntents;
  /** Present with a snapshot. */
  private readonly recovery: Recovery | undefined;
  private readonly upkeep: Upkeep;
  private tags: Tags;
  private currentState: SerfState = "alive";
  private tellShutdown: () => void = () => undefined;
  private keepKeys: (keys: readonly Uint8Array[]) => string | undefined = () => undefined;

  /**
   * Throws INVALID_OPTION, INVALID_KEY, TAGS_TOO_LARGE or SNAPSHOT_FAILED. Nothing is sent or received before `start`. `directory`
   * is as for `Memberlist`.
   */
  constructor(options: Partial<SerfOptions>, host: Host, listener: (event: SerfEvent) => void, directory?: Directory) {
    this.options = resolveOptions(serfOptions, options);
    this.host = host;
    checkNodeName(this.options);
    this.tags = this.checkTags(this.options.tags);
    const memberlistOptions = memberlistOptionsOf(this.options);
    this.pipeline = new EventPipeline(this.options, host.timers, listener);
    this.membership = this.createMembership();
    this.coordinates = this.createCoordinates();
    this.broadcasts = this.createBroadcasts(memberlistOptions);
    this.eventing = this.createEventing();
    this.querying = this.createQuerying();
    this.memberlist = new Memberlist(memberlistOptions, host, this.createDelegates(), directory);
    this.joins = new Joins((addresses, done) => this.joinMembers(addresses, done));
    const { membership, broadcasts, options: resolved } = this;
    const { gossipIntervalMs } = memberlistOptions;
    this.leaveIntents = new LeaveIntents({ membership, broadcasts, gossipIntervalMs, ...resolved }, host);
    this.recovery = this.createRecovery();
    const { memberlist, recovery } = this;
    this.upkeep = new Upkeep({ options: resolved, membership, memberlist, broadcasts, recovery }, host);
  }

  /** Begins to take part; this node itself is the first member. Called once. */
  start(): void {
    this.memberlist.start();
    this.upkeep.start();
    this.recovery?.start();
  }

  /**
   * Contacts every address of the list, `[name/]host[:port]`; reaching one is enough to be in the cluster. Without `replay`, user
   * events from before the join are not told. `done` is called once, synchronously only for an empty list. Throws NOT_RUNNING.
   */
  join(addresses: readonly string[], replay: boolean, done: (result: JoinResult) => void): void {
    if (this.currentState !== "alive") throw new SerfError("NOT_RUNNING", cannotJoin);
    this.joins.join(addresses, replay, (result) => {
      // Not when a leave has begun meanwhile: the join would be the later word, and call it off in the eyes of others.
      if (result.joined > 0 && this.currentState === "alive") this.announceJoin();
      done(result);
    });
  }

  /**
   * Leaves gracefully: tells of the intent, has memberlist leave, and stays up until the news has spread. What cannot be told
   * in time is warned of in the log and does not stop the leave. `done` is called once, synchronously only with an error or if
   * the node had left. `shutdown` is still to be called.
   */
  leave(done: SerfDone): void {
    if (this.currentState !== "alive") {
      const problem = leaveProblems[this.currentState];
      done(problem === undefined ? undefined : new SerfError("NOT_RUNNING", problem));
      return;
    }
    this.currentState = "leaving";
    this.eventing.refuseWaiting(new SerfError("NOT_RUNNING", "the node leaves"));
    this.recovery?.leave();
    this.leaveIntents.announceOwn((told) => {
      if (!told) this.warn("timeout while waiting for graceful leave");
      this.leaveMemberlist(() => {
        this.host.timers.after(this.options.leavePropagateDelayMs, () => {
          if (this.currentState === "leaving") this.currentState = "left";
          done();
        });
      });
    });
  }

  /**
   * Declares a failed member to have left, so that nobody tries to reach it any more; with `prune` it is also forgotten. A member that
   * is in truth alive refutes it. An unknown name is not an error: others may know it. `done` is called once, perhaps synchronously, with
   * TIMEOUT if the news was not gossiped in time. Throws NOT_RUNNING.
   */
  forceLeave(name: string, prune: boolean, done: SerfDone): void {
    this.expectRunning();
    this.leaveIntents.announce(name, prune, (told) => {
      if (told) done();
      else done(new SerfError("TIMEOUT", "timed out broadcasting node removal"));
    });
  }

  /**
   * Sends a user event to every member, this one included. `coalesce` allows receivers to tell only the newest of several events of
   * this name. `done` is called once: when the event is on its way, synchronously unless it has to wait because the cluster cannot take more, or with
   * NOT_RUNNING. Throws USER_EVENT_TOO_LARGE, TOO_MANY_LARGE_MESSAGES, TOO_MANY_USER_EVENTS or NOT_RUNNING.
   */
  userEvent(name: string, payload: Uint8Array, coalesce: boolean, done: SerfDone = () => undefined): void {
    this.expectRunning();
    this.eventing.send(name, payload, coalesce, done);
  }

  /**
   * Asks a question of every member, or of those that the parameters let through, this one included. What comes of it is told to
   * `listener`, later. Throws QUERY_TOO_LARGE, TOO_MANY_QUERIES, TOO_MANY_LARGE_MESSAGES, NOT_SUPPORTED, INVALID_OPTION or NOT_RUNNING.
   */
  query(name: string, payload: Uint8Array, params: QueryParams, listener: QueryListener): SentQuery {
    this.expectRunning();
    return this.querying.ask(name, payload, params, listener);
  }

  /** Installs, uses or removes a key in base64 on every member, or lists all keys. `done` is called once. Throws NOT_RUNNING. */
  requestKeys(operation: KeyOperation, key: string, done: (report: KeyReport) => void): void {
    this.expectRunning();
    this.querying.keys.request(operation, key, done);
  }

  /** Replaces this node's tags. `done` is called once, with TIMEOUT if not gossiped in time. Throws TAGS_TOO_LARGE or NOT_RUNNING. */
  setTags(tags: Tags, done: SerfDone): void {
    this.expectRunning();
    this.tags = this.checkTags(tags);
    this.memberlist.updateMeta(this.options.broadcastTimeoutMs, done);
  }

  /** Falls silent, and tells what was held back. To the others this node looks failed unless it left before. */
  shutdown(): void {
    if (this.currentState === "shutdown") return;
    if (this.currentState !== "left") this.warn("Shutdown without a Leave");
    this.currentState = "shutdown";
    this.upkeep.stop();
    this.recovery?.stop();
    this.querying.stop();
    this.eventing.stop();
    this.broadcasts.stop();
    this.membership.stop();
    this.memberlist.shutdown();
    this.pipeline.flush();
    this.tellShutdown();
  }

  /** Has `listener` called once, when the node shuts down: asked to, or by itself because it lost its name. */
  onShutdown(listener: () => void): void {
    this.tellShutdown = listener;
  }

  /** Has `keep` store the keys, the primary one first, at each change; what went wrong it returns, and the asker is told. */
  onKeysChanged(keep: (keys: readonly Uint8Array[]) => string | undefined): void {
    this.keepKeys = keep;
  }

  get state(): SerfState {
    return this.currentState;
  }

  /** Defined from `start` on. */
  get localMember(): SerfMember {
    const member = this.membership.member(this.options.nodeName);
    assert(member !== undefined, "the local member is known once started");
    return member;
  }

  /** Also the failed and left, while remembered. */
  members(): readonly SerfMember[] {
    return this.membership.members();
  }

  member(name: string): SerfMember | undefined {
    return this.membership.member(name);
  }

  /** Where a member says it stands, for `distanceSeconds`. Undefined if no probe of this node reached it yet, or coordinates are off. */
  coordinate(name: string): Coordinate | undefined {
    return this.coordinates?.find(name);
  }

  get encrypted(): boolean {
    return this.memberlist.keyring !== undefined;
  }

  /** Serf's own protocol version, not memberlist's. */
  get protocolVersion(): number {
    return this.options.protocolVersion;
  }

  /** In texts, under the reference's keys. */
  stats(): Readonly<Record<string, string>> {
    return collectStats(this.inspect());
  }

  /** What is inside, to be looked at and left alone: numbers as of now, rooms as they go on. */
  inspect(): SerfInside {
    const { membership, eventing, querying, broadcasts, encrypted, memberlist, coordinates } = this;
    const events = eventing.received;
    return { membership, events, queries: querying.received, broadcasts, encrypted, memberlist, coordinates };
  }

  private createMembership(): Membership {
    const { nodeName, flapTimeoutMs, broadcastTimeoutMs, leavePropagateDelayMs } = this.options;
    const node = {
      name: nodeName,
      isStaying: () => this.currentState === "alive",
      refuteLeave: () => this.announceJoin(),
      erased: (name: string) => this.coordinates?.forget(name),
      tell: (event: SerfEvent) => this.tell(event),
    };
    return new Membership(node, { flapTimeoutMs, pruneDelayMs: broadcastTimeoutMs + leavePropagateDelayMs }, this.host);
  }

  private createCoordinates(): Coordinates | undefined {
    if (this.options.disableCoordinates) return undefined;
    const isMember = (name: string) => this.membership.member(name) !== undefined;
    return new Coordinates({ name: this.options.nodeName, isMember }, this.host);
  }

  private createBroadcasts({ retransmitMult }: MemberlistOptions): Broadcasts {
    const { nodeName } = this.options;
    const receivers = () =>
      this.members().filter(({ name, status }) => name !== nodeName && (status === "alive" || status === "leaving"));
    return new Broadcasts(
      {
        retransmitMult,
        nodeCount: () => this.membership.size,
        packetBytesMax: () => this.memberlist.broadcastBytesMax,
        receivers,
        send: (to, message, done) => this.memberlist.sendReliable(to, message, done),
      },
      this.host,
    );
  }

  private createEventing(): Eventing {
    const { options, broadcasts, coordinates, host } = this;
    const tell = (event: SerfEvent) => this.tell(event);
    return new Eventing({ options, broadcasts, coordinates, memberlist: () => this.memberlist, tell }, host);
  }

  private createQuerying(): Querying {
    const node = {
      options: this.options,
      tags: () => this.tags,
      members: () => this.members(),
      member: (name: string) => this.membership.member(name),
      memberlist: () => this.memberlist,
      broadcasts: this.broadcasts,
      tell: (event: SerfEvent) => this.tell(event),
      keepKeys: (keys: readonly Uint8Array[]) => this.keepKeys(keys),
      shutdown: () => this.shutdown(),
    };
    return new Querying(node, this.host);
  }

  private createDelegates(): Delegates {
    const { membership, eventing, querying, broadcasts, host, options } = this;
    const userData = new GossipDelegate(
      {
        membership,
        events: eventing.received,
        queries: querying.received,
        receiveResponse: (response) => querying.receiveResponse(response),
        broadcasts,
        nodeMeta: () => encodeTags(this.tags, options.protocolVersion),
        replays: () => this.joins.replays && (options.replayOnRejoin || !this.recovery?.isJoining),
        send: (to, message) => this.memberlist.sendBestEffort(to, message),
      },
      host,
    );
    const conflict = new NameConflicts(
      options.nodeName,
      host,
      options.resolveNameConflicts && (() => querying.voteOnName()),
    );
    const ping = this.coordinates;
    const plain = { userData, members: membership, conflict, ...(ping && { ping }) };
    return options.validateNodeNames ? { ...plain, ...nodeNameDelegates } : plain;
  }

  private createRecovery(): Recovery | undefined {
    const { nodeName, snapshotPath: path, rejoinAfterLeave, reconnectTimeoutMs: retryForMs } = this.options;
    if (path === "") return undefined;
    const { membership } = this;
    const events = this.eventing.received;
    // As with reconnecting, no join is announced: nobody was told that this node had gone on purpose.
    const join = (address: string, done: (result: JoinResult) => void) => this.memberlist.join([address], done);
    const parts = { nodeName, membership, events, queries: this.querying.received, retryForMs, join };
    return new Recovery({ path, rejoinAfterLeave }, parts, this.host);
  }

  private tell(event: SerfEvent): void {
    this.recovery?.record(event);
    this.pipeline.tell(event);
  }

  /** Says that this node is here and means to stay, later than anything said about it so far. */
  private announceJoin(): void {
    const intent = { kind: "join", lamportTime: this.membership.clock.time, node: this.options.nodeName } as const;
    this.membership.receiveJoinIntent(intent);
    this.broadcasts.intents.queue({ message: encodeSerfMessage(intent), isArrival: true });
  }

  /** A join that waited for another may come too late. */
  private joinMembers(addresses: readonly string[], done: (result: JoinResult) => void): void {
    if (this.currentState === "alive") this.memberlist.join(addresses, done);
    else done({ joined: 0, failures: addresses.map((address) => ({ address, reason: cannotJoin })) });
  }

  private leaveMemberlist(done: () => void): void {
    if (this.currentState === "shutdown") {
      done();
      return;
    }
    this.memberlist.leave(this.options.broadcastTimeoutMs, (error) => {
      if (error !== undefined) this.warn(`timeout waiting for leave broadcast: ${error.message}`);
      done();
    });
  }

  private checkTags(tags: Tags): Tags {
    if (encodeTags(tags, this.options.protocolVersion).length <= encodedTagsBytesMax) return tags;
    throw new SerfError("TAGS_TOO_LARGE", `Encoded length of tags exceeds limit of ${encodedTagsBytesMax} bytes`);
  }

  private expectRunning(): void {
    if (this.currentState === "left" || this.currentState === "shutdown")
      throw new SerfError(
        "NOT_RUNNING",
        `the node is ${this.currentState === "left" ? "no longer a member" : "shut down"}`,
      );
  }

  private warn(text: string): void {
    this.host.logger.log("WARN", `serf: ${text}`);
  }
}
