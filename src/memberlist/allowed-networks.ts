import { ipToBytes } from "../base/address.ts";
import { SerfError } from "../base/errors.ts";

interface Network {
  /** 4 or 16 bytes; those bits beyond the prefix are ignored. */
  readonly bytes: Uint8Array;
  readonly prefixBits: number;
}

/**
 * The networks that members may have their addresses in. An empty list allows every address. IPv4 addresses written as
 * IPv6 ("::ffff:10.0.0.1") are IPv4 addresses.
 */
export class AllowedNetworks {
  private readonly networks: readonly Network[];

  /** `cidrs` are "10.0.0.0/8", "fd00::/8" and the like. Throws INVALID_OPTION for anything else. */
  constructor(cidrs: readonly string[]) {
    this.networks = cidrs.map(parseNetwork);
  }

  /** `address` is an IP literal; whatever is none is not allowed where anything is restricted. */
  allows(address: string): boolean {
    if (this.networks.length === 0) return true;
    const bytes = ipToBytes(address);
    return bytes !== undefined && this.networks.some((network) => contains(network, bytes));
  }
}

function parseNetwork(text: string): Network {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text.trim());
  const bytes = match === null ? undefined : ipToBytes(match[1]!);
  if (match === null || bytes === undefined) throw invalid(text);
  // The prefix of an IPv4 network written as IPv6 counts the 96 bits in front of it.
  const leadingBits = bytes.length === 4 && match[1]!.includes(":") ? 96 : 0;
  const prefixBits = Number(match[2]) - leadingBits;
  if (prefixBits < 0 || prefixBits > bytes.length * 8) throw invalid(text);
  return { bytes, prefixBits };
}

function contains(network: Network, address: Uint8Array): boolean {
  const { bytes, prefixBits } = network;
  if (bytes.length !== address.length) return false;
  const wholeBytes = prefixBits >> 3;
  for (let i = 0; i < wholeBytes; i++) if (bytes[i] !== address[i]) return false;
  const restBits = prefixBits & 7;
  if (restBits === 0) return true;
  const shift = 8 - restBits;
  return bytes[wholeBytes]! >> shift === address[wholeBytes]! >> shift;
}

function invalid(text: string): SerfError {
  return new SerfError("INVALID_OPTION", `"${text}" is not a network such as 10.0.0.0/8 or fd00::/8`);
}
