/**
 * A connection to an agent's RPC port that decodes nothing: it looks for marks in the bytes, and says when they came. So it costs the same
 * with either agent and little with any, and hundreds of connections can be read by one process.
 */

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Packr } from "msgpackr";

const packr = new Packr({ useRecords: false, variableMapSize: true });
/** What every answer has in its header: the key with its length, and after it an empty text where all went well. */
const answerMark = "\xa5Error";
const emptyText = 0xa0;
const answerDeadlineMs = 30_000;

/** Calls back for each `prefix` in a stream of chunks, with the bytes that follow it. It keeps nothing of a chunk, and makes nothing. */
export class MarkScanner {
  private readonly prefix: Buffer;
  private readonly markBytes: number;
  private readonly onMark: (suffix: Buffer) => void;
  /** The end of what came before, too short for a whole mark, and the beginning of what comes now. */
  private readonly seam: Buffer;
  private tailBytes = 0;

  constructor(prefix: string, suffixBytes: number, onMark: (suffix: Buffer) => void) {
    this.prefix = Buffer.from(prefix, "latin1");
    this.markBytes = this.prefix.length + suffixBytes;
    this.onMark = onMark;
    this.seam = Buffer.alloc(2 * (this.markBytes - 1));
  }

  feed(chunk: Buffer): void {
    const { seam, tailBytes } = this;
    const keptMax = this.markBytes - 1;
    const seamBytes = tailBytes + chunk.copy(seam, tailBytes, 0, keptMax);
    const seamEnd = tailBytes === 0 ? 0 : this.scan(seam.subarray(0, seamBytes), 0);
    const end = this.scan(chunk, Math.max(0, seamEnd - tailBytes));
    // Of a mark that is not yet whole, all but its last byte may be here; what belongs to one that was told is no part of another.
    if (chunk.length >= keptMax || end > 0) {
      this.tailBytes = chunk.copy(seam, 0, Math.max(end, chunk.length - keptMax));
    } else {
      const from = Math.max(seamEnd, seamBytes - keptMax);
      seam.copyWithin(0, from, seamBytes);
      this.tailBytes = seamBytes - from;
    }
  }

  /** Returns where the last mark in it ends. */
  private scan(bytes: Buffer, from: number): number {
    const { markBytes, prefix } = this;
    let end = from;
    for (;;) {
      const at = bytes.indexOf(prefix, end);
      if (at < 0 || at + markBytes > bytes.length) return end;
      end = at + markBytes;
      this.onMark(bytes.subarray(at + prefix.length, end));
    }
  }
}

/** One for all connections: what is read is scanned before the next is. */
const readBuffer = Buffer.alloc(64 * 1024);

interface Request {
  readonly command: string;
  readonly body?: Readonly<Record<string, unknown>> | undefined;
}

export class RpcSocket {
  answersGood = 0;
  answersBad = 0;
  private readonly socket: Socket;
  private readonly scanners: MarkScanner[] = [];
  private requests = 0;

  private constructor(port: number) {
    this.scanners.push(new MarkScanner(answerMark, 1, (suffix) => this.countAnswer(suffix)));
    const scan = (bytes: number): boolean => {
      const chunk = readBuffer.subarray(0, bytes);
      for (const scanner of this.scanners) scanner.feed(chunk);
      return true;
    };
    const onread = { buffer: readBuffer, callback: scan };
    const socket = connect({ port, host: "127.0.0.1", noDelay: true, onread });
    this.socket = socket;
    socket.on("error", () => socket.destroy()); // an agent that is killed resets it
  }

  /** Connects to a port on loopback and shakes hands. */
  static async connect(port: number): Promise<RpcSocket> {
    const rpc = new RpcSocket(port);
    await once(rpc.socket, "connect");
    await rpc.ask("handshake", { Version: 1 });
    return rpc;
  }

  /** Calls back for each `prefix` followed by so many digits. */
  watch(prefix: string, digits: number, onNumber: (number: number, atMs: number) => void): void {
    this.scanners.push(
      new MarkScanner(prefix, digits, (suffix) => onNumber(Number(suffix.toString("latin1")), performance.now())),
    );
  }

  /** Sends a request and waits for its answer, and for those to all requests before it. Rejects if one of them is an error. */
  async ask(command: string, body?: Readonly<Record<string, unknown>>): Promise<void> {
    this.send(command, body);
    await this.answered();
  }

  send(command: string, body?: Readonly<Record<string, unknown>>): void {
    this.sendAll([{ command, body }]);
  }

  /** Sends requests in one go, without waiting for answers in between. */
  sendAll(requests: readonly Request[]): void {
    this.prepare(requests)();
  }

  /** Encodes them now, to be sent when the returned function is called: before any other request of this connection. */
  prepare(requests: readonly Request[]): () => void {
    const parts: Uint8Array[] = [];
    for (const { command, body } of requests) {
      parts.push(Buffer.from(packr.pack({ Command: command, Seq: this.requests++ })));
      if (body !== undefined) parts.push(Buffer.from(packr.pack(body)));
    }
    const bytes = Buffer.concat(parts);
    return () => void this.socket.write(bytes);
  }

  /** Resolves when every request has its answer. */
  async answered(deadlineMs = answerDeadlineMs): Promise<void> {
    const startedAtMs = performance.now();
    while (this.answersGood + this.answersBad < this.requests) {
      if (this.socket.destroyed) throw new Error("an agent closed its RPC connection");
      if (performance.now() - startedAtMs > deadlineMs) throw new Error(`no answer by RPC within ${deadlineMs} ms`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    if (this.answersBad > 0) throw new Error(`an agent refused ${this.answersBad} of ${this.requests} requests by RPC`);
  }

  close(): void {
    this.socket.destroy();
  }

  private countAnswer(suffix: Buffer): void {
    if (suffix[0] === emptyText) this.answersGood++;
    else this.answersBad++;
  }
}
