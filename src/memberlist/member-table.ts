import { assert } from "../base/errors.ts";
import { type NodeState, nodeStates } from "../wire/messages.ts";
import type { Descriptor, Directory } from "./directory.ts";
import type { Member } from "./member.ts";

const rowsAtFirst = 16;
const stateCodes: Readonly<Record<NodeState, number>> = { alive: 0, suspect: 1, dead: 2, left: 3 };

/**
 * All members this node knows of, as columns of numbers: some 25 bytes a member besides its descriptor, which the directory
 * shares. A row is a member's place in the columns, in the order in which members came; rows stay valid until the next
 * `removeWhere`. Reading by row allocates nothing; `view` makes a `Member` for those outside.
 */
export class MemberTable {
  private readonly directory: Directory;
  private readonly lengthMax: number;
  private descriptorIds = new Uint32Array(rowsAtFirst);
  private incarnations = new Uint32Array(rowsAtFirst);
  private states = new Uint8Array(rowsAtFirst);
  private stateChanges = new Float64Array(rowsAtFirst);
  /** By name id: the member's row + 1, or 0. */
  private rowsByNameId = new Uint32Array(rowsAtFirst);
  private rowCount = 0;
  private changes = 0;
  private livingChanges = 0;
  /** By state code. */
  private readonly counts: [number, number, number, number] = [0, 0, 0, 0];

  constructor(directory: Directory, lengthMax: number) {
    this.directory = directory;
    this.lengthMax = lengthMax;
  }

  /** How many members are listed, the dead and left among them; rows are 0 to length - 1. */
  get length(): number {
    return this.rowCount;
  }

  /** Grows with every change: whoever watches need not look while it stands still. */
  get changeCount(): number {
    return this.changes;
  }

  /** Grows when a member becomes one of the living (alive or suspect), ceases to be, or is reached elsewhere. */
  get livingChangeCount(): number {
    return this.livingChanges;
  }

  /** Whether `insert` would have no room. */
  get isFull(): boolean {
    return this.rowCount >= this.lengthMax;
  }

  countIn(state: NodeState): number {
    return this.counts[stateCodes[state]]!;
  }

  /** The row of a member, or -1. */
  find(name: string): number {
    return this.rowOfId(this.directory.nameIdOf(name));
  }

  /** An integer that stands for the member as long as it is listed, however rows move. */
  idOf(row: number): number {
    return this.directory.nameIdOfDescriptor(this.descriptorIds[row]!);
  }

  /** The row of the member that an id stands for, or -1. */
  rowOfId(id: number): number {
    return id >= 0 && id < this.rowsByNameId.length ? this.rowsByNameId[id]! - 1 : -1;
  }

  descriptorOf(row: number): Descriptor {
    this.checkRow(row);
    return this.directory.descriptor(this.descriptorIds[row]!);
  }

  /** Whether the member is alive or suspect. */
  isLiving(row: number): boolean {
    this.checkRow(row);
    return this.states[row]! <= stateCodes.suspect;
  }

  /** A hash of where the member is reached: see `hashOfEndpoint`. */
  endpointHashOf(row: number): number {
    this.checkRow(row);
    return this.directory.endpointHashOfDescriptor(this.descriptorIds[row]!);
  }

  stateOf(row: number): NodeState {
    this.checkRow(row);
    return nodeStates[this.states[row]!]!;
  }

  incarnationOf(row: number): number {
    this.checkRow(row);
    return this.incarnations[row]!;
  }

  /** Monotonic time at which the member's state was last another. */
  stateChangedMsOf(row: number): number {
    this.checkRow(row);
    return this.stateChanges[row]!;
  }

  /** The member as it is now. */
  view(row: number): Member {
    const { name, address, port, meta, versions } = this.descriptorOf(row);
    return { name, address, port, meta, versions, state: this.stateOf(row), incarnation: this.incarnations[row]! };
  }

