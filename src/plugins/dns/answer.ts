/** What a question is answered with. Pure, but for the order of records, which is drawn. */

import type { Labels } from "./names.ts";
import type { ZoneMember } from "./places.ts";
import { classIn, type Malformed, type Rcode, type Request, types } from "./request.ts";
import { encodeData, ResponseWriter } from "./response.ts";
import type { Zone, ZoneRecord } from "./zone.ts";

/** How the question came, and what may be done about it. */
export interface Asking {
  readonly isUdp: boolean;
  /** The longest message sent over UDP, whatever the asker takes. */
  readonly udpBytesMax: number;
  /** Names of others are asked of other servers. */
  readonly forwards: boolean;
  /** In [0, 1). */
  readonly random: () => number;
}

/** Bytes to send, or that somebody else is to be asked. */
export type Decision = { readonly kind: "answer"; readonly bytes: Uint8Array } | { readonly kind: "forward" };

const plainUdpBytesMax = 512;
const streamBytesMax = 65_535;
/** What RFC 8482 has for whoever asks for everything: an error would make resolvers think that this server does not know the zone. */
const refusesAny = encodeData({ type: "HINFO", data: { cpu: "RFC8482", os: "" } });

export function decideAnswer(zone: Zone, request: Request | Malformed, asking: Asking): Decision {
  if (request.kind === "malformed") return { kind: "answer", bytes: answerError(request, request.rcode, asking) };
  const { question, edns, header } = request;
  const error = (rcode: Rcode): Decision => ({ kind: "answer", bytes: answerError(request, rcode, asking) });
  if (edns !== undefined && edns.version !== 0) return error("BADVERS");
  if (question.class !== classIn) return error("REFUSED");
  const isTransfer = question.type === types.AXFR || question.type === types.IXFR;
  const lookup = zone.lookUp(question);
  if (lookup.kind === "elsewhere") {
    const mayForward = asking.forwards && header.recursionDesired && !isTransfer;
    return mayForward ? { kind: "forward" } : error("REFUSED");
  }
  if (isTransfer) return error("REFUSED");
  const writer = new ZoneAnswer(zone, request, asking);
  if (lookup.kind === "unknown") return { kind: "answer", bytes: writer.writeNothing("NXDOMAIN", lookup.apex) };
  const records = question.type === types.ANY ? [{ data: refusesAny }] : lookup.records;
  if (records.length === 0) return { kind: "answer", bytes: writer.writeNothing("NOERROR", lookup.apex) };
  return { kind: "answer", bytes: writer.write(records) };
}

/** An answer without records. */
export function answerError(request: Request | Malformed, rcode: Rcode, asking: Asking): Uint8Array {
  const isReadable = request.kind === "request";
  const edns = isReadable ? request.edns : undefined;
  const writer = new ResponseWriter(request.header, request.question, edns, plainUdpBytesMax);
  return writer.finish({ rcode, recursionAvailable: asking.forwards });
}

/** No more than that there is more: whoever really asked comes again over TCP, which cannot be forged. */
export function answerTruncated({ header, question, edns }: Request): Uint8Array {
  return new ResponseWriter(header, question, edns, plainUdpBytesMax).finish({ rcode: "NOERROR", isTruncated: true });
}

/** One answer with authority. */
class ZoneAnswer {
  private readonly zone: Zone;
  private readonly question: Labels;
  private readonly asking: Asking;
  private readonly writer: ResponseWriter;

  constructor(zone: Zone, { header, question, edns }: Request, asking: Asking) {
    this.zone = zone;
    this.question = question.labels;
    this.asking = asking;
    const wanted = Math.max(plainUdpBytesMax, Math.min(edns?.udpBytesMax ?? plainUdpBytesMax, asking.udpBytesMax));
    this.writer = new ResponseWriter(header, question, edns, asking.isUdp ? wanted : streamBytesMax);
  }

  /** There is no such name, or nothing of that type: whose zone says so, and for how long. */
  writeNothing(rcode: "NXDOMAIN" | "NOERROR", apex: Labels): Uint8Array {
    this.writer.add("authority", apex, this.zone.soa, this.zone.options.ttlSeconds);
    return this.finish(rcode, false);
  }

  /**
   * Records in a drawn order. Where there is no room for all, a message over UDP says so; over TCP, where 64 KiB hold thousands, those that
   * were drawn first are the answer.
   */
  write(records: readonly ZoneRecord[]): Uint8Array {
    const { ttlSeconds } = this.zone.options;
    const targets = new Set<ZoneMember>();
    let isTruncated = false;
    for (const { data, target } of shuffled(records, this.asking.random)) {
      if (!this.writer.add("answer", this.question, data, ttlSeconds)) {
        isTruncated = this.asking.isUdp;
        break;
      }
      if (target !== undefined) targets.add(target);
    }
    // What would be asked next. As it can be asked for, it may be left out.
    if (!isTruncated) this.addAddresses(targets);
    return this.finish("NOERROR", isTruncated);
  }

  private addAddresses(targets: ReadonlySet<ZoneMember>): void {
    for (const { address, labels } of targets) {
      if (address !== undefined && !this.writer.add("additional", labels, address, this.zone.options.ttlSeconds))
        return;
    }
  }

  private finish(rcode: Rcode, isTruncated: boolean): Uint8Array {
    return this.writer.finish({ rcode, isAuthoritative: true, isTruncated, recursionAvailable: this.asking.forwards });
  }
}

/** Draws one after another, so that of ten thousand only those are moved that are used. */
function* shuffled<T>(list: readonly T[], random: () => number): Generator<T> {
  const rest = [...list];
  for (let drawn = 0; drawn < rest.length; drawn++) {
    const index = drawn + Math.floor(random() * (rest.length - drawn));
    const chosen = rest[index]!;
    rest[index] = rest[drawn]!;
    rest[drawn] = chosen;
    yield chosen;
  }
}
