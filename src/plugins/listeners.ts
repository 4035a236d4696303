/** Who in a plugin listens to what, and who answers which query. */

import { SerfError } from "../base/errors.ts";
import type { PluginOccurrence } from "./link.ts";
import type {
  PluginMember,
  PluginMemberEvent,
  PluginQueries,
  PluginQuery,
  PluginSignal,
  PluginUserEvent,
} from "./plugin.ts";

export type MembersListener = (members: readonly PluginMember[], kind: PluginMemberEvent) => void;
export type Answerer = Parameters<PluginQueries["answer"]>[1];

interface Listener<K, F> {
  readonly to: K | "*";
  readonly call: F;
}

export class Listeners {
  private readonly members = new Set<Listener<PluginMemberEvent, MembersListener>>();
  private readonly users = new Set<Listener<string, (event: PluginUserEvent) => void>>();
  private readonly signals = new Set<Listener<PluginSignal, (signal: PluginSignal) => void>>();
  private readonly answerers = new Map<string, Answerer>();
  private readonly answeringChanged: (names: readonly string[]) => void;

  constructor(answeringChanged: (names: readonly string[]) => void) {
    this.answeringChanged = answeringChanged;
  }

  onMembers(kind: PluginMemberEvent | "*", listener: MembersListener): () => void {
    return add(this.members, { to: kind, call: listener });
  }

  onUser(name: string, listener: (event: PluginUserEvent) => void): () => void {
    return add(this.users, { to: name, call: listener });
  }

  onSignal(listener: (signal: PluginSignal) => void): () => void {
    return add(this.signals, { to: "*", call: listener });
  }

  /** Throws PLUGIN_IN_USE for a second answerer of a name. */
  answer(name: string, answerer: Answerer): () => void {
    if (this.answerers.has(name))
      throw new SerfError("PLUGIN_IN_USE", `the query "${name}" is answered by this plugin already`);
    this.answerers.set(name, answerer);
    this.answeringChanged([...this.answerers.keys()]);
    return () => {
      if (this.answerers.get(name) !== answerer) return;
      this.answerers.delete(name);
      this.answeringChanged([...this.answerers.keys()]);
    };
  }

  /** Those to call, each by itself, so that one that throws does not keep the news from the next. */
  callsFor(occurrence: PluginOccurrence): (() => unknown)[] {
    switch (occurrence.kind) {
      case "members":
        return matching(this.members, occurrence.event).map((call) => () => call(occurrence.members, occurrence.event));
      case "user":
        return matching(this.users, occurrence.event.name).map((call) => () => call(occurrence.event));
      case "signal":
        return matching(this.signals, occurrence.signal).map((call) => () => call(occurrence.signal));
    }
  }

  /** Undefined where nobody answers. */
  async answerTo(query: PluginQuery): Promise<Uint8Array | string | undefined> {
    return this.answerers.get(query.name)?.(query);
  }
}

function add<T>(listeners: Set<T>, listener: T): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}

function matching<K, F>(listeners: ReadonlySet<Listener<K, F>>, what: K): F[] {
  return [...listeners].filter(({ to }) => to === "*" || to === what).map(({ call }) => call);
}
