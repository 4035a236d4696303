/** An origin that tells everybody itself says so by a compound of one message, which the reference never makes: both kinds read it as any message. */

import { createSocket } from "node:dgram";
import { describe, expect, test } from "vitest";
import { NodeRandom } from "../../src/host/node-random.ts";
import { encodeSerfMessage } from "../../src/serf/messages.ts";
import { encodeMessage } from "../../src/wire/codecs.ts";
import { createLabel } from "../../src/wire/label.ts";
import { messageTypes } from "../../src/wire/messages.ts";
import { sealLoneCompound } from "../../src/wire/packet-envelope.ts";
import { loopback } from "../support/loopback.ts";
import { requirePeer } from "../support/peers.ts";
import { useSandbox } from "../support/sandbox.ts";
import { waitFor } from "../support/wait-for.ts";

const key = "T9jncgl9mbLus+baTTa7q7nPSUrXwbDi2dhbtqir37s=";

/** An event of that time in a compound of its own; the name tells what is around it. */
function packetOf(lamportTime: number, secret: string | undefined, checksum: boolean): Uint8Array {
  const name = checksum ? "checked" : "plain";
  const event = { kind: "user-event", lamportTime, name, payload: new Uint8Array(50), coalesce: false } as const;
  const keys = secret === undefined ? [] : [Uint8Array.from(Buffer.from(secret, "base64"))];
  const around = { encryptionVersion: 1, compress: false, random: new NodeRandom() } as const;
  const message = encodeMessage({ kind: "user", payload: encodeSerfMessage(event) });
  return sealLoneCompound(message, { ...around, label: createLabel(""), keys }, checksum);
}

for (const kind of ["ours", "debian"] as const) {
  for (const secret of [undefined, key]) {
    const how = secret === undefined ? "plain" : "encrypted";
    describe.skipIf(kind === "debian" && requirePeer("serf") === undefined)(`${kind}, ${how}`, () => {
      const sandbox = useSandbox();

      test("an event in a compound of its own is received", async () => {
        const agent = await sandbox.startAgent({ kind, name: "receiver", key: secret });
        const socket = createSocket("udp4");
        try {
          const packets = [packetOf(1, secret, false), packetOf(2, secret, true)];
          if (secret === undefined) expect(packets[0]!.subarray(0, 2)).toEqual(Uint8Array.of(messageTypes.compound, 1));
          for (const packet of packets) socket.send(packet, agent.place.bindPort, loopback);
          for (const name of ["plain", "checked"])
            await waitFor(() => agent.log.includes(`agent: Received event: user-event: ${name}`), {
              what: `an event that is ${name}`,
              witnesses: [agent],
            });
        } finally {
          socket.close();
        }
      });
    });
  }
}
