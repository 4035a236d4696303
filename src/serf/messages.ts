/**
 * The messages of Serf's protocol, which travel as user messages of memberlist: a type byte, then a struct in MessagePack.
 * Field meanings follow Serf's.
 */

import type { Endpoint } from "../base/address.ts";
import { concatBytes } from "../base/bytes.ts";
import { isRejected, type Rejected, rejected } from "../base/rejected.ts";
import { MsgpackReader } from "../wire/msgpack-reader.ts";
import { boolean, bytes, field, looseText, message, text, u64, type Value } from "../wire/schema.ts";
import { type QueryMessage, type QueryResponse, query, queryResponse, relayHeader } from "./query-messages.ts";

/** The first byte of every message. 2 is a push/pull's; 6 to 8 head payloads of queries, never a message of their own. */
const messageTypes = {
  leave: 0,
  join: 1,
  userEvent: 3,
  query: 4,
  queryResponse: 5,
  relay: 9,
} as const;

const leaveIntent = message("leave", {
  lamportTime: field("LTime", u64),
  node: field("Node", text),
  /** Forget the member altogether. */
  prune: field("Prune", boolean),
});

const joinIntent = message("join", {
  lamportTime: field("LTime", u64),
  node: field("Node", text),
});

const userEvent = message("user-event", {
  lamportTime: field("LTime", u64),
  name: field("Name", looseText),
  payload: field("Payload", bytes),
  coalesce: field("CC", boolean),
});

export type LeaveIntent = Value<typeof leaveIntent>;
export type JoinIntent = Value<typeof joinIntent>;
export type UserEventMessage = Value<typeof userEvent>;

/** A message to be handed on, as it is, to a node that its sender may not reach. */
export interface Relay {
  readonly kind: "relay";
  readonly destination: Endpoint;
  readonly destinationName: string;
  readonly message: Uint8Array;
}

/** What can arrive by gossip, and whole from one node to another. */
export type SerfMessage = LeaveIntent | JoinIntent | UserEventMessage | QueryMessage | QueryResponse | Relay;

export function encodeSerfMessage(value: SerfMessage): Uint8Array {
  switch (value.kind) {
    case "leave":
      return leaveIntent.encode(value, messageTypes.leave);
    case "join":
      return joinIntent.encode(value, messageTypes.join);
    case "user-event":
      return userEvent.encode(value, messageTypes.userEvent);
    case "query":
      return query.encode(value, messageTypes.query);
    case "query-response":
      return queryResponse.encode(value, messageTypes.queryResponse);
    case "relay":
      return encodeRelay(value);
  }
}

type Decode = (received: Uint8Array) => SerfMessage | Rejected;

/** By type byte: what the message is called in the log, and how it is read. */
const decoders: ReadonlyMap<number, readonly [name: string, decode: Decode]> = new Map<number, [string, Decode]>([
  [messageTypes.leave, ["leave", (received) => leaveIntent.decode(received, 1)]],
  [messageTypes.join, ["join", (received) => joinIntent.decode(received, 1)]],
  [messageTypes.userEvent, ["user event", decodeUserEvent]],
  [messageTypes.query, ["query", (received) => query.decode(received, 1)]],
  [messageTypes.queryResponse, ["query response", (received) => queryResponse.decode(received, 1)]],
  [messageTypes.relay, ["relay", decodeRelay]],
]);

/** Byte fields of the result are views of `received`. */
export function decodeSerfMessage(received: Uint8Array): SerfMessage | Rejected {
  const type = received[0];
  if (type === undefined) return rejected("truncated", "Received message is zero bytes");
  const decoder = decoders.get(type);
  if (decoder === undefined) return rejected("unknown-kind", `Received message of unknown type: ${type}`);
  const [name, decode] = decoder;
  return because(decode(received), `Error decoding ${name} message`);
}

/** What every member writes between the values of a user event: the keys in their order, with the head of the map before the first. */
const userEventKeys = ["\x84\xa2CC", "\xa5LTime", "\xa4Name", "\xa7Payload"].map((key) =>
  Uint8Array.from(key, (character) => character.charCodeAt(0)),
);

/**
 * As the schema does, which reads what came in another form or order, and tells what is wrong. Where many members share a processor all of them decode an event before
 * the last one has it, with nothing of this in its caches; and to follow a declaration touches three times as much as to read one field after another.
 */
function decodeUserEvent(received: Uint8Array): UserEventMessage | Rejected {
  return readInOrder(new MsgpackReader(received, 1)) ?? userEvent.decode(received, 1);
}

function readInOrder(reader: MsgpackReader): UserEventMessage | undefined {
  const [coalesceKey, timeKey, nameKey, payloadKey] = userEventKeys as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  if (!reader.take(coalesceKey)) return undefined;
  const coalesce = reader.boolean();
  if (!reader.take(timeKey)) return undefined;
  const lamportTime = reader.unsigned(Number.MAX_SAFE_INTEGER);
  if (!reader.take(nameKey)) return undefined;
  const name = reader.looseText();
  if (!reader.take(payloadKey)) return undefined;
  const payload = reader.raw();
  return reader.failure === undefined ? { kind: "user-event", lamportTime, name, payload, coalesce } : undefined;
}

function decodeRelay(received: Uint8Array): Relay | Rejected {
  const reader = new MsgpackReader(received, 1);
  const { destination, destinationName } = relayHeader.read(reader);
  if (reader.failure !== undefined) return reader.failure;
  if (destination.address === "") return rejected("malformed", "no destination address");
  const { address, port } = destination;
  return {
    kind: "relay",
    destination: { address, port },
    destinationName,
    message: received.subarray(reader.position),
  };
}

function encodeRelay({ destination, destinationName, message }: Relay): Uint8Array {
  const header = relayHeader.encode({ destination: { ...destination, zone: "" }, destinationName }, messageTypes.relay);
  return concatBytes(header, message);
}

/** Says in a rejection what could not be read. */
function because<T>(decoded: T | Rejected, what: string): T | Rejected {
  return isRejected(decoded) ? rejected(decoded.reason, `${what}: ${decoded.detail}`) : decoded;
}
