/** Which name servers this host asks. */

import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { networkInterfaces } from "node:os";
import { canonicalIp, type Endpoint, formatEndpoint, parseEndpoint } from "../../base/address.ts";

export const dnsPort = 53;
const resolverFile = "/etc/resolv.conf";
/** As many as any C library takes, and some. */
const resolversMax = 8;
/** The file changes with the network. */
const rereadMs = 5_000;

/** "10.0.0.2", "10.0.0.2:5353", "::1" or "[::1]:5353". Undefined for anything else. */
export function parseServer(text: string, portDefault: number): Endpoint | undefined {
  const address = canonicalIp(text);
  return address === undefined ? parseEndpoint(text) : { address, port: portDefault };
}

/** The lines `nameserver ADDRESS`. */
export function parseResolverFile(text: string): readonly Endpoint[] {
  const servers = text.split("\n").map((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1] ?? "");
  return servers
    .filter((address) => isIP(address) !== 0)
    .slice(0, resolversMax)
    .map((address) => ({ address, port: dnsPort }));
}

/** Those that were named, or those of the host; never this server itself, which would ask itself without end. */
export class Resolvers {
  private readonly named: readonly Endpoint[];
  private readonly own: readonly Endpoint[];
  private readonly readText: () => Promise<string>;
  private readAtMs = Number.NEGATIVE_INFINITY;
  private servers: Promise<readonly Endpoint[]> = Promise.resolve([]);

  constructor(
    named: readonly Endpoint[],
    own: readonly Endpoint[],
    readText: () => Promise<string> = () => readFile(resolverFile, "utf8"),
  ) {
    this.named = named;
    this.own = own;
    this.readText = readText;
  }

  list(): Promise<readonly Endpoint[]> {
    const nowMs = performance.now();
    if (nowMs - this.readAtMs > rereadMs) {
      this.readAtMs = nowMs;
      this.servers = this.read();
    }
    return this.servers;
  }

  private async read(): Promise<readonly Endpoint[]> {
    const servers = this.named.length > 0 ? this.named : parseResolverFile(await this.readText().catch(() => ""));
    return servers.filter((server) => !this.own.some((own) => isSame(own, server)));
  }
}

function isSame(own: Endpoint, server: Endpoint): boolean {
  const isEverywhere = own.address === "0.0.0.0" || own.address === "::";
  if (isEverywhere && isOfThisHost(server.address)) return own.port === server.port;
  return formatEndpoint(own) === formatEndpoint(server);
}

function isOfThisHost(address: string): boolean {
  const interfaces = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return address.startsWith("127.") || interfaces.some((own) => own.address === address);
}
