/**
 * The one message that each side of a stream sends, read as its bytes arrive in whatever chunks: label, encrypted frame,
 * compression, then the message itself. A plain message is consumed as it comes, so that only what is still unread is held.
 */

import { emptyBytes, readUint32 } from "../base/bytes.ts";
import { isRejected, type Rejected, rejected } from "../base/rejected.ts";
import { ByteQueue } from "./byte-queue.ts";
import { ackSchema, errorSchema, pingSchema } from "./codecs.ts";
import { compressedSchema, createInflater } from "./compression.ts";
import { checkLabel, labelHeaderLength } from "./label.ts";
import { streamOpenedBytesMax, streamRecordBytesMax, streamSealedBytesMax, userMessageBytesMax } from "./limits.ts";
import type { LzwInflater } from "./lzw.ts";
import { messageTypes, type NodeStateRecord, type StreamMessage } from "./messages.ts";
import { MsgpackReader } from "./msgpack-reader.ts";
import type { Opening } from "./packet-envelope.ts";
import type { Schema } from "./schema.ts";
import {
  checkStateHeader,
  isUsableRecord,
  nodeRecordSchema,
  type StateHeader,
  stateHeaderSchema,
  userMessageHeaderSchema,
} from "./state-exchange.ts";
import { openStreamFrame, streamFrameBytes } from "./stream-envelope.ts";

/**
 * What one step gives: the message, a refusal, "continue" with the next step, "busy" when the rest should wait for other
 * work, or undefined while bytes are missing.
 */
type Progress = StreamMessage | Rejected | "continue" | "busy" | undefined;
type Step = () => Progress;

/** How much of a large message one call of `next` does: a few milliseconds' worth. */
const sliceInflatedBytes = 1024 * 1024;
const sliceRecords = 5000;

/** One use: after a message or a `Rejected` everything further is ignored. */
export class StreamDecoder {
  private readonly opening: Opening;
  private queue = new ByteQueue();
  private step: Step = () => this.readLabel();
  private receivedBytes = 0;
  /** Until this many bytes are unread, another attempt at the same value cannot succeed. */
  private neededBytes = 1;
  /** True once the body was in a frame or compressed: then all of it is there, and what is missing never comes. */
  private isWhole = false;
  private isDone = false;
  private hasWork = false;

  constructor(opening: Opening) {
    this.opening = opening;
  }

  /** Bytes held that were not yet consumed. */
  get bufferedBytes(): number {
    return this.queue.length;
  }

  /** After `next` gave undefined: true if not bytes are missing but time. Call `next` again once other work had its turn. */
  get isBusy(): boolean {
    return this.hasWork;
  }

  /** The chunk is the decoder's once handed over. Call `next` afterwards. */
  push(chunk: Uint8Array): void {
    if (this.isDone) return;
    this.receivedBytes += chunk.length;
    this.queue.push(chunk);
  }

  /**
   * The message as soon as it is whole, or why there will be none; undefined while bytes are missing, or when a slice of a
   * large message is done (`isBusy`). Byte fields of the message are views of what came in: copy what is kept for long.
   */
  next(): StreamMessage | Rejected | undefined {
    while (!this.isDone) {
      const progress = this.advance();
      this.hasWork = progress === "busy";
      if (progress === undefined || progress === "busy") return undefined;
      if (progress === "continue") continue;
      this.finish();
      return progress;
    }
    return undefined;
  }

  /** The peer has sent all it wanted to: what is wrong if the message was not whole by then, or if there was none. */
  end(): Rejected | undefined {
    if (this.isDone) return undefined;
    const { receivedBytes } = this;
    this.finish();
    return rejected("truncated", `the stream ended after ${receivedBytes} bytes`);
  }

  private finish(): void {
    this.isDone = true;
    this.hasWork = false;
    this.queue.clear();
  }

  private advance(): Progress {
    if (this.receivedBytes > streamOpenedBytesMax)
      return rejected("too-large", `a stream of more than ${streamOpenedBytesMax} bytes`);
    if (this.queue.length >= this.neededBytes) return this.step();
    return this.isWhole ? rejected("truncated", "the message ends early") : undefined;
  }

  private proceed(step: Step, neededBytes = 1): "continue" {
    this.step = step;
    this.neededBytes = neededBytes;
    return "continue";
  }

  private readLabel(): Progress {
    const { queue } = this;
    const head = queue.bytes.subarray(queue.start, queue.end);
    const length = labelHeaderLength(head);
    if (isRejected(length)) return length;
    if (length > queue.length) {
      this.neededBytes = length;
      return undefined;
    }
    const problem = checkLabel(head, length, this.opening.label);
    if (problem !== undefined) return problem;
    queue.take(length);
    return this.proceed(() => this.readOuterType());
  }

  private readOuterType(): Progress {
    const type = this.queue.bytes[this.queue.start];
    const { keys, verifyIncoming } = this.opening;
    if (type === messageTypes.encrypt) {
      if (keys.length === 0) return rejected("undecryptable", "an encrypted stream, and this node has no keys");
      return this.proceed(() => this.readFrameHead(), streamFrameBytes);
    }
    if (keys.length > 0 && verifyIncoming) return rejected("not-encrypted", `a plain stream with message type ${type}`);
    return this.readType();
  }

