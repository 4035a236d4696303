import type { CoalesceRule } from "./coalescer.ts";
import { type MemberEventKind, memberEventKinds, type SerfEvent } from "./events.ts";
import type { SerfMember } from "./member.ts";

interface Latest {
  readonly kind: MemberEventKind;
  readonly member: SerfMember;
}

/**
 * Of each member only the latest event counts, and it is told only if it differs from the one told before: a node that failed
 * and returned within the period made no noise. Updates are always told, since each carries other tags.
 */
export class CoalesceMembers implements CoalesceRule {
  private latest = new Map<string, Latest>();
  /** What was last told of each member that has not been reaped. */
  private readonly told = new Map<string, MemberEventKind>();

  take(event: SerfEvent): boolean {
    if (event.kind === "user" || event.kind === "query") return false;
    for (const member of event.members) this.latest.set(member.name, { kind: event.kind, member });
    return true;
  }

  drain(): SerfEvent[] {
    const byKind = new Map<MemberEventKind, SerfMember[]>(memberEventKinds.map((kind) => [kind, []]));
    for (const [name, { kind, member }] of this.latest) {
      if (kind !== "member-update" && this.told.get(name) === kind) continue;
      if (kind === "member-reap") this.told.delete(name);
      else this.told.set(name, kind);
      byKind.get(kind)?.push(member);
    }
    // The reference keeps the latest events, and so tells the last update again at every flush (serf#555).
    this.latest = new Map();
    return [...byKind].filter(([, members]) => members.length > 0).map(([kind, members]) => ({ kind, members }));
  }
}
