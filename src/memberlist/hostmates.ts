import type { MemberTable } from "./member-table.ts";

/** How many other living members have this node's own address, and another port. */
export class Hostmates {
  private readonly table: MemberTable;
  private readonly selfName: string;
  /** The table's count of joins and departures for which the rest holds. */
  private asOf = -1;
  private known = 0;

  constructor(table: MemberTable, selfName: string) {
    this.table = table;
    this.selfName = selfName;
  }

  get count(): number {
    if (this.asOf !== this.table.livingChangeCount) this.refresh();
    return this.known;
  }

  private refresh(): void {
    const { table } = this;
    this.asOf = table.livingChangeCount;
    this.known = 0;
    const selfRow = table.find(this.selfName);
    if (selfRow < 0) return;
    const { address } = table.descriptorOf(selfRow);
    for (let row = 0; row < table.length; row++)
      if (row !== selfRow && table.isLiving(row) && table.descriptorOf(row).address === address) this.known += 1;
  }
}
