import { promises as dns } from "node:dns";
import { isIP } from "node:net";
import type { Resolver } from "../base/host.ts";

export interface NodeResolverOptions {
  /** No answer is given later than this, 10 s by default. */
  readonly timeoutMs?: number;
  /** Name servers to ask instead of the system's, as "10.0.0.2" or "10.0.0.2:5353". */
  readonly servers?: readonly string[];
}

/** Per name server and try; with two tries an unreachable server leaves time to ask the system. */
const queryTimeoutMs = 1_500;

/**
 * Finds all addresses of a name, IPv4 first.
 *
 * As in the reference, a name with a dot is first asked of the name servers, for all its addresses rather than the few that
 * the system's resolver passes on; a truncated answer is asked again over TCP (the reference begins with TCP). What they do
 * not know, and names without a dot, go to the system's resolver, which also reads /etc/hosts.
 */
export class NodeResolver implements Resolver {
  private readonly timeoutMs: number;
  private readonly dns = new dns.Resolver({ timeout: queryTimeoutMs, tries: 2 });

  constructor({ timeoutMs = 10_000, servers }: NodeResolverOptions = {}) {
    this.timeoutMs = timeoutMs;
    if (servers !== undefined) this.dns.setServers(servers);
  }

  resolve(hostName: string, done: (result: { addresses: readonly string[] } | { error: string }) => void): void {
    let isAnswered = false;
    const answer = (result: { addresses: readonly string[] } | { error: string }) => {
      if (isAnswered) return;
      isAnswered = true;
      clearTimeout(timeout);
      done(result);
    };
    const timeout = setTimeout(
      () => answer({ error: `lookup ${hostName}: no answer within ${this.timeoutMs} ms` }),
      this.timeoutMs,
    );
    this.find(hostName).then(
      (addresses) => answer({ addresses: [...new Set(addresses)] }),
      (error: NodeJS.ErrnoException) => answer({ error: `lookup ${hostName}: ${describe(error)}` }),
    );
  }

  private async find(hostName: string): Promise<string[]> {
    if (isIP(hostName) !== 0) return [hostName];
    if (hostName.includes(".")) {
      const answers = await Promise.allSettled([this.dns.resolve4(hostName), this.dns.resolve6(hostName)]);
      const addresses = answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
      if (addresses.length > 0) return addresses;
    }
    const found = await dns.lookup(hostName, { all: true });
    const ipv4First = found.sort((a, b) => a.family - b.family);
    return ipv4First.map(({ address }) => address);
  }
}

function describe(error: NodeJS.ErrnoException): string {
  return error.code === "ENOTFOUND" ? "no such host" : error.message;
}
