/**
 * A network of hosts on one machine: a Linux network namespace for each host, and one for the switch that connects them. The switch is a
 * bridge, and nftables there decide which packets of UDP and TCP it loses: cuts, also one way, and loss at random. A relay behind it
 * delays, reorders and doubles them. Nothing of it shows outside.
 *
 * It needs root, `ip` and `nft`. Namespaces carry the id of the process that made them; those of a dead one are removed when the next
 * network is made.
 */

import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readdirSync } from "node:fs";
import { PacketRelay, type PacketRule, type RelayCounts } from "./packet-relay.ts";
import { requirePeer } from "./peers.ts";

/** Where `ip netns` keeps its names. */
const namespacesFolder = "/run/netns";
const namePrefix = "serf-ts";
const bridge = "switch";
/** The switch's interface towards the relay of packets. */
const relayPort = "relay";
/** Of the same package as `ip`; not in everybody's path. */
const bridgeProgram = "/sbin/bridge";
const hostsMax = 200;
/** What rules speak of. Neighbours are found in spite of them: else a cut one way would in truth be one both ways. */
const affected = "meta l4proto { tcp, udp }";
const commandDeadlineMs = 20_000;

export type Families = "both" | "ipv4" | "ipv6";

export interface NetworkHost {
  readonly namespace: string;
  /** What goes before a command to run it there. It does not fork: the process keeps its id. */
  readonly exec: readonly string[];
  readonly address: string;
  readonly address6: string;
  readonly linkAddress6: string;
  readonly mac: string;
  /** The switch's interface towards this host. */
  readonly port: string;
}

/**
 * Undefined if networks can be made here, otherwise why not: skip the tests that need one. With SERF_TS_REQUIRE_PEERS=1 a missing program is
 * an error; rights that this machine does not give are none, since nobody could install them.
 */
export async function whyNoNetworks(): Promise<string | undefined> {
  if (requirePeer("ip") === undefined || requirePeer("nft") === undefined) return "network namespaces need ip and nft";
  if (process.geteuid?.() !== 0) return "network namespaces need root";
  try {
    const network = await HostNetwork.create();
    await network.close();
    return undefined;
  } catch (error) {
    return `network namespaces cannot be made here: ${error instanceof Error ? error.message : String(error)}`;
  }
}

export class HostNetwork {
  readonly hosts: NetworkHost[] = [];
  private readonly namespaces: string[] = [];
  private readonly connected: NetworkHost[] = [];
  /** What the names of its namespaces begin with. */
  readonly id: string;
  private readonly switchNamespace: string;
  private cuts: { readonly from: NetworkHost; readonly to: NetworkHost }[] = [];
  private lossPercent = 0;
  private relay: PacketRelay | undefined;

  private constructor() {
    this.id = `${namePrefix}-${process.pid}-${randomBytes(3).toString("hex")}`;
    this.switchNamespace = `${this.id}-switch`;
  }

  static async create(): Promise<HostNetwork> {
    await removeStale();
    const network = new HostNetwork();
    try {
      await network.createSwitch();
    } catch (error) {
      await network.close();
      throw error;
    }
    return network;
  }

  /**
   * One more host: interface `eth0` with 10.77.0.N/24 and fd77::N/64, loopback, and a default route, without which the reference sends
   * no multicast. With "none" it has loopback alone until it is connected.
   */
  async addHost({ families = "both" }: { families?: Families | "none" } = {}): Promise<NetworkHost> {
    const number = this.hosts.length + 1;
    if (number > hostsMax) throw new Error(`a network has room for ${hostsMax} hosts`);
    const namespace = `${this.id}-${number}`;
    const host: NetworkHost = {
      namespace,
      exec: [requirePeer("ip") ?? "ip", "netns", "exec", namespace],
      address: `10.77.0.${number}`,
      address6: `fd77::${number.toString(16)}`,
      linkAddress6: `fe80::${number.toString(16)}`,
      mac: `02:00:0a:4d:00:${number.toString(16).padStart(2, "0")}`,
      port: `port${number}`,
    };
    this.hosts.push(host);
    await this.addNamespace(namespace);
    await run("ip", ["-n", namespace, "link", "set", "lo", "up"]);
    if (families !== "none") await this.connect(host, families);
    return host;
  }

