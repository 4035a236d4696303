import { createHash } from "node:crypto";
import { type Answer, decode, encode, type RecordType } from "dns-packet";
import { describe, expect, test } from "vitest";
import type { PluginMember } from "../plugin.ts";
import { type Asking, decideAnswer } from "./answer.ts";
import { writeMasterFile } from "./master-file.ts";
import { parseName } from "./names.ts";
import { readRequest } from "./request.ts";
import { Zone } from "./zone.ts";

function member(
  name: string,
  address: string,
  tags: Record<string, string> = {},
  status: PluginMember["status"] = "alive",
) {
  return { name, address, port: 7946, status, tags };
}

const web1 = member("web1", "10.0.0.1", { role: "web", port: "8080", version: "1.2" });
const web2 = member("web2", "10.0.0.2", { role: "web", port: "8081", weight: "5", http_port: "80" });
const db = member("db", "fd00::3", { role: "db", Rack: "R 1" });
const gone = member("gone", "10.0.0.9", { role: "cache" }, "failed");
const leaving = member("leaving", "10.0.0.8", { role: "web" }, "leaving");

function zoneOf(...members: PluginMember[]): Zone {
  const options = { zone: ["serf"], portTag: "port", weightTag: "weight", ttlSeconds: 5 };
  return new Zone(members, members[0]!, 42, options);
}

const common = zoneOf(web1, web2, db, gone, leaving);

interface AskOptions extends Partial<Asking> {
  readonly zone?: Zone;
  readonly edns?: { readonly size: number; readonly version?: number; readonly dnssecOk?: boolean };
  readonly class?: "IN" | "CH";
}

/** Asks, by bytes, and reads the answer by bytes. */
function ask(name: string, type: string, options: AskOptions = {}) {
  const { zone = common, edns, isUdp = true, udpBytesMax = 1232, forwards = false, random = () => 0 } = options;
  const additionals: Answer[] =
    edns === undefined
      ? []
      : [
          {
            type: "OPT",
            name: ".",
            udpPayloadSize: edns.size,
            extendedRcode: 0,
            ednsVersion: edns.version ?? 0,
            flags: edns.dnssecOk ? 0x8000 : 0,
            flag_do: false,
            options: [],
          },
        ];
  const questions = [{ name, type: type as RecordType, class: options.class ?? "IN" }];
  const request = readRequest(encode({ type: "query", id: 7, flags: 0x0100, questions, additionals }));
  if (request === undefined) throw new Error("the question was dropped");
  const decision = decideAnswer(zone, request, { isUdp, udpBytesMax, forwards, random });
  if (decision.kind === "forward") return { rcode: "forwarded", records: [], authority: [], extra: [], bytes: 0 };
  const bytes = Buffer.from(decision.bytes);
  const message = decode(bytes) as ReturnType<typeof decode> & { rcode: string };
  return {
    rcode: message.rcode,
    bytes: bytes.length,
    message,
    records: (message.answers ?? []).map(dataOf),
    authority: (message.authorities ?? []).map((record) => `${record.name} ${record.type}`),
    extra: (message.additionals ?? [])
      .filter(({ type: kind }) => kind !== "OPT")
      .map((record) => `${record.name} ${dataOf(record)}`),
  };
}

function dataOf(record: Answer): string {
  if (record.type === "TXT") return [record.data].flat().map(String).join("|");
  if (record.type === "SRV") return `${record.data.weight} ${record.data.port} ${record.data.target}`;
  return "data" in record && typeof record.data === "string" ? record.data : record.type;
}

