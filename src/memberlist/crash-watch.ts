import type { Endpoint } from "../base/address.ts";
import { understandsStreamPing } from "../wire/versions.ts";
import { type CaseOutcome, CrashCase, type CrashSurroundings } from "./crash-case.ts";
import type { Dissemination } from "./dissemination.ts";
import { isGone } from "./transitions.ts";
import { Ward } from "./ward.ts";
import { ringNeighbours } from "./watch-ring.ts";

/** Members of whom it is found out at the same time whether they crashed; where more do, the ordinary timers are there. */
const casesMax = 64;
/** Besides this node and the member there must be somebody who could confirm its death. */
const livingMin = 3;

export interface CrashWatchSurroundings extends CrashSurroundings {
  readonly dissemination: Dissemination;
}

/**
 * The fast path to a failed member. When a process is gone while its host lives, that host refuses streams within a millisecond; no slow,
 * stopped or overloaded process looks like that. So each member watches its neighbours on a ring closely, and whoever meets a refusal, there
 * or in an ordinary probe, opens a case: see `CrashCase`.
 *
 * The ordinary probes go on as if this did not exist. HashiCorp's nodes take part without knowing it: they answer pings, relay
 * them, and believe a death that is gossiped. A deviation: see docs/DEVIATIONS.md; off with `fastFailure: false`.
 */
export class CrashWatch {
  private readonly around: CrashWatchSurroundings;
  private readonly wards = new Map<string, Ward>();
  /** Where the wards are reached: most packets come from none of these. */
  private wardPorts: number[] = [];
  private readonly cases = new Map<string, CrashCase>();
  private enabled: boolean;
  private started = false;
  /** Of the table, when the wards were chosen. */
  private changeCount = -1;

  constructor(around: CrashWatchSurroundings) {
    this.around = around;
    this.enabled = around.options.fastFailure;
  }

  start(): void {
    this.started = true;
  }

  stop(): void {
    this.started = false;
    this.giveUp();
  }

  private giveUp(): void {
    for (const room of [...this.wards.values(), ...this.cases.values()]) room.stop();
    this.wards.clear();
    this.cases.clear();
    this.wardPorts = [];
    this.changeCount = -1;
  }

  get isEnabled(): boolean {
    return this.enabled;
  }

  /** Switches the fast path on or off while the node runs. */
  set isEnabled(enabled: boolean) {
    if (enabled === this.enabled) return;
    this.enabled = enabled;
    if (!enabled) this.giveUp();
  }

  /**
   * Chooses whom to watch, if anything has changed. Called with each turn of the prober: a timer of its own would wake an idle node. While
   * newcomers are many everybody would change its choice with nearly each of them, and open streams only to close them again.
   */
  review(): void {
    const { dissemination, options } = this.around;
    const isWanted = this.started && this.enabled && options.streamPings && options.fastFailureWatchers > 0;
    if (isWanted && !dissemination.isCrowded) this.chooseWards();
  }

  /** A packet came from there. Called for each: it costs a few comparisons. */
  heardFrom(from: Endpoint): void {
    if (this.wardPorts.includes(from.port)) for (const ward of this.wards.values()) if (ward.isAt(from)) ward.heard();
    if (this.cases.size === 0) return;
    for (const one of [...this.cases.values()]) if (one.isAbout(from)) one.heard();
  }

  /** A member did not answer a ping, and its host refused a stream. */
  noteRefused(name: string): void {
    const { membership, options, truces } = this.around;
    if (!this.enabled || !options.streamPings || membership.hasLeft) return;
    if (this.cases.has(name) || this.cases.size >= casesMax || truces.has(name)) return;
    const member = membership.find(name);
    if (member === undefined || isGone(member.state) || !understandsStreamPing(member.versions)) return;
    if (membership.livingCount < livingMin) return;
    const confirmations = Math.min(options.fastFailureConfirmations, membership.livingCount - 2);
    this.cases.set(name, new CrashCase(this.around, member, confirmations, (outcome) => this.closeCase(name, outcome)));
  }

  private closeCase(name: string, outcome: CaseOutcome): void {
    this.cases.delete(name);
    if (outcome === "life") this.wards.get(name)?.rest();
  }

  private chooseWards(): void {
    const { membership, options, table } = this.around;
    if (table.changeCount === this.changeCount) return;
    this.changeCount = table.changeCount;
    const chosen = new Set<string>();
    const count = membership.livingCount < livingMin ? 0 : options.fastFailureWatchers;
    for (const row of ringNeighbours(table, options.nodeName, count)) {
      const { name, address, port } = table.descriptorOf(row);
      chosen.add(name);
      if (this.wards.get(name)?.isAt({ address, port })) continue;
      this.wards.get(name)?.stop();
      const ward = new Ward(
        this.around,
        name,
        { address, port },
        {
          silent: () => this.review(),
          refused: () => this.noteRefused(name),
        },
      );
      this.wards.set(name, ward);
    }
    for (const [name, ward] of this.wards) {
      if (chosen.has(name)) continue;
      ward.stop();
      this.wards.delete(name);
    }
    this.wardPorts = [...this.wards.values()].map(({ port }) => port);
  }
}
