/** The networks that other tests stand on: that they lose what they are told to lose, and leave nothing behind. */

import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { HostNetwork, isRunning, type NetworkHost, whyNoNetworks } from "../support/netns.ts";
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
