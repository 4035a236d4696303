/** What a group of tests starts and leaves behind: agents, relays, ports, folders. All of it is gone when the group ends, passed or failed. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { Agent, type AgentOptions, type AgentPlace } from "./agent.ts";
import { HostNetwork } from "./netns.ts";
import { leasePort, type PortLease } from "./ports.ts";
import type { RunningProcess } from "./processes.ts";
import { Relay } from "./relay.ts";
import { type Kind, startCommand } from "./serf-command.ts";

/** How often an agent is started anew on other ports when somebody was faster at binding its own. */
const startsMax = 3;

export class Sandbox {
  private readonly cleanups: (() => Promise<unknown>)[] = [];

  /** A port of its own until the sandbox closes, whether or not anything listens on it. */
  async port(): Promise<number> {
    const lease: PortLease = await leasePort();
    this.cleanups.push(() => lease.release());
    return lease.port;
  }

  async folder(): Promise<string> {
    const path = await mkdtemp(join(tmpdir(), "serf-ts-"));
    this.cleanups.push(() => rm(path, { recursive: true, force: true }));
    return path;
  }

  /** Starts an agent and waits until it runs, its `-join` included. Rejects with its output if it ends before. */
  async startAgent(options: AgentOptions): Promise<Agent> {
    for (let start = 1; ; start++) {
      const agent = await this.launchAgent(options);
      if (await agent.isRunning()) return agent;
      const mayMove = options.place === undefined && start < startsMax;
      if (!mayMove || !/in use/i.test(agent.process.output))
        throw new Error(`an agent did not start\n${agent.describe()}`);
    }
  }

  /** Starts an agent and does not wait: for those that are expected to fail, or to wait long for a cluster. */
  async launchAgent(options: AgentOptions): Promise<Agent> {
    const place = options.place ?? (await this.placeFor(options));
    const agent = new Agent(options, place);
    this.cleanups.push(() => agent.process.kill());
    return agent;
  }

  /** A network of hosts, gone after all that was started in it. Only where `whyNoNetworks` has no objection. */
  async network(): Promise<HostNetwork> {
    const network = await HostNetwork.create();
    this.cleanups.push(() => network.close());
    return network;
  }

  /** Has something else of a test's cleaned up, too. */
  onClose(cleanup: () => Promise<unknown>): void {
    this.cleanups.push(cleanup);
  }

  /** Starts a command that runs until it is ended, such as `serf monitor`. */
  startCommand(kind: Kind, args: readonly string[], env: Readonly<Record<string, string>> = {}): RunningProcess {
    const command = startCommand(kind, args, env);
    this.cleanups.push(() => command.kill());
    return command;
  }

  async startRelay(targetPort: number): Promise<Relay> {
    const relay = await Relay.start(await this.port(), targetPort);
    this.cleanups.push(() => relay.close());
    return relay;
  }

  /** A host in a network of its own has every port to itself. */
  private async placeFor({ host }: AgentOptions): Promise<AgentPlace> {
    if (host !== undefined) return { bindPort: 7946, rpcPort: 7373 };
    return { bindPort: await this.port(), rpcPort: await this.port() };
  }

  /** In the reverse order of creation; one failure keeps nothing else from being cleaned up. */
  async close(): Promise<void> {
    const results: PromiseSettledResult<unknown>[] = [];
    for (const cleanup of this.cleanups.splice(0).reverse()) results.push(...(await Promise.allSettled([cleanup()])));
    const failure = results.find((result) => result.status === "rejected");
    if (failure !== undefined) throw failure.reason;
  }
}

/** A sandbox for the tests of the surrounding `describe`, closed after the last of them. */
export function useSandbox(): Sandbox {
  const sandbox = new Sandbox();
  afterAll(() => sandbox.close());
  return sandbox;
}
