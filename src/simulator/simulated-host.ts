import type { Endpoint } from "../base/address.ts";
import type { Host, Random, Resolver, Timer, Timers } from "../base/host.ts";
import type { Network } from "./network.ts";
import { RecordingLogger, RecordingMetrics } from "./recorder.ts";
import { type Schedule, ScheduledEvent } from "./schedule.ts";
import { SimulatedClock } from "./simulated-clock.ts";
import type { SimulatedDisk } from "./simulated-disk.ts";
import { SimulatedProcess } from "./simulated-process.ts";
import { SimulatedStorage } from "./simulated-storage.ts";
import { SimulatedTransport } from "./simulated-transport.ts";

export interface SimulatedHostParts {
  readonly name: string;
  readonly bound: Endpoint;
  readonly network: Network<SimulatedTransport>;
  readonly random: Random;
  /** For what the process itself has no part in: faults must not shift the draws of the protocol. */
  readonly fate: Random;
  readonly disk: SimulatedDisk;
  readonly logLinesMax: number;
}

/** The outside world of one simulated process. */
export class SimulatedHost implements Host {
  /** For reports: who this is. */
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly clock: SimulatedClock;
  readonly timers: Timers;
  readonly random: Random;
  readonly transport: SimulatedTransport;
  readonly resolver: Resolver;
  /** The machine's, and so also that of whoever comes after this process. */
  readonly disk: SimulatedDisk;
  readonly storage: SimulatedStorage;
  readonly logger: RecordingLogger;
  readonly metrics: RecordingMetrics;
  readonly process: SimulatedProcess;
  private readonly network: Network<SimulatedTransport>;
  private resumed = Number.NEGATIVE_INFINITY;

  constructor({ name, bound, network, random, fate, disk, logLinesMax }: SimulatedHostParts) {
    const { schedule } = network;
    this.name = name;
    this.address = bound.address;
    this.port = bound.port;
    this.network = network;
    this.process = new SimulatedProcess(fate);
    this.clock = new SimulatedClock(schedule);
    const { process, clock } = this;
    this.timers = {
      after: (delayMs, fire) => schedule.add(new SimulatedTimer(process, schedule, fire), clock.trueMs(delayMs)),
    };
    this.random = random;
    this.transport = new SimulatedTransport(bound, network, process, clock);
    this.resolver = {
      resolve: (hostName, done) => {
        const addresses = network.names.get(hostName);
        const answer = addresses === undefined ? { error: `lookup ${hostName}: no such host` } : { addresses };
        this.timers.after(network.links.latencyMs(bound.address, ""), () => done(answer));
      },
      resolveService: (service, done) => {
        const endpoints = network.services.get(service);
        const answer = endpoints === undefined ? { error: `lookup ${service}: no such service` } : { endpoints };
        this.timers.after(network.links.latencyMs(bound.address, ""), () => done(answer));
      },
    };
    this.disk = disk;
    this.storage = new SimulatedStorage(disk, this.timers);
    this.logger = new RecordingLogger(clock, logLinesMax);
    this.metrics = new RecordingMetrics(logLinesMax === 0);
  }

  get isCrashed(): boolean {
    return this.process.isDead;
  }

  get isPaused(): boolean {
    return this.process.isPaused;
  }

  /** When it last went on after a pause, by its clock; a long time ago if it never did. */
  get resumedMs(): number {
    return this.resumed;
  }

  /**
   * The process dies at once: no timer fires any more, its port is free for a successor, and its kernel ends its streams
   * without what was not yet sent. What it had not yet been told is written may be so in part; see `SimulatedDisk`.
   */
  crash(): void {
    this.process.die();
    this.storage.crash();
    this.transport.close();
  }

  /** As `crash`, and the machine goes with it: nothing answers there, and what no file was synced for is lost. */
  losePower(): void {
    this.process.die();
    this.storage.crash();
    this.transport.vanish();
    this.network.cutPower(this.address);
    this.disk.losePower();
  }

  /** The process stands still, as one that is stopped or swapped out does; its kernel goes on. */
  pause(): void {
    this.process.pause();
  }

  /** Messages stand still, timers go on: see `SimulatedProcess.stall`. */
  stall(): void {
    this.process.stall();
  }

  /** All that waited comes at once. */
  resume(): void {
    if (this.process.isPaused) this.resumed = this.clock.monotonicMs();
    this.process.resume();
  }
}

class SimulatedTimer extends ScheduledEvent implements Timer {
  private readonly process: SimulatedProcess;
  private readonly schedule: Schedule;
  private readonly action: () => void;
  private cancelled = false;

  constructor(process: SimulatedProcess, schedule: Schedule, action: () => void) {
    super();
    this.process = process;
    this.schedule = schedule;
    this.action = action;
  }

  fire(): void {
    if (this.cancelled) return;
    if (!this.process.begins("timer")) {
      this.process.hold("timer", () => this.fire());
      return;
    }
    this.action();
    this.process.ended("timer");
  }

  cancel(): void {
    this.cancelled = true;
    this.schedule.cancel(this);
  }
}