  private readFrameHead(): Progress {
    const length = readUint32(this.queue.bytes, this.queue.start + 1);
    if (length > streamSealedBytesMax) return rejected("too-large", `an encrypted stream message of ${length} bytes`);
    return this.proceed(() => this.openFrame(streamFrameBytes + length), streamFrameBytes + length);
  }

  private openFrame(frameBytes: number): Progress {
    const body = openStreamFrame(this.queue.take(frameBytes), this.opening.keys, this.opening.label);
    return isRejected(body) ? body : this.replaceBody(body, () => this.readType());
  }

  /** Goes on with what was inside a frame or compressed. */
  private replaceBody(body: Uint8Array, step: Step): "continue" {
    this.queue = new ByteQueue();
    this.queue.push(body);
    this.isWhole = true;
    return this.proceed(step);
  }

  private readType(): Progress {
    const type = this.queue.bytes[this.queue.start];
    if (type !== messageTypes.compress) return this.readInnerType();
    this.queue.take(1);
    return this.proceed(() => this.readCompressed());
  }

  private readCompressed(): Progress {
    const compressed = this.takeValue(compressedSchema, streamSealedBytesMax);
    if (compressed === undefined || isRejected(compressed)) return compressed;
    const inflater = createInflater(compressed, streamOpenedBytesMax);
    return isRejected(inflater) ? inflater : this.proceed(() => this.inflateSlice(inflater), 0);
  }

  private inflateSlice(inflater: LzwInflater): Progress {
    const problem = inflater.advance(sliceInflatedBytes);
    if (problem !== undefined) return problem;
    if (!inflater.isDone) return "busy";
    return this.replaceBody(inflater.result(), () => this.readInnerType());
  }

  private readInnerType(): Progress {
    const type = this.queue.take(1)[0];
    switch (type) {
      case messageTypes.ping:
        return this.proceed(() => this.takeValue(pingSchema, streamRecordBytesMax));
      case messageTypes.ack:
        return this.proceed(() => this.takeValue(ackSchema, streamRecordBytesMax));
      case messageTypes.error:
        return this.proceed(() => this.takeValue(errorSchema, streamRecordBytesMax));
      case messageTypes.user:
        return this.proceed(() => this.readUserHeader());
      case messageTypes.pushPull:
        return this.proceed(() => this.readStateHeader());
      default:
        return rejected("unknown-kind", `message type ${type} on a stream`);
    }
  }

  private readUserHeader(): Progress {
    const header = this.takeValue(userMessageHeaderSchema, streamRecordBytesMax);
    if (header === undefined || isRejected(header)) return header;
    const { bytes } = header;
    if (bytes < 0 || bytes > userMessageBytesMax) return rejected("too-large", `a user message of ${bytes} bytes`);
    return this.proceed(() => ({ kind: "user", payload: this.queue.take(bytes) }), bytes);
  }

  private readStateHeader(): Progress {
    const header = this.takeValue(stateHeaderSchema, streamRecordBytesMax);
    if (header === undefined || isRejected(header)) return header;
    const problem = checkStateHeader(header);
    if (problem !== undefined) return problem;
    const nodes: NodeStateRecord[] = [];
    return this.proceed(() => this.readRecords(header, nodes, header.nodes), 0);
  }

  /** Reads as many of the `remaining` records as are there, but not more than a slice of them. */
  private readRecords(header: StateHeader, nodes: NodeStateRecord[], remaining: number): Progress {
    const sliceEnd = remaining - sliceRecords;
    for (let left = remaining; left > 0; left--) {
      if (left === sliceEnd) {
        this.step = () => this.readRecords(header, nodes, left);
        return "busy";
      }
      const record = this.takeValue(nodeRecordSchema, streamRecordBytesMax);
      if (isRejected(record)) return record;
      if (record === undefined) {
        this.step = () => this.readRecords(header, nodes, left);
        return undefined;
      }
      if (isUsableRecord(record)) nodes.push(record);
    }
    const { join, userStateBytes } = header;
    return this.proceed(() => {
      const userState = userStateBytes === 0 ? emptyBytes : this.queue.take(userStateBytes);
      return { kind: "push-pull", join, nodes, userState };
    }, userStateBytes);
  }

  /** Decodes and consumes the next value; undefined while it is not all there. */
  private takeValue<T>(schema: Schema<T>, bytesMax: number): T | Rejected | undefined {
    const { queue } = this;
    const reader = new MsgpackReader(queue.bytes, queue.start, queue.end);
    const value = schema.read(reader);
    const { failure } = reader;
    if (failure === undefined) {
      queue.start = reader.position;
      this.neededBytes = 0;
      return value;
    }
    if (failure.reason !== "truncated" || this.isWhole) return failure;
    const neededBytes = reader.neededBytes - queue.start;
    if (neededBytes > bytesMax) return rejected("too-large", `a value of at least ${neededBytes} bytes`);
    this.neededBytes = neededBytes;
    return undefined;
  }
}
