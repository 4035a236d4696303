import { type Endpoint, formatEndpoint } from "../base/address.ts";
import { emptyBytes } from "../base/bytes.ts";
import { encodeMessage } from "../wire/codecs.ts";
import type { IndirectPing, Ping } from "../wire/messages.ts";
import { composePing, type Foundations } from "./foundations.ts";
import type { PacketSender } from "./packet-sender.ts";

/** Pings this node relays for others at once: a request is small, and must not be able to fill memory. */
const relaysMax = 1024;

export interface PingResponderSurroundings extends Foundations {
  readonly packets: PacketSender;
}

/** Answers pings, and pings on behalf of others. */
export class PingResponder {
  private readonly around: PingResponderSurroundings;
  /**
   * When an ack last carried broadcasts. They are sent a limited number of times, and neighbours that watch this node ask so often that they would
   * use them up: an ack in a probe interval carries them, which is what the probes of all others bring about without such neighbours.
   */
  private filledMs = Number.NEGATIVE_INFINITY;

  constructor(around: PingResponderSurroundings) {
    this.around = around;
  }

  receivePing(from: Endpoint, ping: Ping): void {
    const { clock, delegates, limitedLog, options, packets } = this.around;
    if (ping.node !== "" && ping.node !== options.nodeName) {
      const line = `memberlist: Got ping for unexpected node '${ping.node}' from=${formatEndpoint(from)}`;
      limitedLog.log("WARN", `${from.address} unexpected ping`, line);
      return;
    }
    const payload = delegates.ping?.ackPayload() ?? emptyBytes;
    const ack = encodeMessage({ kind: "ack", sequence: ping.sequence, payload });
    const to = answerTo(from, ping);
    const nowMs = clock.monotonicMs();
    if (nowMs - this.filledMs < options.probeIntervalMs) {
      packets.send(to, ping.sourceNode, [ack]);
      return;
    }
    this.filledMs = nowMs;
    packets.sendFilled(to, ping.sourceNode, ack);
  }

  /**
   * Pings the target under a sequence number of this node's own, and passes the news on under the asker's: an ack without its
   * payload, or, if the asker understands it, a nack when the ping timeout has passed.
   */
  receiveIndirectPing(from: Endpoint, request: IndirectPing): void {
    const { acks, metrics, options, packets } = this.around;
    if (acks.size >= relaysMax) {
      metrics.increment("memberlist.relay.dropped");
      return;
    }
    const asker = answerTo(from, request);
    const sequence = acks.expect(options.probeTimeoutMs, {
      ack: () => {
        const ack = encodeMessage({ kind: "ack", sequence: request.sequence, payload: emptyBytes });
        packets.sendFilled(asker, request.sourceNode, ack);
      },
      expired: () => {
        if (!request.nack) return;
        const nack = encodeMessage({ kind: "nack", sequence: request.sequence });
        packets.sendFilled(asker, request.sourceNode, nack);
      },
    });
    const target = { address: request.targetAddress, port: this.around.knownPort(request.targetPort) };
    packets.sendFilled(target, request.node, encodeMessage(composePing(this.around, sequence, request.node)));
  }
}

/** A packet does not always seem to come from where its sender can be reached. */
function answerTo(from: Endpoint, request: Ping | IndirectPing): Endpoint {
  const { sourceAddress: address, sourcePort: port } = request;
  return address !== "" && port > 0 ? { address, port } : from;
}
