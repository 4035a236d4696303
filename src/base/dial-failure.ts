/** Go's words for what goes wrong most, so that our messages are those that Serf's users know and search for. */
const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connect: connection refused",
  ECONNRESET: "connect: connection reset by peer",
  EHOSTUNREACH: "connect: no route to host",
  ENETUNREACH: "connect: network is unreachable",
  ETIMEDOUT: "connect: connection timed out",
};

/** Why a stream to `address` could not be opened, from the system's code; any other failure speaks for itself. */
export function dialFailureText(address: string, code: string | undefined, message: string): string {
  return `dial tcp ${address}: ${reasons[code ?? ""] ?? message}`;
}

export function dialTimeoutText(address: string): string {
  return `dial tcp ${address}: i/o timeout`;
}
