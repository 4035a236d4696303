import { type Endpoint, formatEndpoint } from "../base/address.ts";
import { utf8Encode } from "../base/bytes.ts";
import { SerfError } from "../base/errors.ts";
import type { Host } from "../base/host.ts";
import { chooseRows } from "../memberlist/peer-selection.ts";
import type { QueryEvent } from "./events.ts";
import type { SerfMember } from "./member.ts";
import { encodeSerfMessage } from "./messages.ts";
import { type QueryMessage, type QueryResponse, queryFlags } from "./query-messages.ts";

/** From this memberlist version on a member hands on what it is asked to. */
const relayProtocolMin = 5;
/** A query cannot ask for more patience than this; its timeout is a stranger's number. */
const timeoutMsMax = 24 * 3600 * 1000;
const nanosecondsPerMs = 1_000_000;

export interface AnsweringNode {
  readonly name: string;
  /** Largest encoded answer. */
  readonly responseBytesMax: number;
  /** As the other members reach it. */
  endpoint(): Endpoint;
  members(): readonly SerfMember[];
  send(to: Endpoint, message: Uint8Array): void;
  /** What `send` can take, which uses packets. */
  packetBytesMax(): number;
  /** By a stream, for what is larger. */
  sendLarge(to: Endpoint, message: Uint8Array): void;
  /** Takes the answer of this node to a query of its own. */
  receiveOwn(response: QueryResponse): void;
}

/** What this node answers to queries: acks, and the one response that its application may give to each. */
export class QueryAnswers {
  private readonly node: AnsweringNode;
  private readonly host: Host;

  constructor(node: AnsweringNode, host: Host) {
    this.node = node;
    this.host = host;
  }

  acknowledge(query: QueryMessage): void {
    const ack = this.compose(query, queryFlags.ack, new Uint8Array(0));
    try {
      this.send(query, ack);
    } catch (error) {
      this.host.logger.log("ERR", `serf: failed to relay ack: ${(error as Error).message}`);
    }
  }

  /** The query as an event whose `respond` answers it. */
  eventOf(query: QueryMessage): QueryEvent {
    const { lamportTime, name, sourceNode } = query;
    const timeoutMs = Math.min(Math.max(query.timeoutNs / nanosecondsPerMs, 0), timeoutMsMax);
    const deadlineMs = this.host.clock.monotonicMs() + timeoutMs;
    let answered = false;
    return {
      kind: "query",
      lamportTime,
      name,
      // A copy: the message shares memory with a whole packet, and whoever answers may take a while.
      payload: query.payload.slice(),
      sourceNode,
      timeoutMs,
      respond: (payload) => {
        const bytes = typeof payload === "string" ? utf8Encode(payload) : payload;
        const response = this.compose(query, 0, bytes);
        this.checkSize(encodeSerfMessage(response), "response");
        if (answered) throw new SerfError("QUERY_CLOSED", "response already sent");
        if (this.host.clock.monotonicMs() > deadlineMs)
          throw new SerfError("QUERY_CLOSED", "response is past the deadline");
        answered = true;
        this.send(query, response);
      },
    };
  }

  private compose({ lamportTime, id }: QueryMessage, flags: number, payload: Uint8Array): QueryResponse {
    return { kind: "query-response", lamportTime, id, from: this.node.name, flags, payload };
  }

  /** Throws RESPONSE_TOO_LARGE if the answer went out, and is too large to be relayed besides. */
  private send(query: QueryMessage, response: QueryResponse): void {
    const { node } = this;
    const asker = { address: query.address, port: query.port };
    if (query.sourceNode === node.name && formatEndpoint(asker) === formatEndpoint(node.endpoint())) {
      // Not over the network, where a node behind NAT does not reach itself; and later, as from the network.
      this.host.timers.after(0, () => node.receiveOwn(response));
      return;
    }
    if (asker.address === "") return;
    const message = encodeSerfMessage(response);
    if (message.length > node.packetBytesMax()) {
      // Streams lose nothing that relays could make good.
      node.sendLarge(asker, message);
      return;
    }
    node.send(asker, message);
    if (query.relayFactor > 0) this.relay(query, asker, message);
  }

  /** Sends copies around by way of others, in case the straight way loses packets. Not in clusters too small for that. */
  private relay(query: QueryMessage, destination: Endpoint, message: Uint8Array): void {
    const { node } = this;
    const members = node.members();
    if (members.length < query.relayFactor + 1) return;
    const relayed = encodeSerfMessage({ kind: "relay", destination, destinationName: query.sourceNode, message });
    this.checkSize(relayed, "relayed response");
    const canRelay = ({ name, status, versions }: SerfMember): boolean =>
      status === "alive" && versions.protocolMax >= relayProtocolMin && name !== node.name;
    const rows = chooseRows(query.relayFactor, members.length, this.host.random, (row) => canRelay(members[row]!));
    for (const row of rows) node.send(members[row]!, relayed);
  }

  private checkSize(message: Uint8Array, what: string): void {
    const { responseBytesMax } = this.node;
    if (message.length > responseBytesMax)
      throw new SerfError("RESPONSE_TOO_LARGE", `${what} exceeds limit of ${responseBytesMax} bytes`);
  }
}
