/** What happens to the cluster, one kind of fault after the other. Each goes on for as long as it is given, and undoes what it did. */

import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { PacketRule, RelayCounts } from "../support/packet-relay.ts";
import { sleep, waitFor } from "../support/wait-for.ts";
import type { FaultCluster, Preparations } from "./cluster.ts";
import type { Machine } from "./machine.ts";

export interface Fault {
  readonly name: string;
  /** What it does, as the table of results says it. */
  readonly title: string;
  /** How long it takes at full size, in seconds. */
  readonly seconds: number;
  readonly prepare?: Preparations;
  /** Resolves with what shows that it took place. */
  run(cluster: FaultCluster, durationMs: number): Promise<string>;
}

const restartEveryMs = 60_000;
const failedDeadlineMs = 90_000;
const fillerBytes = 4 << 20;

function loss(percent: number): Fault {
  return {
    name: `loss-${percent}`,
    title: percent === 0 ? "nothing at all" : `${percent} % of packets lost`,
    seconds: 60,
    async run({ network }, durationMs) {
      await network.lose(percent);
      await sleep(durationMs);
      return `${await network.packetsLost()} packets lost`;
    },
  };
}

/** Packets are late, doubled or held up as `how` says. */
function disturbance(name: string, title: string, how: PacketRule, shown: (counts: RelayCounts) => string): Fault {
  return {
    ...{ name, title, seconds: 60 },
    async run({ network }, durationMs) {
      await network.disturb([how]);
      await sleep(durationMs);
      return shown(await network.disturb([]));
    },
  };
}

const disturbances: readonly Fault[] = [
  disturbance(
    "delay",
    "packets late by 10 to 90 ms, evenly drawn",
    { delayMs: 50, jitterMs: 40 },
    ({ relayed }) => `${relayed} packets relayed`,
  ),
  disturbance(
    "duplication",
    "20 % of packets twice, up to 40 ms apart",
    { delayMs: 20, jitterMs: 20, duplicatePercent: 20 },
    ({ duplicated }) => `${duplicated} packets doubled`,
  ),
  disturbance(
    "reordering",
    "20 % of packets held up for 50 ms",
    { holdPercent: 20, holdMs: 50 },
    ({ held }) => `${held} packets held up`,
  ),
];

const oneWayCut: Fault = {
  name: "one-way-cut",
  title: "what two members send does not reach half of the others",
  seconds: 60,
  async run(cluster, durationMs) {
    const { network, machines } = cluster;
    const silenced = cluster.draw(2);
    cluster.note(...silenced);
    const others = machines.filter((machine) => !silenced.includes(machine));
    await network.cutOneWay(hostsOf(silenced), hostsOf(others.slice(0, others.length / 2)));
    await sleep(durationMs);
    return `${await network.packetsLost()} packets lost`;
  },
};

const bridge: Fault = {
  name: "bridge",
  title: "two halves that reach each other through one member alone",
  seconds: 60,
  async run({ network, machines }, durationMs) {
    const [, ...others] = machines;
    const middle = Math.floor(others.length / 2);
    await network.cut(hostsOf(others.slice(0, middle)), hostsOf(others.slice(middle)));
    await sleep(durationMs);
    return `${await network.packetsLost()} packets lost`;
  },
};

const stops: Fault = {
  name: "stops",
  title: "two processes at a time stopped for 1 to 30 s (SIGSTOP)",
  seconds: 180,
  async run(cluster, durationMs) {
    const endsAtMs = performance.now() + durationMs;
    let count = 0;
    while (performance.now() < endsAtMs) {
      const drawn = cluster.draw(2);
      cluster.note(...drawn);
      const longestMs = Math.max(1_000, Math.min(30_000, endsAtMs - performance.now()));
      const forMs = drawn.map(() => 1_000 + cluster.random.below(longestMs));
      await Promise.all(drawn.map((machine, at) => stopFor(machine, forMs[at]!)));
      count += drawn.length;
      await sleep(2_000);
    }
    return `${count} stops`;
  },
};

const kills: Fault = {
  name: "kills",
  title: "one process after the other killed, and started again from its snapshot after 0 to 10 s",
  seconds: 600,
  async run(cluster, durationMs) {
    const endsAtMs = performance.now() + durationMs;
    let count = 0;
    while (performance.now() < endsAtMs) {
      const drawn = cluster.draw(2);
      cluster.note(...drawn);
      for (const machine of drawn) {
        await machine.kill();
        await sleep(cluster.random.below(10_000));
        await machine.start();
        count += 1;
      }
    }
    return `${count} kills`;
  },
};

const restarts: Fault = {
  name: "restarts",
  title: "a process killed each minute, and started again at once from its snapshot; of both kinds in turn",
  seconds: 600,
  async run(cluster, durationMs) {
    const startedAtMs = performance.now();
    // Shorter runs have as many.
    const everyMs = Math.min(restartEveryMs, durationMs / 3);
    let count = 0;
    for (;;) {
      const restAtMs = startedAtMs + (count + 0.5) * everyMs - performance.now();
      await sleep(Math.max(0, restAtMs));
      if (performance.now() >= startedAtMs + durationMs) break;
      const drawn = cluster.draw(2)[count % 2]!;
      cluster.note(drawn);
      await drawn.kill();
      await drawn.start();
      count += 1;
    }
    return `${count} restarts`;
  },
};

