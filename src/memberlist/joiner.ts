import { canonicalIp, type Endpoint, formatEndpoint } from "../base/address.ts";
import type { Foundations } from "./foundations.ts";
import { parseJoinAddress } from "./join-address.ts";
import type { StateSync } from "./state-sync.ts";

/** An address of a join that was not reached. */
export interface JoinFailure {
  /** As it was given. */
  readonly address: string;
  /** One line, as memberlist words it. */
  readonly reason: string;
}

/** How a join ended. */
export interface JoinResult {
  /** How many nodes were reached; a name with several addresses counts each. One is success. */
  readonly joined: number;
  readonly failures: readonly JoinFailure[];
}

export interface JoinerSurroundings extends Foundations {
  readonly stateSync: StateSync;
}

/** Joins a cluster by exchanging everything with each address of a list, one after the other. */
export class Joiner {
  private readonly around: JoinerSurroundings;
  private readonly attempts = new Set<JoinAttempt>();

  constructor(around: JoinerSurroundings) {
    this.around = around;
  }

  /** `done` is called once; synchronously only for an empty list. */
  join(addresses: readonly string[], done: (result: JoinResult) => void): void {
    const attempt = new JoinAttempt(this.around, addresses, (result) => {
      this.attempts.delete(attempt);
      done(result);
    });
    this.attempts.add(attempt);
    attempt.proceed();
  }

  /** Ends what is under way; addresses not yet reached count as failures. */
  stop(): void {
    for (const attempt of [...this.attempts]) attempt.stop();
  }
}

class JoinAttempt {
  private readonly around: JoinerSurroundings;
  private readonly done: (result: JoinResult) => void;
  private readonly addresses: string[];
  /** What the current address resolved to and was not contacted yet. */
  private endpoints: Endpoint[] = [];
  private address = "";
  private nodeName = "";
  private joined = 0;
  private readonly failures: JoinFailure[] = [];
  private finished = false;

  constructor(around: JoinerSurroundings, addresses: readonly string[], done: (result: JoinResult) => void) {
    this.around = around;
    this.addresses = [...addresses];
    this.done = done;
  }

  proceed(): void {
    if (this.finished) return;
    const endpoint = this.endpoints.shift();
    if (endpoint !== undefined) {
      this.contact(endpoint);
      return;
    }
    const address = this.addresses.shift();
    if (address !== undefined) {
      this.address = address;
      this.resolve(address);
      return;
    }
    this.finished = true;
    this.done({ joined: this.joined, failures: this.failures });
  }

  stop(): void {
    if (this.finished) return;
    this.finished = true;
    for (const address of [this.address, ...this.addresses]) this.failures.push({ address, reason: "shut down" });
    this.done({ joined: this.joined, failures: this.failures });
  }

  private resolve(text: string): void {
    const { defaultPort, resolver } = this.around;
    const parsed = parseJoinAddress(text, defaultPort);
    if ("problem" in parsed) {
      this.fail("WARN", `Failed to resolve ${text}: ${parsed.problem}`);
      return;
    }
    if ("service" in parsed) {
      this.resolveService(text, parsed.service);
      return;
    }
    this.nodeName = parsed.nodeName;
    const literal = canonicalIp(parsed.host);
    if (literal !== undefined) {
      this.contact({ address: literal, port: parsed.port });
      return;
    }
    resolver.resolve(parsed.host, (result) => {
      if ("error" in result) {
        this.fail("WARN", `Failed to resolve ${text}: ${result.error}`);
        return;
      }
      this.endpoints = result.addresses.map((address) => ({ address, port: parsed.port }));
      this.proceed();
    });
  }

  private resolveService(text: string, service: string): void {
    this.nodeName = "";
    this.around.resolver.resolveService(service, (result) => {
      if ("error" in result) {
        this.fail("WARN", `Failed to resolve ${text}: ${result.error}`);
        return;
      }
      // This node is often among them, and alone in the beginning. To reach itself is no success: others that start at the same time might not
      // be listed yet, and each would be content with itself.
      const own = formatEndpoint(this.around.advertised());
      this.endpoints = result.endpoints.filter((endpoint) => formatEndpoint(endpoint) !== own);
      if (this.endpoints.length > 0) this.proceed();
      else this.fail("WARN", `Failed to resolve ${text}: it lists nobody but this node`);
    });
  }

  private contact(endpoint: Endpoint): void {
    const { options, stateSync } = this.around;
    if (this.nodeName === "" && options.requireNodeNames) {
      const rule = "memberlist: node names are required by configuration but one was not provided";
      this.fail("DEBUG", `Failed to join ${endpoint.address}: ${rule}`);
      return;
    }
    stateSync.exchange(endpoint, this.nodeName, true, (problem) => {
      if (problem !== undefined) {
        this.fail("DEBUG", `Failed to join ${endpoint.address}: ${problem}`);
        return;
      }
      this.joined += 1;
      this.proceed();
    });
  }

  private fail(level: "DEBUG" | "WARN", reason: string): void {
    if (this.finished) return;
    this.around.logger.log(level, `memberlist: ${reason}`);
    this.failures.push({ address: this.address, reason });
    this.proceed();
  }
}
