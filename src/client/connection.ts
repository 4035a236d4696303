import { Subscription, type SubscriptionSource } from "../async/subscription.ts";
import { assert, SerfError } from "../base/errors.ts";
import { isRejected } from "../base/rejected.ts";
import {
  type Body,
  type CommandName,
  commandDeclaration,
  type RecordOf,
  type RequestOf,
  type ResponseOf,
  readBody,
  responseHasBody,
  responseHeader,
} from "../rpc/commands.ts";
import { decodeFrame, encodeFrame, FrameReader } from "../rpc/framing.ts";

/** Far above what ten thousand members take. The agent is trusted; this bounds what a broken one can cost. */
const frameBytesMax = 64 * 1024 * 1024;

/** What a connection needs of a socket. */
export interface ByteStream {
  on(event: "data", receive: (chunk: Uint8Array) => void): unknown;
  on(event: "error" | "close", happen: () => void): unknown;
  write(bytes: Uint8Array): unknown;
  /** Calls `done` when all that was written has left. */
  end(done: () => void): unknown;
  destroy(): unknown;
}

/** What is expected under one sequence number. A streaming command gets an answer first and then records. */
interface Expectation {
  readonly command: CommandName;
  answered: boolean;
  answer(error: string, body: unknown): void;
  record(body: unknown): void;
  /** The connection is gone; without a failure its owner closed it. */
  closed(failure: SerfError | undefined): void;
}

/** How the records of a streaming command become those of a subscription. */
export interface SubscriptionReading<C extends CommandName, T>
  extends Pick<SubscriptionSource<T>, "waitingMax" | "signal" | "missed"> {
  /** Undefined for a record to leave out. */
  convert(record: RecordOf<C>): T | undefined;
  /** Whether none follows. */
  isLast?(record: RecordOf<C>): boolean;
}

/** One RPC connection: numbers requests, and brings each answer and record to whoever waits for it. */
export class RpcConnection {
  private readonly connection: ByteStream;
  private readonly reader = new FrameReader(frameBytesMax);
  private readonly expected = new Map<number, Expectation>();
  private lastSequence = 0;
  /** A header whose body is still to come. */
  private pending: { expectation: Expectation; error: string } | undefined;
  private closed = false;

  /** `connection` is open and nobody else's. */
  constructor(connection: ByteStream) {
    this.connection = connection;
    connection.on("data", (chunk) => this.receive(chunk));
    connection.on("error", () => {}); // "close" follows
    connection.on("close", () => this.finish(connectionClosed()));
  }

  call<C extends CommandName>(command: C, request: RequestOf<C>): Promise<ResponseOf<C>> {
    return new Promise((resolve, reject) => {
      const sequence = this.send(command, request, {
        command,
        answered: false,
        answer: (error, body) => {
          this.expected.delete(sequence);
          if (error === "") resolve(body as ResponseOf<C>);
          else reject(new SerfError("AGENT_ERROR", error));
        },
        record: () => {},
        closed: (failure) => reject(failure ?? connectionClosed()),
      });
    });
  }

  /** As `call`, for commands whose answer has a body with an error too. Still rejects for an error without one. */
  callForReport<C extends CommandName>(
    command: C,
    request: RequestOf<C>,
  ): Promise<{ readonly error: string; readonly body: ResponseOf<C> }> {
    return new Promise((resolve, reject) => {
      const sequence = this.send(command, request, {
        command,
        answered: false,
        answer: (error, body) => {
          this.expected.delete(sequence);
          if (body === undefined) reject(new SerfError("AGENT_ERROR", error));
          else resolve({ error, body: body as unknown as ResponseOf<C> });
        },
        record: () => {},
        closed: (failure) => reject(failure ?? connectionClosed()),
      });
    });
  }

