/** The worlds that contracts are run in: real sockets on loopback, and the simulated network. */

import { connect, type Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import type { Endpoint } from "../../src/base/address.ts";
import { createNodeHost } from "../../src/host/node-host.ts";
import { SimulatedNetwork, type SimulatedNetworkOptions } from "../../src/simulator/index.ts";
import type { TransportWorld } from "./transport-contract.ts";

const deadlineMs = 10_000;

/** Lets the event loop turn until the condition holds. */
export async function until(condition: () => boolean): Promise<void> {
  const endMs = performance.now() + deadlineMs;
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`not within ${deadlineMs} ms: ${condition}`);
    await nextTurn();
  }
}

/** On loopback the kernel delivers at once; what is left is to be read in the next turns of the event loop. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await nextTurn();
}

export async function createSocketWorld(address: string): Promise<TransportWorld> {
  const a = await createNodeHost({ bindAddress: address, bindPort: 0 });
  const b = await createNodeHost({ bindAddress: address, bindPort: 0 });
  const gone = await createNodeHost({ bindAddress: address, bindPort: 0 });
  const nobody = gone.transport.bound;
  await gone.close();
  let blackHole: BlackHole | undefined;
  return {
    a: a.transport,
    b: b.transport,
    nobody,
    blackHole: async () => {
      if (process.platform !== "linux") return "a full listen queue drops connections silently only on Linux";
      blackHole = await BlackHole.create(address);
      return blackHole.endpoint;
    },
    until,
    settle,
    close: async () => {
      await Promise.all([a.close(), b.close(), blackHole?.close()]);
    },
  };
}

export async function createSimulatedWorld(options: Partial<SimulatedNetworkOptions> = {}): Promise<TransportWorld> {
  const network = new SimulatedNetwork({ seed: 1, ...options });
  const a = network.createHost({ address: "10.0.0.1" });
  const b = network.createHost({ address: "10.0.0.2" });
  const cutOff = network.createHost({ address: "10.0.0.3" });
  network.partition([a, b], [cutOff]);
  return {
    a: a.transport,
    b: b.transport,
    nobody: { address: b.address, port: 1 },
    blackHole: async () => cutOff.transport.bound,
    until: async (condition) => {
      if (!network.runUntil(condition, deadlineMs)) throw new Error(`not within ${deadlineMs} ms: ${condition}`);
    },
    settle: async () => network.run(1_000),
    close: async () => undefined,
  };
}

/** A listener that is asleep and whose queue is full: the kernel then drops every further attempt to connect. */
class BlackHole {
  readonly endpoint: Endpoint;
  private readonly worker: Worker;
  private readonly fillers: readonly Socket[];

  private constructor(endpoint: Endpoint, worker: Worker, fillers: readonly Socket[]) {
    this.endpoint = endpoint;
    this.worker = worker;
    this.fillers = fillers;
  }

  static async create(address: string): Promise<BlackHole> {
    const worker = new Worker(
      `const { parentPort } = require("node:worker_threads");
       const server = require("node:net").createServer();
       server.listen({ host: ${JSON.stringify(address)}, port: 0, backlog: 1 }, () => {
         parentPort.postMessage(server.address().port);
         Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
       });`,
      { eval: true },
    );
    const port = await new Promise<number>((resolve) => worker.once("message", resolve));
    const fillers = Array.from({ length: 4 }, () => connect({ host: address, port }).on("error", () => undefined));
    // A queue of 1 takes two; the others are left waiting already.
    await until(() => fillers.filter((socket) => !socket.connecting).length === 2);
    return new BlackHole({ address, port }, worker, fillers);
  }

  async close(): Promise<void> {
    for (const filler of this.fillers) filler.destroy();
    await this.worker.terminate();
  }
}
