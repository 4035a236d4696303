import type { Endpoint } from "../../src/base/address.ts";
import type { Stream, StreamHandler, TransportFailure, TransportReceiver } from "../../src/base/host.ts";
import { isRejected } from "../../src/base/rejected.ts";
import type { SimulatedHost, SimulatedNetwork } from "../../src/simulator/index.ts";
import { encodeMessage } from "../../src/wire/codecs.ts";
import { createLabel } from "../../src/wire/label.ts";
import type {
  Alive,
  ErrorMessage,
  NodeStateRecord,
  PacketMessage,
  StateExchange,
  StreamMessage,
  VersionVector,
} from "../../src/wire/messages.ts";
import { openPacket, type Sealing, sealPacket } from "../../src/wire/packet-envelope.ts";
import { encodeStateExchange } from "../../src/wire/state-exchange.ts";
import { StreamDecoder } from "../../src/wire/stream-decoder.ts";
import { sealStreamMessage } from "../../src/wire/stream-envelope.ts";

export const versions5: VersionVector = {
  protocolMin: 1,
  protocolMax: 5,
  protocolCurrent: 2,
  delegateMin: 0,
  delegateMax: 0,
  delegateCurrent: 0,
};

/** What came of a stream that a puppet opened. */
export interface PuppetStream {
  readonly stream: Stream;
  readonly received: StreamMessage[];
  receivedBytes: number;
  /** The other side has said all it wants to. */
  ended: boolean;
  /** Undefined while it is open. */
  closed: "closed" | TransportFailure["kind"] | undefined;
}

/** A host without a memberlist: it says what a test wants, and writes down what it hears. It speaks plain, without a label. */
export class Puppet implements TransportReceiver {
  readonly host: SimulatedHost;
  readonly heard: PacketMessage[] = [];
  /** Packets as they came. */
  readonly packets: Uint8Array[] = [];
  acceptedStreams = 0;
  answersPings = false;
  /** What its acks carry. */
  ackPayload: Uint8Array = new Uint8Array(0);
  /** What streams opened to it are answered, once they brought something. Otherwise it says nothing. */
  answer: ErrorMessage | undefined;
  private readonly sealing: Sealing;

  constructor(network: SimulatedNetwork, address: string, sealing: Partial<Sealing> = {}) {
    this.host = network.createHost({ address });
    const plain = { label: createLabel(""), keys: [], encryptionVersion: 1, compress: false } as const;
    this.sealing = { ...plain, random: this.host.random, ...sealing };
    this.host.transport.listen(this);
  }

  get endpoint(): Endpoint {
    return this.host.transport.bound;
  }

  send(to: string, ...messages: PacketMessage[]): void {
    this.sendRaw(to, sealPacket(messages.map(encodeMessage), this.sealing, false));
  }

  sendRaw(to: string, packet: Uint8Array): void {
    this.host.transport.sendPacket({ address: to, port: 7946 }, packet);
  }

  /** Opens a stream, sends the bytes as they are, and leaves it open. */
  openRaw(to: string, bytes: Uint8Array): PuppetStream {
    const decoder = new StreamDecoder({ label: this.sealing.label, keys: this.sealing.keys, verifyIncoming: true });
    const handler: StreamHandler = {
      opened: () => result.stream.write(bytes),
      received: (chunk) => {
        result.receivedBytes += chunk.length;
        decoder.push(chunk);
        const message = decoder.next();
        if (message !== undefined && !isRejected(message)) result.received.push(message);
      },
      ended: () => {
        result.ended = true;
        result.stream.end();
      },
      closed: (failure) => {
        result.closed = failure?.kind ?? "closed";
      },
    };
    const stream = this.host.transport.openStream({ address: to, port: 7946 }, 10_000, handler);
    const result: PuppetStream = { stream, received: [], receivedBytes: 0, ended: false, closed: undefined };
    return result;
  }

  exchange(to: string, exchange: Partial<StateExchange> = {}): PuppetStream {
    const whole = { join: true, nodes: [], userState: new Uint8Array(0), ...exchange };
    return this.openRaw(to, sealStreamMessage(encodeStateExchange(whole), this.sealing));
  }

  heardOf<K extends PacketMessage["kind"]>(kind: K): readonly Extract<PacketMessage, { kind: K }>[] {
    return this.heard.filter((message) => message.kind === kind) as Extract<PacketMessage, { kind: K }>[];
  }

  receivePacket(from: Endpoint, packet: Uint8Array): void {
    this.packets.push(packet);
    const { keys, label } = this.sealing;
    openPacket(packet, { label, keys, verifyIncoming: true }, (message) => {
      this.heard.push(message);
      if (message.kind !== "ping" || !this.answersPings) return;
      this.send(from.address, { kind: "ack", sequence: message.sequence, payload: this.ackPayload });
    });
  }

  acceptStream(stream: Stream): StreamHandler {
    this.acceptedStreams += 1;
    const received = (): void => {
      if (this.answer === undefined) return;
      stream.write(sealStreamMessage(encodeMessage(this.answer), this.sealing));
      stream.end();
    };
    return { opened: () => {}, received, ended: () => {}, closed: () => {} };
  }

  packetFailed(): void {}
}

export function aliveMessage(node: string, address: string, fields: Partial<Alive> = {}): Alive {
  const versions = versions5;
  return { kind: "alive", incarnation: 1, node, address, port: 7946, meta: new Uint8Array(0), versions, ...fields };
}

export function aliveRecord(name: string, address: string, fields: Partial<NodeStateRecord> = {}): NodeStateRecord {
  const meta = new Uint8Array(0);
  return { name, address, port: 7946, meta, incarnation: 1, state: "alive", versions: versions5, ...fields };
}
