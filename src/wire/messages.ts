/**
 * The messages of memberlist's protocol, as values. Each codec between them and bytes is declared once, in the rooms beside
 * this one. Field meanings follow memberlist's; sizes are those of the wire.
 */

/** The first byte of every packet and of every message inside a compound. */
export const messageTypes = {
  ping: 0,
  indirectPing: 1,
  ack: 2,
  suspect: 3,
  alive: 4,
  dead: 5,
  pushPull: 6,
  compound: 7,
  user: 8,
  compress: 9,
  encrypt: 10,
  nack: 11,
  crc: 12,
  error: 13,
  /** Not a message type but the head of a labelled packet or stream; chosen high to be told from an encryption version. */
  label: 244,
} as const;

/**
 * The protocol versions a node speaks: of memberlist (`protocol…`) and of what sits on it (`delegate…`, Serf's own). On the
 * wire six bytes in this order; an alive message without them is a node of protocol 1.
 */
export interface VersionVector {
  readonly protocolMin: number;
  readonly protocolMax: number;
  readonly protocolCurrent: number;
  readonly delegateMin: number;
  readonly delegateMax: number;
  readonly delegateCurrent: number;
}

export interface Ping {
  readonly kind: "ping";
  /** u32, chosen by the sender; the ack repeats it. */
  readonly sequence: number;
  /** Who is meant: a node that restarted under another name at this address must not answer. */
  readonly node: string;
  /** Where to answer, if given (empty and 0 otherwise): not always where the packet seems to come from. */
  readonly sourceAddress: string;
  readonly sourcePort: number;
  readonly sourceNode: string;
  /**
   * Over a stream: keep it open, so that its end tells of the end of this process. Ours alone; whoever does so says it in the payload of the ack, and others
   * skip the key.
   */
  readonly hold?: boolean | undefined;
}

export interface IndirectPing {
  readonly kind: "indirect-ping";
  readonly sequence: number;
  readonly targetAddress: string;
  readonly targetPort: number;
  readonly node: string;
  /** True if the sender understands a nack. */
  readonly nack: boolean;
  readonly sourceAddress: string;
  readonly sourcePort: number;
  readonly sourceNode: string;
}

export interface Ack {
  readonly kind: "ack";
  readonly sequence: number;
  readonly payload: Uint8Array;
}

export interface Nack {
  readonly kind: "nack";
  readonly sequence: number;
}

export interface Suspect {
  readonly kind: "suspect";
  readonly incarnation: number;
  readonly node: string;
  readonly from: string;
}

export interface Alive {
  readonly kind: "alive";
  readonly incarnation: number;
  readonly node: string;
  /** An IP literal; a wire form that is neither 4 nor 16 bytes is rejected. */
  readonly address: string;
  readonly port: number;
  readonly meta: Uint8Array;
  /** Absent from nodes of protocol 1 that send none, or fewer than six. */
  readonly versions: VersionVector | undefined;
}

/** Also says that a node left: then `from` is the node itself. */
export interface Dead {
  readonly kind: "dead";
  readonly incarnation: number;
  readonly node: string;
  readonly from: string;
}

/** Bytes of the layer above. */
export interface User {
  readonly kind: "user";
  readonly payload: Uint8Array;
}

export interface ErrorMessage {
  readonly kind: "error";
  readonly error: string;
}

/** What a packet can carry once its envelope (label, cipher, checksum, compression, compound) is opened. */
export type PacketMessage = Ping | IndirectPing | Ack | Nack | Suspect | Alive | Dead | User;

/** On the wire 0 to 3, in this order. */
export const nodeStates = ["alive", "suspect", "dead", "left"] as const;
/** One of `nodeStates`: "suspect" did not answer and may yet refute, "dead" failed, "left" said so itself. */
export type NodeState = (typeof nodeStates)[number];

/** One node in a state exchange. */
export interface NodeStateRecord {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly meta: Uint8Array;
  readonly incarnation: number;
  readonly state: NodeState;
  readonly versions: VersionVector | undefined;
}

/** A push/pull: all a node knows, and what the layer above wants to tell. */
export interface StateExchange {
  readonly kind: "push-pull";
  /** True for the exchange of a join, false for anti-entropy. */
  readonly join: boolean;
  readonly nodes: readonly NodeStateRecord[];
  readonly userState: Uint8Array;
}

/** What a stream can carry as its first and only message of each direction. */
export type StreamMessage = Ping | Ack | User | StateExchange | ErrorMessage;