  /** Adds a member that is not listed, and returns its row. There must be room: see `isFull`. */
  insert(content: Descriptor, incarnation: number, state: NodeState, nowMs: number): number {
    assert(!this.isFull, "a member is inserted into a full table");
    assert(this.find(content.name) < 0, "a member is inserted twice");
    const row = this.rowCount;
    if (row === this.states.length) this.growRows();
    const descriptorId = this.directory.acquire(content);
    this.descriptorIds[row] = descriptorId;
    this.incarnations[row] = incarnation;
    this.states[row] = stateCodes[state];
    this.stateChanges[row] = nowMs;
    this.counts[stateCodes[state]]! += 1;
    this.rowCount += 1;
    this.changes += 1;
    this.livingChanges += 1;
    this.indexRow(row);
    return row;
  }

  /** Replaces what the member says of itself; its name stays. */
  setDescriptor(row: number, content: Descriptor): void {
    const before = this.descriptorIds[row]!;
    const hash = this.directory.endpointHashOfDescriptor(before);
    assert(this.descriptorOf(row).name === content.name, "a member's name does not change");
    this.descriptorIds[row] = this.directory.acquire(content);
    this.directory.release(before);
    this.changes += 1;
    if (this.endpointHashOf(row) !== hash) this.livingChanges += 1;
  }

  setIncarnation(row: number, incarnation: number): void {
    this.checkRow(row);
    this.incarnations[row] = incarnation;
    this.changes += 1;
  }

  /** Changes the state, and with it the time of the change; does nothing if it is that already. */
  setState(row: number, state: NodeState, nowMs: number): void {
    this.checkRow(row);
    const before = this.states[row]!;
    const after = stateCodes[state];
    if (before === after) return;
    this.counts[before]! -= 1;
    this.counts[after]! += 1;
    if (before <= stateCodes.suspect !== after <= stateCodes.suspect) this.livingChanges += 1;
    this.states[row] = after;
    this.stateChanges[row] = nowMs;
    this.changes += 1;
  }

  /** Removes every member for which `shouldRemove` is true; the others keep their order and get new rows. Returns how many. */
  removeWhere(shouldRemove: (row: number) => boolean): number {
    let kept = 0;
    for (let row = 0; row < this.rowCount; row++) {
      if (shouldRemove(row)) {
        this.rowsByNameId[this.idOf(row)] = 0;
        this.counts[this.states[row]!]! -= 1;
        this.directory.release(this.descriptorIds[row]!);
        continue;
      }
      if (kept !== row) this.moveRow(row, kept);
      kept += 1;
    }
    const removed = this.rowCount - kept;
    this.rowCount = kept;
    this.changes += removed;
    this.livingChanges += removed;
    return removed;
  }

  private moveRow(from: number, to: number): void {
    this.descriptorIds[to] = this.descriptorIds[from]!;
    this.incarnations[to] = this.incarnations[from]!;
    this.states[to] = this.states[from]!;
    this.stateChanges[to] = this.stateChanges[from]!;
    this.rowsByNameId[this.idOf(to)] = to + 1;
  }

  private indexRow(row: number): void {
    const id = this.idOf(row);
    if (id >= this.rowsByNameId.length) {
      const grown = new Uint32Array(grownLength(Math.max(this.directory.nameIdLimit, this.rowsByNameId.length)));
      grown.set(this.rowsByNameId);
      this.rowsByNameId = grown;
    }
    this.rowsByNameId[id] = row + 1;
  }

  private growRows(): void {
    const length = grownLength(this.rowCount);
    const { descriptorIds, incarnations, states, stateChanges } = this;
    this.descriptorIds = new Uint32Array(length);
    this.incarnations = new Uint32Array(length);
    this.states = new Uint8Array(length);
    this.stateChanges = new Float64Array(length);
    this.descriptorIds.set(descriptorIds);
    this.incarnations.set(incarnations);
    this.states.set(states);
    this.stateChanges.set(stateChanges);
  }

  private checkRow(row: number): void {
    assert(row >= 0 && row < this.rowCount, "a row is used that is not there");
  }
}

/** By an eighth: with thousands of tables in one simulation, doubling would leave a third of the memory unused. */
function grownLength(length: number): number {
  return length + Math.max(rowsAtFirst, length >> 3);
}
