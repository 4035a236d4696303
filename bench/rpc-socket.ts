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

/** Calls back for each `prefix` in a stream of chunks, with the bytes that follow it. */
export class MarkScanner {
  private readonly prefix: Buffer;
  private readonly suffixBytes: number;
  private readonly onMark: (suffix: Buffer) => void;
  private tail = Buffer.alloc(0);

  constructor(prefix: string, suffixBytes: number, onMark: (suffix: Buffer) => void) {
    this.prefix = Buffer.from(prefix, "latin1");
    this.suffixBytes = suffixBytes;
    this.onMark = onMark;
  }

  feed(chunk: Buffer): void {
    const bytes = this.tail.length > 0 ? Buffer.concat([this.tail, chunk]) : chunk;
    const markBytes = this.prefix.length + this.suffixBytes;
    let from = 0;
    for (;;) {
      const at = bytes.indexOf(this.prefix, from);
      if (at < 0 || at + markBytes > bytes.length) break;
      from = at + markBytes;
      this.onMark(bytes.subarray(at + this.prefix.length, from));
    }
    // Of a mark that is not yet whole, all but its last byte may be here.
    this.tail = Buffer.from(bytes.subarray(Math.max(from, bytes.length - markBytes + 1)));
  }
}

export class RpcSocket {
  answersGood = 0;
  answersBad = 0;
  private readonly socket: Socket;
  private readonly scanners: MarkScanner[] = [];
  private requests = 0;

  private constructor(socket: Socket) {
    this.socket = socket;
    this.scanners.push(new MarkScanner(answerMark, 1, (suffix) => this.countAnswer(suffix)));
    socket.setNoDelay(true);
    socket.on("data", (chunk) => {
      for (const scanner of this.scanners) scanner.feed(chunk);
    });
    socket.on("error", () => socket.destroy()); // an agent that is killed resets it
  }

  /** Connects to a port on loopback and shakes hands. */
  static async connect(port: number): Promise<RpcSocket> {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    const rpc = new RpcSocket(socket);
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
  sendAll(
    requests: readonly { readonly command: string; readonly body?: Readonly<Record<string, unknown>> | undefined }[],
  ): void {
    const parts: Uint8Array[] = [];
    for (const { command, body } of requests) {
      parts.push(Buffer.from(packr.pack({ Command: command, Seq: this.requests++ })));
      if (body !== undefined) parts.push(Buffer.from(packr.pack(body)));
    }
    this.socket.write(Buffer.concat(parts));
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
