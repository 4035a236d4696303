import { promises as dns, type SrvRecord } from "node:dns";
import { isIP } from "node:net";
import { type Endpoint, formatEndpoint } from "../base/address.ts";
import type { Resolver } from "../base/host.ts";

export interface NodeResolverOptions {
  /** No answer is given later than this, 10 s by default. */
  readonly timeoutMs?: number;
  /** Name servers to ask instead of the system's, as "10.0.0.2" or "10.0.0.2:5353". */
  readonly servers?: readonly string[];
}

/** Per name server and try; with two tries an unreachable server leaves time to ask the system. */
const queryTimeoutMs = 1_500;

/** So many members of a service are asked for their addresses: one that answers is enough, and each costs questions. */
const targetsMax = 16;

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
    this.answerInTime(hostName, this.find(hostName), (result) =>
      done("error" in result ? result : { addresses: [...new Set(result.found)] }),
    );
  }

  resolveService(
    service: string,
    done: (result: { endpoints: readonly Endpoint[] } | { error: string }) => void,
  ): void {
    this.answerInTime(service, this.findService(service), (result) =>
      done("error" in result ? result : { endpoints: result.found }),
    );
  }

  /** Hands on what is found, or why nothing was in time. */
  private answerInTime<T>(name: string, finding: Promise<T>, done: (result: { found: T } | { error: string }) => void) {
    let isAnswered = false;
    const answer = (result: { found: T } | { error: string }) => {
      if (isAnswered) return;
      isAnswered = true;
      clearTimeout(timeout);
      done(result);
    };
    const timeout = setTimeout(
      () => answer({ error: `lookup ${name}: no answer within ${this.timeoutMs} ms` }),
      this.timeoutMs,
    );
    finding.then(
      (found) => answer({ found }),
      (error: NodeJS.ErrnoException) => answer({ error: `lookup ${name}: ${describe(error)}` }),
    );
  }

  private async findService(service: string): Promise<Endpoint[]> {
    const targets = byPreference(await this.dns.resolveSrv(service)).slice(0, targetsMax);
    const found = await Promise.allSettled(
      targets.map(async ({ name, port }) => (await this.find(name)).map((address) => ({ address, port }))),
    );
    const endpoints = found.flatMap((target) => (target.status === "fulfilled" ? target.value : []));
    if (endpoints.length === 0) throw new Error(`none of its ${targets.length} targets has an address`);
    const unique = new Map(endpoints.map((endpoint) => [formatEndpoint(endpoint), endpoint]));
    return [...unique.values()];
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

/** The lowest priority first; of one priority in random order, where more weight comes sooner: RFC 2782. */
function byPreference(records: readonly SrvRecord[]): SrvRecord[] {
  const drawn = records.map((record) => ({ record, draw: Math.random() ** (1 / (record.weight + 0.1)) }));
  drawn.sort((a, b) => a.record.priority - b.record.priority || b.draw - a.draw);
  return drawn.map(({ record }) => record);
}

function describe(error: NodeJS.ErrnoException): string {
  return error.code === "ENOTFOUND" ? "no such host" : error.message;
}
