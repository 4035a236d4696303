/**
 * What agents say to each other over multicast DNS (RFC 6762, RFC 6763), as HashiCorp's do: the service `_serf_NAME._tcp.local`, with an
 * instance for each agent. Pure: bytes in, bytes out.
 */

import { createHash } from "node:crypto";
import { BlockList, isIP } from "node:net";
import { type Answer, AUTHORITATIVE_ANSWER, type DecodedPacket, decode, encode, type Question } from "dns-packet";
import { canonicalIp, type Endpoint, formatEndpoint } from "../base/address.ts";
import { type Rejected, rejected } from "../base/rejected.ts";

/** Where every responder listens, and where plain queries of other software come from. */
export const mdnsPort = 5353;

/** RFC 6762, section 17: no message is longer. */
const messageBytesMax = 9_000;
const labelBytesMax = 63;
const nameBytesMax = 255;
const ttlSeconds = 120;
const headerBytes = 12;
/** Of a name that is the root: with type and class, and for a record also with its time to live and length. */
const questionBytesMin = 5;
const recordBytesMin = 11;
/** Asked by whoever wants to know which services there are. */
const enumerationName = "_services._dns-sd._udp.local";
/** More agents than this in one message are not believed. */
const endpointsMax = 64;

/** An agent as it introduces itself. */
export interface Announcement {
  /** The NAME of `-discover`. */
  readonly clusterName: string;
  readonly nodeName: string;
  /** Where it is to be joined. */
  readonly endpoint: Endpoint;
}

export type MdnsMessage = DecodedPacket;

/** "_serf_NAME._tcp.local" */
export function serviceNameOf(clusterName: string): string {
  return `_serf_${clusterName}._tcp.local`;
}

/** Asks for all instances of a service. */
export function encodeQuestion(serviceName: string): Uint8Array {
  return encode({ type: "query", id: 0, questions: [{ name: serviceName, type: "PTR", class: "IN" }] });
}

/** Reads a message of anybody on the network. */
export function decodeMessage(bytes: Uint8Array): MdnsMessage | Rejected {
  if (bytes.length > messageBytesMax) return rejected("too-large", `a message of ${bytes.length} bytes`);
  // The library believes the counts, and reads records of nothing for as long as they say.
  if (bytes.length < bytesAnnounced(bytes)) return rejected("truncated", `${bytes.length} bytes for all its records`);
  try {
    const message = decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
    // Both are zero in multicast DNS, and a message in which they are not is to be ignored: RFC 6762, 18.3 and 18.11.
    const { opcode, rcode } = message as unknown as { opcode: string; rcode: string };
    if (opcode !== "QUERY" || rcode !== "NOERROR") return rejected("unknown-kind", `opcode ${opcode}, rcode ${rcode}`);
    return message;
  } catch (error) {
    return rejected("malformed", error instanceof Error ? error.message : String(error));
  }
}

/** The least that a message takes with as many questions and records as its header says. */
function bytesAnnounced(message: Uint8Array): number {
  const count = (at: number): number => ((message[at] ?? 0) << 8) | (message[at + 1] ?? 0);
  return headerBytes + questionBytesMin * count(4) + recordBytesMin * (count(6) + count(8) + count(10));
}

/** The records of one agent, and what of them answers which question. */
export class ServiceRecords {
  private readonly serviceName: string;
  private readonly instanceName: string;
  private readonly targetName: string;
  private readonly enumeration: Answer;
  private readonly pointer: Answer;
  private readonly server: Answer;
  private readonly text: Answer;
  private readonly address: Answer;

  constructor({ clusterName, nodeName, endpoint }: Announcement) {
    const { address, port } = endpoint;
    const digest = createHash("sha256")
      .update(`${nodeName} ${formatEndpoint(endpoint)}`)
      .digest("hex")
      .slice(0, 16);
    this.serviceName = serviceNameOf(clusterName);
    this.instanceName = nameInstance(nodeName, this.serviceName) ?? `serf-${digest}.${this.serviceName}`;
    // A name of its own: several agents share a host, and the host's own name is for its own responder to defend.
    this.targetName = `serf-${digest}.local`;
    const common = { ttl: ttlSeconds, class: "IN" } as const;
    this.enumeration = { ...common, name: enumerationName, type: "PTR", data: this.serviceName };
    this.pointer = { ...common, name: this.serviceName, type: "PTR", data: this.instanceName };
    const server = { priority: 10, weight: 1, port, target: this.targetName };
    this.server = { ...common, name: this.instanceName, type: "SRV", data: server };
    this.text = { ...common, name: this.instanceName, type: "TXT", data: `Serf '${clusterName}' cluster` };
    this.address = { ...common, name: this.targetName, type: isIP(address) === 6 ? "AAAA" : "A", data: address };
  }

