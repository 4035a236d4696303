import { bytesEqual } from "../base/bytes.ts";
import { assert } from "../base/errors.ts";
import type { VersionVector } from "../wire/messages.ts";
import { sameVersions } from "../wire/versions.ts";
import { hashOfEndpoint } from "./endpoint-hash.ts";

/** What a member says of itself. Immutable; shared by all who heard the same. */
export interface Descriptor {
  readonly name: string;
  /** IP literal. */
  readonly address: string;
  readonly port: number;
  readonly meta: Uint8Array;
  readonly versions: VersionVector;
}

interface Entry {
  readonly descriptor: Descriptor;
  readonly nameId: number;
  readonly endpointHash: number;
  references: number;
}

/** A name and every descriptor that somebody still holds for it: one, or two while news of a change travels. */
interface NameEntry {
  readonly nameId: number;
  readonly descriptorIds: number[];
}

/**
 * Gives every name, and everything said under a name, a small integer, so that tables of members can be columns of
 * numbers. A node owns a directory; the nodes of a simulation share one, and then ten thousand views of ten thousand
 * members hold each descriptor once. References are counted: what no table holds any more is forgotten, and its integer
 * used again.
 */
export class Directory {
  private readonly names = new Map<string, NameEntry>();
  private readonly entries: (Entry | undefined)[] = [];
  private readonly freeDescriptorIds: number[] = [];
  private readonly freeNameIds: number[] = [];
  private nameIdsUsed = 0;

  /** Every name's id is below this. */
  get nameIdLimit(): number {
    return this.nameIdsUsed;
  }

  get size(): number {
    return this.names.size;
  }

  /** The id of a name that somebody holds, or -1. */
  nameIdOf(name: string): number {
    return this.names.get(name)?.nameId ?? -1;
  }

  /** Takes a reference on a descriptor with this content, and returns its id. The bytes of `meta` must not change after. */
  acquire(content: Descriptor): number {
    const known = this.names.get(content.name);
    if (known !== undefined) {
      for (const id of known.descriptorIds) {
        const entry = this.entry(id);
        if (!sameDescriptor(entry.descriptor, content)) continue;
        entry.references += 1;
        return id;
      }
    }
    const name = known ?? this.addName(content.name);
    const { address, port, meta, versions } = content;
    // The name as it is already held, rather than the copy that came with this message.
    const held = known === undefined ? content.name : this.entry(known.descriptorIds[0]!).descriptor.name;
    const descriptor = Object.freeze({ name: held, address, port, meta, versions });
    const id = this.freeDescriptorIds.pop() ?? this.entries.length;
    this.entries[id] = { descriptor, nameId: name.nameId, endpointHash: hashOfEndpoint(content), references: 1 };
    name.descriptorIds.push(id);
    return id;
  }

  /** Gives a reference back. */
  release(id: number): void {
    const entry = this.entry(id);
    entry.references -= 1;
    if (entry.references > 0) return;
    this.entries[id] = undefined;
    this.freeDescriptorIds.push(id);
    const name = this.names.get(entry.descriptor.name)!;
    name.descriptorIds.splice(name.descriptorIds.indexOf(id), 1);
    if (name.descriptorIds.length > 0) return;
    this.names.delete(entry.descriptor.name);
    this.freeNameIds.push(name.nameId);
  }

  /** What `id`, which `acquire` gave, stands for. */
  descriptor(id: number): Descriptor {
    return this.entry(id).descriptor;
  }

  /** The number of the name in that descriptor. */
  nameIdOfDescriptor(id: number): number {
    return this.entry(id).nameId;
  }

  /** A hash of the address and port in that descriptor. */
  endpointHashOfDescriptor(id: number): number {
    return this.entry(id).endpointHash;
  }

  private addName(name: string): NameEntry {
    const nameId = this.freeNameIds.pop() ?? this.nameIdsUsed++;
    const entry = { nameId, descriptorIds: [] };
    this.names.set(name, entry);
    return entry;
  }

  private entry(id: number): Entry {
    const entry = this.entries[id];
    assert(entry !== undefined, "a descriptor is used after it was released");
    return entry;
  }
}

function sameDescriptor(a: Descriptor, b: Descriptor): boolean {
  return (
    a.address === b.address && a.port === b.port && bytesEqual(a.meta, b.meta) && sameVersions(a.versions, b.versions)
  );
}
