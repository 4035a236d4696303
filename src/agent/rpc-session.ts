import { Buffer } from "node:buffer";
import type { Duplex } from "node:stream";
import { assert } from "../base/errors.ts";
import type { Logger, Metrics } from "../base/host.ts";
import { isRejected } from "../base/rejected.ts";
import { escapeUnprintable } from "../base/unprintable.ts";
import {
  type Body,
  type CommandName,
  commandDeclaration,
  isCommandName,
  readBody,
  requestHeader,
  rpcErrors,
} from "../rpc/commands.ts";
import { decodeFrame, encodeFrame, FrameReader, uint64 } from "../rpc/framing.ts";
import type { AgentFace } from "./face.ts";
import { PendingQueries } from "./pending-queries.ts";
import { commandHandlers, type Handler, type RpcClient, type Sequence } from "./rpc-handlers.ts";
import type { MemberListEncoder } from "./rpc-records.ts";
import type { ClientStream, RecordSink } from "./streams.ts";

export interface SessionOptions {
  readonly agent: AgentFace;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Shared by the sessions of a server. */
  readonly memberList: MemberListEncoder;
  /** Tells whether a client's key is right; absent where none is asked for. */
  readonly isAuthKey: ((key: string) => boolean) | undefined;
  readonly frameBytesMaxBeforeAuth: number;
  readonly frameBytesMax: number;
  /** Answers the first request with an error, and that is all: there is no room for this client. */
  readonly refused: boolean;
  /** Called when requests that are not complete made it hold so many more bytes. */
  grew(bytes: number): void;
  /** Called once, when the client has shaken hands and, where a key is set, shown it. */
  trusted(): void;
}

interface PendingRequest {
  readonly command: CommandName;
  readonly sequence: Sequence;
}

/** What the frames of ordinary requests are far from. */
const costlyBytes = 64 * 1024;
/** How long a connection that we close may take to read what it was sent. */
const lingerMs = 1_000;

/** One connection: its requests are answered one after the other, in order. */
export class RpcSession implements RpcClient {
  readonly agent: AgentFace;
  readonly logger: Logger;
  readonly name: string;
  version = 0;
  authenticated: boolean;
  readonly memberList: MemberListEncoder;
  readonly streams = new Map<Sequence, ClientStream>();
  readonly queries = new PendingQueries();
  monitor: RpcClient["monitor"];

  private readonly options: SessionOptions;
  private readonly connection: Duplex;
  private readonly reader: FrameReader;
  /** The header has come and its body has not. */
  private pending: PendingRequest | undefined;
  private answering = false;
  /** Once a connection is enough: a stranger should not write our log. */
  private warnedOfAuth = false;
  private closing = false;

  constructor(connection: Duplex, remoteAddress: string, options: SessionOptions) {
    this.connection = connection;
    this.options = options;
    this.agent = options.agent;
    this.logger = options.logger;
    this.memberList = options.memberList;
    this.name = `ipc.client: ${remoteAddress}`;
    this.authenticated = options.isAuthKey === undefined;
    this.reader = new FrameReader(options.frameBytesMaxBeforeAuth);
  }

  /** Serves the client until either side has had enough. */
  async run(): Promise<void> {
    this.connection.on("drain", () => this.flushStreams());
    try {
      // Reading stops while a request is being answered: a client cannot pile up more than the network buffers. When it
      // has sent all it wanted, the connection stays, with the answers that are still on their way.
      for await (const chunk of this.connection.iterator({ destroyOnReturn: false })) {
        // Once we have said goodbye, what still arrives is thrown away: closing over unread bytes would reset the
        // connection, and our last answer with it.
        if (this.closing) continue;
        const heldBefore = this.reader.heldBytes;
        this.reader.push(chunk);
        if (this.reader.heldBytes > heldBefore) this.options.grew(this.reader.heldBytes - heldBefore);
        await this.receiveFrames();
        if (this.closing) this.hangUp();
      }
    } catch (error) {
      // A connection that broke needs no comment. Anything else is a bug of ours.
      if (!this.connection.destroyed) throw error;
    } finally {
      this.hangUp();
    }
  }

  /** Ends the session once the request at hand is answered. */
  close(): void {
    this.closing = true;
    if (!this.answering) this.hangUp();
  }

  /** Whether it holds more memory than a connection at rest: a request that is not complete, or answers that the client does not read. */
  get isCostly(): boolean {
    return this.connection.writableNeedDrain || this.reader.heldBytes > costlyBytes;
  }

  isAuthKey(key: string): boolean {
    return this.options.isAuthKey?.(key) ?? key === "";
  }

  sinkFor(sequence: Sequence): RecordSink {
    const { connection } = this;
    // The same for all records.
    const header = encodeHeader(sequence, "");
    return {
      get blocked() {
        return connection.writableNeedDrain;
      },
      sendRecord: (body) => this.write(header, body),
    };
  }

