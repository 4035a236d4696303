/**
 * The members as a zone of DNS: which names there are, and which records they have. Made anew from the whole list when that changes, and
 * never changed itself.
 *
 * ```
 * NODE.node.ZONE          A AAAA SRV TXT    one member; its tags are the TXT records
 * ROLE.role.ZONE          A AAAA SRV        those with that role
 * VALUE.KEY.tag.ZONE      A AAAA SRV        those with that value of a tag
 * KEY.tag.ZONE            A AAAA SRV        those with that tag, whatever its value
 * _SERVICE._tcp.NAME      SRV               any of these, with the port from the tag SERVICE_port (RFC 2782)
 * ADDRESS.in-addr.arpa    PTR               the members at that address; ip6.arpa as well
 * ```
 */

import type { PluginMember } from "../plugin.ts";
import { keyOf, type Labels, textOf } from "./names.ts";
import { type EntryKind, type Place, Placing, type ZoneMember } from "./places.ts";
import { type Question, types } from "./request.ts";
import { encodeData, type RecordData } from "./response.ts";

export interface ZoneOptions {
  readonly zone: Labels;
  /** The tag with the port of SRV records, and that with their weight. */
  readonly portTag: string;
  readonly weightTag: string;
  /** How long others may take it for true, in seconds; of what there is not as well. */
  readonly ttlSeconds: number;
}

/** A record, and the member whose addresses whoever reads it will ask for next. */
export interface ZoneRecord {
  readonly data: RecordData;
  readonly target?: ZoneMember;
}

/**
 * "elsewhere": a name that is not ours to answer for. "unknown": one that is, and does not exist. An answer has no records where the name
 * has none of that type. `apex` is the name of the zone that says so.
 */
export type Lookup =
  | { readonly kind: "elsewhere" }
  | { readonly kind: "unknown"; readonly apex: Labels }
  | { readonly kind: "answer"; readonly apex: Labels; readonly records: readonly ZoneRecord[] };

const portMax = 65_535;
const textStringBytesMax = 255;
/** In seconds: how often a secondary server would look, and when it would give up. There is none, as every node can be asked. */
const transferTimes = { refresh: 60, retry: 10, expire: 3_600 };
const protocolLabels: readonly string[] = ["_tcp", "_udp"];

/** A name and the members it stands for. */
class Entry {
  readonly labels: Labels;
  kind: EntryKind;
  readonly members: ZoneMember[] = [];
  /** By what tells them apart; made when they are first asked for. */
  private readonly records = new Map<string, readonly ZoneRecord[]>();

  constructor(labels: Labels, kind: EntryKind) {
    this.labels = labels;
    this.kind = kind;
  }

  remembered(key: string, make: () => readonly ZoneRecord[]): readonly ZoneRecord[] {
    let records = this.records.get(key);
    if (records === undefined) {
      records = make();
      this.records.set(key, records);
    }
    return records;
  }
}

export class Zone {
  readonly serial: number;
  readonly options: ZoneOptions;
  readonly memberCount: number;
  readonly soa: RecordData;
  private readonly nameServer: ZoneRecord;
  private readonly entries = new Map<string, Entry>();
  private readonly suffix: string;

  /** `placing` is that of the zone before, or a new one. */
  constructor(
    members: readonly PluginMember[],
    self: PluginMember,
    serial: number,
    options: ZoneOptions,
    placing = new Placing(options.zone),
  ) {
    this.options = options;
    this.serial = serial;
    this.suffix = `.${keyOf(options.zone)}`;
    this.enter({ labels: options.zone, key: keyOf(options.zone), kind: "apex" });
    for (const word of ["node", "role", "tag"])
      this.enter({ labels: [word, ...options.zone], key: `${word}${this.suffix}`, kind: "between" });
    const alive = members.filter(({ status }) => status === "alive");
    this.memberCount = alive.length;
    for (const { member, places } of alive.map((one) => placing.place(one)))
      for (const place of places) this.enter(place, member);
    const server = placing.nodeLabels(self.name);
    const target = this.entries.get(keyOf(server))?.members.find(({ address }) => address !== undefined);
    this.nameServer = { data: encodeData({ type: "NS", data: textOf(server) }), ...(target && { target }) };
    const { ttlSeconds, zone } = options;
    const authority = { mname: textOf(server), rname: `hostmaster.${textOf(zone)}`, serial, minimum: ttlSeconds };
    this.soa = encodeData({ type: "SOA", data: { ...authority, ...transferTimes } });
  }

  lookUp({ labels, key, type }: Pick<Question, "labels" | "key" | "type">): Lookup {
    const exact = this.entries.get(key);
    if (exact !== undefined) return this.answer(exact, type, "");
    if (!key.endsWith(this.suffix)) return { kind: "elsewhere" };
    return this.lookUpService(labels, type) ?? { kind: "unknown", apex: this.options.zone };
  }

