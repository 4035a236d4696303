/** Go's words for what goes wrong most, so that our messages are those that Serf's users know and search for. */
const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connect: connection refused",
  ECONNRESET: "connect: connection reset by peer",
  EHOSTUNREACH: "connect: no route to host",
  ENETUNREACH: "connect: network is unreachable",
  ENOENT: "connect: no such file or directory",
  EACCES: "connect: permission denied",
  ETIMEDOUT: "connect: connection timed out",
};

/** Why a stream to `address` could not be opened, from the system's code; any other failure speaks for itself. */
export function dialFailureText(
  address: string,
  code: string | undefined,
  message: string,
  network: "tcp" | "unix" = "tcp",
): string {
  return `dial ${network} ${address}: ${reasons[code ?? ""] ?? message}`;
}

export function dialTimeoutText(address: string, network: "tcp" | "unix" = "tcp"): string {
  return `dial ${network} ${address}: i/o timeout`;
}
