import type { Endpoint } from "../base/address.ts";
import { hashOfEndpoint, mixed } from "./endpoint-hash.ts";
import type { MemberTable } from "./member-table.ts";

/** Up to so many members the origin tells everybody itself. */
const directMax = 64;

/**
 * Who tells whom, so that news begun anywhere reaches everybody in two steps without a word in the messages about it.
 *
 * Members fall into cells by the hash of their address, about as many cells as each has members. Between any member and any other cell, both can
 * work out which one of that cell is the first member's deputy there: the one whose hash fits best to its own (rendezvous hashing).
 * An origin tells its deputies and its own cell; who is told by a member of another cell whose deputy it is, tells its cell. Views that differ by
 * some members agree on nearly all deputies.
 */
export class RelayTree {
  private readonly table: MemberTable;
  private readonly selfName: string;
  /** The table's count of joins and departures for which the rest holds. */
  private asOf = -1;
  private cellBits = 0;
  private selfHash = 0;
  private deputyIds: number[] = [];
  private cellIds: number[] = [];
  private cellHashes: number[] = [];
  private everybodyIds: number[] | undefined;

  constructor(table: MemberTable, selfName: string) {
    this.table = table;
    this.selfName = selfName;
  }

  /** Whether an origin tells everybody itself, and nobody relays. */
  get isDirect(): boolean {
    this.refresh();
    return this.cellBits === 0;
  }

  /** Whom an origin tells beyond its cell, as ids of the table: in a small cluster everybody. */
  deputies(): readonly number[] {
    this.refresh();
    return this.deputyIds;
  }

  /** The other members of this node's cell; in a small cluster nobody. */
  cell(): readonly number[] {
    this.refresh();
    return this.cellIds;
  }

  /** All other living members. */
  everybody(): readonly number[] {
    this.refresh();
    this.everybodyIds ??= this.cellBits === 0 ? this.deputyIds : this.others(this.table.find(this.selfName));
    return this.everybodyIds;
  }

  /** Whether a message to that member would make it tell its cell. */
  isDeputy(id: number): boolean {
    this.refresh();
    return this.cellBits > 0 && this.deputyIds.includes(id);
  }

  /** Whether whoever is at that address counts on this node to tell its cell. */
  isDeputyOf(sender: Endpoint): boolean {
    this.refresh();
    if (this.cellBits === 0) return false;
    const senderHash = hashOfEndpoint(sender);
    if (this.cellOf(senderHash) === this.cellOf(this.selfHash)) return false;
    const fit = fitOf(senderHash, this.selfHash);
    for (const hash of this.cellHashes) if (fitOf(senderHash, hash) > fit) return false;
    return true;
  }

  private refresh(): void {
    if (this.asOf === this.table.livingChangeCount) return;
    this.asOf = this.table.livingChangeCount;
    this.deputyIds = [];
    this.cellIds = [];
    this.cellHashes = [];
    this.everybodyIds = undefined;
    const living = this.table.countIn("alive") + this.table.countIn("suspect");
    const selfRow = this.table.find(this.selfName);
    this.cellBits = living > directMax ? Math.round(Math.log2(living) / 2) : 0;
    if (this.cellBits === 0) this.deputyIds = this.others(selfRow);
    else this.addCells(selfRow);
  }

  private others(selfRow: number): number[] {
    const { table } = this;
    const ids: number[] = [];
    for (let row = 0; row < table.length; row++) if (row !== selfRow && table.isLiving(row)) ids.push(table.idOf(row));
    return ids;
  }

  private addCells(selfRow: number): void {
    const { table } = this;
    this.selfHash = selfRow < 0 ? 0 : table.endpointHashOf(selfRow);
    const ownCell = this.cellOf(this.selfHash);
    const best: number[] = Array.from({ length: 1 << this.cellBits }, () => -1);
    const bestRows: number[] = [];
    for (let row = 0; row < table.length; row++) {
      if (row === selfRow || !table.isLiving(row)) continue;
      const hash = table.endpointHashOf(row);
      const cell = this.cellOf(hash);
      if (cell === ownCell) {
        this.cellIds.push(table.idOf(row));
        this.cellHashes.push(hash);
        continue;
      }
      const fit = fitOf(this.selfHash, hash);
      if (fit <= best[cell]!) continue;
      best[cell] = fit;
      bestRows[cell] = row;
    }
    for (const row of bestRows) if (row !== undefined) this.deputyIds.push(table.idOf(row));
  }

  private cellOf(hash: number): number {
    return hash >>> (32 - this.cellBits);
  }
}

/** How well a member suits as another's deputy: any order that both can work out will do. */
function fitOf(origin: number, member: number): number {
  return mixed(member ^ Math.imul(origin, 0x9e3779b1));
}
