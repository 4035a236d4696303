/** A push/pull on a stream: a header that counts, one record a node, then the user state as it is. */

import { type Rejected, rejected } from "../base/rejected.ts";
import { ip } from "./ip-schema.ts";
import { exchangedNodesMax, userStateBytesMax } from "./limits.ts";
import { messageTypes, type NodeState, type NodeStateRecord, nodeStates, type StateExchange } from "./messages.ts";
import { MsgpackReader } from "./msgpack-reader.ts";
import { MsgpackWriter } from "./msgpack-writer.ts";
import { boolean, bytes, field, i64, Schema, struct, text, u16, u32 } from "./schema.ts";
import { versionVector } from "./versions.ts";

export interface StateHeader {
  readonly nodes: number;
  readonly userStateBytes: number;
  readonly join: boolean;
}

/** Go writes lengths as signed integers, so they are read as such and refused when negative. */
export const stateHeaderSchema: Schema<StateHeader> = struct({
  nodes: field("Nodes", i64),
  userStateBytes: field("UserStateLen", i64),
  join: field("Join", boolean),
});

export function checkStateHeader(header: StateHeader): Rejected | undefined {
  const { nodes, userStateBytes } = header;
  if (nodes < 0 || nodes > exchangedNodesMax) return rejected("too-large", `a state of ${nodes} nodes`);
  if (userStateBytes < 0 || userStateBytes > userStateBytesMax)
    return rejected("too-large", `a user state of ${userStateBytes} bytes`);
  return undefined;
}

/** A number a newer peer may define is kept apart as undefined: the reference ignores records of states it does not know. */
class NodeStateSchema extends Schema<NodeState | undefined> {
  readonly zero = nodeStates[0];

  read(reader: MsgpackReader): NodeState | undefined {
    return nodeStates[reader.integer()];
  }

  write(writer: MsgpackWriter, value: NodeState): void {
    writer.integer(nodeStates.indexOf(value));
  }
}

/** A string or bytes that make no sense become the zero value instead of a refusal of all that they are part of. */
class ZeroIfMalformed<T> extends Schema<T> {
  readonly zero: T;
  private readonly inner: Schema<T>;

  constructor(inner: Schema<T>) {
    super();
    this.inner = inner;
    this.zero = inner.zero;
  }

  read(reader: MsgpackReader): T {
    const start = reader.position;
    reader.takeRaw();
    const value = new MsgpackReader(reader.bytes, start, reader.position);
    const read = this.inner.read(value);
    return value.failure === undefined ? read : this.zero;
  }

  write(writer: MsgpackWriter, value: T): void {
    this.inner.write(writer, value);
  }
}

export const nodeRecordSchema = struct({
  name: field("Name", new ZeroIfMalformed(text)),
  address: field("Addr", new ZeroIfMalformed(ip)),
  port: field("Port", u16),
  meta: field("Meta", bytes),
  incarnation: field("Incarnation", u32),
  state: field("State", new NodeStateSchema()),
  versions: field("Vsn", versionVector),
});

/** False for a record that is left out of the exchange, so that one odd node does not hide all others. */
export function isUsableRecord(record: ReturnType<typeof nodeRecordSchema.read>): record is NodeStateRecord {
  return record.name !== "" && record.address !== "" && record.state !== undefined;
}

/** The whole message with its type byte, not yet sealed. */
export function encodeStateExchange(exchange: Omit<StateExchange, "kind">): Uint8Array {
  const { nodes, userState, join } = exchange;
  const writer = new MsgpackWriter(64 + 128 * nodes.length + userState.length);
  writer.byte(messageTypes.pushPull);
  stateHeaderSchema.write(writer, { nodes: nodes.length, userStateBytes: userState.length, join });
  for (const node of nodes) nodeRecordSchema.write(writer, node);
  writer.append(userState);
  return writer.finish();
}

export interface UserMessageHeader {
  readonly bytes: number;
}

export const userMessageHeaderSchema: Schema<UserMessageHeader> = struct({
  bytes: field("UserMsgLen", i64),
});
