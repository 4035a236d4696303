/** Addresses as the protocol sees them: an IP literal and a port; on the wire 4 or 16 bytes and a u16. */

/** `address` is an IP literal in canonical form ("10.0.0.1", "fe80::1"), never a host name. `port` is in [0, 65535]. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** "10.0.0.1:7946", "[::1]:7946" */
export function formatEndpoint(endpoint: Endpoint): string {
  const { address, port } = endpoint;
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
