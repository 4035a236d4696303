import type { ByteStream } from "../client/connection.ts";
import { dial } from "../client/dial.ts";
import { parseRpcAddress } from "../rpc/address.ts";
import { type Bun, bun } from "./bun.ts";
import { connectOnBun } from "./bun-stream.ts";

/** This machine answers at once, or not at all. */
const nearbyMs = 1_000;

/**
 * As `dial`. The executable goes to an agent on this machine by Bun's own sockets: to load Node's and to connect by them takes 3 of the 15 ms that
 * `serf members` has. Whatever is wrong then is found and told by `dial`.
 */
export async function dialAgent(
  address: string,
  timeoutMs: number,
  sockets: Pick<Bun, "connect"> | undefined = bun,
): Promise<ByteStream> {
  const nearby = sockets && nearbyEndpoint(address);
  const connected = nearby && (await connectOnBun(sockets, nearby, Math.min(nearbyMs, timeoutMs)));
  return connected ?? dial(address, timeoutMs);
}

function nearbyEndpoint(address: string): { readonly host: string; readonly port: number } | undefined {
  try {
    const target = parseRpcAddress(address);
    return target.kind === "tcp" && /^(127\.[\d.]+|::1)$/.test(target.host) ? target : undefined;
  } catch {
    return undefined;
  }
}
