import { type Endpoint, formatEndpoint } from "../base/address.ts";
import type { Metrics } from "../base/host.ts";
import type { RateLimitedLog } from "../base/rate-limited-log.ts";
import type { Rejected } from "../base/rejected.ts";

/**
 * What becomes of bytes that were refused: every one is counted by its reason, and one line per peer, reason and minute is
 * logged. A peer is its IP address here: behind streams its port is another one every time.
 */
export class RejectionLog {
  private readonly log: RateLimitedLog;
  private readonly metrics: Metrics;

  constructor(log: RateLimitedLog, metrics: Metrics) {
    this.log = log;
    this.metrics = metrics;
  }

  notePacket(from: Endpoint, problem: Rejected): void {
    this.note(from, problem, packetText(problem));
  }

  noteStream(from: Endpoint, problem: Rejected): void {
    this.note(from, problem, `failed to receive: ${problem.detail}`);
  }

  /** The inbox had no room for a message of this kind. */
  noteOverflow(from: Endpoint, kind: string): void {
    this.metrics.increment("memberlist.inbox.dropped");
    const text = `handler queue full, dropping message (${kind}) from=${formatEndpoint(from)}`;
    this.log.log("WARN", "inbox overflow", `memberlist: ${text}`);
  }

  private note(from: Endpoint, problem: Rejected, text: string): void {
    this.metrics.increment(`memberlist.rejected.${problem.reason}`);
    const level = problem.reason === "bad-checksum" ? "WARN" : "ERR";
    this.log.log(level, `${from.address} ${problem.reason}`, `memberlist: ${text} from=${formatEndpoint(from)}`);
  }
}

function packetText({ reason, detail }: Rejected): string {
  switch (reason) {
    case "undecryptable":
    case "not-encrypted":
      return `Decrypt packet failed: ${detail}`;
    case "bad-checksum":
      return `Got invalid checksum for UDP packet: ${detail}`;
    case "wrong-label":
      return `discarding packet with unacceptable label: ${detail}`;
    default:
      return `Failed to decode packet: ${detail}`;
  }
}
