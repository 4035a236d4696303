/** Twenty hosts with an agent each, every second one Debian's, whose machines and network can be told to misbehave. */

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SeededRandom } from "../../src/simulator/seeded-random.ts";
import type { HostNetwork } from "../support/netns.ts";
import { requirePeer } from "../support/peers.ts";
import type { Sandbox } from "../support/sandbox.ts";
import { waitFor } from "../support/wait-for.ts";
import { Ledger } from "./ledger.ts";
import { Machine, type MachineOptions } from "./machine.ts";

/** What a fault needs of machines from the start. Only ours: a Go program asks nobody for the time, and its disk is its own affair. */
export interface Preparations {
  /** The first so many of ours write their snapshots to disks so small. */
  readonly smallDisks?: { readonly count: number; readonly kib: number };
  /** The time of day of ours follows `setClocks`. */
  readonly shiftedClocks?: boolean;
}

const joinDeadlineMs = 90_000;

export class FaultCluster {
  readonly network: HostNetwork;
  readonly machines: readonly Machine[];
  readonly ledger: Ledger;
  readonly random: SeededRandom;
  readonly folder: string;
  /** To whom something happened: what they missed, and what was said of them, is counted apart. */
  readonly hit = new Set<string>();
  private readonly sandbox: Sandbox;

  private constructor(sandbox: Sandbox, network: HostNetwork, folder: string, random: SeededRandom) {
    this.sandbox = sandbox;
    this.network = network;
    this.folder = folder;
    this.random = random;
    this.ledger = new Ledger();
    this.machines = [];
  }

  /** Starts `size` agents and resolves once all of them see each other. */
  static async start(
    sandbox: Sandbox,
    size: number,
    random: SeededRandom,
    preparations: Preparations = {},
  ): Promise<FaultCluster> {
    const network = await sandbox.network();
    const cluster = new FaultCluster(sandbox, network, await sandbox.folder(), random);
    cluster.setClocks("+0");
    for (let at = 0; at < size; at++) await cluster.addMachine(at, preparations);
    const [first] = cluster.machines;
    await Promise.all(cluster.machines.map((machine) => machine.start(machine === first ? [] : [first!])));
    await cluster.agree(joinDeadlineMs);
    return cluster;
  }

  get ours(): readonly Machine[] {
    return this.machines.filter(({ kind }) => kind === "ours");
  }

  /** Several machines drawn at random, of both kinds in turn, never the first, which others may still want to join by. */
  draw(count: number): readonly Machine[] {
    const left = this.machines.slice(1);
    return Array.from({ length: count }, (_, at) => {
      const wanted = at % 2 === 0 ? "ours" : "debian";
      const candidates = left.filter(({ kind }) => kind === wanted);
      const drawn = candidates[this.random.below(candidates.length)]!;
      left.splice(left.indexOf(drawn), 1);
      return drawn;
    });
  }

  note(...machines: readonly Machine[]): void {
    for (const { name } of machines) this.hit.add(name);
  }

  /** The folder of a machine with a small disk, as its agent sees it. */
  diskOf(machine: Machine): string {
    return `/proc/${machine.pid}/root${machine.folder}`;
  }

  /** Sets the time of day of ours to so much before or after the real one: "-1h". */
  setClocks(offset: string): void {
    writeFileSync(this.clockFile, `${offset}\n`);
  }

  private get clockFile(): string {
    return join(this.folder, "clock");
  }

  /** Waits until every agent says of every one that it is alive, where it is; resolves with how long that took, in milliseconds. */
  async agree(deadlineMs: number): Promise<number> {
    const startedAtMs = performance.now();
    await waitFor(
      async () => {
        const views = await Promise.all(this.machines.map((machine) => this.differences(machine)));
        const [first, ...others] = views.flat();
        if (first !== undefined) throw new Error(`${first}, and ${others.length} more`);
      },
      { what: "all agents to agree", deadlineMs, intervalMs: 250 },
    );
    return performance.now() - startedAtMs;
  }

  private async differences(observer: Machine): Promise<readonly string[]> {
    const view = await observer.view();
    const wrong = this.machines
      .filter(({ name, host }) => view.get(name) !== `alive ${host.address}`)
      .map(({ name }) => `${observer.name} sees ${name} ${view.get(name) ?? "not at all"}`);
    return view.size === this.machines.length ? wrong : [...wrong, `${observer.name} sees ${view.size} members`];
  }

  private async addMachine(at: number, { smallDisks, shiftedClocks }: Preparations): Promise<void> {
    const kind = at % 2 === 0 ? "ours" : "debian";
    const host = await this.network.addHost();
    const name = `${kind}-${at}`;
    const isSmall = kind === "ours" && smallDisks !== undefined && at / 2 < smallDisks.count;
    const folder = join(this.folder, name);
    mkdirSync(folder);
    const options: MachineOptions = {
      ...{ kind, name, host, folder, ledger: this.ledger },
      ...(isSmall ? { disk: { kib: smallDisks.kib } } : {}),
      ...(shiftedClocks === true && kind === "ours" ? { env: shiftedClock(this.clockFile) } : {}),
    };
    const machine = new Machine(options);
    this.sandbox.onClose(() => machine.close());
    (this.machines as Machine[]).push(machine);
  }
}

const sharedMemory = "/dev/shm";

/** A process with a shifted clock that was killed leaves memory under its process id, and one that is given that id later cannot start. */
function removeLeftovers(): void {
  for (const file of readdirSync(sharedMemory)) {
    const [, pid] = /^(?:sem\.)?faketime_(?:sem|shm)_(\d+)$/.exec(file) ?? [];
    if (pid !== undefined && !existsSync(join("/proc", pid))) rmSync(join(sharedMemory, file), { force: true });
  }
}

/** The variables by which a process takes the time of day from a file, within a second of its change, and its timers from nowhere but the kernel. */
function shiftedClock(file: string): Readonly<Record<string, string>> {
  removeLeftovers();
  const environment = execFileSync(requirePeer("faketime") ?? "faketime", ["now", "env"], { encoding: "utf8" });
  const [, preload] = /^LD_PRELOAD=(.+)$/m.exec(environment) ?? [];
  if (preload === undefined) throw new Error("faketime does not say which library it loads");
  return {
    LD_PRELOAD: preload,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_CACHE_DURATION: "1",
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
  };
}
