import type { Host } from "../base/host.ts";
import { RateLimitedLog } from "../base/rate-limited-log.ts";
import { isRejected } from "../base/rejected.ts";
import { type Coordinate, distanceSeconds } from "../coordinate/coordinate.ts";
import { Vivaldi } from "../coordinate/vivaldi.ts";
import type { PingDelegate } from "../memberlist/delegates.ts";
import type { Member } from "../memberlist/member.ts";
import { decodePingPayload, encodePingPayload } from "./ping-payload.ts";

const rejectionLogPeriodMs = 60_000;
const rejectionSubjectsMax = 64;

/** What the coordinates need of the node they belong to. */
export interface CoordinatesNode {
  readonly name: string;
  isMember(name: string): boolean;
}

/**
 * Where this node stands in the network, and where the others say they do. Each ack of a probe carries its sender's coordinate and is
 * itself the measurement, so that nothing is sent for it. Of each member the newest coordinate is kept.
 */
export class Coordinates implements PingDelegate {
  private readonly node: CoordinatesNode;
  private readonly host: Host;
  private readonly vivaldi: Vivaldi;
  /** Of others, by name: of members alone, as they are forgotten with their member. */
  private readonly known = new Map<string, Coordinate>();
  /** Of those who sent an ack, whether the last one said so. */
  private readonly pulling = new Map<string, boolean>();
  private readonly rejectionLog: RateLimitedLog;
  /** What acks carry, until the node moves: it moves once a second, and many may ping it meanwhile. */
  private payload: Uint8Array | undefined;

  constructor(node: CoordinatesNode, host: Host) {
    this.node = node;
    this.host = host;
    this.vivaldi = new Vivaldi(host.random);
    this.rejectionLog = new RateLimitedLog({
      logger: host.logger,
      clock: host.clock,
      periodMs: rejectionLogPeriodMs,
      subjectsMax: rejectionSubjectsMax,
    });
  }

  get resetCount(): number {
    return this.vivaldi.resetCount;
  }

  /** Undefined for a node that no ack has come from yet. */
  find(name: string): Coordinate | undefined {
    return name === this.node.name ? this.vivaldi.coordinate : this.known.get(name);
  }

  /** For a member that is one no more. */
  forget(name: string): void {
    this.vivaldi.forget(name);
    this.known.delete(name);
    this.pulling.delete(name);
  }

  /** Whether the member is known to pull the user events that it misses. */
  pullsEvents(name: string): boolean {
    return this.pulling.get(name) === true;
  }

  /** Whether the member is known not to. Of one that no ack has come from yet neither is known. */
  forgetsEvents(name: string): boolean {
    return this.pulling.get(name) === false;
  }

  /** An estimate of the time to the farthest of these members and back, in milliseconds: 0 where nothing is known. */
  farthestMs(names: Iterable<string>): number {
    const here = this.vivaldi.coordinate;
    let farthest = 0;
    for (const name of names) {
      const there = this.known.get(name);
      if (there !== undefined) farthest = Math.max(farthest, distanceSeconds(here, there) * 1000);
    }
    return farthest;
  }

  ackPayload(): Uint8Array {
    this.payload ??= encodePingPayload(this.vivaldi.coordinate, { pullsEvents: true, keepsStreams: true });
    return this.payload;
  }

  keepsStreams(payload: Uint8Array): boolean {
    if (payload.length === 0) return false;
    const decoded = decodePingPayload(payload);
    return !isRejected(decoded) && decoded.keepsStreams;
  }

  pingCompleted({ name }: Member, roundTripMs: number, payload: Uint8Array): void {
    if (!this.node.isMember(name)) return;
    this.pulling.set(name, false);
    // A member without coordinates sends none.
    if (payload.length === 0) return;
    const { logger, metrics } = this.host;
    const decoded = decodePingPayload(payload);
    if (isRejected(decoded)) {
      metrics.increment(`serf.rejected.${decoded.reason}`);
      this.rejectionLog.log("ERR", name, `serf: ${decoded.detail}`);
      return;
    }
    this.pulling.set(name, decoded.pullsEvents);
    const theirs = decoded.coordinate;
    const before = this.vivaldi.coordinate;
    const problem = this.vivaldi.observe(name, theirs, roundTripMs / 1000);
    if (problem !== undefined) {
      metrics.increment("serf.coordinate.rejected");
      logger.log("TRACE", `serf: Rejected coordinate from ${name}: ${problem}`);
      return;
    }
    this.payload = undefined;
    if (roundTripMs === 0) metrics.increment("serf.coordinate.zero-rtt");
    metrics.sample("serf.coordinate.adjustment-ms", distanceSeconds(before, this.vivaldi.coordinate) * 1000);
    this.known.set(name, theirs);
  }
}
