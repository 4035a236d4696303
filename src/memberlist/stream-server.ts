import { formatEndpoint } from "../base/address.ts";
import { emptyBytes } from "../base/bytes.ts";
import { unreachable } from "../base/errors.ts";
import type { LogLevel, Stream, StreamHandler, Timer } from "../base/host.ts";
import { isRejected, type Rejected, rejected } from "../base/rejected.ts";
import { encodeMessage } from "../wire/codecs.ts";
import type { Ping, StateExchange, StreamMessage } from "../wire/messages.ts";
import { sealStreamMessage } from "../wire/stream-envelope.ts";
import type { Foundations } from "./foundations.ts";
import { HeldStreams } from "./held-streams.ts";
import type { StateSync } from "./state-sync.ts";
import { StreamReader } from "./stream-reader.ts";
import { heldPayload } from "./watch-stream.ts";

/** Streams open at once, whatever they are for; one more is closed without a word. */
const streamsMax = 512;
/** Push/pulls at once: each costs this node's whole state. One more is closed without a reply. */
export const pushPullsMax = 128;

export interface StreamServerSurroundings extends Foundations {
  readonly stateSync: StateSync;
}

/**
 * Streams that others open: a push/pull, a ping that did not get through as a packet, or a message of the layer above. A
 * stream brings one message and is answered at most once. What it may cost before it has shown who it is: a place among
 * `streamsMax`, a share of `unfinishedStreamBytesMax`, and `streamTimeoutMs` of patience. Only those of watchers stay: see `HeldStreams`.
 */
export class StreamServer {
  readonly around: StreamServerSurroundings;
  private readonly held = new HeldStreams();
  private readonly open = new Set<IncomingStream>();
  private pushPulls = 0;

  constructor(around: StreamServerSurroundings) {
    this.around = around;
  }

  accept(stream: Stream): StreamHandler {
    const { logger, metrics, rejections } = this.around;
    metrics.increment("memberlist.tcp.accept");
    logger.log("DEBUG", `memberlist: Stream connection from=${formatEndpoint(stream.remote)}`);
    const incoming = new IncomingStream(this, stream);
    this.open.add(incoming);
    if (this.open.size > streamsMax) {
      rejections.noteStream(stream.remote, rejected("too-large", `more than ${streamsMax} streams are open`));
      incoming.drop();
    }
    return incoming;
  }

  stop(): void {
    for (const incoming of this.open) incoming.drop();
    this.held.stop();
  }

  /** Whether the streams' unfinished messages have grown beyond what they may hold together. */
  holdsTooMuch(): boolean {
    let bytes = 0;
    for (const incoming of this.open) bytes += incoming.pendingBytes;
    return bytes > this.around.options.unfinishedStreamBytesMax;
  }

  /** Takes one of the places for push/pulls, until the stream is gone. */
  admitPushPull(): boolean {
    if (this.pushPulls >= pushPullsMax) return false;
    this.pushPulls += 1;
    return true;
  }

  /** Has the stream stay for this watcher, if there is a place. */
  hold(incoming: IncomingStream, watcher: string): boolean {
    return this.held.admit(watcher, incoming) && this.open.delete(incoming);
  }

  forget(incoming: IncomingStream, wasPushPull: boolean, watcher: string | undefined): void {
    if (this.open.delete(incoming) && wasPushPull) this.pushPulls -= 1;
    if (watcher !== undefined) this.held.forget(watcher, incoming);
  }
}

class IncomingStream implements StreamHandler {
  private readonly server: StreamServer;
  private readonly stream: Stream;
  private readonly reader: StreamReader;
  private timer: Timer;
  /** The one message has come, or never will. */
  private answered = false;
  private isPushPull = false;
  /** For whom it stays open. */
  private watcher: string | undefined;

  constructor(server: StreamServer, stream: Stream) {
    this.server = server;
    this.stream = stream;
    const { envelopes, timers } = server.around;
    this.reader = new StreamReader(envelopes.opening(), timers, (message) => this.conclude(message));
    this.timer = this.startTimer();
  }

  get pendingBytes(): number {
    return this.answered ? 0 : this.reader.receivedBytes;
  }

  opened(): void {}

