/** Fuzzing behind the decoders: a whole node in the simulated network, which gets bytes as packets and as streams. */

import { assert } from "../../src/base/errors.ts";
import type { Serf } from "../../src/serf/serf.ts";
import { addChecksum } from "../../src/wire/checksum.ts";
import { compress } from "../../src/wire/compression.ts";
import { Puppet } from "../simulation/puppet.ts";
import { SerfCluster, type SimulatedNode, statusOf } from "../support/serf-cluster.ts";
import type { FuzzTarget } from "./fuzz.ts";

/** A node remembers what it was told; after so many inputs another one takes its place. */
const inputsPerNode = 500;
/** Of virtual time, after each input: what waited in the inbox is handled, and timers of the protocol fire now and then. */
const afterwardsMs = 20;
const inboxLengthMax = 2 * 1024;

interface Outcome {
  readonly refused: boolean;
  readonly state: string;
  readonly members: number;
}

type Deliver = (puppet: Puppet, target: string, bytes: Uint8Array) => void;

/** The input's first byte says how the rest comes: as it is, with a checksum that fits, compressed, or both. */
export function nodeTarget(seeds: readonly Uint8Array[], draw: FuzzTarget["draw"], deliver: Deliver): FuzzTarget {
  const wrapped = (bytes: Uint8Array): Uint8Array => Uint8Array.of(bytes.length % 4, ...bytes);
  const fuzzed = new FuzzedNode(deliver);
  return {
    seeds: seeds.map(wrapped),
    draw: draw === undefined ? undefined : (seed) => draw(seed).map(wrapped),
    inputBytesMax: 9_000,
    decode: (input) => fuzzed.receive(unwrap(input)),
    isRefusal: (outcome) => (outcome as Outcome).refused,
    resultBytesMax: () => 1000,
  };
}

export const asPacket: Deliver = (puppet, target, bytes) => puppet.sendRaw(target, bytes);

export const asStream: Deliver = (puppet, target, bytes) => {
  const { stream } = puppet.openRaw(target, bytes);
  puppet.host.timers.after(5, () => stream.end());
};

class FuzzedNode {
  private readonly deliver: Deliver;
  private inputs = 0;
  private cluster = new SerfCluster(1);
  private node: SimulatedNode = this.cluster.start("target");
  private puppet = new Puppet(this.cluster.network, "10.0.9.9");

  constructor(deliver: Deliver) {
    this.deliver = deliver;
  }

  receive(bytes: Uint8Array): Outcome {
    if (this.inputs++ % inputsPerNode === 0 || this.node.serf.state === "shutdown") this.renew();
    const refusedBefore = this.refusals;
    this.deliver(this.puppet, this.node.host.address, bytes);
    this.cluster.network.run(afterwardsMs);
    this.node.events.length = 0;
    this.puppet.packets.length = 0;
    this.puppet.heard.length = 0;
    const { serf } = this.node;
    expectWell(this.node, serf);
    return { refused: this.refusals > refusedBefore, state: serf.state, members: Math.min(3, serf.members().length) };
  }

  private renew(): void {
    this.cluster = new SerfCluster(this.inputs);
    this.node = this.cluster.start("target");
    this.puppet = new Puppet(this.cluster.network, "10.0.9.9");
    this.cluster.network.run(1_000);
  }

  private get refusals(): number {
    let count = 0;
    for (const [name, value] of this.node.host.metrics.counters)
      if (name.startsWith("memberlist.rejected.")) count += value;
    return count;
  }
}

/** Whatever it was sent, a node holds itself for alive as long as it runs, and its queues are bounded. */
function expectWell(node: SimulatedNode, serf: Serf): void {
  const { inbox, broadcasts, table } = serf.memberlist.inspect();
  assert(inbox.length <= inboxLengthMax, `an inbox of ${inbox.length}`);
  assert(broadcasts.length <= table.length + 2, `${broadcasts.length} broadcasts`);
  if (serf.state !== "alive") return;
  assert(statusOf(node, "target") === "alive", `a node that holds itself for ${statusOf(node, "target")}`);
}

function unwrap(input: Uint8Array): Uint8Array {
  const [how = 0] = input;
  const body = input.subarray(1);
  const inner = how % 4 >= 2 ? compress(body) : body;
  return how % 2 === 1 ? addChecksum(inner) : inner;
}
