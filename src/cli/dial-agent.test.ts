import { once } from "node:events";
import { createServer } from "node:net";
import { buffer as readAll } from "node:stream/consumers";
import { describe, expect, onTestFinished, test } from "vitest";
import type { ByteStream } from "../client/connection.ts";
import type { BunSocket, BunSocketHandlers } from "./bun.ts";
import { dialAgent } from "./dial-agent.ts";

// A stand-in for Bun's sockets, since these tests run on Node: the interop suite runs the executable itself.
describe("an agent on this machine is met by Bun's sockets, where there are any", () => {
  test("and by Node's where they do not get there, which says why", async () => {
    const sockets = { connect: () => Promise.reject(new Error("Failed to connect")) };
    await expect(dialAgent("127.0.0.1:1", 5_000, sockets)).rejects.toThrow(
      "dial tcp 127.0.0.1:1: connect: connection refused",
    );
  });

  test("an agent elsewhere, by a name or by a path is met by Node's", async () => {
    const asked: unknown[] = [];
    const sockets = {
      connect: (options: unknown) => {
        asked.push(options);
        return Promise.reject(new Error());
      },
    };
    for (const address of ["localhost:1", "unix:///nowhere/serf.sock", "no address"]) {
      await expect(dialAgent(address, 5_000, sockets)).rejects.toThrow();
    }
    expect(asked).toEqual([]);
  });

  test("and by Node's where they take too long; one that comes about later is closed", async () => {
    const { port, received } = await listen();
    const { socket, terminated } = fakeSocket(() => 0);
    let comeAbout = (): void => undefined;
    const late = new Promise<BunSocket>((resolve) => {
      comeAbout = () => resolve(socket);
    });
    const stream = await dialAgent(`127.0.0.1:${port}`, 1, { connect: () => late });
    comeAbout();
    await late;
    await Promise.resolve();
    expect(terminated()).toBe(true);
    stream.write(Buffer.from("by Node"));
    stream.end(() => undefined);
    expect((await received).toString()).toBe("by Node");
  });
});

describe("a stream over a socket of Bun's", () => {
  test("writes what the socket did not take when it has room again, in order", async () => {
    const buffer = new SendBuffer(4);
    const { stream, handlers, taken } = await connected((bytes) => buffer.take(bytes));
    stream.write(Buffer.from("first "));
    stream.write(Buffer.from("second"));
    expect(taken()).toBe("firs");
    buffer.room = 3;
    handlers.drain();
    expect(taken()).toBe("first s");
    buffer.room = 100;
    handlers.drain();
    expect(taken()).toBe("first second");
  });

  test("ends when all was taken", async () => {
    const buffer = new SendBuffer(2);
    const { stream, handlers, ended } = await connected((bytes) => buffer.take(bytes));
    let isDone = false;
    stream.write(Buffer.from("last"));
    stream.end(() => {
      isDone = true;
    });
    expect([ended(), isDone]).toEqual([false, false]);
    buffer.room = 100;
    handlers.drain();
    expect([ended(), isDone]).toEqual([true, true]);
  });

  test("hands on what arrives, and that it was closed: also to who listens later", async () => {
    const { stream, handlers, socket } = await connected((bytes) => bytes.length);
    const heard: string[] = [];
    stream.on("data", (chunk) => heard.push(Buffer.from(chunk).toString()));
    handlers.data(socket, Buffer.from("answer"));
    handlers.close();
    stream.on("close", () => heard.push("closed"));
    await Promise.resolve();
    expect(heard).toEqual(["answer", "closed"]);
  });

  test("writes nothing to a socket that is closed", async () => {
    const { stream, handlers, taken, ended } = await connected((bytes) => bytes.length);
    handlers.close();
    stream.write(Buffer.from("too late"));
    stream.end(() => undefined);
    expect([taken(), ended()]).toEqual(["", false]);
  });
});

/** Takes as much as there is room for. */
class SendBuffer {
  room: number;

  constructor(room: number) {
    this.room = room;
  }

  take({ length }: Uint8Array): number {
    const count = Math.min(this.room, length);
    this.room -= count;
    return count;
  }
}

async function connected(take: (bytes: Uint8Array) => number) {
  const fake = fakeSocket(take);
  let handlers: BunSocketHandlers | undefined;
  const stream: ByteStream = await dialAgent("127.0.0.1:1", 1_000, {
    connect: (options) => {
      handlers = options.socket;
      return Promise.resolve(fake.socket);
    },
  });
  return { ...fake, stream, handlers: handlers! };
}

function fakeSocket(take: (bytes: Uint8Array) => number) {
  let taken = "";
  let isEnded = false;
  let isTerminated = false;
  const socket: BunSocket = {
    write: (bytes) => {
      const count = take(bytes);
      taken += Buffer.from(bytes.subarray(0, count)).toString();
      return count;
    },
    end: () => {
      isEnded = true;
    },
    terminate: () => {
      isTerminated = true;
    },
  };
  return { socket, taken: () => taken, ended: () => isEnded, terminated: () => isTerminated };
}

async function listen() {
  const server = createServer();
  onTestFinished(() => void server.close());
  const received = once(server, "connection").then(([socket]) => readAll(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { port: (server.address() as { port: number }).port, received };
}