  /**
   * The answer to a query, undefined if it is not for us to answer. An asker with a port of its own takes a plain DNS answer,
   * with its question and id: RFC 6762, 6.7.
   */
  answer(query: MdnsMessage, isPlainDns: boolean): Uint8Array | undefined {
    const { questions = [], answers: knownAnswers = [] } = query;
    const answers = new Set(questions.flatMap((question) => this.recordsFor(question)));
    if (knownAnswers.some((record) => this.isOurPointer(record))) answers.delete(this.pointer);
    if (answers.size === 0) return undefined;
    const additionals = this.additionsTo(answers);
    return encode({
      type: "response",
      id: isPlainDns ? (query.id ?? 0) : 0,
      flags: AUTHORITATIVE_ANSWER,
      questions: isPlainDns ? questions.filter((question) => this.recordsFor(question).length > 0).slice(0, 1) : [],
      answers: [...answers],
      additionals,
    });
  }

  private recordsFor({ name, type }: Question): readonly Answer[] {
    const isOfType = (record: Answer) => record.type === type || (type as string) === "ANY";
    if (name === enumerationName) return [this.enumeration].filter(isOfType);
    if (name === this.serviceName) return [this.pointer].filter(isOfType);
    if (name === this.instanceName) return [this.server, this.text].filter(isOfType);
    if (name === this.targetName) return [this.address].filter(isOfType);
    return [];
  }

  /** What the asker would have to ask next. The reference wants the text last. */
  private additionsTo(answers: ReadonlySet<Answer>): Answer[] {
    const wanted = answers.has(this.pointer)
      ? [this.server, this.address, this.text]
      : answers.has(this.server)
        ? [this.address]
        : [];
    return wanted.filter((record) => !answers.has(record));
  }

  /** The asker has known us for less than half of the record's life, and need not be told: RFC 6762, 7.1. */
  private isOurPointer(record: Answer): boolean {
    return (
      record.type === "PTR" &&
      record.name === this.serviceName &&
      record.data === this.instanceName &&
      (record.ttl ?? 0) >= ttlSeconds / 2
    );
  }
}

/**
 * Where the instances of a service are, as one message says it; those are left out whose address nobody could join from here.
 * Loopback is believed of this machine alone.
 */
export function endpointsIn(message: MdnsMessage, serviceName: string, isThisMachine: boolean): readonly Endpoint[] {
  const records = [...(message.answers ?? []), ...(message.additionals ?? [])];
  const instances = new Set<string>();
  const addresses = new Map<string, string>();
  for (const record of records) {
    if (record.type === "PTR" && record.name === serviceName) instances.add(record.data);
    if (record.type !== "A" && record.type !== "AAAA") continue;
    const address = canonicalIp(record.data);
    const isUsable = address !== undefined && isJoinable(address, isThisMachine);
    if (isUsable && !addresses.has(record.name)) addresses.set(record.name, address);
  }
  const endpoints = new Map<string, Endpoint>();
  for (const record of records) {
    if (record.type !== "SRV" || !instances.has(record.name)) continue;
    const { target, port } = record.data;
    const address = addresses.get(target);
    if (address === undefined || port === 0 || endpoints.size === endpointsMax) continue;
    endpoints.set(formatEndpoint({ address, port }), { address, port });
  }
  return [...endpoints.values()];
}

/** "NODE._serf_NAME._tcp.local", where dots part labels as in the reference; undefined where DNS has no such name. */
function nameInstance(nodeName: string, serviceName: string): string | undefined {
  const fits = nodeName.split(".").every((label) => {
    const bytes = Buffer.byteLength(label);
    return bytes > 0 && bytes <= labelBytesMax;
  });
  const name = `${nodeName}.${serviceName}`;
  return fits && Buffer.byteLength(name) + 2 <= nameBytesMax ? name : undefined;
}

function isJoinable(address: string, isThisMachine: boolean): boolean {
  const family = isIP(address) === 6 ? "ipv6" : "ipv4";
  return !nowhere.check(address, family) && (isThisMachine || !loopback.check(address, family));
}

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/** Nobody, everybody, or, link-local in IPv6, somebody whose interface the protocol cannot name. */
const nowhere = new BlockList();
nowhere.addSubnet("0.0.0.0", 8, "ipv4");
nowhere.addSubnet("224.0.0.0", 3, "ipv4");
nowhere.addAddress("::", "ipv6");
nowhere.addSubnet("fe80::", 10, "ipv6");
nowhere.addSubnet("ff00::", 8, "ipv6");
