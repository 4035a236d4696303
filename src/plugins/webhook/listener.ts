/** The HTTP around the receiver. */

import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Endpoint } from "../shared/endpoint.ts";
import { failure, type Receiver, type Reply } from "./receiver.ts";

export interface HttpListener {
  /** Where it listens: "127.0.0.1:7380". */
  readonly address: string;
  close(): Promise<void>;
}

const connectionsMax = 256;
/** For a whole request: who sends it byte by byte is cut off. */
const requestMsMax = 10_000;
const checkEveryMs = 2000;

const limits = {
  requestTimeout: requestMsMax,
  headersTimeout: requestMsMax,
  connectionsCheckingInterval: checkEveryMs,
};

/** Rejects where it cannot listen. */
export async function listenByHttp(
  { host, port }: Endpoint,
  receiver: Receiver,
  bodyBytesMax: number,
  log: (line: string) => void,
): Promise<HttpListener> {
  const server = createServer(limits, (request, response) => {
    void serve(receiver, request, bodyBytesMax)
      .then((reply) => {
        log(`${request.socket.remoteAddress} ${request.method} ${JSON.stringify(request.url)}: ${reply.status}`);
        send(response, reply);
      })
      // The connection is gone: nobody is there to be told.
      .catch(() => response.destroy());
  });
  server.maxConnections = connectionsMax;
  server.listen(port, host);
  await once(server, "listening");
  const bound = server.address() as AddressInfo;
  return {
    address: `${bound.family === "IPv6" ? `[${bound.address}]` : bound.address}:${bound.port}`,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

async function serve(receiver: Receiver, request: IncomingMessage, bodyBytesMax: number): Promise<Reply> {
  const { method = "", url = "", headers, socket } = request;
  const decision = receiver.admit({
    method,
    target: url,
    authorization: headers.authorization ?? "",
    contentType: headers["content-type"] ?? "",
    address: socket.remoteAddress ?? "",
  });
  if ("status" in decision) return decision;
  const body = await readBody(request, bodyBytesMax);
  if (body === undefined) return failure(413, "BODY_TOO_LARGE", `a body has at most ${bodyBytesMax} bytes here`);
  return receiver.perform(decision, body);
}

/** Undefined where it is too long. Rejects when the connection ends before it does. */
async function readBody(request: IncomingMessage, bytesMax: number): Promise<Uint8Array | undefined> {
  if (Number(request.headers["content-length"] ?? 0) > bytesMax) return undefined;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // Not for-await: leaving that early would end the connection before the reply.
  return new Promise((resolve, reject) => {
    request.on("data", (chunk: Uint8Array) => {
      bytes += chunk.length;
      if (bytes > bytesMax) resolve(undefined);
      else chunks.push(chunk);
    });
    request.on("end", () => resolve(Buffer.concat(chunks)));
    request.on("error", reject);
    request.on("close", () => reject(new Error("the connection ended")));
  });
}

function send(response: ServerResponse, { status, headers = {}, body }: Reply): void {
  const bytes = Buffer.from(`${JSON.stringify(body)}\n`);
  // What was not read of a refused request is not waited for.
  const isCut = !response.req.complete;
  response.writeHead(status, {
    "Content-Type": "application/json",
    "Content-Length": bytes.length,
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    ...(isCut && { Connection: "close" }),
    ...headers,
  });
  response.end(bytes);
}
