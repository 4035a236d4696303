import { networkInterfaces } from "node:os";
import { describe, test } from "vitest";
import { describeTransport } from "./transport-contract.ts";
import { createSimulatedWorld, createSocketWorld } from "./worlds.ts";

const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === "::1"),
);

describeTransport("sockets on 127.0.0.1", () => createSocketWorld("127.0.0.1"));

if (hasIpv6) describeTransport("sockets on ::1", () => createSocketWorld("::1"));
else describe.skip("transport contract: sockets on ::1", () => test("this machine has no IPv6", () => undefined));

describeTransport("simulated network", () => createSimulatedWorld());
describeTransport("simulated network, slow and in small chunks", () =>
  createSimulatedWorld({ latencyMs: 20, streamChunkBytesMax: 32_768 }),
);