  private async receiveFrames(): Promise<void> {
    while (!this.closing) {
      const frame = this.reader.next();
      if (frame === undefined) return;
      const message = isRejected(frame) ? frame : decodeFrame(frame);
      if (isRejected(message)) return this.giveUp(`failed to decode request header: ${message.detail}`);
      if (this.pending === undefined) await this.receiveHeader(message);
      else await this.receiveBody(this.pending, message);
      // A client that does not read its answers gets no more of them.
      if (this.connection.writableNeedDrain) await this.drained();
    }
  }

  private async receiveHeader(message: unknown): Promise<void> {
    const header = readBody(requestHeader, message);
    if ("problem" in header) return this.giveUp(`failed to decode request header: ${header.problem}`);
    const { Command: command, Seq: sequence } = header.value;
    if (this.options.refused) {
      this.send(sequence, rpcErrors.tooManyClients);
      this.closing = true;
      return;
    }
    if (this.version === 0 && command !== "handshake") {
      this.send(sequence, rpcErrors.handshakeRequired);
      return this.giveUp(`Failed to evaluate request: ${rpcErrors.handshakeRequired}`);
    }
    this.options.metrics.increment("agent.ipc.command");
    if (!isCommandName(command)) {
      this.send(sequence, this.authenticated ? rpcErrors.unsupportedCommand : rpcErrors.authRequired);
      return this.giveUp(
        `Failed to evaluate request: command '${escapeUnprintable(command.slice(0, 64))}' not recognized`,
      );
    }
    this.pending = { command, sequence };
    if (commandDeclaration(command).request === undefined) await this.evaluate(this.pending, undefined);
  }

  private async receiveBody(request: PendingRequest, message: unknown): Promise<void> {
    const schema = commandDeclaration(request.command).request;
    assert(schema !== undefined, "only a command with a request waits for a body");
    const body = readBody(schema, message);
    if ("problem" in body) return this.giveUp(`Failed to evaluate request: decode failed: ${body.problem}`);
    await this.evaluate(request, body.value);
  }

  private async evaluate({ command, sequence }: PendingRequest, request: unknown): Promise<void> {
    this.pending = undefined;
    if (!this.authenticated && command !== "auth" && command !== "handshake") {
      if (!this.warnedOfAuth) this.logger.log("WARN", "agent.ipc: Client sending commands before auth");
      this.warnedOfAuth = true;
      this.send(sequence, rpcErrors.authRequired);
      return;
    }
    this.answering = true;
    // The table gives each command its own request type, and the schema of that same command has checked this one.
    const handler = commandHandlers[command] as Handler<unknown>;
    const answer = await handler(this, request, sequence);
    this.send(sequence, answer.error, answer.body);
    answer.afterwards?.();
    this.answering = false;
    if (command === "handshake" || command === "auth") this.considerTrust();
  }

  private considerTrust(): void {
    if (this.version === 0 || !this.authenticated) return;
    this.reader.frameBytesMax = this.options.frameBytesMax;
    this.options.trusted();
  }

  private send(sequence: Sequence, error: string, body?: Body | Uint8Array): void {
    this.write(encodeHeader(sequence, error), body);
  }

  private write(header: Uint8Array, body?: Body | Uint8Array): void {
    if (body === undefined) {
      this.connection.write(header);
      return;
    }
    const encoded = body instanceof Uint8Array ? body : encodeFrame(body);
    // From a pool: memory of its own costs more than a short record does.
    const whole = Buffer.allocUnsafe(header.length + encoded.length);
    whole.set(header, 0);
    whole.set(encoded, header.length);
    this.connection.write(whole);
  }

  private flushStreams(): void {
    for (const stream of this.streams.values()) stream.flush();
    this.monitor?.stream.flush();
  }

  /** Resolves when the client has read most of what it was sent, or is gone. */
  private drained(): Promise<void> {
    const { connection } = this;
    return new Promise((resolve) => {
      const done = (): void => {
        connection.off("drain", done).off("close", done);
        resolve();
      };
      connection.on("drain", done).on("close", done);
    });
  }

  private giveUp(reason: string): void {
    this.logger.log("ERR", `agent.ipc: ${reason}`);
    this.closing = true;
  }

  private hangUp(): void {
    for (const stream of this.streams.values()) stream.stop();
    this.streams.clear();
    this.queries.clear();
    this.monitor?.stream.stop();
    this.monitor = undefined;
    if (this.connection.destroyed || this.connection.writableEnded) return;
    this.connection.end();
    const timer = setTimeout(() => this.connection.destroy(), lingerMs);
    this.connection.once("close", () => clearTimeout(timer));
  }
}

function encodeHeader(sequence: Sequence, error: string): Uint8Array {
  return encodeFrame({ Error: error, Seq: uint64(sequence) });
}
