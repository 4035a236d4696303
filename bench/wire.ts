/** What encoding and decoding cost on one thread, without sockets. There is no reference column: the agents are compared in `packets`. */

import { utf8Encode } from "../src/base/bytes.ts";
import { NodeRandom } from "../src/host/node-random.ts";
import { encodeMessage } from "../src/wire/codecs.ts";
import { createLabel } from "../src/wire/label.ts";
import type { Alive, PacketMessage } from "../src/wire/messages.ts";
import { openPacket, type Sealing, sealPacket } from "../src/wire/packet-envelope.ts";
import type { Row } from "./table.ts";

const measuredMs = 1_000;

const alive: Alive = {
  kind: "alive",
  incarnation: 7,
  node: "web-17.example",
  address: "10.0.3.17",
  port: 7946,
  meta: utf8Encode("\xffrole=web,zone=b,version=12"),
  versions: {
    protocolMin: 1,
    protocolMax: 5,
    protocolCurrent: 2,
    delegateMin: 2,
    delegateMax: 5,
    delegateCurrent: 5,
  },
};
const ping: PacketMessage = {
  kind: "ping",
  sequence: 4711,
  node: "web-17.example",
  sourceAddress: "10.0.3.16",
  sourcePort: 7946,
  sourceNode: "web-16.example",
};

export function benchWire(): Row[] {
  const label = createLabel("");
  const keys = [new NodeRandom().fill(new Uint8Array(32))];
  const plain: Sealing = { label, keys: [], encryptionVersion: 1, compress: false, random: new NodeRandom() };
  const encrypted: Sealing = { ...plain, keys };
  const gossip = Array.from({ length: 12 }, () => encodeMessage(alive));

  let visited = 0;
  const visit = () => {
    visited++;
  };
  const open = (sealing: Sealing, messages: readonly Uint8Array[]) => {
    const packet = sealPacket(messages, sealing, true);
    const opening = { label, keys: sealing.keys, verifyIncoming: true };
    // Opening may reuse the packet's bytes, as it may with those of a socket.
    return () => openPacket(packet.slice(), opening, visit);
  };
  const rows: Row[] = [
    row("messages encoded (alive)", () => encodeMessage(alive)),
    row("packets sealed, 12 alive messages, plain", () => sealPacket(gossip, plain, true)),
    row("packets sealed, 12 alive messages, encrypted", () => sealPacket(gossip, encrypted, true)),
    row("packets opened and decoded, 1 ping, plain", open(plain, [encodeMessage(ping)])),
    row("packets opened and decoded, 1 ping, encrypted", open(encrypted, [encodeMessage(ping)])),
    row("packets opened and decoded, 12 alive messages, plain", open(plain, gossip)),
    row("packets opened and decoded, 12 alive messages, encrypted", open(encrypted, gossip)),
  ];
  if (visited === 0) throw new Error("nothing was decoded");
  return rows;
}

function row(what: string, action: () => unknown): Row {
  for (let i = 0; i < 20_000; i++) action();
  let count = 0;
  const startedAt = performance.now();
  let elapsedMs = 0;
  while (elapsedMs < measuredMs) {
    for (let i = 0; i < 500; i++) action();
    count += 500;
    elapsedMs = performance.now() - startedAt;
  }
  return { what, unit: "/s", ours: (count / elapsedMs) * 1000 };
}
