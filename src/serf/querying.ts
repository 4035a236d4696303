import { type Endpoint, formatEndpoint } from "../base/address.ts";
import type { Host } from "../base/host.ts";
import type { Memberlist } from "../memberlist/memberlist.ts";
import type { Broadcasts } from "./broadcasts.ts";
import type { QueryEvent, SerfEvent } from "./events.ts";
import { InternalQueries } from "./internal-queries.ts";
import { KeyAnswers } from "./key-answers.ts";
import { KeyManager } from "./key-manager.ts";
import type { SerfMember, Tags } from "./member.ts";
import { NameVote } from "./name-vote.ts";
import { OpenQueries, type QueryParams, type SentQuery } from "./open-queries.ts";
import type { QueryListener } from "./open-query.ts";
import type { SerfOptions } from "./options.ts";
import { internalQueryPrefix, isInternalQuery, Queries } from "./queries.ts";
import { QueryAnswers } from "./query-answers.ts";
import type { QueryMessage, QueryResponse } from "./query-messages.ts";

/** What queries need of the node they belong to. */
export interface QueryingNode {
  readonly options: SerfOptions;
  tags(): Tags;
  members(): readonly SerfMember[];
  member(name: string): SerfMember | undefined;
  /** Asked for only once the node runs. */
  memberlist(): Memberlist;
  readonly broadcasts: Broadcasts;
  tell(event: SerfEvent): void;
  /** Has the keys outlive the process, where that is wanted. Returns what went wrong. */
  keepKeys(keys: readonly Uint8Array[]): string | undefined;
  /** The node lost its name. */
  shutdown(): void;
}

/** Queries in both directions, tied together: those of others, our answers, our own, and the answers of others. */
export class Querying {
  readonly received: Queries;
  readonly keys: KeyManager;
  private readonly answers: QueryAnswers;
  private readonly open: OpenQueries;
  private readonly internal: InternalQueries;
  private readonly vote: NameVote;
  private readonly node: QueryingNode;

  constructor(node: QueryingNode, host: Host) {
    this.node = node;
    const { nodeName, queryBufferLength } = node.options;
    const receiver = {
      self: () => ({ name: nodeName, tags: node.tags() }),
      acknowledge: (query: QueryMessage) => this.answers.acknowledge(query),
      take: (query: QueryMessage) => this.take(query),
    };
    this.received = new Queries(queryBufferLength, receiver, host);
    this.answers = this.createAnswers(host);
    this.open = this.createOpenQueries(host);
    this.vote = this.createVote(host);
    // Nobody responds to a ping: that it arrived is told by its ack.
    const ping = () => undefined;
    const conflict = (query: QueryEvent) => this.vote.answer(query);
    const keyHandlers = this.createKeyAnswers(host).handlers();
    this.internal = new InternalQueries({ ping, conflict, ...keyHandlers }, host.logger);
    this.keys = this.createKeyManager(host);
  }

  ask(name: string, payload: Uint8Array, params: QueryParams, listener: QueryListener): SentQuery {
    return this.open.ask(name, payload, params, listener);
  }

  receiveResponse(response: QueryResponse): void {
    this.open.receive(response);
  }

  /** Another node claims this one's name: has the members decide who is to go. */
  voteOnName(): void {
    this.vote.begin();
  }

  /** Ends the queries of this node. */
  stop(): void {
    this.keys.stop();
    this.open.stop();
  }

  private endpoint(): Endpoint {
    const { address, port } = this.node.memberlist().localMember;
    return { address, port };
  }

  private createVote(host: Host): NameVote {
    const { node } = this;
    return new NameVote(
      {
        name: node.options.nodeName,
        endpoint: () => this.endpoint(),
        member: (name) => node.member(name),
        askConflict: (payload, listener) => void this.ask(`${internalQueryPrefix}conflict`, payload, {}, listener),
        shutdown: () => node.shutdown(),
      },
      host.logger,
    );
  }

  private createKeyAnswers(host: Host): KeyAnswers {
    const { node } = this;
    const holder = {
      responseBytesMax: node.options.queryResponseBytesMax,
      keyring: () => node.memberlist().keyring,
      keepKeys: (keys: readonly Uint8Array[]) => node.keepKeys(keys),
    };
    return new KeyAnswers(holder, host.logger);
  }

  private createKeyManager(host: Host): KeyManager {
    const { node } = this;
    const asker = {
      aliveCount: () => node.memberlist().aliveCount,
      members: () => node.members(),
      ask: (name: string, payload: Uint8Array, listener: QueryListener) => this.ask(name, payload, {}, listener),
    };
    return new KeyManager(asker, host.logger);
  }

  private take(query: QueryMessage): void {
    const event = this.answers.eventOf(query);
    if (isInternalQuery(query.name)) this.internal.handle(event);
    else this.node.tell(event);
  }

  private createAnswers(host: Host): QueryAnswers {
    const { node } = this;
    return new QueryAnswers(
      {
        name: node.options.nodeName,
        responseBytesMax: node.options.queryResponseBytesMax,
        endpoint: () => this.endpoint(),
        members: () => node.members(),
        send: (to, message) => node.memberlist().sendBestEffort(to, message),
        packetBytesMax: () => node.memberlist().broadcastBytesMax,
        sendLarge: (to, message) =>
          node.memberlist().sendReliable(to, message, (error) => {
            if (error === undefined) return;
            const what = `a response of ${message.length} bytes did not reach ${formatEndpoint(to)}: ${error.message}`;
            host.logger.log("WARN", `serf: ${what}`);
          }),
        receiveOwn: (response) => this.open.receive(response),
      },
      host,
    );
  }

  private createOpenQueries(host: Host): OpenQueries {
    const { node } = this;
    const { nodeName: name, protocolVersion, queryBytesMax, queryTimeoutMult, endQueriesEarly } = node.options;
    return new OpenQueries(
      {
        name,
        protocolVersion,
        queryBytesMax,
        endsEarly: endQueriesEarly,
        checkRoom: (bytes) => node.broadcasts.checkRoom(bytes),
        defaultTimeoutMs: () => {
          const { options, aliveCount } = node.memberlist();
          return defaultQueryTimeoutMs(options.gossipIntervalMs, queryTimeoutMult, aliveCount);
        },
        endpoint: () => this.endpoint(),
        members: () => node.members(),
        lamportTime: () => this.received.clock.time,
        publish: (query, encoded) => {
          node.broadcasts.send(node.broadcasts.queries, encoded);
          this.received.receive(query);
        },
      },
      host,
    );
  }
}

/** Long enough for gossip to reach everybody in a cluster of that many, and for the answers to come back. */
export function defaultQueryTimeoutMs(gossipIntervalMs: number, mult: number, aliveCount: number): number {
  return gossipIntervalMs * mult * Math.ceil(Math.log10(aliveCount + 1));
}
