/** What Serf sends along in an ack: a version byte, then where the node stands, as a map in MessagePack. */

import { isRejected, type Rejected, rejected } from "../base/rejected.ts";
import type { Coordinate } from "../coordinate/coordinate.ts";
import { f64, field, list, struct } from "../wire/schema.ts";

const pingVersion = 1;

const coordinate = struct({
  vec: field("Vec", list(f64)),
  error: field("Error", f64),
  adjustment: field("Adjustment", f64),
  height: field("Height", f64),
});

export function encodePingPayload(value: Coordinate): Uint8Array {
  return coordinate.encode(value, pingVersion);
}

/** The numbers are not looked at: any may be NaN, and the vector of any length. */
export function decodePingPayload(payload: Uint8Array): Coordinate | Rejected {
  if (payload[0] !== pingVersion) return rejected("version", `Unsupported ping version: ${payload[0]}`);
  const decoded = coordinate.decode(payload, 1);
  if (!isRejected(decoded)) return decoded;
  return rejected(decoded.reason, `Failed to decode coordinate from ping: ${decoded.detail}`);
}
