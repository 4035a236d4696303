/** Which address an agent listens at and tells others, on hosts that have only some kinds of address. Joined by Debian's agent where it can. */

import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { type Agent, waitForView } from "../support/agent.ts";
import { type NetworkHost, whyNoNetworks } from "../support/netns.ts";
import { requirePeer } from "../support/peers.ts";
import { useSandbox } from "../support/sandbox.ts";
import { waitFor } from "../support/wait-for.ts";

const skip = requirePeer("serf") === undefined || (await whyNoNetworks()) !== undefined;
const place = { bindPort: 7946, rpcPort: 7373 };

/** Runs a program of the system on a host. */
function onHost({ exec: [program = "", ...args] }: NetworkHost, name: "ip" | "nft", ...words: readonly string[]): void {
  execFileSync(program, [...args, requirePeer(name) ?? name, ...words]);
}

async function addressOf(agent: Agent, name: string): Promise<string | undefined> {
  return (await agent.members()).find((member) => member.name === name)?.addr;
}

describe.skipIf(skip)("an agent that is told no address", () => {
  const sandbox = useSandbox();

  test("tells others a public one where there is no private one, where the reference ends (detail 18)", async () => {
    const network = await sandbox.network();
    const [host, other] = (await network.addHosts(2)) as [NetworkHost, NetworkHost];
    for (const [at, address] of [
      [host, "11.22.33.5"],
      [other, "11.22.33.6"],
    ] as const) {
      onHost(at, "ip", "address", "flush", "dev", "eth0", "scope", "global");
      onHost(at, "ip", "address", "add", `${address}/24`, "dev", "eth0");
    }
    const reference = await sandbox.launchAgent({ kind: "debian", name: "debian", host, listen: [], place });
    expect(await reference.process.exited).toBe(1);
    expect(reference.log).toMatch(/no private IP address found/i);
    const ours = await sandbox.startAgent({ kind: "ours", name: "ours", host, listen: [], place });
    const args = ["-join=11.22.33.5"];
    const listen = ["-bind=11.22.33.6"];
    const debian = await sandbox.startAgent({ kind: "debian", name: "debian", host: other, listen, place, args });
    await waitForView([ours, debian], { ours: "alive", debian: "alive" });
    expect(await addressOf(debian, "ours")).toBe("11.22.33.5:7946");
    expect(ours.log).toContain("Binding to public address without encryption!");
  });

  test("starts on a host whose network is down, and says what that means", async () => {
    const network = await sandbox.network();
    const host = await network.addHost();
    onHost(host, "ip", "link", "set", "eth0", "down");
    const agent = await sandbox.startAgent({ kind: "ours", name: "ours", host, listen: [], place });
    expect(await addressOf(agent, "ours")).toBe("127.0.0.1:7946");
    expect(agent.log).toContain(
      "[WARN] agent: No address of this machine can be reached by others, telling them 127.0.0.1",
    );
  });

  test("finds itself one of IPv6, and meets Debian's agent there", async () => {
    const network = await sandbox.network();
    const [here, there] = [await network.addHost({ families: "ipv6" }), await network.addHost({ families: "ipv6" })];
    const ours = await sandbox.startAgent({ kind: "ours", name: "ours", host: here, listen: ["-bind=[::]"], place });
    const debian = await sandbox.startAgent({
      kind: "debian",
      name: "debian",
      host: there,
      listen: [`-bind=[${there.address6}]`],
      place,
      args: [`-join=[${here.address6}]:7946`],
    });
    await waitForView([ours, debian], { ours: "alive", debian: "alive" });
    expect(await addressOf(debian, "ours")).toBe(`[${here.address6}]:7946`);
  });
});

describe.skipIf(skip)("an agent at an interface", () => {
  const sandbox = useSandbox();

  test("listens at its address, as Debian's does; both meet", async () => {
    const network = await sandbox.network();
    const [here, there] = (await network.addHosts(2)) as [NetworkHost, NetworkHost];
    const listen = ["-iface=eth0"];
    const ours = await sandbox.startAgent({ kind: "ours", name: "ours", host: here, listen, place });
    const debian = await sandbox.startAgent({
      kind: "debian",
      name: "debian",
      host: there,
      listen,
      place,
      join: [ours],
    });
    await waitForView([ours, debian], { ours: "alive", debian: "alive" });
    expect(await addressOf(debian, "ours")).toBe(`${here.address}:7946`);
    expect(await addressOf(debian, "debian")).toBe(`${there.address}:7946`);
    for (const { log } of [ours, debian]) expect(log).toMatch(/^==> Using interface 'eth0' address '10\.77\.0\.\d'$/m);
  });
});

describe.skipIf(skip)("an agent behind NAT", () => {
  const sandbox = useSandbox();

  test("is reached at the outer address and port that it advertises", async () => {
    const network = await sandbox.network();
    const [inside, outside] = (await network.addHosts(2)) as [NetworkHost, NetworkHost];
    // The outer address is the host's too, but nothing listens there: packets for it are redirected to the inner one.
    onHost(inside, "ip", "address", "add", "10.77.0.200/24", "dev", "eth0");
    onHost(inside, "nft", "add", "table", "ip", "nat");
    onHost(inside, "nft", "add chain ip nat prerouting { type nat hook prerouting priority -100; }");
    for (const protocol of ["tcp", "udp"])
      onHost(
        inside,
        "nft",
        `add rule ip nat prerouting ip daddr 10.77.0.200 ${protocol} dport 9000 dnat to ${inside.address}:7946`,
      );
    const ours = await sandbox.startAgent({
      kind: "ours",
      name: "ours",
      host: inside,
      place,
      args: ["-advertise=10.77.0.200:9000"],
    });
    const args = ["-join=10.77.0.200:9000"];
    const debian = await sandbox.startAgent({ kind: "debian", name: "debian", host: outside, place, args });
    await waitForView([ours, debian], { ours: "alive", debian: "alive" });
    expect(await addressOf(debian, "ours")).toBe("10.77.0.200:9000");
    expect(ours.log).toContain("Advertise addr: '10.77.0.200:9000'");
    // Events go by packets, to where the member is said to be.
    expect(await debian.command(["event", "-coalesce=false", "deploy"])).toMatchObject({ code: 0 });
    await waitFor(() => ours.log.includes("Received event: user-event: deploy"), {
      what: "the event to come in",
      witnesses: [ours, debian],
    });
    expect(debian.log).not.toContain("ours has failed");
  });
});
