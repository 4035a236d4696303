/** The containers of this example, started and stopped by name. */

import { fileURLToPath } from "node:url";
import { type Host, Hosts } from "../shared/hosts.ts";

const prefix = "10.78.0";
/** All that any node is told. */
const nameServer = `${prefix}.2`;
const entryPoint = fileURLToPath(new URL("node.sh", import.meta.url));

/** The command, for `Host.run`. */
export const serf = fileURLToPath(new URL("../../dist/serf.cjs", import.meta.url));

export const lowTraffic = ["dnsserver", "appserver1", "frontserver1", "proxyserver"];
export const highTraffic = ["frontserver2", "appserver2", "appserver3"];

export class Containers {
  /** Somebody on the same network, who is no member. */
  readonly client: Host;
  private readonly hosts: Hosts;

  private constructor(hosts: Hosts, client: Host) {
    this.hosts = hosts;
    this.client = client;
  }

  static async create(): Promise<Containers> {
    const hosts = await Hosts.create(prefix);
    return new Containers(hosts, await hosts.start("client", ["sleep", "infinity"], { nameServer }));
  }

  /** `frontserver2` is a frontserver. Where it ran before does not matter: it gets an address of its own. */
  async start(name: string): Promise<Host> {
    const role = /^(dnsserver|proxyserver|frontserver|appserver)\d*$/.exec(name)?.[1];
    if (role === undefined) throw new Error("names are dnsserver, proxyserver, frontserverN and appserverN");
    return this.hosts.start(name, [entryPoint, role], {
      nameServer,
      ...(role === "dnsserver" && { address: nameServer }),
    });
  }

  stop(name: string): Promise<void> {
    return this.hosts.stop(name);
  }

  host(name: string): Host {
    return this.hosts.host(name);
  }

  /** `curl http://proxyserver.node.serf/hello`, from outside. */
  async hello(): Promise<string> {
    return this.client.run("curl", "-sS", "--max-time", "10", "http://proxyserver.node.serf/hello");
  }

  get names(): readonly string[] {
    return this.hosts.names.filter((name) => name !== "client");
  }

  close(): Promise<void> {
    return this.hosts.close();
  }
}