  /** Every name with what it has, the zone's own first. */
  *list(): Generator<{ readonly labels: Labels; readonly records: readonly ZoneRecord[] }> {
    for (const entry of this.entries.values()) {
      const kinds = [types.SOA, types.NS, types.A, types.AAAA, types.SRV, types.TXT, types.PTR];
      const records = kinds.flatMap((type) => this.recordsOf(entry, type, ""));
      if (records.length > 0) yield { labels: entry.labels, records };
    }
  }

  /** Lists the member there, if the name does not exist only for the sake of longer ones. */
  private enter({ labels, key, kind }: Place, member?: ZoneMember): void {
    let entry = this.entries.get(key);
    if (entry === undefined) {
      entry = new Entry(labels, kind);
      this.entries.set(key, entry);
    } else if (entry.kind === "between") entry.kind = kind;
    if (member === undefined || kind === "between") return;
    // The same value may have led here twice, spelled differently.
    if (entry.members.at(-1) !== member) entry.members.push(member);
  }

  /** "_http._tcp.web.role.serf": any name that stands for members can be asked that way. */
  private lookUpService(labels: Labels, type: number): Lookup | undefined {
    const words = labels.map((label) => label.toLowerCase());
    const protocolIndex = words.findIndex((word) => protocolLabels.includes(word));
    const above = this.entries.get(keyOf(labels.slice(protocolIndex + 1)));
    if (protocolIndex < 0 || protocolIndex > 1 || above === undefined || above.kind === "apex") return undefined;
    if (protocolIndex === 0) return { kind: "answer", apex: this.options.zone, records: [] };
    const service = words[0] ?? "";
    const records = service.startsWith("_") ? this.recordsOf(above, types.SRV, service.slice(1)) : [];
    if (records.length === 0) return undefined;
    return { kind: "answer", apex: this.options.zone, records: type === types.SRV ? records : [] };
  }

  private answer(entry: Entry, type: number, service: string): Lookup {
    const apex = entry.kind === "reverse" ? entry.labels : this.options.zone;
    return { kind: "answer", apex, records: this.recordsOf(entry, type, service) };
  }

  private recordsOf(entry: Entry, type: number, service: string): readonly ZoneRecord[] {
    const { kind, members } = entry;
    const isApex = kind === "apex" || kind === "reverse";
    const remembered = (make: () => readonly ZoneRecord[]) => entry.remembered(String(type), make);
    switch (type) {
      case types.SOA:
        return isApex ? [{ data: this.soa }] : [];
      case types.NS:
        return isApex ? [this.nameServer] : [];
      case types.A:
      case types.AAAA:
        return kind === "reverse" ? [] : remembered(() => addressesOf(members, type));
      case types.SRV:
        return kind === "reverse" ? [] : this.serversOf(entry, service);
      case types.TXT:
        return kind === "node" ? remembered(() => members.flatMap(({ tags }) => textsOf(tags))) : [];
      case types.PTR:
        return kind === "reverse" ? remembered(() => members.map(({ labels }) => pointerTo(labels))) : [];
      default:
        return [];
    }
  }

  private serversOf(entry: Entry, service: string): readonly ZoneRecord[] {
    const ownTag = `${service}_port`;
    // Strangers choose the service: only what tags name is kept apart.
    const isNamed = service !== "" && entry.members.some(({ tags }) => Object.hasOwn(tags, ownTag));
    return entry.remembered(isNamed ? `SRV ${service}` : "SRV", () =>
      entry.members.flatMap((member) => {
        const port = numberIn(isNamed ? (member.tags[ownTag] ?? "") : (member.tags[this.options.portTag] ?? ""));
        return port === undefined || port === 0 ? [] : [this.serverAt(member, port)];
      }),
    );
  }

  private serverAt(member: ZoneMember, port: number): ZoneRecord {
    const weight = numberIn(member.tags[this.options.weightTag] ?? "") ?? 1;
    const data = { priority: 0, weight, port, target: textOf(member.labels) };
    return { data: encodeData({ type: "SRV", data }), target: member };
  }
}

/** Each address once: several members may share a host. */
function addressesOf(members: readonly ZoneMember[], type: number): readonly ZoneRecord[] {
  const addresses = new Map<string, ZoneRecord>();
  for (const { address } of members) {
    if (address?.type === type) addresses.set(Buffer.from(address.bytes).toString("hex"), { data: address });
  }
  return [...addresses.values()];
}

/** A record for each tag, as `KEY=VALUE`; what is longer than the 255 bytes of a string goes on in the next. */
function textsOf(tags: Readonly<Record<string, string>>): readonly ZoneRecord[] {
  return Object.entries(tags).map(([key, value]) => {
    const text = Buffer.from(`${key}=${value}`);
    const strings: Buffer[] = [];
    for (let start = 0; start < text.length; start += textStringBytesMax)
      strings.push(text.subarray(start, start + textStringBytesMax));
    return { data: encodeData({ type: "TXT", data: strings }) };
  });
}

function pointerTo(labels: Labels): ZoneRecord {
  return { data: encodeData({ type: "PTR", data: textOf(labels) }) };
}

/** The whole number of a tag, if it is one of 16 bits. */
function numberIn(text: string): number | undefined {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : undefined;
  return value !== undefined && value <= portMax ? value : undefined;
}
