/** memberlist's messages on the wire: their keys and types, and the switch between a message and its bytes. */

import { concatBytes, viewBytes } from "../base/bytes.ts";
import { unreachable } from "../base/errors.ts";
import { isRejected, type Rejected, rejected } from "../base/rejected.ts";
import { ip } from "./ip-schema.ts";
import {
  type Ack,
  type Alive,
  type Dead,
  type ErrorMessage,
  type IndirectPing,
  messageTypes,
  type Nack,
  type PacketMessage,
  type Ping,
  type Suspect,
} from "./messages.ts";
import { boolean, bytes, field, message, nullable, optionalField, type Schema, text, u16, u32 } from "./schema.ts";
import { versionVector } from "./versions.ts";

export const pingSchema: Schema<Ping> = message("ping", {
  sequence: field("SeqNo", u32),
  node: field("Node", text),
  sourceAddress: optionalField("SourceAddr", ip),
  sourcePort: optionalField("SourcePort", u16),
  sourceNode: optionalField("SourceNode", text),
  hold: optionalField("Hold", nullable(boolean)),
});

export const indirectPingSchema: Schema<IndirectPing> = message("indirect-ping", {
  sequence: field("SeqNo", u32),
  targetAddress: field("Target", ip),
  targetPort: field("Port", u16),
  node: field("Node", text),
  nack: field("Nack", boolean),
  sourceAddress: optionalField("SourceAddr", ip),
  sourcePort: optionalField("SourcePort", u16),
  sourceNode: optionalField("SourceNode", text),
});

export const ackSchema: Schema<Ack> = message("ack", {
  sequence: field("SeqNo", u32),
  payload: field("Payload", bytes),
});

export const nackSchema: Schema<Nack> = message("nack", {
  sequence: field("SeqNo", u32),
});

export const suspectSchema: Schema<Suspect> = message("suspect", {
  incarnation: field("Incarnation", u32),
  node: field("Node", text),
  from: field("From", text),
});

export const aliveSchema: Schema<Alive> = message("alive", {
  incarnation: field("Incarnation", u32),
  node: field("Node", text),
  address: field("Addr", ip),
  port: field("Port", u16),
  meta: field("Meta", bytes),
  versions: field("Vsn", versionVector),
});

export const deadSchema: Schema<Dead> = message("dead", {
  incarnation: field("Incarnation", u32),
  node: field("Node", text),
  from: field("From", text),
});

export const errorSchema: Schema<ErrorMessage> = message("error", {
  error: field("Error", text),
});

/** The message with its type byte, ready for a compound or an envelope. A user message is for packets; streams frame it otherwise. */
export function encodeMessage(message: PacketMessage | ErrorMessage): Uint8Array {
  switch (message.kind) {
    case "ping":
      return pingSchema.encode(message, messageTypes.ping);
    case "indirect-ping":
      return indirectPingSchema.encode(message, messageTypes.indirectPing);
    case "ack":
      return ackSchema.encode(message, messageTypes.ack);
    case "nack":
      return nackSchema.encode(message, messageTypes.nack);
    case "suspect":
      return suspectSchema.encode(message, messageTypes.suspect);
    case "alive":
      return aliveSchema.encode(message, messageTypes.alive);
    case "dead":
      return deadSchema.encode(message, messageTypes.dead);
    case "user":
      return concatBytes(userType, message.payload);
    case "error":
      return errorSchema.encode(message, messageTypes.error);
    default:
      return unreachable(message);
  }
}

const userType = Uint8Array.of(messageTypes.user);

/** One message with its type byte. Byte fields of the result are views of `bytes`: copy what is kept for long. */
export function decodeMessage(bytes: Uint8Array): PacketMessage | Rejected {
  if (bytes.length === 0) return rejected("truncated", "a message without a type byte");
  switch (bytes[0]) {
    case messageTypes.ping:
      return pingSchema.decode(bytes, 1);
    case messageTypes.indirectPing:
      return withAddress(indirectPingSchema.decode(bytes, 1), "targetAddress");
    case messageTypes.ack:
      return ackSchema.decode(bytes, 1);
    case messageTypes.nack:
      return nackSchema.decode(bytes, 1);
    case messageTypes.suspect:
      return suspectSchema.decode(bytes, 1);
    case messageTypes.alive:
      return withAddress(aliveSchema.decode(bytes, 1), "address");
    case messageTypes.dead:
      return deadSchema.decode(bytes, 1);
    case messageTypes.user:
      return { kind: "user", payload: viewBytes(bytes, 1, bytes.length) };
    default:
      return rejected("unknown-kind", `message type ${bytes[0]} in a packet`);
  }
}

/** Rejects a message whose address is missing where it cannot do without. */
function withAddress<M extends object, K extends keyof M>(message: M | Rejected, property: K): M | Rejected {
  if (isRejected(message)) return message;
  return message[property] === "" ? rejected("malformed", `a message without ${String(property)}`) : message;
}
