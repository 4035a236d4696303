import type { MemberChange, Seen } from "./checkers/checker.ts";
import type { SimulatedNode } from "./simulated-node.ts";

interface Kept extends Seen {
  /** At which look it was there. */
  look: number;
}

/** Notices what changed in a node's member table since it was looked at last. */
export class MemberWatch {
  private readonly node: SimulatedNode;
  private readonly changed: (change: MemberChange) => void;
  /** By the table's id. */
  private readonly kept = new Map<number, Kept>();
  private changeCount = -1;
  private look = 0;

  constructor(node: SimulatedNode, changed: (change: MemberChange) => void) {
    this.node = node;
    this.changed = changed;
  }

  /** Costs next to nothing as long as nothing changed. */
  check(): void {
    const { table } = this.node.memberlistInside;
    if (table.changeCount === this.changeCount) return;
    this.changeCount = table.changeCount;
    this.look++;
    for (let row = 0; row < table.length; row++) this.checkRow(row);
    if (this.kept.size > table.length) this.dropMissing();
  }

  private checkRow(row: number): void {
    const { table } = this.node.memberlistInside;
    const id = table.idOf(row);
    const before = this.kept.get(id);
    const state = table.stateOf(row);
    const incarnation = table.incarnationOf(row);
    const descriptor = table.descriptorOf(row);
    if (before?.state === state && before.incarnation === incarnation && before.descriptor === descriptor) {
      before.look = this.look;
      return;
    }
    const after = { name: descriptor.name, state, incarnation, descriptor, look: this.look };
    this.kept.set(id, after);
    // An id is used again when everybody has forgotten a name.
    this.changed({ observer: this.node, before: before?.name === after.name ? before : undefined, after });
  }

  private dropMissing(): void {
    for (const [id, seen] of this.kept) {
      if (seen.look === this.look) continue;
      this.kept.delete(id);
      this.changed({ observer: this.node, before: seen, after: undefined });
    }
  }
}
