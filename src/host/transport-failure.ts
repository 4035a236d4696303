import type { TransportFailure } from "../base/host.ts";

/** What a system error on a packet or stream means to the protocol. */
export function toTransportFailure(error: NodeJS.ErrnoException): TransportFailure {
  return { kind: failureKind(error.code), detail: error.message };
}

function failureKind(code: string | undefined): TransportFailure["kind"] {
  switch (code) {
    case "ECONNREFUSED":
      return "refused";
    case "ETIMEDOUT":
      return "timeout";
    case "ECONNRESET":
    case "ECONNABORTED":
    case "EPIPE":
      return "reset";
    default:
      return "unreachable";
  }
}
