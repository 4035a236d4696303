import { SerfError } from "../base/errors.ts";

/** Where an agent listens for clients unless told otherwise. */
export const rpcAddressDefault = "127.0.0.1:7373";

/** Where an RPC server is met: over TCP, or by a socket in the file system, which only this machine can reach. */
export type RpcAddress =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

const unixScheme = "unix://";

/** What the kernel's structure for such a path holds, besides the zero byte at its end: `sockaddr_un`. */
const unixPathBytesMax = process.platform === "linux" ? 107 : 103;

/** Reads "unix:///path", or what `splitHostPort` reads. Throws INVALID_ADDRESS. */
export function parseRpcAddress(address: string): RpcAddress {
  if (!address.startsWith(unixScheme)) return { kind: "tcp", ...splitHostPort(address) };
  const path = address.slice(unixScheme.length);
  const problem = unixPathProblem(path);
  if (problem !== undefined) throw new SerfError("INVALID_ADDRESS", `address ${address}: ${problem}`);
  return { kind: "unix", path };
}

export function formatUnixAddress(path: string): string {
  return `${unixScheme}${path}`;
}

function unixPathProblem(path: string): string | undefined {
  if (!path.startsWith("/")) return "the path must be absolute, as in unix:///run/serf.sock";
  if (path.includes("\0")) return "the path must not hold a zero byte";
  const bytes = Buffer.byteLength(path);
  return bytes > unixPathBytesMax
    ? `the path of a socket takes at most ${unixPathBytesMax} bytes, this has ${bytes}`
    : undefined;
}

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