  received(bytes: Uint8Array): void {
    // A watcher has nothing more to say.
    if (this.watcher !== undefined) this.drop();
    if (this.answered) return;
    this.reader.push(bytes);
    if (!this.answered && this.server.holdsTooMuch()) {
      this.conclude(rejected("too-large", "the open streams together hold too many bytes"));
    }
  }

  ended(): void {
    if (this.watcher !== undefined) this.drop();
    if (this.answered) return;
    // A stream that brings nothing at all is somebody's health check: no reason for a log line.
    if (this.reader.receivedBytes === 0) this.drop();
    else this.reader.end();
  }

  closed(): void {
    this.answered = true;
    this.reader.stop();
    this.timer.cancel();
    this.server.forget(this, this.isPushPull, this.watcher);
  }

  drop(): void {
    this.stream.destroy();
    this.closed();
  }

  private conclude(message: StreamMessage | Rejected): void {
    this.answered = true;
    this.reader.stop();
    this.timer.cancel();
    this.timer = this.startTimer();
    if (isRejected(message)) this.refuse(message);
    else this.receive(message);
  }

  private receive(message: StreamMessage): void {
    switch (message.kind) {
      case "user":
        this.stream.end();
        if (message.payload.length > 0) this.server.around.delegates.userData?.receiveUserMessage(message.payload);
        return;
      case "ping":
        this.answerPing(message);
        return;
      case "push-pull":
        this.answerPushPull(message);
        return;
      case "ack":
      case "error":
        this.note(rejected("unknown-kind", `a stream cannot begin with ${message.kind}`));
        this.drop();
        return;
      default:
        unreachable(message);
    }
  }

  private answerPing(ping: Ping): void {
    const { options } = this.server.around;
    if (ping.node !== "" && ping.node !== options.nodeName) {
      this.complain("WARN", "unexpected ping", `Got ping for unexpected node ${ping.node} ${this.from}`);
      this.drop();
      return;
    }
    const { sequence, sourceNode } = ping;
    if (ping.hold === true && this.server.hold(this, sourceNode)) {
      this.watcher = sourceNode;
      this.timer.cancel();
      this.write(encodeMessage({ kind: "ack", sequence, payload: heldPayload }));
      this.stream.stayIdle();
    } else {
      this.reply(encodeMessage({ kind: "ack", sequence, payload: emptyBytes }));
    }
  }

  /** The answer leaves before the merge, so that both sides tell what they knew before they met. */
  private answerPushPull(exchange: StateExchange): void {
    const { metrics, stateSync } = this.server.around;
    metrics.sample("memberlist.size.remote", this.reader.receivedBytes);
    if (!this.server.admitPushPull()) {
      this.complain("ERR", "push/pulls", "Too many pending push/pull requests");
      this.drop();
      return;
    }
    this.isPushPull = true;
    this.reply(stateSync.encodeLocalState(exchange.join, exchange.userState));
    stateSync.merge(exchange, (problem) => {
      if (problem !== undefined) this.complain("ERR", "merge", `Failed push/pull merge: ${problem} ${this.from}`);
    });
  }

  /** Tells the peer why, unless it belongs to another cluster by its label: that one shall learn nothing. */
  private refuse(problem: Rejected): void {
    this.note(problem);
    if (problem.reason === "wrong-label") this.drop();
    else this.reply(encodeMessage({ kind: "error", error: problem.detail }));
  }

  private reply(message: Uint8Array): void {
    this.write(message);
    this.stream.end();
  }

  private write(message: Uint8Array): void {
    const { envelopes, metrics } = this.server.around;
    const bytes = sealStreamMessage(message, envelopes.sealing());
    metrics.increment("memberlist.tcp.sent", bytes.length);
    this.stream.write(bytes);
  }

  private note(problem: Rejected): void {
    this.server.around.rejections.noteStream(this.stream.remote, problem);
  }

  /** Once a minute for each peer and `kind`. */
  private complain(level: LogLevel, kind: string, text: string): void {
    this.server.around.limitedLog.log(level, `${this.stream.remote.address} ${kind}`, `memberlist: ${text}`);
  }

  private startTimer(): Timer {
    const { options, timers } = this.server.around;
    return timers.after(options.streamTimeoutMs, () => this.drop());
  }

  private get from(): string {
    return `from=${formatEndpoint(this.stream.remote)}`;
  }
}