describe("names of members", () => {
  test.each([
    ["web1.node.serf", "A", ["10.0.0.1"]],
    ["db.node.serf", "AAAA", ["fd00::3"]],
    ["web.role.serf", "A", ["10.0.0.1", "10.0.0.2"]],
    ["1.2.version.tag.serf", "A", ["10.0.0.1"]],
    ["r 1.rack.tag.serf", "AAAA", ["fd00::3"]],
    ["version.tag.serf", "A", ["10.0.0.1"]],
    ["web1.node.serf", "TXT", ["role=web", "port=8080", "version=1.2"]],
    ["web.role.serf", "SRV", ["1 8080 web1.node.serf", "5 8081 web2.node.serf"]],
    ["_http._tcp.web.role.serf", "SRV", ["5 80 web2.node.serf"]],
    ["_other._udp.web.role.serf", "SRV", ["1 8080 web1.node.serf", "5 8081 web2.node.serf"]],
    ["1.0.0.10.in-addr.arpa", "PTR", ["web1.node.serf"]],
    ["3.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa", "PTR", ["db.node.serf"]],
    ["serf", "NS", ["web1.node.serf"]],
    ["serf", "SOA", ["SOA"]],
    ["web1.node.serf", "ANY", ["HINFO"]],
  ])("%s %s", (name, type, records) => {
    const answer = ask(name, type);
    expect([answer.rcode, answer.records]).toEqual(["NOERROR", records]);
    expect(answer.message).toMatchObject({ flag_aa: true, flag_rd: true, flag_ra: false, flag_tc: false });
  });

  test("are found in any case, and the question comes back letter by letter", () => {
    const { message, records } = ask("wEb1.NODE.sErF", "A");
    expect(records).toEqual(["10.0.0.1"]);
    expect(message?.questions?.[0]?.name).toBe("wEb1.NODE.sErF");
    expect(message?.answers?.[0]?.name).toBe("wEb1.NODE.sErF");
  });

  test("bring the addresses that are asked for next", () => {
    expect(ask("web.role.serf", "SRV").extra).toEqual(["web1.node.serf 10.0.0.1", "web2.node.serf 10.0.0.2"]);
    expect(ask("serf", "NS").extra).toEqual(["web1.node.serf 10.0.0.1"]);
  });

  test.each([
    "gone.node.serf",
    "leaving.node.serf",
    "cache.role.serf",
    "nobody.node.serf",
    "x.web1.node.serf",
    "x.serf",
    "_tcp.x.role.serf",
    "_x._tcp.db.role.serf",
  ])("do not exist where no live member has them: %s", (name) => {
    for (const type of ["A", "SRV", "ANY"]) {
      const { rcode, records, authority } = ask(name, type);
      expect([rcode, records, authority]).toEqual(["NXDOMAIN", [], ["serf SOA"]]);
    }
  });

  test.each([
    ["web1.node.serf", "AAAA", "serf"],
    ["web.role.serf", "TXT", "serf"],
    ["db.role.serf", "SRV", "serf"],
    ["node.serf", "A", "serf"],
    ["tag.serf", "TXT", "serf"],
    ["2.version.tag.serf", "A", "serf"],
    ["_tcp.web.role.serf", "SRV", "serf"],
    ["_http._tcp.web.role.serf", "A", "serf"],
    ["serf", "A", "serf"],
    ["1.0.0.10.in-addr.arpa", "A", "1.0.0.10.in-addr.arpa"],
  ])("exist without records of a type: %s %s", (name, type, apex) => {
    const { rcode, records, authority, message } = ask(name, type);
    expect([rcode, records, authority, message?.flag_aa]).toEqual(["NOERROR", [], [`${apex} SOA`], true]);
  });

  test("that are not the zone's are refused, or asked of others who are asked to recurse", () => {
    for (const name of ["example.com", "notserf", "9.0.0.10.in-addr.arpa", "."]) {
      expect(ask(name, "A").rcode).toBe("REFUSED");
      expect(ask(name, "A", { forwards: true }).rcode).toBe("forwarded");
    }
    expect(ask("nobody.node.serf", "A", { forwards: true }).rcode).toBe("NXDOMAIN");
    expect(ask("example.com", "AXFR", { forwards: true }).rcode).toBe("REFUSED");
  });

  test("are not transferred, and there is one class", () => {
    expect(ask("serf", "AXFR").rcode).toBe("REFUSED");
    expect(ask("serf", "A", { class: "CH" }).rcode).toBe("REFUSED");
  });

  test("share an address without saying it twice, and both are told of it", () => {
    const zone = zoneOf(member("a", "127.0.0.1", { role: "x" }), member("b", "127.0.0.1", { role: "x" }));
    expect(ask("x.role.serf", "A", { zone }).records).toEqual(["127.0.0.1"]);
    expect(ask("1.0.0.127.in-addr.arpa", "PTR", { zone }).records).toEqual(["a.node.serf", "b.node.serf"]);
  });

  test("come in an order that is drawn", () => {
    const seen = new Set<string>();
    for (let run = 0; run < 50; run++) seen.add(ask("web.role.serf", "A", { random: Math.random }).records.join(" "));
    expect(seen.size).toBe(2);
  });
});

