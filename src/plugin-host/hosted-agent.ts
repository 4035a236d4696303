/** The agent, as far as plugins go: its public face. */

import type { PluginMember } from "../plugins/plugin.ts";
import type { SerfEvent } from "../serf/events.ts";
import type { SerfMember, Tags } from "../serf/member.ts";
import type { QueryParams, SentQuery } from "../serf/open-queries.ts";
import type { QueryListener } from "../serf/open-query.ts";

export interface HostedAgent {
  readonly serf: {
    readonly localMember: SerfMember;
    members(): readonly SerfMember[];
    readonly membership: {
      member(name: string): SerfMember | undefined;
      /** Every change, at once: ahead of the events, which are coalesced. */
      onChange(listener: (name: string) => void): void;
    };
  };
  onEvent(listener: (event: SerfEvent) => void): () => void;
  userEvent(name: string, payload: Uint8Array, coalesce: boolean): Promise<void>;
  query(name: string, payload: Uint8Array, params: QueryParams, listener: QueryListener): SentQuery;
  updateTags(set: Tags, remove: readonly string[]): Promise<void>;
  leave(): Promise<void>;
}

/** Plain data for another thread. Undefined for one that is not yet a member. */
export function toPluginMember({ name, address, port, status, tags }: SerfMember): PluginMember | undefined {
  return status === "none" ? undefined : { name, address, port, status, tags };
}
