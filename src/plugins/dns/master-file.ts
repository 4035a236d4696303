/** The zone as text, for people and for tools that read master files (RFC 1035, section 5). */

import { type Labels, parseName, presentName } from "./names.ts";
import type { Described } from "./response.ts";
import type { Zone } from "./zone.ts";

/** A command shows no more. */
const recordsMax = 1_000;

export function writeMasterFile(zone: Zone): string {
  const { zone: apex, ttlSeconds } = zone.options;
  const lines: string[] = [];
  for (const { labels, records } of zone.list()) {
    for (const { data } of records) {
      if (lines.length === recordsMax) return `${lines.join("\n")}\n; there is more\n`;
      const { type } = data.described;
      lines.push(`${presentName(labels)}\t${ttlSeconds}\tIN\t${type}\t${presentData(data.described)}`);
    }
  }
  return `; ${presentName(apex)} with ${zone.memberCount} live members\n${lines.join("\n")}\n`;
}

function presentData({ type, data }: Described): string {
  switch (type) {
    case "A":
    case "AAAA":
      return data;
    case "NS":
    case "PTR":
      return presentName(labelsOf(data));
    case "SRV":
      return `${data.priority ?? 0} ${data.weight ?? 0} ${data.port} ${presentName(labelsOf(data.target))}`;
    case "TXT":
      return [data].flat().map(presentText).join(" ");
    case "SOA":
      return [
        presentName(labelsOf(data.mname)),
        presentName(labelsOf(data.rname)),
        ...[data.serial, data.refresh, data.retry, data.expire, data.minimum],
      ].join(" ");
    case "HINFO":
      return `${presentText(data.cpu)} ${presentText(data.os)}`;
  }
}

/** Names in our records were made of labels. */
function labelsOf(name: string): Labels {
  return parseName(name) ?? [];
}

function presentText(text: string | Uint8Array): string {
  const bytes = [...Buffer.from(text)];
  const isPlain = (byte: number): boolean => byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c;
  const shown = bytes.map((byte) =>
    isPlain(byte) ? String.fromCharCode(byte) : `\\${byte.toString().padStart(3, "0")}`,
  );
  return `"${shown.join("")}"`;
}
