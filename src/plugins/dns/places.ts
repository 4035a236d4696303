/** Under which names of the zone one member is found. */

import { ipToBytes } from "../../base/address.ts";
import type { PluginMember } from "../plugin.ts";
import { keyOf, type Labels, labelsFor, reverseName } from "./names.ts";
import { encodeData, type RecordData } from "./response.ts";

export interface ZoneMember {
  /** NODE.node.ZONE */
  readonly labels: Labels;
  readonly address: RecordData | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

/** "between": a name that exists because there are longer ones. */
export type EntryKind = "apex" | "node" | "group" | "reverse" | "between";

export interface Place {
  readonly labels: Labels;
  readonly key: string;
  readonly kind: EntryKind;
}

export interface PlacedMember {
  readonly member: ZoneMember;
  readonly places: readonly Place[];
}

/** Of a name that stands alone before its word, and of one of two that stand there: with a zone of 40 bytes all fits into 255. */
const singleBytesMax = 190;
const pairedBytesMax = 100;

/** Remembers what it has worked out for as long as the member is the same object: of ten thousand few change at a time. */
export class Placing {
  private readonly zone: Labels;
  private readonly known = new WeakMap<PluginMember, PlacedMember>();

  constructor(zone: Labels) {
    this.zone = zone;
  }

  place(member: PluginMember): PlacedMember {
    let placed = this.known.get(member);
    if (placed === undefined) {
      placed = this.workOut(member);
      this.known.set(member, placed);
    }
    return placed;
  }

  nodeLabels(name: string): Labels {
    return this.within("node", labelsFor(name, singleBytesMax));
  }

  private workOut({ name, address, tags }: PluginMember): PlacedMember {
    const bytes = ipToBytes(address);
    const type = bytes?.length === 16 ? "AAAA" : "A";
    const data = bytes === undefined ? undefined : encodeData({ type, data: address });
    const member: ZoneMember = { labels: this.nodeLabels(name), address: data, tags };
    const names = [...this.placesAt(member.labels, "node")];
    for (const [key, value] of Object.entries(tags)) {
      if (key === "role") names.push(...this.placesAt(this.within("role", labelsFor(value, singleBytesMax)), "group"));
      const keyLabels = this.within("tag", labelsFor(key, pairedBytesMax));
      names.push(...this.placesAt(keyLabels, "group"));
      if (value === "") continue;
      names.push(...this.placesAt([...labelsFor(value, pairedBytesMax), ...keyLabels], "group"));
    }
    if (bytes !== undefined) names.push(placeAt(reverseName(bytes), "reverse"));
    return { member, places: names };
  }

  private within(word: string, labels: Labels): Labels {
    return [...labels, word, ...this.zone];
  }

  /** The name itself, and those between it and the zone. */
  private placesAt(labels: Labels, kind: EntryKind): readonly Place[] {
    const countBetween = Math.max(0, labels.length - this.zone.length - 2);
    const between = Array.from({ length: countBetween }, (_, index) => placeAt(labels.slice(index + 1), "between"));
    return [placeAt(labels, kind), ...between];
  }
}

function placeAt(labels: Labels, kind: EntryKind): Place {
  return { labels, key: keyOf(labels), kind };
}
