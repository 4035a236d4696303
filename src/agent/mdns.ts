/** Finds the other agents of a cluster by multicast DNS, and lets them find this one. */

import { type Endpoint, formatEndpoint } from "../base/address.ts";
import { messageOf } from "../base/errors.ts";
import type { Clock, Logger, Metrics, Timer, Timers } from "../base/host.ts";
import { isRejected } from "../base/rejected.ts";
import type { LinkSender } from "../host/multicast-link.ts";
import type { JoinResult } from "../memberlist/joiner.ts";
import { joinErrorText } from "./face.ts";
import {
  type Announcement,
  decodeMessage,
  encodeQuestion,
  endpointsIn,
  type MdnsMessage,
  mdnsPort,
  ServiceRecords,
  serviceNameOf,
} from "./mdns-records.ts";

/** Once it knows others. As long as it is alone it asks after 1 s, 2 s, 4 s and so on, up to this. */
const pollIntervalMs = 60_000;
const firstPollIntervalMs = 1_000;
/** Answers come within milliseconds of each other: those of so long are one join. */
const settleMs = 100;
/** An address that was tried is not tried again sooner. */
const retryAfterMs = 60_000;
/** Addresses joined at a time; a cluster needs one, gossip finds the rest. */
const candidatesMax = 32;
const triedMax = 4_096;
/** Messages of the network looked at in a second; a busy office has some ten. */
const messagesPerSecondMax = 500;

export interface DiscoveryParts extends Announcement {
  /** The sockets, one for each family. */
  readonly links: readonly DiscoveryLink[];
  readonly join: (addresses: readonly string[]) => Promise<JoinResult>;
  /** Where the living members are, "address:port", this node included. */
  readonly livingMembers: () => ReadonlySet<string>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** One address family's way to all on the network. */
export interface DiscoveryLink {
  /** Throws where there is no network. */
  ask(message: Uint8Array): void;
  answer(message: Uint8Array, to: LinkSender): void;
  listen(receive: (packet: Uint8Array, from: LinkSender) => void): void;
  close(): Promise<void>;
}

/** Answers others' questions and asks its own, from `start` to `stop`. */
export class Discovery {
  private readonly parts: DiscoveryParts;
  private readonly serviceName: string;
  private readonly question: Uint8Array;
  private readonly records: ServiceRecords;
  private readonly candidates = new Set<string>();
  /** When each address was tried last, the oldest first. */
  private readonly triedAtMs = new Map<string, number>();
  private nextIntervalMs = firstPollIntervalMs;
  private pollTimer: Timer | undefined;
  private settleTimer: Timer | undefined;
  private isJoining = false;
  private stopped: Promise<unknown> | undefined;
  private secondBeganAtMs = 0;
  private messagesThisSecond = 0;

  constructor(parts: DiscoveryParts) {
    this.parts = parts;
    this.serviceName = serviceNameOf(parts.clusterName);
    this.question = encodeQuestion(this.serviceName);
    this.records = new ServiceRecords(parts);
  }

  start(): void {
    for (const link of this.parts.links) link.listen((packet, from) => this.receive(packet, from, link));
    this.poll();
  }

  /** Resolves when the sockets are closed. */
  async stop(): Promise<void> {
    this.pollTimer?.cancel();
    this.settleTimer?.cancel();
    this.stopped ??= Promise.all(this.parts.links.map((link) => link.close()));
    await this.stopped;
  }

  private poll(): void {
    this.ask();
    const isAlone = this.parts.livingMembers().size <= 1;
    const waitMs = isAlone ? this.nextIntervalMs : pollIntervalMs;
    this.nextIntervalMs = isAlone ? Math.min(2 * waitMs, pollIntervalMs) : firstPollIntervalMs;
    this.pollTimer = this.parts.timers.after(waitMs, () => this.poll());
  }

  /** One family is enough. */
  private ask(): void {
    const problems: string[] = [];
    for (const link of this.parts.links) {
      try {
        link.ask(this.question);
      } catch (error) {
        problems.push(messageOf(error));
      }
    }
    if (problems.length === this.parts.links.length)
      this.parts.logger.log("ERR", `agent.mdns: Failed to poll for new hosts: ${problems.join("; ")}`);
  }

  private receive(packet: Uint8Array, from: LinkSender, link: DiscoveryLink): void {
    if (this.stopped !== undefined || this.isTooMuch()) return;
    const message = decodeMessage(packet);
    if (isRejected(message)) {
      this.parts.metrics.increment(`agent.mdns.rejected.${message.reason}`);
      return;
    }
    if (message.type === "query") this.receiveQuery(message, from, link);
    else this.receiveAnswer(message, from);
  }

  private receiveQuery(query: MdnsMessage, from: LinkSender, link: DiscoveryLink): void {
    const answer = this.records.answer(query, from.port !== mdnsPort);
    if (answer !== undefined) link.answer(answer, from);
  }

  private receiveAnswer(message: MdnsMessage, from: LinkSender): void {
    for (const endpoint of endpointsIn(message, this.serviceName, from.isThisMachine)) this.consider(endpoint);
  }

  private consider(endpoint: Endpoint): void {
    const { clock } = this.parts;
    const address = formatEndpoint(endpoint);
    const triedAtMs = this.triedAtMs.get(address);
    if (triedAtMs !== undefined && clock.monotonicMs() - triedAtMs < retryAfterMs) return;
    if (address === formatEndpoint(this.parts.endpoint) || this.candidates.size === candidatesMax) return;
    this.candidates.add(address);
    if (!this.isJoining) this.joinSoon();
  }

  private joinSoon(): void {
    this.settleTimer ??= this.parts.timers.after(settleMs, () => void this.joinCandidates());
  }

  /** Those that are members already need no join. */
  private async joinCandidates(): Promise<void> {
    this.settleTimer = undefined;
    const living = this.parts.livingMembers();
    const addresses = [...this.candidates].filter((address) => !living.has(address));
    this.candidates.clear();
    if (addresses.length === 0) return;
    this.remember(addresses);
    this.isJoining = true;
    const outcome = await this.parts.join(addresses);
    this.isJoining = false;
    if (this.stopped !== undefined) return;
    const { logger } = this.parts;
    if (outcome.joined > 0) logger.log("INFO", `agent.mdns: Joined ${outcome.joined} hosts`);
    else logger.log("ERR", `agent.mdns: Failed to join: ${joinErrorText(outcome)}`);
    if (this.candidates.size > 0) this.joinSoon();
  }

  private remember(addresses: readonly string[]): void {
    const nowMs = this.parts.clock.monotonicMs();
    for (const address of addresses) {
      this.triedAtMs.delete(address);
      this.triedAtMs.set(address, nowMs);
    }
    for (const [address, atMs] of this.triedAtMs) {
      if (this.triedAtMs.size <= triedMax && nowMs - atMs < retryAfterMs) break;
      this.triedAtMs.delete(address);
    }
  }

  private isTooMuch(): boolean {
    const nowMs = this.parts.clock.monotonicMs();
    if (nowMs - this.secondBeganAtMs >= 1_000) {
      this.secondBeganAtMs = nowMs;
      this.messagesThisSecond = 0;
    }
    this.messagesThisSecond += 1;
    return this.messagesThisSecond > messagesPerSecondMax;
  }
}
