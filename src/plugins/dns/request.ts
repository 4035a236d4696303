/** What strangers ask, read from their bytes. */

import { decode, type OptAnswer } from "dns-packet";
import { keyOf, type Labels, nameBytes } from "./names.ts";

export const headerBytes = 12;
/** No question needs more. */
export const requestBytesMax = 4_096;
const nameBytesMax = 255;
/** OPT, TSIG, and some to spare. */
const additionalsMax = 4;

export const rcodes = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  BADVERS: 16,
} as const;

export type Rcode = keyof typeof rcodes;

export const types = {
  A: 1,
  NS: 2,
  SOA: 6,
  PTR: 12,
  HINFO: 13,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  OPT: 41,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
} as const;

export const classIn = 1;

export interface Header {
  readonly id: number;
  /** 0 is a query. */
  readonly opcode: number;
  readonly recursionDesired: boolean;
  readonly checkingDisabled: boolean;
}

export interface Question {
  readonly labels: Labels;
  readonly key: string;
  readonly type: number;
  readonly class: number;
  /** As it came, for it is sent back letter by letter: askers tell by its upper and lower case that the answer is to them. */
  readonly bytes: Uint8Array;
}

/** What the asker says of itself by EDNS (RFC 6891). */
export interface Edns {
  /** It takes UDP messages as long as this. */
  readonly udpBytesMax: number;
  readonly version: number;
  readonly dnssecOk: boolean;
}

export interface Request {
  readonly kind: "request";
  readonly header: Header;
  readonly question: Question;
  readonly edns: Edns | undefined;
}

/** A message that is answered with an error alone, with as much of it as could be read. */
export interface Malformed {
  readonly kind: "malformed";
  readonly header: Header;
  readonly question: Question | undefined;
  readonly rcode: "FORMERR" | "NOTIMP";
}

/** Undefined is for what must not be answered: answers themselves, or two servers would talk for ever, and what has no header. */
export function readRequest(bytes: Uint8Array): Request | Malformed | undefined {
  if (bytes.length < headerBytes) return undefined;
  const message = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const flags = message.readUInt16BE(2);
  if ((flags & 0x8000) !== 0) return undefined;
  const header: Header = {
    id: message.readUInt16BE(0),
    opcode: (flags >> 11) & 15,
    recursionDesired: (flags & 0x0100) !== 0,
    checkingDisabled: (flags & 0x0010) !== 0,
  };
  const malformed = (question?: Question): Malformed => ({ kind: "malformed", header, question, rcode: "FORMERR" });
  // What follows the header is known of queries alone.
  if (header.opcode !== 0) return { ...malformed(), rcode: "NOTIMP" };
  const [questions, answers, authorities, additionals] = [4, 6, 8, 10].map((offset) => message.readUInt16BE(offset));
  // An incremental transfer has one record as its authority.
  if (questions !== 1 || answers !== 0 || authorities! > 1 || additionals! > additionalsMax) return malformed();
  const question = message.length <= requestBytesMax ? readQuestion(message) : undefined;
  if (question === undefined) return malformed();
  const options = readOptions(message);
  if (options === undefined || options.length > 1) return malformed(question);
  return { kind: "request", header, question, edns: toEdns(options[0]) };
}

/** The first name of a message has nothing before it to point to. */
function readQuestion(message: Buffer): Question | undefined {
  const labels: string[] = [];
  let offset = headerBytes;
  for (;;) {
    const length = message[offset++];
    if (length === undefined || length > 63) return undefined;
    if (length === 0) break;
    labels.push(message.toString("latin1", offset, offset + length));
    offset += length;
    if (offset > message.length || nameBytes(labels) > nameBytesMax) return undefined;
  }
  if (offset + 4 > message.length) return undefined;
  return {
    labels,
    key: keyOf(labels),
    type: message.readUInt16BE(offset),
    class: message.readUInt16BE(offset + 2),
    bytes: message.subarray(headerBytes, offset + 4),
  };
}

/** Undefined where the message is not to be read to its end. */
function readOptions(message: Buffer): readonly OptAnswer[] | undefined {
  try {
    const { additionals = [] } = decode(message);
    if (decode.bytes !== message.length) return undefined;
    const options = additionals.filter((record) => record.type === "OPT");
    return options.every(({ name }) => name === ".") ? options : undefined;
  } catch {
    return undefined;
  }
}

function toEdns(option: OptAnswer | undefined): Edns | undefined {
  if (option === undefined) return undefined;
  const { udpPayloadSize, ednsVersion, flag_do } = option;
  return { udpBytesMax: udpPayloadSize, version: ednsVersion, dnssecOk: flag_do };
}
