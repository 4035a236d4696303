/** The messages of queries on the wire: the question, the answer, its way around, and what restricts who is asked. */

import { ip } from "../wire/ip-schema.ts";
import {
  bytes,
  field,
  i64,
  list,
  looseText,
  map,
  message,
  nullable,
  struct,
  text,
  u8,
  u16,
  u32,
  u64,
  type Value,
} from "../wire/schema.ts";

/** Bits of `flags`, of queries and of their answers. */
export const queryFlags = {
  /** In a query: acks are asked for. In an answer: this is one. */
  ack: 1,
  /** Asks the receivers not to pass the query on. */
  noBroadcast: 2,
} as const;

/** One for names, and one for each tag asked for: a query has no use for more. */
const filtersMax = 1_024;

export const query = message("query", {
  lamportTime: field("LTime", u64),
  id: field("ID", u32),
  /** Where answers go. */
  address: field("Addr", ip),
  port: field("Port", u16),
  sourceNode: field("SourceNode", text),
  /** All must match; none, as nil, is everybody. See query-filter. */
  filters: field("Filters", nullable(list(bytes, filtersMax))),
  flags: field("Flags", u32),
  /** Through how many other members each answer is to be sent besides. */
  relayFactor: field("RelayFactor", u8),
  timeoutNs: field("Timeout", i64),
  name: field("Name", looseText),
  payload: field("Payload", bytes),
});

export const queryResponse = message("query-response", {
  lamportTime: field("LTime", u64),
  id: field("ID", u32),
  from: field("From", text),
  flags: field("Flags", u32),
  payload: field("Payload", bytes),
});

/** Heads a message that another member is to hand on. */
export const relayHeader = struct({
  destination: field(
    "DestAddr",
    struct({ address: field("IP", ip), port: field("Port", u16), zone: field("Zone", looseText) }),
  ),
  destinationName: field("DestName", text),
});

/** The first byte of a filter. */
export const filterTypes = { nodes: 0, tag: 1 } as const;
export const nodeFilter = list(text);
export const tagFilter = struct({ tag: field("Tag", text), expression: field("Expr", looseText) });

/** What a node answers who is asked about a name in conflict: the member it knows by that name, or nil. */
export const conflictingMember = nullable(
  struct({
    name: field("Name", text),
    address: field("Addr", ip),
    port: field("Port", u16),
    tags: field("Tags", map(looseText)),
    status: field("Status", u8),
    protocolMin: field("ProtocolMin", u8),
    protocolMax: field("ProtocolMax", u8),
    protocolCurrent: field("ProtocolCur", u8),
    delegateMin: field("DelegateMin", u8),
    delegateMax: field("DelegateMax", u8),
    delegateCurrent: field("DelegateCur", u8),
  }),
);

export type QueryMessage = Value<typeof query>;
export type QueryResponse = Value<typeof queryResponse>;