  /** Plugs a host in, and gives it its addresses: at once, where duplicate address detection would take a second or two. */
  async connect(host: NetworkHost, families: Families = "both"): Promise<void> {
    await run(
      "ip",
      ["-n", this.switchNamespace, "-batch", "-"],
      [
        `link add ${host.port} type veth peer name eth0 address ${host.mac} netns ${host.namespace}`,
        `link set ${host.port} addrgenmode none`,
        `link set ${host.port} master ${bridge} up`,
      ],
    );
    this.connected.push(host);
    if (this.relay !== undefined) await this.divert([host]);
    const ipv4 = [`address add ${host.address}/24 dev eth0`];
    const ipv6 = [host.linkAddress6, host.address6].map((address) => `address add ${address}/64 dev eth0 nodad`);
    await run(
      "ip",
      ["-n", host.namespace, "-batch", "-"],
      [
        "link set eth0 addrgenmode none",
        ...(families === "ipv6" ? [] : ipv4),
        "link set eth0 up",
        ...(families === "ipv4" ? [] : ipv6),
        ...(families === "ipv6" ? [] : ["route add default via 10.77.0.254"]),
      ],
    );
  }

  async addHosts(count: number): Promise<readonly NetworkHost[]> {
    const added: NetworkHost[] = [];
    for (let n = 0; n < count; n++) added.push(await this.addHost());
    return added;
  }

  /** Loses everything that goes from any of `from` to any of `to`, this way alone. */
  async cutOneWay(from: readonly NetworkHost[], to: readonly NetworkHost[]): Promise<void> {
    this.cuts.push(...from.flatMap((sender) => to.map((receiver) => ({ from: sender, to: receiver }))));
    await this.applyRules();
  }

  /** Loses everything between two groups of hosts, both ways. A host in neither still reaches all. */
  async cut(some: readonly NetworkHost[], others: readonly NetworkHost[]): Promise<void> {
    await this.cutOneWay(some, others);
    await this.cutOneWay(others, some);
  }

  /** Loses so many of a hundred packets, drawn at random, on every way through the switch. */
  async lose(percent: number): Promise<void> {
    this.lossPercent = percent;
    await this.applyRules();
  }

  /**
   * Delays, holds up and doubles packets, by the first rule that fits each. Once there has been a rule, all packets take the way through
   * the relay, which costs them a fraction of a millisecond. Tells what the relay did until now. Needs `python3`.
   */
  async disturb(rules: readonly PacketRule[], seed = 1): Promise<RelayCounts> {
    this.relay ??= await this.startRelay(seed);
    return this.relay.follow(rules);
  }

  /** Ends all cuts, all loss and all disturbance. */
  async heal(): Promise<void> {
    this.cuts = [];
    this.lossPercent = 0;
    await this.applyRules();
    await this.relay?.follow([]);
  }

