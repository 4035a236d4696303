/** What becomes of each message that comes in: read, allowed, answered from the zone or by others. */

import type { BlockList } from "node:net";
import { type Asking, answerError, answerTruncated, decideAnswer } from "./answer.ts";
import type { Forwarder } from "./forwarder.ts";
import type { Incoming } from "./listeners.ts";
import { isWithin } from "./networks.ts";
import type { RateLimiter } from "./rate-limiter.ts";
import { readRequest } from "./request.ts";
import type { Zone } from "./zone.ts";

export interface NameServerOptions {
  readonly zone: () => Zone;
  /** Who is answered. */
  readonly clients: BlockList;
  readonly limiter: RateLimiter;
  /** Undefined where names of others are refused. */
  readonly forwarder: Forwarder | undefined;
  readonly udpBytesMax: number;
  readonly random: () => number;
}

export class NameServer {
  private readonly options: NameServerOptions;
  private limitedCount = 0;

  constructor(options: NameServerOptions) {
    this.options = options;
  }

  receive({ bytes, address, isUdp, reply }: Incoming): void {
    const { clients, limiter, forwarder, udpBytesMax, random } = this.options;
    const request = readRequest(bytes);
    if (request === undefined) {
      reply(undefined);
      return;
    }
    const asking: Asking = { isUdp, udpBytesMax, forwards: forwarder !== undefined, random };
    if (isUdp && !limiter.allows(address)) {
      // Every other one is told to come by TCP, which whoever forges addresses cannot.
      this.limitedCount += 1;
      const isTold = request.kind === "request" && this.limitedCount % 2 === 0;
      reply(isTold ? answerTruncated(request) : undefined);
      return;
    }
    if (!isWithin(clients, address)) {
      reply(answerError(request, request.kind === "malformed" ? request.rcode : "REFUSED", asking));
      return;
    }
    const decision = decideAnswer(this.options.zone(), request, asking);
    if (decision.kind === "answer") reply(decision.bytes);
    else if (forwarder !== undefined && request.kind === "request") {
      const answered = forwarder.ask(bytes, request, isUdp);
      void answered.then((answer) => reply(answer ?? answerError(request, "SERVFAIL", asking)));
    }
  }
}
