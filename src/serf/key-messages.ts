/** What the queries that change keys carry, and their answers. */

import { boolean, bytes, field, list, looseText, nullable, struct, type Value } from "../wire/schema.ts";

/** The first byte of the payloads. */
export const keyMessageTypes = { request: 7, response: 8 } as const;

/** Empty in the query that lists keys. */
export const keyRequest = struct({ key: field("Key", bytes) });

export const keyResponse = struct({
  /** False: the message says why. */
  succeeded: field("Result", boolean),
  message: field("Message", looseText),
  /** In base64, and only of `list-keys`; in all other answers nil. */
  keys: field("Keys", nullable(list(looseText))),
  primaryKey: field("PrimaryKey", looseText),
});

export type KeyResponse = Value<typeof keyResponse>;

export function encodeKeyResponse(response: KeyResponse): Uint8Array {
  return keyResponse.encode(response, keyMessageTypes.response);
}
