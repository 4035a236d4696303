import type { CoalesceRule } from "./coalescer.ts";
import type { SerfEvent, UserEvent } from "./events.ts";

/**
 * Of each name only the events of the newest Lamport time are told. Events that their sender did not mark for coalescing, and
 * those that came by push/pull, are not held back at all.
 */
export class CoalesceUserEvents implements CoalesceRule {
  private newest = new Map<string, UserEvent[]>();

  take(event: SerfEvent): boolean {
    if (event.kind !== "user" || !event.coalesce) return false;
    const kept = this.newest.get(event.name);
    const keptTime = kept?.[0]?.lamportTime ?? -1;
    if (event.lamportTime > keptTime) this.newest.set(event.name, [event]);
    else if (event.lamportTime === keptTime) kept?.push(event);
    return true;
  }

  drain(): SerfEvent[] {
    const events = [...this.newest.values()].flat();
    this.newest = new Map();
    return events;
  }
}
