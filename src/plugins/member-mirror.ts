import { assert } from "../base/errors.ts";
import type { PluginMember, PluginMembers } from "./plugin.ts";

/** The member list as a plugin has it: a copy that its agent keeps up to date. */
export class MemberMirror implements PluginMembers {
  private readonly selfName: string;
  private readonly members = new Map<string, PluginMember>();
  /** Sorted; made anew when it is asked for after a change. */
  private sorted: readonly PluginMember[] | undefined;
  private readonly listeners = new Set<() => void>();

  constructor(selfName: string, members: readonly PluginMember[]) {
    this.selfName = selfName;
    for (const member of members) this.members.set(member.name, member);
  }

  self(): PluginMember {
    const self = this.members.get(this.selfName);
    assert(self !== undefined, "this node is one of the members");
    return self;
  }

  list(): readonly PluginMember[] {
    this.sorted ??= Object.freeze([...this.members.values()].sort((a, b) => (a.name < b.name ? -1 : 1)));
    return this.sorted;
  }

  onChange(listener: () => void): () => void {
    // A wrapper of its own, so that the same function may listen twice and each is ended by itself.
    const entry = (): void => listener();
    this.listeners.add(entry);
    return () => {
      this.listeners.delete(entry);
    };
  }

  /** Takes changes over, and returns whether there were any. */
  apply(changed: readonly PluginMember[], removed: readonly string[]): boolean {
    for (const member of changed) this.members.set(member.name, member);
    for (const name of removed) this.members.delete(name);
    if (changed.length + removed.length > 0) this.sorted = undefined;
    return changed.length + removed.length > 0;
  }

  /** Each listener, to be called by whoever guards against what it throws. */
  get changeListeners(): readonly (() => void)[] {
    return [...this.listeners];
  }
}
