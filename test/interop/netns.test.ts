/** The networks that other tests stand on: that they lose what they are told to lose, and leave nothing behind. */

import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { HostNetwork, isRunning, type NetworkHost, whyNoNetworks } from "../support/netns.ts";
import { whyNoRelay } from "../support/packet-relay.ts";
import { requirePeer } from "../support/peers.ts";
import { RunningProcess } from "../support/processes.ts";
import { useSandbox } from "../support/sandbox.ts";
import { waitFor } from "../support/wait-for.ts";

const skip = (await whyNoNetworks()) !== undefined;

/** Sends its name to an address every 20 ms, and prints the names it hears. */
const chatter = `
const [name, to] = process.argv.slice(1);
const heard = new Set();
const socket = require("node:dgram").createSocket("udp4");
socket.on("message", (text) => { if (!heard.has(String(text))) console.log("hears " + text); heard.add(String(text)); });
socket.bind(9999, () => setInterval(() => socket.send(name + " " + (Date.now() - startedAt > 1000 ? "later" : "first"), 9999, to), 20));
const startedAt = Date.now();
`;

/** Sends 200 numbered packets with their time to an address, or prints number and delay in milliseconds of those that come. */
const numbered = `
const to = process.argv[1];
const nowMs = () => Number(process.hrtime.bigint()) / 1e6;
const socket = require("node:dgram").createSocket("udp4");
socket.on("message", (text) => {
  const [number, sentMs] = String(text).split(" ").map(Number);
  console.log(number + " " + (nowMs() - sentMs));
});
let number = 0;
// The receiver starts meanwhile.
if (to === "") socket.bind(9999);
else setTimeout(() => setInterval(() => {
  // The last one waits for those that are held up.
  if (number < 200 || number === 280) socket.send(number + " " + nowMs(), 9999, to);
  number++;
}, 5), 1000);
`;

interface Arrival {
  readonly number: number;
  readonly lateMs: number;
}

function overtaken(arrivals: readonly Arrival[]): number {
  return arrivals.filter(({ number }, at) => at > 0 && number < (arrivals[at - 1]?.number ?? 0)).length;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

describe.skipIf(skip)("hosts in network namespaces", () => {
  const sandbox = useSandbox();

  test("a cut one way loses what goes that way, and nothing else", async () => {
    const network = await sandbox.network();
    const [a, b] = (await network.addHosts(2)) as [NetworkHost, NetworkHost];
    await network.cutOneWay([a], [b]);
    const processes = [
      [a, "a", b.address],
      [b, "b", a.address],
    ].map(([host, name, to]) => {
      const [program = "", ...args] = (host as NetworkHost).exec;
      return new RunningProcess(program, [...args, process.execPath, "-e", chatter, name as string, to as string], {
        title: `chatter ${name}`,
      });
    }) as [RunningProcess, RunningProcess];
    const [atA, atB] = processes;
    try {
      await waitFor(() => atA.output.includes("hears b later"), { what: "a to hear b", witnesses: processes });
      await waitFor(async () => (await network.packetsLost()) > 10, { what: "the cut to lose what a sends" });
      expect(atB.output).not.toContain("hears a");
      await network.heal();
      await waitFor(() => atB.output.includes("hears a"), { what: "b to hear a", witnesses: processes });
    } finally {
      await Promise.all(processes.map((process) => process.kill()));
    }
  });

  test.skipIf(whyNoRelay() !== undefined)("packets come late, out of turn and twice as told, one way", async () => {
    const network = await sandbox.network();
    const [a, b] = (await network.addHosts(2)) as [NetworkHost, NetworkHost];
    const arrivals = async (from: NetworkHost, to: NetworkHost): Promise<readonly Arrival[]> => {
      const [sender, receiver] = [from, to].map(({ exec: [program = "", ...args] }, at) => {
        const script = [process.execPath, "-e", numbered, at === 0 ? to.address : ""];
        return new RunningProcess(program, [...args, ...script], { title: at === 0 ? "sender" : "receiver" });
      }) as [RunningProcess, RunningProcess];
      try {
        await waitFor(() => receiver.output.includes("280 "), {
          what: "the last packet",
          witnesses: [sender, receiver],
        });
      } finally {
        await Promise.all([sender.kill(), receiver.kill()]);
      }
      return receiver.output
        .trim()
        .split("\n")
        .map((line) => line.split(" ").map(Number))
        .map(([number = 0, lateMs = 0]) => ({ number, lateMs }))
        .filter(({ number }) => number < 200);
    };
    await network.disturb([{ from: [a], delayMs: 80, holdPercent: 30, holdMs: 60, duplicatePercent: 20 }]);
    const there = await arrivals(a, b);
    expect(Math.min(...there.map(({ lateMs }) => lateMs))).toBeGreaterThanOrEqual(79);
    expect(Math.max(...there.map(({ lateMs }) => lateMs))).toBeGreaterThanOrEqual(139);
    expect(there.length).toBeGreaterThan(210);
    expect(there.length).toBeLessThan(280);
    expect(overtaken(there)).toBeGreaterThan(10);
    const back = await arrivals(b, a);
    expect(median(back.map(({ lateMs }) => lateMs))).toBeLessThan(40);
    expect(back).toHaveLength(200);
    expect(overtaken(back)).toBe(0);
    const { duplicated, lost } = await network.disturb([]);
    // The last packet may have been doubled, too.
    expect(duplicated - (there.length - 200)).toBeOneOf([0, 1]);
    expect(lost).toBe(0);
    // Cuts and loss hold on the way through the relay, too.
    await network.cutOneWay([a], [b]);
    await expect(arrivals(b, a)).resolves.toHaveLength(200);
    expect(await network.packetsLost()).toBe(0);
  });

  test("nothing is left behind, not even of a process that was killed", async () => {
    const { pid } = new RunningProcess("true", [], { title: "a process that ends at once" });
    await waitFor(() => !isRunning(pid), { what: `${pid} to end` });
    const stale = `serf-ts-${pid}-dead-1`;
    execFileSync(requirePeer("ip") ?? "ip", ["netns", "add", stale]);
    const network = await HostNetwork.create();
    expect(readdirSync("/run/netns")).not.toContain(stale);
    await network.addHosts(2);
    await network.close();
    const left = readdirSync("/run/netns").filter((name) => name.startsWith(network.id));
    expect(left).toEqual([]);
  });
});
