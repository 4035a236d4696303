/** What became of every event and of every member, read from the agents' logs as they print them. */

import { type Distribution, distributionOf } from "../../src/simulator/statistics.ts";
import type { Kind } from "../support/serf-command.ts";

/** Someone's word that a member failed, until the same one takes it back. */
export interface Failure {
  readonly observer: string;
  readonly subject: string;
  readonly atMs: number;
  untilMs: number | undefined;
}

export interface EventCount {
  /** Tellings that were due: one of each accepted event at each of the members. */
  readonly due: number;
  readonly lost: number;
}

interface SentEvent {
  readonly sender: string;
  readonly sentAtMs: number;
  accepted: boolean;
}

/** Of so many events one is taken for the delays: enough for percentiles, and no load. */
const delaySampleEvery = 5;
const eventPrefix = "e-";
const line = /Received event: user-event: e-(\d+)|serf: EventMember(Failed|Join|Update|Leave|Reap): (\S+)/g;

/** A member's tellings of events: the number of the life in which it told each last, 0 for never. */
interface Tellings {
  readonly kind: Kind;
  lives: Uint16Array;
  life: number;
  rest: string;
}

export class Ledger {
  readonly failures: Failure[] = [];
  /** Tellings of an event that the same process had told before. */
  readonly twice = { ours: 0, debian: 0 };
  /** Tellings of an event that the process before a restart had told. */
  readonly again = { ours: 0, debian: 0 };
  private readonly events: SentEvent[] = [];
  private readonly members = new Map<string, Tellings>();
  private readonly delaysMs: Record<Kind, Record<Kind, number[]>> = {
    ours: { ours: [], debian: [] },
    debian: { ours: [], debian: [] },
  };

  /** A process of this member starts. */
  beginLife(name: string, kind: Kind): void {
    const before = this.members.get(name);
    if (before === undefined) this.members.set(name, { kind, lives: new Uint16Array(1_024), life: 1, rest: "" });
    else {
      before.life += 1;
      before.rest = "";
    }
  }

  /** The name of a new event. It counts once it is accepted. */
  newEvent(sender: string): { readonly name: string; accept(): void } {
    const event: SentEvent = { sender, sentAtMs: performance.now(), accepted: false };
    const name = `${eventPrefix}${this.events.length}`;
    this.events.push(event);
    return { name, accept: () => this.accept(event) };
  }

  get accepted(): number {
    return this.events.filter(({ accepted }) => accepted).length;
  }

  /** Takes the next piece of a member's log. */
  read(name: string, text: string): void {
    const member = this.members.get(name);
    if (member === undefined) return;
    const all = member.rest + text;
    const end = all.lastIndexOf("\n") + 1;
    member.rest = all.slice(end);
    for (const [, event, change, subject = ""] of all.slice(0, end).matchAll(line)) {
      if (event !== undefined) this.told(member, Number(event));
      else this.changed(name, subject, change === "Failed");
    }
  }

  /** What became of the events of these senders at these members. */
  countAt(
    isMember: (name: string, kind: Kind) => boolean,
    isSender: (name: string, kind: Kind) => boolean,
  ): EventCount {
    let due = 0;
    let lost = 0;
    const senders = new Set([...this.members].flatMap(([name, { kind }]) => (isSender(name, kind) ? [name] : [])));
    for (const [name, { kind, lives }] of this.members) {
      if (!isMember(name, kind)) continue;
      this.events.forEach(({ sender, accepted }, number) => {
        if (!accepted || !senders.has(sender)) return;
        due += 1;
        if ((lives[number] ?? 0) === 0) lost += 1;
      });
    }
    return { due, lost };
  }

  /** How long after members of the one kind sent events they were read in the logs of members of the other, in milliseconds. */
  delays(sender: Kind, receiver: Kind): Distribution | undefined {
    return distributionOf(this.delaysMs[sender][receiver]);
  }

  private accept(event: SentEvent): void {
    event.accepted = true;
  }

  private told(member: Tellings, number: number): void {
    const event = this.events[number];
    if (event === undefined) return;
    if (number >= member.lives.length) {
      const grown = new Uint16Array(Math.max(number + 1, member.lives.length * 2));
      grown.set(member.lives);
      member.lives = grown;
    }
    const before = member.lives[number] ?? 0;
    member.lives[number] = member.life;
    if (before === member.life) this.twice[member.kind] += 1;
    else if (before !== 0) this.again[member.kind] += 1;
    else if (number % delaySampleEvery === 0) this.noteDelay(event, member.kind);
  }

  private noteDelay({ sender, sentAtMs }: SentEvent, receiver: Kind): void {
    const { kind } = this.members.get(sender) ?? {};
    if (kind !== undefined) this.delaysMs[kind][receiver].push(performance.now() - sentAtMs);
  }

  private changed(observer: string, subject: string, failed: boolean): void {
    const standing = this.failures.find(
      (failure) => failure.observer === observer && failure.subject === subject && failure.untilMs === undefined,
    );
    if (failed && standing === undefined)
      this.failures.push({ observer, subject, atMs: performance.now(), untilMs: undefined });
    else if (!failed && standing !== undefined) standing.untilMs = performance.now();
  }
}
