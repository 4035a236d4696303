import type { Endpoint } from "../base/address.ts";
import type { Clock, Random } from "../base/host.ts";
import type { Member } from "./member.ts";
import type { MemberTable } from "./member-table.ts";
import type { MemberlistOptions } from "./options.ts";
import { chooseRows, type ProbeOrder } from "./peer-selection.ts";
import { isGone } from "./transitions.ts";

/** Which members this node turns to: whom to probe next, and whom to draw for relaying, gossip and push/pull. */
export class Peers {
  private readonly options: MemberlistOptions;
  private readonly table: MemberTable;
  private readonly order: ProbeOrder;
  private readonly clock: Clock;
  private readonly random: Random;

  constructor(options: MemberlistOptions, table: MemberTable, order: ProbeOrder, clock: Clock, random: Random) {
    this.options = options;
    this.table = table;
    this.order = order;
    this.clock = clock;
    this.random = random;
  }

  /** The next living member in the probing round. Where the round turns, those dead for long are forgotten. */
  nextToProbe(): Member | undefined {
    const { table } = this;
    const id = this.order.next(
      (candidate) => this.isProbed(table.rowOfId(candidate)),
      () => this.forgetLongDead(),
    );
    return id === undefined ? undefined : table.view(table.rowOfId(id));
  }

  /** Up to `count` members that may reach `target` where this node cannot. */
  relaysFor(target: Member, count: number): readonly Member[] {
    const targetRow = this.table.find(target.name);
    const isEligible = (row: number): boolean => row !== targetRow && this.isLivingOther(row);
    return this.choose(count, isEligible);
  }

  /** Up to `count` members worth telling: the living, and those dead so recently that they may yet refute it. */
  forGossip(count: number, mayTell: (row: number) => boolean = () => true): readonly Member[] {
    const nowMs = this.clock.monotonicMs();
    return this.choose(count, (row) => this.isWorthTelling(row, nowMs) && mayTell(row));
  }

  /** The row of a living member at that address, or -1. It looks at all of them. */
  rowAt({ address, port }: Endpoint): number {
    for (let row = 0; row < this.table.length; row++) {
      const place = this.table.descriptorOf(row);
      if (place.port === port && place.address === address && this.table.isLiving(row)) return row;
    }
    return -1;
  }

  /** A member to exchange everything with, if there is one that `suits`. */
  forSync(suits: (name: string) => boolean = () => true): Member | undefined {
    const { table } = this;
    return this.choose(1, (row) => this.isLivingOther(row) && suits(table.descriptorOf(row).name))[0];
  }

  private choose(count: number, isEligible: (row: number) => boolean): readonly Member[] {
    return chooseRows(count, this.table.length, this.random, isEligible).map((row) => this.table.view(row));
  }

  private isProbed(row: number): boolean {
    return !isGone(this.table.stateOf(row)) && !this.isSelf(row);
  }

  private isLivingOther(row: number): boolean {
    return this.table.stateOf(row) === "alive" && !this.isSelf(row);
  }

  private isWorthTelling(row: number, nowMs: number): boolean {
    if (this.isSelf(row)) return false;
    const state = this.table.stateOf(row);
    if (state === "dead") return nowMs - this.table.stateChangedMsOf(row) <= this.options.gossipToTheDeadMs;
    return state !== "left";
  }

  private isSelf(row: number): boolean {
    return row === this.table.find(this.options.nodeName);
  }

  private *forgetLongDead(): Iterable<number> {
    const { clock, options, table } = this;
    const nowMs = clock.monotonicMs();
    table.removeWhere((row) => {
      // A node that left goes on knowing itself.
      return (
        isGone(table.stateOf(row)) &&
        !this.isSelf(row) &&
        nowMs - table.stateChangedMsOf(row) > options.gossipToTheDeadMs
      );
    });
    for (let row = 0; row < table.length; row++) yield table.idOf(row);
  }
}