describe("what DNS cannot say", () => {
  test.each([
    ["a label of more than 63 bytes", "x".repeat(64)],
    ["an empty label", "a..b"],
    ["a line feed", "a\nb"],
    ["more than there is room for", "x.".repeat(99).slice(0, -1)],
  ])("%s is named by its hash", (_, value) => {
    const hash = `serf-${createHash("sha256").update(value).digest("hex").slice(0, 16)}`;
    const zone = zoneOf(member(value, "10.0.0.7", { key: value, role: value }));
    for (const name of [`${hash}.node.serf`, `${hash}.key.tag.serf`, `${hash}.role.serf`])
      expect(ask(name, "A", { zone }).records).toEqual(["10.0.0.7"]);
    expect(ask("7.0.0.10.in-addr.arpa", "PTR", { zone }).records).toEqual([`${hash}.node.serf`]);
  });

  test("everything else is said, whatever bytes it has", () => {
    const zone = zoneOf(member("größe", "10.0.0.7", { note: 'a "b" \\c' }));
    expect(ask("größe.node.serf", "A", { zone }).records).toEqual(["10.0.0.7"]);
    expect(ask('a "b" \\c.note.tag.serf', "A", { zone }).records).toEqual(["10.0.0.7"]);
    // A dot within a label is not one between labels.
    expect(parseName("a.b")).toEqual(["a", "b"]);
  });

  test("an empty value is found by its key, and a long tag goes on in the next string", () => {
    const zone = zoneOf(member("a", "10.0.0.7", { ready: "", long: "x".repeat(300) }));
    expect(ask("ready.tag.serf", "A", { zone }).records).toEqual(["10.0.0.7"]);
    expect(ask("a.node.serf", "TXT", { zone }).records).toEqual([
      "ready=",
      `long=${"x".repeat(250)}|${"x".repeat(50)}`,
    ]);
  });
});

describe("answers that are too long", () => {
  const crowd = Array.from({ length: 5000 }, (_, index) =>
    member(`web-${index}`, `10.1.${index >> 8}.${index & 255}`, { role: "web", port: "80" }),
  );
  const zone = zoneOf(...crowd);

  test.each([
    ["512 bytes without EDNS", {}, 512],
    ["what the asker takes", { edns: { size: 1000 } }, 1000],
    ["what we send at most", { edns: { size: 4096 } }, 1232],
    ["512 bytes for who says less", { edns: { size: 100 } }, 512],
  ])("over UDP end at %s, and say so", (_, options, limit) => {
    const { bytes, records, message } = ask("web.role.serf", "A", { zone, ...options });
    expect(message?.flag_tc).toBe(true);
    expect(bytes).toBeLessThanOrEqual(limit);
    // With names as pointers, a record has 16 bytes.
    expect(bytes).toBeGreaterThan(limit - 16);
    expect(records.length).toBeGreaterThanOrEqual(Math.floor((limit - 60) / 16));
  });

  test("over TCP are as many as 64 KiB hold", () => {
    const { bytes, records, message } = ask("web.role.serf", "A", { zone, isUdp: false });
    expect(message?.flag_tc).toBe(false);
    expect(bytes).toBeGreaterThan(65_500);
    expect(new Set(records).size).toBe(records.length);
    expect(records.length).toBeGreaterThan(4000);
  });

  test("leave out first what may be asked for", () => {
    const small = zoneOf(...crowd.slice(0, 10));
    const { extra, message, records } = ask("web.role.serf", "SRV", { zone: small });
    expect([message?.flag_tc, records.length]).toEqual([false, 10]);
    expect(extra.length).toBeLessThan(10);
  });
});

