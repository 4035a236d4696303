import { utf8Decode, utf8Encode } from "../base/bytes.ts";
import { isRejected, type Rejected } from "../base/rejected.ts";
import { looseText, map } from "../wire/schema.ts";
import type { Tags } from "./member.ts";

/** What a member may attach to itself on the wire, tags encoded. */
export const encodedTagsBytesMax = 512;

/** The first byte of encoded tags. Text cannot begin with it, so it tells them from the bare role of protocol 2. */
const magic = 255;

const tagMap = map(looseText);

/** Up to protocol 2 a member has nothing but a role, written as it is. */
const tagsSince = 3;

export function encodeTags(tags: Tags, protocolVersion: number): Uint8Array {
  if (protocolVersion < tagsSince) return utf8Encode(roleOf(tags));
  return tagMap.encode(new Map(Object.entries(tags)), magic);
}

/** What does not begin as tags do is a bare role; nothing at all is the empty role, as the reference reads it. */
export function decodeTags(meta: Uint8Array): { readonly tags: Tags } | Rejected {
  if (meta[0] !== magic) return { tags: { role: utf8Decode(meta) } };
  const decoded = tagMap.decode(meta, 1);
  // From entries, so that a tag named __proto__ is a tag like any other.
  return isRejected(decoded) ? decoded : { tags: Object.fromEntries(decoded) };
}

function roleOf(tags: Tags): string {
  return new Map(Object.entries(tags)).get("role") ?? "";
}
