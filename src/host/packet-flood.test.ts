import { createSocket } from "node:dgram";
import { expect, onTestFinished, test } from "vitest";
import type { Host } from "../base/host.ts";
import { createNodeHost } from "./node-host.ts";

/** More than Node reads in a turn, and less than the kernel holds. */
const packetsPerTurn = 64;

/** Sends packets to a node in every turn of the loop, so that its socket is never empty, until `isOver`. */
async function flood(to: Host, isOver: () => boolean): Promise<void> {
  const socket = createSocket("udp4");
  onTestFinished(() => void socket.close());
  const { address, port } = to.transport.bound;
  while (!isOver()) {
    for (let count = 0; count < packetsPerTurn; count++) socket.send("x", port, address);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test.each([true, false])(
  "a flooded socket drops packets beyond their sender's share (%s)",
  async (sharesOutPackets) => {
    const lines: string[] = [];
    let dropped = 0;
    const host = await createNodeHost({
      bindAddress: "127.0.0.1",
      bindPort: 0,
      sharesOutPackets,
      logger: { enabled: () => true, log: (level, line) => void lines.push(`${level} ${line}`) },
      metrics: {
        increment: (name) => {
          if (name === "memberlist.udp.dropped") dropped += 1;
        },
        gauge: () => undefined,
        sample: () => undefined,
      },
    });
    onTestFinished(() => host.close());
    let received = 0;
    host.transport.listen({
      receivePacket: () => void received++,
      acceptStream: () => expect.unreachable(),
      packetFailed: () => expect.unreachable(),
    });
    const endMs = performance.now() + 1_500;
    await flood(host, () => dropped > 1_000 || (!sharesOutPackets && performance.now() > endMs));
    expect(received).toBeGreaterThan(1_000);
    if (sharesOutPackets) expect(lines).toEqual([expect.stringMatching(/^WARN memberlist: More packets come than /)]);
    else expect({ dropped, lines }).toEqual({ dropped: 0, lines: [] });
  },
);
