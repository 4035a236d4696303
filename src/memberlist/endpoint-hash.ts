import type { Endpoint } from "../base/address.ts";

/** 32 bits that differ for nearly all addresses, the same on every node. */
export function hashOfEndpoint({ address, port }: Endpoint): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < address.length; index++) hash = Math.imul(hash ^ address.charCodeAt(index), 0x01000193);
  return mixed(Math.imul(hash ^ port, 0x01000193));
}

/** Spreads small differences over all 32 bits (the last step of MurmurHash3). */
export function mixed(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