describe("EDNS", () => {
  test("is answered by those who are asked with it, with the DO bit as it came", () => {
    expect(ask("serf", "SOA").message?.additionals).toEqual([]);
    const options = { edns: { size: 1232, dnssecOk: true } };
    const [option] = ask("serf", "SOA", options).message?.additionals ?? [];
    expect(option).toMatchObject({ type: "OPT", udpPayloadSize: 1232, ednsVersion: 0, flag_do: true });
  });

  test("of a version that is not known is refused", () => {
    const { message, records } = ask("web1.node.serf", "A", { edns: { size: 1232, version: 1 } });
    const [option] = message?.additionals ?? [];
    // BADVERS is 16: the upper bits stand in the option.
    expect([message?.rcode, records, option]).toMatchObject(["NOERROR", [], { extendedRcode: 1, ednsVersion: 0 }]);
  });
});

test("the zone as a master file has every name", () => {
  const zone = zoneOf(web1, member("odd", "10.0.0.3", { note: 'say "hi"' }));
  const file = writeMasterFile(zone);
  expect(file.replaceAll("\t", " ").split("\n")).toEqual([
    "; serf. with 2 live members",
    "serf. 5 IN SOA web1.node.serf. hostmaster.serf. 42 60 10 3600 5",
    "serf. 5 IN NS web1.node.serf.",
    "web1.node.serf. 5 IN A 10.0.0.1",
    "web1.node.serf. 5 IN SRV 0 1 8080 web1.node.serf.",
    'web1.node.serf. 5 IN TXT "role=web"',
    'web1.node.serf. 5 IN TXT "port=8080"',
    'web1.node.serf. 5 IN TXT "version=1.2"',
    "web.role.serf. 5 IN A 10.0.0.1",
    "web.role.serf. 5 IN SRV 0 1 8080 web1.node.serf.",
    "role.tag.serf. 5 IN A 10.0.0.1",
    "role.tag.serf. 5 IN SRV 0 1 8080 web1.node.serf.",
    "web.role.tag.serf. 5 IN A 10.0.0.1",
    "web.role.tag.serf. 5 IN SRV 0 1 8080 web1.node.serf.",
    "port.tag.serf. 5 IN A 10.0.0.1",
    "port.tag.serf. 5 IN SRV 0 1 8080 web1.node.serf.",
    "8080.port.tag.serf. 5 IN A 10.0.0.1",
    "8080.port.tag.serf. 5 IN SRV 0 1 8080 web1.node.serf.",
    "version.tag.serf. 5 IN A 10.0.0.1",
    "version.tag.serf. 5 IN SRV 0 1 8080 web1.node.serf.",
    "1.2.version.tag.serf. 5 IN A 10.0.0.1",
    "1.2.version.tag.serf. 5 IN SRV 0 1 8080 web1.node.serf.",
    "1.0.0.10.in-addr.arpa. 5 IN SOA web1.node.serf. hostmaster.serf. 42 60 10 3600 5",
    "1.0.0.10.in-addr.arpa. 5 IN NS web1.node.serf.",
    "1.0.0.10.in-addr.arpa. 5 IN PTR web1.node.serf.",
    "odd.node.serf. 5 IN A 10.0.0.3",
    'odd.node.serf. 5 IN TXT "note=say \\034hi\\034"',
    "note.tag.serf. 5 IN A 10.0.0.3",
    "say\\032\\034hi\\034.note.tag.serf. 5 IN A 10.0.0.3",
    "3.0.0.10.in-addr.arpa. 5 IN SOA web1.node.serf. hostmaster.serf. 42 60 10 3600 5",
    "3.0.0.10.in-addr.arpa. 5 IN NS web1.node.serf.",
    "3.0.0.10.in-addr.arpa. 5 IN PTR odd.node.serf.",
    "",
  ]);
});
