/**
 * What Serf sends along in an ack: a version byte, then where the node stands, as a map in MessagePack. Ours says in the same map, under a key that
 * other implementations skip, that it is one of ours.
 */

import { isRejected, type Rejected, rejected } from "../base/rejected.ts";
import type { Coordinate } from "../coordinate/coordinate.ts";
import { f64, field, list, optionalField, struct, u8 } from "../wire/schema.ts";

const pingVersion = 1;

/** The node pulls the user events that it misses, however old they are: see `EventRepair`. */
const pullsEventsBit = 1;
/** The node keeps streams open for those who watch it: see `Ping.hold`. */
const keepsStreamsBit = 2;

const pingPayload = struct({
  vec: field("Vec", list(f64)),
  error: field("Error", f64),
  adjustment: field("Adjustment", f64),
  height: field("Height", f64),
  /** A bit for each thing that the node does beyond the reference. */
  extensions: optionalField("Ext", u8),
});

export interface PingPayload {
  readonly coordinate: Coordinate;
  /** Whether the node pulls the user events that it misses. */
  readonly pullsEvents: boolean;
  /** Whether the node keeps streams open for those who watch it. */
  readonly keepsStreams: boolean;
}

/** Of one that does nothing of that, as others. */
const noExtensions = { pullsEvents: false, keepsStreams: false };

export function encodePingPayload(
  coordinate: Coordinate,
  does: Omit<PingPayload, "coordinate"> = noExtensions,
): Uint8Array {
  const extensions = (does.pullsEvents ? pullsEventsBit : 0) | (does.keepsStreams ? keepsStreamsBit : 0);
  return pingPayload.encode({ ...coordinate, extensions }, pingVersion);
}

/** The numbers are not looked at: any may be NaN, and the vector of any length. */
export function decodePingPayload(payload: Uint8Array): PingPayload | Rejected {
  if (payload[0] !== pingVersion) return rejected("version", `Unsupported ping version: ${payload[0]}`);
  const decoded = pingPayload.decode(payload, 1);
  if (isRejected(decoded)) return rejected(decoded.reason, `Failed to decode coordinate from ping: ${decoded.detail}`);
  const { extensions, ...coordinate } = decoded;
  return {
    coordinate,
    pullsEvents: (extensions & pullsEventsBit) !== 0,
    keepsStreams: (extensions & keepsStreamsBit) !== 0,
  };
}