  /** Resolves once the agent has agreed to stream. Rejects with the signal's reason if it has fired. */
  async subscribe<C extends "monitor" | "plugin-logs" | "query" | "stream", T>(
    command: C,
    request: RequestOf<C>,
    reading: SubscriptionReading<C, T>,
  ): Promise<Subscription<T>> {
    const { convert, isLast, ...bounds } = reading;
    bounds.signal?.throwIfAborted();
    return new Promise((resolve, reject) => {
      const subscription = new Subscription<T>({
        ...bounds,
        stop: async () => {
          if (!this.closed) await this.call("stop", { Stop: sequence });
        },
      });
      const sequence = this.send(command, request, {
        command,
        answered: false,
        answer: (error) => {
          if (error === "") return resolve(subscription);
          this.expected.delete(sequence);
          subscription.end(undefined);
          reject(new SerfError("AGENT_ERROR", error));
        },
        // Records may still come after a stop was answered: the expectation stays, and an ended subscription ignores them.
        record: (body) => {
          const record = convert(body as RecordOf<C>);
          if (record !== undefined) subscription.offer(record);
          if (isLast === undefined || !isLast(body as RecordOf<C>)) return;
          this.expected.delete(sequence);
          subscription.end(undefined);
        },
        closed: (failure) => {
          reject(failure ?? connectionClosed());
          subscription.end(failure);
        },
      });
    });
  }

  /** Ends the connection. Calls that wait for an answer reject with CONNECTION_CLOSED; subscriptions just end. */
  close(): void {
    this.finish(undefined);
    this.connection.end(() => this.connection.destroy());
  }

  /** Drops the connection; whoever waits is told why. */
  fail(reason: SerfError): void {
    this.finish(reason);
    this.connection.destroy();
  }

  private send(command: CommandName, request: object | undefined, expectation: Expectation): number {
    this.lastSequence += 1;
    const sequence = this.lastSequence;
    if (this.closed) {
      expectation.closed(connectionClosed());
      return sequence;
    }
    this.expected.set(sequence, expectation);
    const header = encodeFrame({ Command: command, Seq: sequence });
    this.connection.write(request === undefined ? header : Buffer.concat([header, encodeFrame(request as Body)]));
    return sequence;
  }

  private receive(chunk: Uint8Array): void {
    this.reader.push(chunk);
    while (!this.closed) {
      const frame = this.reader.next();
      if (frame === undefined) return;
      const message = isRejected(frame) ? frame : decodeFrame(frame);
      const problem = isRejected(message) ? message.detail : this.receiveMessage(message);
      if (problem === undefined) continue;
      this.fail(new SerfError("CONNECTION_CLOSED", `the agent's answer cannot be read: ${problem}`));
    }
  }

  /** Returns what is wrong with the message, if it is. */
  private receiveMessage(message: unknown): string | undefined {
    const { pending } = this;
    if (pending !== undefined) {
      this.pending = undefined;
      return this.deliver(pending.expectation, pending.error, message);
    }
    const header = readBody(responseHeader, message);
    if ("problem" in header) return header.problem;
    const { Error: error, Seq: sequence } = header.value;
    const expectation = this.expected.get(Number(sequence));
    if (expectation === undefined) return `unexpected sequence number ${sequence}`;
    const { command, answered } = expectation;
    if (answered || responseHasBody(command, error)) this.pending = { expectation, error };
    else expectation.answer(error, undefined);
    expectation.answered = true;
    return undefined;
  }

  private deliver(expectation: Expectation, error: string, message: unknown): string | undefined {
    const { response, record } = commandDeclaration(expectation.command);
    const schema = response ?? record;
    assert(schema !== undefined, "only a command with a response or records waits for a body");
    const body = readBody(schema, message);
    if ("problem" in body) return body.problem;
    if (response !== undefined) expectation.answer(error, body.value);
    else expectation.record(body.value);
    return undefined;
  }

  private finish(failure: SerfError | undefined): void {
    if (this.closed) return;
    this.closed = true;
    for (const expectation of this.expected.values()) expectation.closed(failure);
    this.expected.clear();
  }
}

/** The reference's words, whichever side closed. */
function connectionClosed(): SerfError {
  return new SerfError("CONNECTION_CLOSED", "client closed");
}
