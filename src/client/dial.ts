import { connect, type Socket } from "node:net";
import { formatEndpoint } from "../base/address.ts";
import { dialFailureText, dialTimeoutText } from "../base/dial-failure.ts";
import { messageOf, SerfError } from "../base/errors.ts";
import { splitHostPort } from "../rpc/address.ts";

/** Connects to "host:port". Rejects with CONNECTION_FAILED, after `timeoutMs` at the latest. */
export function dial(address: string, timeoutMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const { host, port } = parse(address);
    const socket = connect({ host: host === "" ? "localhost" : host, port, noDelay: true, keepAlive: true });
    const fail = (message: string, cause?: Error): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(new SerfError("CONNECTION_FAILED", message, { cause }));
    };
    const timer = setTimeout(() => fail(dialTimeoutText(address)), timeoutMs);
    socket.once("error", (error) => fail(describe(address, error), error));
    socket.once("connect", () => {
      clearTimeout(timer);
      socket.removeAllListeners("error");
      resolve(socket);
    });
  });
}

function parse(address: string): { host: string; port: number } {
  try {
    return splitHostPort(address);
  } catch (error) {
    throw new SerfError("CONNECTION_FAILED", `dial tcp: ${messageOf(error)}`, { cause: error });
  }
}

function describe(address: string, error: Error): string {
  // A host with several addresses fails with one error for each; the last one speaks for all, as in the reference.
  const last = (error instanceof AggregateError ? error.errors.at(-1) : error) as NodeJS.ErrnoException & {
    address?: string;
    port?: number;
    hostname?: string;
  };
  if (last.syscall === "getaddrinfo") return `dial tcp: lookup ${last.hostname}: no such host`;
  const tried = last.address === undefined ? address : formatEndpoint({ address: last.address, port: last.port ?? 0 });
  return dialFailureText(tried, last.code, last.message);
}
