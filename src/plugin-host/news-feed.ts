import type { PluginNews, PluginOccurrence } from "../plugins/link.ts";
import type { PluginMember } from "../plugins/plugin.ts";
import type { TimerSource } from "../plugins/scheduler.ts";

/** Events that wait for a plugin that is slow; the oldest are dropped beyond it. */
const eventsMax = 1024;
/** What happens within so long goes together. */
const gatherMs = 10;

export interface NewsReceiver {
  /** A member as it is now; undefined if it is forgotten. */
  find(name: string): PluginMember | undefined;
  post(news: PluginNews): void;
  /** Once for each run of dropped events, when the plugin takes news again. */
  dropped(count: number): void;
}

/**
 * What happens in the cluster, on its way to one plugin. Only one parcel is under way: while the plugin is busy with it, changes of
 * members add up to what is so in the end, and events wait within a bound. A plugin that blocks costs no memory.
 */
export class NewsFeed {
  private readonly receiver: NewsReceiver;
  private readonly timers: TimerSource;
  private readonly changed = new Set<string>();
  private events: PluginOccurrence[] = [];
  private droppedCount = 0;
  private underWay = false;
  private cancel: (() => void) | undefined;
  private stopped = false;

  constructor(receiver: NewsReceiver, timers: TimerSource) {
    this.receiver = receiver;
    this.timers = timers;
  }

  memberChanged(name: string): void {
    this.changed.add(name);
    this.schedule();
  }

  happened(occurrence: PluginOccurrence): void {
    this.events.push(occurrence);
    if (this.events.length > eventsMax) {
      this.events.shift();
      this.droppedCount += 1;
    }
    this.schedule();
  }

  /** The plugin has taken the last parcel. */
  taken(): void {
    this.underWay = false;
    if (this.droppedCount > 0) this.receiver.dropped(this.droppedCount);
    this.droppedCount = 0;
    if (this.changed.size + this.events.length > 0) this.schedule();
  }

  stop(): void {
    this.stopped = true;
    this.cancel?.();
  }

  private schedule(): void {
    if (this.underWay || this.stopped || this.cancel !== undefined) return;
    this.cancel = this.timers.after(gatherMs, () => {
      this.cancel = undefined;
      this.send();
    });
  }

  private send(): void {
    const changed: PluginMember[] = [];
    const removed: string[] = [];
    for (const name of this.changed) {
      const member = this.receiver.find(name);
      if (member === undefined) removed.push(name);
      else changed.push(member);
    }
    this.changed.clear();
    const { events } = this;
    this.events = [];
    this.underWay = true;
    this.receiver.post({ changed, removed, events });
  }
}
