import { type Endpoint, formatEndpoint, memberPortDefault } from "../base/address.ts";
import type { Latency } from "./latency.ts";
import type { LinkConditions } from "./link-conditions.ts";
import { Links, type TrafficCounts } from "./links.ts";
import { Network } from "./network.ts";
import { Schedule } from "./schedule.ts";
import { SeededRandom } from "./seeded-random.ts";
import { SimulatedDisk } from "./simulated-disk.ts";
import { SimulatedHost } from "./simulated-host.ts";
import type { SimulatedTransport } from "./simulated-transport.ts";

/** What a simulated network is like. */
export interface SimulatedNetworkOptions {
  /** Any number. The same seed and the same calls give the same run, event for event. */
  readonly seed: number;
  /** One way, 0.5 by default; a distribution draws it anew for each packet. */
  readonly latencyMs?: Latency;
  /** The share of packets lost, in [0, 1], 0 by default. */
  readonly loss?: number;
  /** How many lines each host's log keeps, 1,000 by default; with 0 nothing is logged, and nothing measured. */
  readonly logLinesMax?: number;
  /** How many bytes a stream delivers at a time, 65,536 by default. Small values show who relies on whole messages. */
  readonly streamChunkBytesMax?: number;
}

/** A host, an endpoint, or whatever else has an address. */
export interface Place {
  readonly address: string;
}

/** The streams of random numbers for faults are not those for protocols. */
const fateStreams = 0x8000_0000;

/** Hosts in a network under virtual time. Nothing moves but in `run` and `runUntil`. */
export class SimulatedNetwork {
  private readonly seed: number;
  private readonly logLinesMax: number;
  private readonly schedule = new Schedule();
  private readonly links: Links;
  private readonly network: Network<SimulatedTransport>;
  /** By address and port: a machine keeps the files of its processes when these are gone. */
  private readonly disks = new Map<string, SimulatedDisk>();
  private hostsCreated = 0;

  constructor(options: SimulatedNetworkOptions) {
    const { seed, latencyMs = 0.5, loss = 0, logLinesMax = 1_000, streamChunkBytesMax = 65_536 } = options;
    this.seed = seed;
    this.logLinesMax = logLinesMax;
    this.links = new Links(new SeededRandom(seed));
    this.network = new Network(this.schedule, this.links, streamChunkBytesMax);
    this.setLatency(latencyMs);
    this.setLoss(loss);
  }

  get nowMs(): number {
    return this.schedule.nowMs;
  }

  /** Events fired since the beginning: packets and stream chunks that arrived, timers, and the like. */
  get eventCount(): number {
    return this.schedule.firedCount;
  }

  /** A process that may start now. One that crashed or closed leaves its address and port to the next. */
  createHost(options: { readonly address: string; readonly port?: number; readonly name?: string }): SimulatedHost {
    const { address, port = memberPortDefault, name = address } = options;
    // Each host draws from a stream of its own, so that one host's draws do not shift those of all others.
    const random = new SeededRandom(this.seed, ++this.hostsCreated);
    const { network, logLinesMax } = this;
    return new SimulatedHost({
      name,
      bound: { address, port },
      network,
      random,
      fate: new SeededRandom(this.seed, fateStreams + this.hostsCreated),
      disk: this.disk(address, port),
      logLinesMax,
    });
  }

  /** The files of the process at that address and port, and what goes wrong with them. Processes on one machine have disks of their own. */
  disk(address: string, port = memberPortDefault): SimulatedDisk {
    const place = formatEndpoint({ address, port });
    let disk = this.disks.get(place);
    if (disk === undefined) {
      disk = new SimulatedDisk();
      this.disks.set(place, disk);
    }
    return disk;
  }

  /** Whether a process listens there. */
  isTaken(place: Endpoint): boolean {
    return this.network.socketAt(place) !== undefined;
  }

  /** The files at one place are at another from now on, as when a machine gets a new address. */
  moveDisk(from: Endpoint, to: Endpoint): void {
    this.disks.set(formatEndpoint(to), this.disk(from.address, from.port));
    this.disks.delete(formatEndpoint(from));
  }

  /** For what happens to hosts from outside. */
  after(delayMs: number, fire: () => void): void {
    this.schedule.after(delayMs, fire);
  }

  /** What the resolver of every host answers for `hostName` from now on. */
  setName(hostName: string, addresses: readonly string[]): void {
    this.network.names.set(hostName, addresses);
  }

  /** What the resolver of every host answers for the service `name` from now on. */
  setService(name: string, endpoints: readonly Endpoint[]): void {
    this.network.services.set(name, endpoints);
  }

  /** Lets `ms` pass. */
  run(ms: number): void {
    this.schedule.runUntil(this.nowMs + ms);
  }

  /**
   * Lets time pass until `condition` holds, at most `limitMs`; returns whether it does. The condition is asked now and after
   * every instant at which something happened.
   */
  runUntil(condition: () => boolean, limitMs: number): boolean {
    const deadlineMs = this.nowMs + limitMs;
    while (!condition()) {
      if (this.schedule.runInstant(deadlineMs)) continue;
      this.schedule.runUntil(deadlineMs);
      return condition();
    }
    return true;
  }

  /** Of every link. Throws INVALID_OPTION. */
  setLatency(oneWay: Latency): void {
    this.links.set({ latency: oneWay });
  }

  /** `fraction` of all packets is lost, in [0, 1]. Streams are not touched. Throws INVALID_OPTION. */
  setLoss(fraction: number): void {
    this.links.set({ loss: fraction });
  }

  /** What all links are like; what is not mentioned stays as it is. Throws INVALID_OPTION. */
  setConditions(conditions: Partial<LinkConditions>): void {
    this.links.set(conditions);
  }

  /** What the links from some places to some others are like, one way; undefined stands for all places. Later calls win. Throws INVALID_OPTION. */
  setLink(
    from: readonly Place[] | undefined,
    to: readonly Place[] | undefined,
    conditions: Partial<LinkConditions>,
  ): void {
    this.links.addRule(from?.map(addressOf), to?.map(addressOf), conditions);
  }

  /** Takes back what `setLink` said. */
  clearLinks(): void {
    this.links.clearRules();
  }

  /** What the network has carried and lost so far. */
  get traffic(): Readonly<TrafficCounts> {
    return this.links.counts;
  }

  /** Nothing passes between the two groups any more; what is under way still arrives. Adds to earlier cuts. */
  partition(groupA: readonly Place[], groupB: readonly Place[]): void {
    this.cut(groupA, groupB);
    this.cut(groupB, groupA);
  }

  /** Nothing passes from one group to the other any more; the way back stays as it is. */
  cut(from: readonly Place[], to: readonly Place[]): void {
    this.links.cut(from.map(addressOf), to.map(addressOf));
  }

  /** A firewall at `to` turns away what comes from `from`, and says so: packets are lost, streams refused. The way back stays as it is. */
  reject(from: readonly Place[], to: readonly Place[]): void {
    this.links.reject(from.map(addressOf), to.map(addressOf));
  }

  /** The addresses that a firewall turns away from there. */
  rejectedFrom(to: Place): ReadonlySet<string> {
    return this.links.rejectedFrom(to.address);
  }

  /** Nothing is wrong with any link, but that it may be slow, or rejected. */
  get isFair(): boolean {
    return this.links.isFair;
  }

  /** Takes back every partition, cut and rejection. */
  heal(): void {
    this.links.heal();
  }

  /** Ends the process on that host without a word: its streams are gone, and nothing of it runs any more. */
  crash(host: SimulatedHost): void {
    host.crash();
  }
}

function addressOf(place: Place): string {
  return place.address;
}
