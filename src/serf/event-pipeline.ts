import type { Timers } from "../base/host.ts";
import { CoalesceMembers } from "./coalesce-members.ts";
import { CoalesceUserEvents } from "./coalesce-user-events.ts";
import { type CoalesceRule, Coalescer } from "./coalescer.ts";
import type { SerfEvent } from "./events.ts";

export interface CoalesceOptions {
  readonly coalescePeriodMs: number;
  readonly quiescentPeriodMs: number;
  readonly userCoalescePeriodMs: number;
  readonly userQuiescentPeriodMs: number;
}

/** The way of an event from where it arises to the listener: past the two coalescers that are switched on. */
export class EventPipeline {
  private readonly stages: readonly Coalescer[];
  private readonly first: (event: SerfEvent) => void;

  constructor(options: CoalesceOptions, timers: Timers, listener: (event: SerfEvent) => void) {
    const stages: Coalescer[] = [];
    let next = listener;
    const add = (rule: CoalesceRule, periodMs: number, quiescentPeriodMs: number) => {
      if (periodMs === 0 || quiescentPeriodMs === 0) return;
      const stage = new Coalescer(rule, { periodMs, quiescentPeriodMs }, timers, next);
      stages.unshift(stage);
      next = (event) => stage.receive(event);
    };
    add(new CoalesceMembers(), options.coalescePeriodMs, options.quiescentPeriodMs);
    add(new CoalesceUserEvents(), options.userCoalescePeriodMs, options.userQuiescentPeriodMs);
    this.stages = stages;
    this.first = next;
  }

  tell(event: SerfEvent): void {
    this.first(event);
  }

  /** Tells at once what the coalescers hold back. */
  flush(): void {
    for (const stage of this.stages) stage.flush();
  }
}
