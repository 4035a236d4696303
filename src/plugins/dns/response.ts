/** Answers, written record by record up to a limit, with names that were said before as pointers to there (RFC 1035, 4.1.4). */

import { type Answer, encode } from "dns-packet";
import { keyOf, type Labels } from "./names.ts";
import { classIn, type Edns, type Header, headerBytes, type Question, type Rcode, rcodes, types } from "./request.ts";

/** The types that are answered with, as `dns-packet` describes their data. */
type DataOf<A, T extends string> = A extends { type: infer Types; data: infer D }
  ? T extends Types
    ? D
    : never
  : never;
export type Described = {
  [T in "A" | "AAAA" | "NS" | "PTR" | "SRV" | "TXT" | "SOA" | "HINFO"]: {
    readonly type: T;
    readonly data: DataOf<Answer, T>;
  };
}["A" | "AAAA" | "NS" | "PTR" | "SRV" | "TXT" | "SOA" | "HINFO"];

/** What of a record does not depend on who asks for it. */
export interface RecordData {
  readonly type: number;
  readonly bytes: Uint8Array;
  readonly described: Described;
}

export type Section = "answer" | "authority" | "additional";

interface Flags {
  readonly rcode: Rcode;
  readonly isAuthoritative?: boolean;
  readonly isTruncated?: boolean;
  readonly recursionAvailable?: boolean;
}

/** Type, class, life and length of the data. */
const fixedBytes = 10;
const optBytes = 11;
/** Pointers have 14 bits. */
const pointerMax = 0x3fff;
/** What we say we take ourselves. */
const ownUdpBytesMax = 1_232;

/** Data in the form of the wire. Names in it are whole: those of SRV records must be (RFC 2782). */
export function encodeData(record: Described): RecordData {
  const message = encode({ answers: [{ ...record, name: ".", class: "IN", ttl: 0 } as Answer] });
  return {
    type: message.readUInt16BE(headerBytes + 1),
    bytes: message.subarray(headerBytes + 1 + fixedBytes),
    described: record,
  };
}

export class ResponseWriter {
  private readonly header: Header;
  private readonly edns: Edns | undefined;
  private readonly bytesMax: number;
  private readonly hasQuestion: boolean;
  private readonly parts: Uint8Array[] = [];
  private length = headerBytes;
  private readonly counts = { answer: 0, authority: 0, additional: 0 };
  /** Where names stand that were written, by their keys. */
  private readonly offsets = new Map<string, number>();

  /** `bytesMax` is in [512, 65535]. */
  constructor(header: Header, question: Question | undefined, edns: Edns | undefined, bytesMax: number) {
    this.header = header;
    this.edns = edns;
    this.hasQuestion = question !== undefined;
    // Kept free from the start, for it comes last and must come.
    this.bytesMax = edns === undefined ? bytesMax : bytesMax - optBytes;
    if (question === undefined) return;
    this.remember(question.labels, this.length);
    this.append(question.bytes);
  }

  /** Adds a record, unless there is no room for it. Sections come in their order. */
  add(section: Section, owner: Labels, { type, bytes }: RecordData, ttlSeconds: number): boolean {
    const name = this.compress(owner);
    if (this.length + name.length + fixedBytes + bytes.length > this.bytesMax) return false;
    const fixed = Buffer.alloc(fixedBytes);
    fixed.writeUInt16BE(type, 0);
    fixed.writeUInt16BE(classIn, 2);
    fixed.writeUInt32BE(ttlSeconds, 4);
    fixed.writeUInt16BE(bytes.length, 8);
    this.remember(owner, this.length);
    for (const part of [name, fixed, bytes]) this.append(part);
    this.counts[section] += 1;
    return true;
  }

  finish({ rcode, isAuthoritative = false, isTruncated = false, recursionAvailable = false }: Flags): Uint8Array {
    const { id, opcode, recursionDesired, checkingDisabled } = this.header;
    const bits: readonly (readonly [boolean, number])[] = [
      [isAuthoritative, 0x0400],
      [isTruncated, 0x0200],
      [recursionDesired, 0x0100],
      [recursionAvailable, 0x0080],
      [checkingDisabled, 0x0010],
    ];
    const flags = bits.reduce((sum, [isSet, bit]) => (isSet ? sum | bit : sum), 0x8000 | (opcode << 11));
    const { answer, authority, additional } = this.counts;
    const header = Buffer.alloc(headerBytes);
    header.writeUInt16BE(id, 0);
    header.writeUInt16BE(flags | (rcodes[rcode] & 15), 2);
    header.writeUInt16BE(this.hasQuestion ? 1 : 0, 4);
    header.writeUInt16BE(answer, 6);
    header.writeUInt16BE(authority, 8);
    header.writeUInt16BE(additional + (this.edns === undefined ? 0 : 1), 10);
    return Buffer.concat([header, ...this.parts, ...(this.edns === undefined ? [] : [this.option(rcode)])]);
  }

  /** Our part of EDNS, with the upper bits of the response code. */
  private option(rcode: Rcode): Uint8Array {
    const option = Buffer.alloc(optBytes);
    option.writeUInt16BE(types.OPT, 1);
    option.writeUInt16BE(ownUdpBytesMax, 3);
    option.writeUInt8(rcodes[rcode] >> 4, 5);
    option.writeUInt16BE(this.edns?.dnssecOk ? 0x8000 : 0, 7);
    return option;
  }

  /** The labels up to one from which the name was written before, and a pointer to there. */
  private compress(labels: Labels): Uint8Array {
    const parts: Uint8Array[] = [];
    for (const [index, label] of labels.entries()) {
      const offset = this.offsets.get(keyOf(labels.slice(index)));
      if (offset !== undefined) return Buffer.concat([...parts, Uint8Array.of(0xc0 | (offset >> 8), offset & 255)]);
      parts.push(Uint8Array.of(label.length), Buffer.from(label, "latin1"));
    }
    return Buffer.concat([...parts, Uint8Array.of(0)]);
  }

  private remember(labels: Labels, start: number): void {
    let offset = start;
    for (const [index, label] of labels.entries()) {
      const key = keyOf(labels.slice(index));
      // From there on it is a pointer already.
      if (this.offsets.has(key) || offset > pointerMax) return;
      this.offsets.set(key, offset);
      offset += 1 + label.length;
    }
  }

  private append(bytes: Uint8Array): void {
    this.parts.push(bytes);
    this.length += bytes.length;
  }
}
