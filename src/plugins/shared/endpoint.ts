import { isIP } from "node:net";

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

const hostDefault = "127.0.0.1";

/** Reads "7380", ":7380", "10.0.0.1:7380", "[::1]:7380". */
export function readEndpoint(text: string): Endpoint | { readonly problem: string } {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]*)\]:|([^:]*):)?(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? (plain === undefined || plain === "" ? hostDefault : plain);
  const port = Number(digits);
  if (digits === undefined || port > 65_535 || (isIP(host) === 0 && host !== "localhost"))
    return { problem: `must be a port, or address:port, is ${JSON.stringify(text)}` };
  return { host, port };
}
