import { connect, type Socket } from "node:net";
import { formatEndpoint } from "../base/address.ts";
import { dialFailureText, dialTimeoutText } from "../base/dial-failure.ts";
import { messageOf, SerfError } from "../base/errors.ts";
import { parseRpcAddress, type RpcAddress } from "../rpc/address.ts";

/** Connects to "host:port" or "unix:///path". Rejects with CONNECTION_FAILED, after `timeoutMs` at the latest. */
export function dial(address: string, timeoutMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const target = parse(address);
    const socket = open(target);
    const fail = (message: string, cause?: Error): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(new SerfError("CONNECTION_FAILED", message, { cause }));
    };
    const timer = setTimeout(() => fail(describeTimeout(address, target)), timeoutMs);
    socket.once("error", (error) => fail(describe(address, target, error), error));
    socket.once("connect", () => {
      clearTimeout(timer);
      socket.removeAllListeners("error");
      resolve(socket);
    });
  });
}

function open(target: RpcAddress): Socket {
  if (target.kind === "unix") return connect({ path: target.path });
  const { host, port } = target;
  return connect({ host: host === "" ? "localhost" : host, port, noDelay: true, keepAlive: true });
}

function parse(address: string): RpcAddress {
  try {
    return parseRpcAddress(address);
  } catch (error) {
    throw new SerfError("CONNECTION_FAILED", `dial tcp: ${messageOf(error)}`, { cause: error });
  }
}

function describeTimeout(address: string, target: RpcAddress): string {
  return target.kind === "unix" ? dialTimeoutText(target.path, "unix") : dialTimeoutText(address);
}

function describe(address: string, target: RpcAddress, error: NodeJS.ErrnoException): string {
  if (target.kind === "unix") return dialFailureText(target.path, error.code, error.message, "unix");
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
