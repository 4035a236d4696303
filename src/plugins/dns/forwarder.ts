/** Questions of others passed on to other name servers, byte for byte, and their answers back. */

import { randomInt } from "node:crypto";
import { createSocket } from "node:dgram";
import { connect, isIPv6 } from "node:net";
import type { Endpoint } from "../../base/address.ts";
import type { PluginScheduler } from "../plugin.ts";
import { frame } from "./listeners.ts";
import { keyOf } from "./names.ts";
import { headerBytes, type Request } from "./request.ts";

export interface ForwarderOptions {
  readonly scheduler: PluginScheduler;
  readonly servers: () => Promise<readonly Endpoint[]>;
  /** For each try. */
  readonly timeoutMs: number;
}

/** Questions under way. Each has a socket of its own, so that an answer is to be guessed by port and id. */
export const forwardedMax = 256;
/** Each server is asked so often, in turn. */
const roundsMax = 2;

export class Forwarder {
  private readonly options: ForwarderOptions;
  private readonly ends = new Set<() => void>();
  private underway = 0;
  private isStopped = false;

  constructor(options: ForwarderOptions) {
    this.options = options;
  }

  /** Resolves with the answer, or undefined where there is none: too many under way, no server, or none that answers. */
  async ask(message: Uint8Array, request: Request, isUdp: boolean): Promise<Uint8Array | undefined> {
    if (this.underway >= forwardedMax) return undefined;
    this.underway += 1;
    try {
      const servers = await this.options.servers();
      for (let round = 0; round < roundsMax; round++) {
        for (const server of servers) {
          if (this.isStopped) return undefined;
          const answer = await this.askOne(server, message, request, isUdp);
          if (answer !== undefined) return answer;
        }
      }
      return undefined;
    } finally {
      this.underway -= 1;
    }
  }

  /** Ends what is under way. */
  stop(): void {
    this.isStopped = true;
    for (const end of [...this.ends]) end();
  }

  private async askOne(
    server: Endpoint,
    message: Uint8Array,
    request: Request,
    isUdp: boolean,
  ): Promise<Uint8Array | undefined> {
    const question = Buffer.from(message);
    question.writeUInt16BE(randomInt(0x10000), 0);
    const answer = await new Promise<Buffer | undefined>((resolve) => {
      const accept = (bytes: Buffer): boolean => {
        const isOurs = isAnswerTo(request, question, bytes);
        if (isOurs) end(bytes);
        return isOurs;
      };
      const close = (isUdp ? askOverUdp : askOverTcp)(server, question, accept, () => end());
      const cancel = this.options.scheduler.after(this.options.timeoutMs, () => end());
      const stop = (): void => end();
      const end = (bytes?: Buffer): void => {
        this.ends.delete(stop);
        cancel();
        close();
        resolve(bytes);
      };
      this.ends.add(stop);
    });
    if (answer === undefined) return undefined;
    // Back to the id by which the asker knows it.
    const copy = Buffer.from(answer);
    copy.writeUInt16BE(request.header.id, 0);
    return copy;
  }
}

/** `accept` is given what comes, until it takes something; `fail` is called when nothing will come. Returns what closes the socket. */
type Ask = (server: Endpoint, question: Buffer, accept: (bytes: Buffer) => boolean, fail: () => void) => () => void;

const askOverUdp: Ask = ({ address, port }, question, accept, fail) => {
  const socket = createSocket(isIPv6(address) ? "udp6" : "udp4");
  let isOpen = true;
  socket.on("error", fail);
  // Anything else that comes may be forged: the real answer may still follow.
  socket.on("message", (bytes) => isOpen && accept(bytes));
  socket.connect(port, address, () => {
    if (isOpen) socket.send(question, (error) => error !== null && fail());
  });
  return () => {
    if (isOpen) socket.close();
    isOpen = false;
  };
};

const askOverTcp: Ask = ({ address, port }, question, accept, fail) => {
  const socket = connect(port, address, () => socket.write(frame(question)));
  let received = Buffer.alloc(0);
  socket.on("data", (bytes) => {
    received = Buffer.concat([received, bytes]);
    if (received.length < 2) return;
    const end = 2 + received.readUInt16BE(0);
    if (received.length >= end && !accept(received.subarray(2, end))) fail();
  });
  socket.on("error", fail);
  socket.on("close", fail);
  return () => socket.destroy();
};

/** It has the id of the question, is an answer, and repeats the question. */
function isAnswerTo({ question }: Request, sent: Buffer, bytes: Buffer): boolean {
  if (bytes.length < headerBytes || bytes.readUInt16BE(0) !== sent.readUInt16BE(0)) return false;
  if ((bytes.readUInt16BE(2) & 0x8000) === 0) return false;
  const repeated = bytes.subarray(headerBytes, headerBytes + question.bytes.length);
  // An error may leave the question out.
  if (bytes.readUInt16BE(4) === 0) return (bytes.readUInt16BE(2) & 15) !== 0;
  const fold = (part: Uint8Array): string => keyOf([Buffer.from(part).toString("latin1")]);
  return fold(repeated) === fold(question.bytes);
}
