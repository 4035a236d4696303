/** Addresses as the protocol sees them: an IP literal and a port; on the wire 4 or 16 bytes and a u16. */

import { readUint16, writeUint16 } from "./bytes.ts";

/** `address` is an IP literal in canonical form ("10.0.0.1", "fe80::1"), never a host name. `port` is in [0, 65535]. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** Where members listen unless told otherwise, UDP and TCP. */
export const memberPortDefault = 7946;

/** Address and port are the same. */
export function isSameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return a.address === b.address && a.port === b.port;
}

/** "10.0.0.1:7946", "[::1]:7946" */
export function formatEndpoint(endpoint: Endpoint): string {
  const { address, port } = endpoint;
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Reads what `formatEndpoint` writes; the address comes back in canonical form. Undefined for anything else. */
export function parseEndpoint(text: string): Endpoint | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const literal = match[1] ?? match[2]!;
  // Brackets are for IPv6 alone.
  if ((match[1] !== undefined) !== literal.includes(":")) return undefined;
  const address = canonicalIp(literal);
  const port = Number(match[3]);
  return address === undefined || port > 65_535 ? undefined : { address, port };
}

/** The one text for an address: dotted for IPv4 and for IPv4 mapped into IPv6, RFC 5952 otherwise. Undefined if not an IP literal. */
export function canonicalIp(text: string): string | undefined {
  const bytes = ipToBytes(text);
  return bytes === undefined ? undefined : bytesToIp(bytes);
}

/** 4 bytes for IPv4 and for IPv4 mapped into IPv6, 16 bytes for IPv6. Undefined if not an IP literal; zones are not taken. */
export function ipToBytes(text: string): Uint8Array | undefined {
  if (!text.includes(":")) return parseIpv4(text);
  const bytes = parseIpv6(text);
  return bytes !== undefined && isMappedIpv4(bytes) ? bytes.slice(12) : bytes;
}

/** The text for 4 or 16 bytes. Undefined for any other length. */
export function bytesToIp(bytes: Uint8Array): string | undefined {
  if (bytes.length === 4) return formatIpv4(bytes, 0);
  if (bytes.length !== 16) return undefined;
  return isMappedIpv4(bytes) ? formatIpv4(bytes, 12) : formatIpv6(bytes);
}

/** Four decimal numbers. A leading zero is octal to some and decimal to others, so it is nobody's. */
function parseIpv4(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(4);
  let part = 0;
  let digits = 0;
  let value = 0;
  for (let i = 0; i <= text.length; i++) {
    const unit = i < text.length ? text.charCodeAt(i) : dot;
    if (unit === dot) {
      if (digits === 0 || part > 3) return undefined;
      bytes[part++] = value;
      digits = 0;
      value = 0;
    } else {
      if (unit < digit0 || unit > digit0 + 9 || (digits > 0 && value === 0)) return undefined;
      value = 10 * value + unit - digit0;
      digits++;
      if (value > 255) return undefined;
    }
  }
  return part === 4 ? bytes : undefined;
}

const dot = 0x2e;
const digit0 = 0x30;

function parseIpv6(text: string): Uint8Array | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0]!, halves.length === 1);
  const tail = parseGroups(halves[1] ?? "", true);
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const bytes = new Uint8Array(16);
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail];
  for (const [i, group] of groups.entries()) writeUint16(bytes, 2 * i, group);
  return bytes;
}

/** "fe80:0:1" -> three groups. The last part of an address may be a dotted IPv4 address, which is two groups. */
function parseGroups(text: string, atEnd: boolean): number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [i, part] of parts.entries()) {
    if (atEnd && i === parts.length - 1 && part.includes(".")) {
      const dotted = parseIpv4(part);
      if (dotted === undefined) return undefined;
      groups.push(readUint16(dotted, 0), readUint16(dotted, 2));
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      groups.push(Number.parseInt(part, 16));
    } else {
      return undefined;
    }
  }
  return groups;
}

function isMappedIpv4(bytes: Uint8Array): boolean {
  for (let i = 0; i < 10; i++) if (bytes[i] !== 0) return false;
  return bytes[10] === 0xff && bytes[11] === 0xff;
}

function formatIpv4(bytes: Uint8Array, offset: number): string {
  return `${bytes[offset]}.${bytes[offset + 1]}.${bytes[offset + 2]}.${bytes[offset + 3]}`;
}

/** RFC 5952: lower case, no leading zeros, the first longest run of at least two zero groups as "::". */
function formatIpv6(bytes: Uint8Array): string {
  const groups: number[] = [];
  for (let i = 0; i < 8; i++) groups.push(readUint16(bytes, 2 * i));
  let runStart = 0;
  let runLength = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groups[end] === 0) end++;
    if (end - i > runLength) {
      runStart = i;
      runLength = end - i;
    }
  }
  const text = (part: number[]): string => part.map((group) => group.toString(16)).join(":");
  if (runLength < 2) return text(groups);
  return `${text(groups.slice(0, runStart))}::${text(groups.slice(runStart + runLength))}`;
}
