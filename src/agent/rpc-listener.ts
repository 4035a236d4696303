/** Where the RPC server listens: a TCP port, or a socket in the file system for this user alone. */

import { chmodSync, lstatSync, statSync, unlinkSync } from "node:fs";
import { type AddressInfo, connect, type Server } from "node:net";
import { dirname } from "node:path";
import { formatEndpoint } from "../base/address.ts";
import { messageOf, SerfError } from "../base/errors.ts";
import { describeFileFailure } from "../host/file-failure.ts";
import { formatUnixAddress, parseRpcAddress, type RpcAddress } from "../rpc/address.ts";

/** Whoever may write to the socket controls the agent. */
const socketMode = 0o600;

/**
 * Resolves to where it listens, in the form that clients take. Rejects with INVALID_ADDRESS, ADDRESS_IN_USE or LISTEN_FAILED. The file
 * of a socket is removed when the server closes.
 */
export async function listenForClients(server: Server, address: string): Promise<string> {
  const parsed = addressToListen(address);
  if (parsed.kind === "tcp") {
    const host = parsed.host === "" ? undefined : parsed.host;
    await listening(server, `listen tcp ${address}`, () => server.listen({ host, port: parsed.port }));
    const bound = server.address() as AddressInfo;
    return formatEndpoint({ address: bound.address, port: bound.port });
  }
  const { path } = parsed;
  await removeStaleSocket(path);
  await listening(server, `listen unix ${path}`, () => listenPrivately(server, path));
  return formatUnixAddress(path);
}

/** In the reference's words: "listen tcp: address nowhere: missing port in address". */
function addressToListen(address: string): RpcAddress {
  try {
    return parseRpcAddress(address);
  } catch (error) {
    if (address.startsWith("unix:")) throw error;
    throw new SerfError("INVALID_ADDRESS", `listen tcp: ${messageOf(error)}`, { cause: error });
  }
}

function listening(server: Server, what: string, listen: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const inUse = error.code === "EADDRINUSE";
      const message = `${what}: ${inUse ? "bind: address already in use" : error.message}`;
      reject(new SerfError(inUse ? "ADDRESS_IN_USE" : "LISTEN_FAILED", message, { cause: error }));
    });
    server.once("listening", () => {
      server.removeAllListeners("error");
      resolve();
    });
    listen();
  });
}

/** The file is made within `listen`, and nobody else may find it open even for a moment. */
function listenPrivately(server: Server, path: string): void {
  const before = narrowUmask();
  try {
    server.listen({ path, exclusive: true });
  } finally {
    if (before !== undefined) process.umask(before);
  }
  // In a worker thread the mask cannot be set: there the moment remains.
  if (before === undefined && server.listening) chmodSync(path, socketMode);
}

function narrowUmask(): number | undefined {
  try {
    return process.umask(0o777 & ~socketMode);
  } catch {
    return undefined;
  }
}

/** A killed agent leaves its socket behind. It is removed if it is a socket and nobody answers there. */
async function removeStaleSocket(path: string): Promise<void> {
  const fail = (code: "ADDRESS_IN_USE" | "LISTEN_FAILED", problem: string, cause?: unknown) =>
    new SerfError(code, `listen unix ${path}: ${problem}`, { cause });
  try {
    // Node calls a folder that is not there a lack of permission.
    statSync(dirname(path));
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found === undefined) return;
    if (!found.isSocket()) throw fail("LISTEN_FAILED", "the file exists and is no socket");
    if (await answers(path)) throw fail("ADDRESS_IN_USE", "bind: address already in use");
    unlinkSync(path);
  } catch (error) {
    if (error instanceof SerfError) throw error;
    throw fail("LISTEN_FAILED", describeFileFailure(error), error);
  }
}

/** Rejects where that cannot be told. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNREFUSED" || error.code === "ENOENT") resolve(false);
      else reject(error);
    });
  });
}
