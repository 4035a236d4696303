import type { Socket } from "node:dgram";

/** Each try takes one refusal that was waiting: more than a few come only from a host where everything is refused. */
const triesMax = 4;

/**
 * Sends a packet on a socket that reports ICMP errors, as Bun's do and Node's do not. There, after a packet to a port where nobody listens,
 * the next `send` fails with ECONNREFUSED, whomever it is for, and sends nothing: a crashed member would cost the others their gossip. So
 * a refused packet is sent again. `failed` hears of any other error, and of a packet that was refused again and again. `socket` gives
 * undefined once it is closed.
 */
export function sendAgainIfRefused(
  socket: () => Pick<Socket, "send"> | undefined,
  packet: Uint8Array,
  port: number,
  address: string,
  failed: (error: NodeJS.ErrnoException) => void,
): void {
  let tries = 0;
  const attempt = (): void => {
    tries++;
    socket()?.send(packet, port, address, (error: NodeJS.ErrnoException | null) => {
      if (error === null || error === undefined) return;
      if (error.code === "ECONNREFUSED" && tries < triesMax) attempt();
      else failed(error);
    });
  };
  attempt();
}
