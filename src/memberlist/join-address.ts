export interface JoinAddress {
  /** Empty if none was given. */
  readonly nodeName: string;
  /** An IP literal without brackets, or a host name; never empty. */
  readonly host: string;
  readonly port: number;
}

/** Stands for the members that the SRV records of a name list, with their ports. */
export interface JoinService {
  readonly service: string;
}

const servicePrefix = "srv:_";

/**
 * Reads `srv:_service._protocol.name`, or `[name/]host[:port]`: "10.0.0.1", "web-1/10.0.0.1:7946", "seeds.example:7000", "[fe80::1]:7946", "fe80::1". An IPv6
 * address with a port needs brackets; without them every colon belongs to the address. As memberlist reads it.
 */
export function parseJoinAddress(
  text: string,
  defaultPort: number,
): JoinAddress | JoinService | { readonly problem: string } {
  // Where memberlist would take "srv" for a host and the rest for its port, and refuse it.
  if (text.startsWith(servicePrefix)) return readService(text.slice(servicePrefix.length - 1));
  const slash = text.indexOf("/");
  if (slash === 0) return { problem: "empty node name provided" };
  const nodeName = slash < 0 ? "" : text.slice(0, slash);
  const { host, port } = splitPort(text.slice(slash + 1));
  if (host === "") return { problem: `no host in "${text}"` };
  if (/[\s[\]/]/.test(host)) return { problem: `"${host}" is neither a host name nor an IP address` };
  if (port === undefined) return { nodeName, host, port: defaultPort };
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    return { problem: `"${port}" is not a port, which is a number from 0 to 65535` };
  }
  return { nodeName, host, port: Number(port) };
}

function readService(service: string): JoinService | { readonly problem: string } {
  if (/^_[\w-]+\._(tcp|udp)\.[\w.-]+$/i.test(service)) return { service };
  return { problem: `"${service}" is not the name of a service, as in srv:_serf._tcp.example.org` };
}

function splitPort(text: string): { readonly host: string; readonly port: string | undefined } {
  const bracketed = /^\[([^[\]]*)\](?::(.*))?$/.exec(text);
  if (bracketed !== null) return { host: bracketed[1]!, port: bracketed[2] };
  const colon = text.indexOf(":");
  if (colon < 0 || colon !== text.lastIndexOf(":")) return { host: text, port: undefined };
  return { host: text.slice(0, colon), port: text.slice(colon + 1) };
}
