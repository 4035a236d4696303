/** The hosts of this example. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Host, Hosts } from "../shared/hosts.ts";

const entryPoint = fileURLToPath(new URL("node.sh", import.meta.url));
const command = fileURLToPath(new URL("../../dist/serf.cjs", import.meta.url));

/** The name of a host is its role and a number. */
export const names = ["mongodb1", "api1", "memcache1", "memcache2", "client1"];

export class Registry {
  private readonly hosts: Hosts;
  private readonly folder: string;

  private constructor(hosts: Hosts, folder: string) {
    this.hosts = hosts;
    this.folder = folder;
  }

  static async create(): Promise<Registry> {
    return new Registry(await Hosts.create("10.78.5"), await mkdtemp(join(tmpdir(), "serf-ts-registry-")));
  }

  start(name: string): Promise<Host> {
    const role = name.replace(/\d+$/, "");
    return this.hosts.start(name, [entryPoint, this.folderOf(name), role], { nameServer: "127.0.0.1" });
  }

  stop(name: string): Promise<void> {
    return this.hosts.stop(name);
  }

  host(name: string): Host {
    return this.hosts.host(name);
  }

  /** What is /etc/serf on a machine of its own. */
  folderOf(name: string): string {
    return join(this.folder, name);
  }

  /** Runs `serf` on that host. */
  serf(name: string, ...args: readonly string[]): Promise<string> {
    return this.host(name).run(process.execPath, command, ...args);
  }

  async close(): Promise<void> {
    await this.hosts.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}