const addressChange: Fault = {
  name: "address-change",
  title: "two members killed, found failed, and started at other addresses with their snapshots",
  seconds: 120,
  async run(cluster, durationMs) {
    const endsAtMs = performance.now() + durationMs;
    let count = 0;
    do {
      const drawn = cluster.draw(2);
      cluster.note(...drawn);
      await Promise.all(drawn.map((machine) => machine.kill()));
      await waitFor(() => areFailed(cluster, drawn), {
        what: `${drawn.map(({ name }) => name).join(" and ")} to be found failed`,
        deadlineMs: failedDeadlineMs,
        intervalMs: 250,
      });
      for (const machine of drawn) {
        await machine.moveTo(await cluster.network.addHost());
        await machine.start();
      }
      await cluster.agree(failedDeadlineMs);
      count += drawn.length;
    } while (performance.now() < endsAtMs);
    return `${count} moves`;
  },
};

const fullDisk: Fault = {
  name: "full-disk",
  title: "the disks of three of ours full",
  seconds: 60,
  prepare: { smallDisks: { count: 3, kib: 256 } },
  async run(cluster, durationMs) {
    const full = cluster.ours.slice(0, 3);
    const fillers = full.map((machine) => join(cluster.diskOf(machine), "filler"));
    for (const filler of fillers) await writeFile(filler, Buffer.alloc(fillerBytes)).catch(() => undefined);
    const endsAtMs = performance.now() + durationMs;
    await waitFor(() => full.every(({ log }) => /no space left/i.test(log)), {
      what: "the disks to be full",
      deadlineMs: failedDeadlineMs,
      witnesses: full,
    });
    await sleep(Math.max(0, endsAtMs - performance.now()));
    for (const filler of fillers) await rm(filler);
    await waitFor(() => full.every(({ log }) => log.includes("successfully recovered from error state")), {
      what: "the snapshots to be written again",
      deadlineMs: failedDeadlineMs,
      witnesses: full,
    });
    return `${full.length} snapshots failed and recovered`;
  },
};

const clockBack: Fault = {
  name: "clock-back",
  title: "the clocks of ours set back by an hour, then by a day",
  seconds: 60,
  prepare: { shiftedClocks: true },
  async run(cluster, durationMs) {
    cluster.setClocks("-1h");
    await sleep(durationMs / 2);
    cluster.setClocks("-1d");
    await sleep(durationMs / 2);
    const yesterday = new Date(Date.now() - 86_400_000);
    const stamp = [yesterday.getFullYear(), yesterday.getMonth() + 1, yesterday.getDate()]
      .map((part) => String(part).padStart(2, "0"))
      .join("/");
    const shifted = cluster.ours.filter(({ log }) =>
      log
        .split("\n")
        .slice(-50)
        .some((line) => line.includes(stamp)),
    );
    return `${shifted.length} logs dated back`;
  },
};

const everything: Fault = {
  name: "everything",
  title:
    "5 % lost, 5 to 35 ms late, 5 % held up, 5 % twice; meanwhile cuts, stops, kills, full disks and clocks set back",
  seconds: 120,
  prepare: { smallDisks: { count: 1, kib: 256 }, shiftedClocks: true },
  async run(cluster, durationMs) {
    const { network } = cluster;
    await network.lose(5);
    await network.disturb([{ delayMs: 20, jitterMs: 15, holdPercent: 5, holdMs: 50, duplicatePercent: 5 }]);
    const filler = join(cluster.diskOf(cluster.ours[0]!), "filler");
    await writeFile(filler, Buffer.alloc(fillerBytes)).catch(() => undefined);
    cluster.setClocks("-1h");
    const endsAtMs = performance.now() + durationMs;
    let rounds = 0;
    do {
      const [killed, killedToo, stopped, cut] = cluster.draw(4) as [Machine, Machine, Machine, Machine];
      cluster.note(killed, killedToo, stopped, cut);
      await network.cutOneWay([cut.host], hostsOf(cluster.machines.filter((machine) => machine !== cut).slice(0, 8)));
      await Promise.all([killed.kill(), killedToo.kill()]);
      await stopFor(stopped, Math.min(10_000, Math.max(1_000, durationMs / 4)));
      await Promise.all([killed.start(), killedToo.start()]);
      rounds += 1;
    } while (performance.now() < endsAtMs);
    await rm(filler);
    return `${rounds} rounds, ${await network.packetsLost()} packets lost since the last cut`;
  },
};

export const faults: readonly Fault[] = [
  ...[0, 5, 10, 25].map(loss),
  ...disturbances,
  ...[oneWayCut, bridge, stops, restarts, kills, addressChange, fullDisk, clockBack, everything],
];

async function stopFor(machine: Machine, ms: number): Promise<void> {
  machine.stop();
  await sleep(ms);
  machine.resume();
}

async function areFailed(cluster: FaultCluster, dead: readonly Machine[]): Promise<boolean> {
  const views = await Promise.all(
    cluster.machines.filter(({ state }) => state === "running").map((machine) => machine.view()),
  );
  return views.every((view) => dead.every(({ name }) => view.get(name)?.startsWith("failed")));
}

function hostsOf(machines: readonly Machine[]) {
  return machines.map(({ host }) => host);
}
