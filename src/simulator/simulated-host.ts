import type { Endpoint } from "../base/address.ts";
import type { Clock, Host, Random, Resolver, Timer, Timers } from "../base/host.ts";
import type { Network } from "./network.ts";
import { RecordingLogger, RecordingMetrics } from "./recorder.ts";
import { type Schedule, ScheduledEvent } from "./schedule.ts";
import type { SimulatedDisk } from "./simulated-disk.ts";
import { SimulatedStorage } from "./simulated-storage.ts";
import { SimulatedTransport } from "./simulated-transport.ts";

/** Every simulation starts at 2020-01-01 00:00 UTC. */
const startWallMs = 1_577_836_800_000;

export interface SimulatedHostParts {
  readonly name: string;
  readonly bound: Endpoint;
  readonly network: Network<SimulatedTransport>;
  readonly random: Random;
  readonly disk: SimulatedDisk;
  readonly logLinesMax: number;
}

/** The outside world of one simulated process. */
export class SimulatedHost implements Host {
  /** For reports: who this is. */
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly transport: SimulatedTransport;
  readonly resolver: Resolver;
  /** The machine's, and so also that of whoever comes after this process. */
  readonly disk: SimulatedDisk;
  readonly storage: SimulatedStorage;
  readonly logger: RecordingLogger;
  readonly metrics = new RecordingMetrics();
  private crashed = false;

  constructor({ name, bound, network, random, disk, logLinesMax }: SimulatedHostParts) {
    const { schedule } = network;
    this.name = name;
    this.address = bound.address;
    this.port = bound.port;
    this.clock = { monotonicMs: () => schedule.nowMs, wallMs: () => startWallMs + schedule.nowMs };
    this.timers = {
      after: (delayMs, fire) => schedule.add(new SimulatedTimer(this, schedule, fire), delayMs),
    };
    this.random = random;
    this.transport = new SimulatedTransport(bound, network);
    this.resolver = {
      resolve: (hostName, done) => {
        const addresses = network.names.get(hostName);
        const answer = addresses === undefined ? { error: `lookup ${hostName}: no such host` } : { addresses };
        this.timers.after(network.links.latencyMs, () => done(answer));
      },
    };
    this.disk = disk;
    this.storage = new SimulatedStorage(disk, this.timers);
    this.logger = new RecordingLogger(this.clock, logLinesMax);
  }

  get isCrashed(): boolean {
    return this.crashed;
  }

  /**
   * The process dies at once: no timer fires any more, its port is free for a successor, and its kernel ends its streams
   * without what was not yet sent. What it had not yet been told is written may be so in part; see `SimulatedDisk`.
   */
  crash(): void {
    this.crashed = true;
    this.storage.crash();
    this.transport.close();
  }
}

class SimulatedTimer extends ScheduledEvent implements Timer {
  private readonly host: SimulatedHost;
  private readonly schedule: Schedule;
  private readonly action: () => void;

  constructor(host: SimulatedHost, schedule: Schedule, action: () => void) {
    super();
    this.host = host;
    this.schedule = schedule;
    this.action = action;
  }

  fire(): void {
    if (!this.host.isCrashed) this.action();
  }

  cancel(): void {
    this.schedule.cancel(this);
  }
}
