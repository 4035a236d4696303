import type { ByteStream } from "../client/connection.ts";
import type { Bun, BunSocket, BunSocketHandlers } from "./bun.ts";

/** Resolves to undefined where no connection comes about within that time. */
export async function connectOnBun(
  sockets: Pick<Bun, "connect">,
  { host, port }: { readonly host: string; readonly port: number },
  timeoutMs: number,
): Promise<ByteStream | undefined> {
  const stream = new BunStream();
  const connecting = sockets.connect({ hostname: host, port, socket: stream.handlers }).then(
    (socket) => {
      stream.connected(socket);
      return stream;
    },
    () => undefined,
  );
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => {
      stream.destroy();
      resolve(undefined);
    }, timeoutMs);
  });
  return Promise.race([connecting, tooLate]).finally(() => clearTimeout(timer));
}

/** A socket of Bun's, as a connection to an agent needs it. */
class BunStream implements ByteStream {
  readonly handlers: BunSocketHandlers = {
    data: (_, chunk) => this.receive(chunk),
    drain: () => this.flush(),
    close: () => this.finish(),
    error: () => undefined,
  };
  private socket: BunSocket | undefined;
  /** What the socket has not taken yet. */
  private waiting: Uint8Array[] = [];
  private ended: (() => void) | undefined;
  private closed = false;
  private receive: (chunk: Uint8Array) => void = () => undefined;
  private happen: () => void = () => undefined;

  connected(socket: BunSocket): void {
    this.socket = socket;
    if (this.closed) socket.terminate();
  }

  on(event: "data" | "error" | "close", listener: ((chunk: Uint8Array) => void) & (() => void)): void {
    if (event === "data") this.receive = listener;
    if (event !== "close") return;
    this.happen = listener;
    // It may have been closed before anybody listened.
    if (this.closed) queueMicrotask(listener);
  }

  write(bytes: Uint8Array): void {
    this.waiting.push(bytes);
    this.flush();
  }

  end(done: () => void): void {
    this.ended = done;
    this.flush();
  }

  destroy(): void {
    this.finish();
    this.socket?.terminate();
  }

  private flush(): void {
    const { socket, waiting } = this;
    if (socket === undefined || this.closed) return;
    while (waiting.length > 0) {
      const bytes = waiting[0]!;
      const taken = Math.max(0, socket.write(bytes));
      if (taken < bytes.length) {
        waiting[0] = bytes.subarray(taken);
        return;
      }
      waiting.shift();
    }
    if (this.ended === undefined) return;
    socket.end();
    this.ended();
  }

  private finish(): void {
    if (this.closed) return;
    this.closed = true;
    this.happen();
  }
}
