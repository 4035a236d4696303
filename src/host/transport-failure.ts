import { formatEndpoint } from "../base/address.ts";
import { dialFailureText } from "../base/dial-failure.ts";
import type { TransportFailure } from "../base/host.ts";

/** What Node adds to an error of `connect`. */
interface SystemError extends NodeJS.ErrnoException {
  readonly address?: string;
  readonly port?: number;
}

/** What a system error on a packet or stream means to the protocol. */
export function toTransportFailure(error: SystemError): TransportFailure {
  return { kind: failureKind(error.code), detail: describe(error) };
}

function describe({ syscall, address, port, code, message }: SystemError): string {
  if (syscall !== "connect" || address === undefined || port === undefined) return message;
  return dialFailureText(formatEndpoint({ address, port }), code, message);
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