  /** How many packets were lost since the rules last changed: shows that they do what a test believes. */
  async packetsLost(): Promise<number> {
    const listing = await this.onSwitch("nft", ["list", "table", "bridge", "serf_ts"]);
    return [...listing.matchAll(/counter packets (\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0);
  }

  /** Removes everything. Processes in it are to be ended before: a namespace lives on as long as one of them. */
  async close(): Promise<void> {
    await this.relay?.close();
    for (const namespace of this.namespaces.splice(0).reverse()) await run("ip", ["netns", "delete", namespace]);
  }

  private async createSwitch(): Promise<void> {
    await this.addNamespace(this.switchNamespace);
    // Multicast goes to every port, as on a switch that does not snoop.
    await run(
      "ip",
      ["-n", this.switchNamespace, "-batch", "-"],
      [
        "link set lo up",
        `link add ${bridge} type bridge mcast_snooping 0`,
        `link set ${bridge} addrgenmode none`,
        `link set ${bridge} up`,
      ],
    );
    await this.applyRules();
  }

  private async startRelay(seed: number): Promise<PacketRelay> {
    const exec = [requirePeer("ip") ?? "ip", "netns", "exec", this.switchNamespace];
    const relay = await PacketRelay.start(exec, relayPort, seed);
    await run(
      "ip",
      ["-n", this.switchNamespace, "-batch", "-"],
      [
        `link set ${relayPort} addrgenmode none`,
        `link set ${relayPort} master ${bridge}`,
        // Else the switch would look for hosts where their frames come back.
        `link set ${relayPort} type bridge_slave learning off`,
        `link set ${relayPort} up`,
      ],
    );
    await this.divert(this.connected);
    return relay;
  }

  /** What these hosts send goes to the relay before the switch sees it, and comes into the switch from there. */
  private async divert(hosts: readonly NetworkHost[]): Promise<void> {
    for (const { mac, port } of hosts)
      await run("bridge", ["-n", this.switchNamespace, "fdb", "replace", mac, "dev", port, "master", "static"]);
    await this.onSwitch(
      "nft",
      ["-f", "-"],
      [
        "add table netdev serf_ts",
        ...hosts.flatMap(({ port }) => [
          `add chain netdev serf_ts ${port} { type filter hook ingress device "${port}" priority 0; }`,
          `add rule netdev serf_ts ${port} fwd to "${relayPort}"`,
        ]),
      ],
    );
  }

  private async addNamespace(name: string): Promise<void> {
    await run("ip", ["netns", "add", name]);
    this.namespaces.push(name);
  }

  /** Replaces all rules in one transaction. */
  private async applyRules(): Promise<void> {
    const rules = this.cuts.map(
      ({ from, to }) => `ether saddr ${from.mac} oifname "${to.port}" ${affected} counter drop`,
    );
    if (this.lossPercent > 0) rules.push(`${affected} numgen random mod 100 < ${this.lossPercent} counter drop`);
    await this.onSwitch(
      "nft",
      ["-f", "-"],
      [
        "add table bridge serf_ts",
        "delete table bridge serf_ts",
        "add table bridge serf_ts",
        "add chain bridge serf_ts forward { type filter hook forward priority 0; policy accept; }",
        ...rules.map((rule) => `add rule bridge serf_ts forward ${rule}`),
      ],
    );
  }

  private onSwitch(program: "nft", args: readonly string[], input: readonly string[] = []): Promise<string> {
    return run("ip", ["netns", "exec", this.switchNamespace, requirePeer(program) ?? program, ...args], input);
  }
}

/** Removes what processes left that were killed. Several runs may do so at once: what another has removed is no failure. */
async function removeStale(): Promise<void> {
  for (const name of listNamespaces()) {
    const [, pid] = new RegExp(`^${namePrefix}-(\\d+)-`).exec(name) ?? [];
    if (pid !== undefined && !isRunning(Number(pid))) await run("ip", ["netns", "delete", name]).catch(() => undefined);
  }
}

function listNamespaces(): readonly string[] {
  try {
    return readdirSync(namespacesFolder);
  } catch {
    return [];
  }
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Rejects with what the program complains of. */
function run(
  program: "ip" | "bridge" | "nft",
  args: readonly string[],
  input: readonly string[] = [],
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      program === "bridge" ? bridgeProgram : (requirePeer(program) ?? program),
      args,
      { encoding: "utf8", timeout: commandDeadlineMs },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(new Error(`${program} ${args.join(" ")}: ${stderr.trim() || error.message}`));
      },
    );
    // It may have ended before it read anything, as those do that need no input.
    child.stdin?.on("error", () => undefined).end(input.map((line) => `${line}\n`).join(""));
  });
}
