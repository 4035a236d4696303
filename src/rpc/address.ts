import { SerfError } from "../base/errors.ts";

/** Where an agent listens for clients unless told otherwise. */
export const rpcAddressDefault = "127.0.0.1:7373";

/**
 * Splits "host:port", "[ipv6]:port" or ":port" (all addresses, or this machine). The messages of INVALID_ADDRESS are the
 * reference's.
 */
export function splitHostPort(address: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*)):([^:]*)$/.exec(address);
  if (match === null) throw new SerfError("INVALID_ADDRESS", `address ${address}: ${problemOf(address)}`);
  const portText = match[3]!;
  const port = Number(portText);
  if (!/^\d*$/.test(portText)) throw new SerfError("INVALID_ADDRESS", `address tcp/${portText}: unknown port`);
  if (port > 65_535) throw new SerfError("INVALID_ADDRESS", `address ${portText}: invalid port`);
  return { host: match[1] ?? match[2]!, port };
}

function problemOf(address: string): string {
  const colons = address.split(":").length - 1;
  if (address.startsWith("[") ? !/\]:/.test(address) : colons === 0) return "missing port in address";
  return "too many colons in address";
}
