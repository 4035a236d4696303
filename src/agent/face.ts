/** What the RPC server may see of the agent it serves, and ask of it. Rejections carry the reference's text as message. */

import { messageOf } from "../base/errors.ts";
import type { KeyOperation, KeyReport } from "../base/key-report.ts";
import { escapeUnprintable } from "../base/unprintable.ts";
import type { Coordinate } from "../coordinate/coordinate.ts";
import type { JoinResult } from "../memberlist/joiner.ts";
import type { SuspectedMember } from "../memberlist/suspicions.ts";
import type { AgentStats } from "../rpc/views.ts";
import type { QueryEvent, SerfEvent } from "../serf/events.ts";
import type { SerfMember, Tags } from "../serf/member.ts";
import type { QueryParams, SentQuery } from "../serf/open-queries.ts";
import type { QueryListener } from "../serf/open-query.ts";
import type { LogBuffer } from "./log-buffer.ts";

/** The plugins of an agent, as clients reach them: rpc/plugin-actions has the actions. */
export interface AgentPlugins {
  /** Rejects for an unknown action, a wrong input, and what cannot be done. */
  perform(action: string, input: unknown): Promise<unknown>;
  /** The log of one of them. Throws PLUGIN_UNKNOWN. */
  logs(instance: string): LogBuffer;
  /** A line for each, by name. */
  summary(): Readonly<Record<string, string>>;
}

export interface AgentFace {
  readonly serf: {
    members(): readonly SerfMember[];
    coordinate(name: string): Coordinate | undefined;
    readonly memberlist: { suspects(): readonly SuspectedMember[] };
  };
  readonly logs: LogBuffer;
  /** Resolves also when nobody could be reached: `joined` is 0 then. */
  join(addresses: readonly string[], replay: boolean): Promise<JoinResult>;
  /** Leaves gracefully. Once it resolves, the process is on its way to exit 0, after the RPC server was closed. */
  leave(): Promise<void>;
  forceLeave(name: string, prune: boolean): Promise<void>;
  userEvent(name: string, payload: Uint8Array, coalesce: boolean): Promise<void>;
  /** Throws for a query that cannot be sent. What comes of it is told later. */
  query(name: string, payload: Uint8Array, params: QueryParams, listener: QueryListener): SentQuery;
  /** Changes the keys of every member, or lists them. Resolves also when that failed: `problem` says so. `key` is in base64. */
  requestKeys(operation: KeyOperation, key: string): Promise<KeyReport>;
  /** Removes first, then sets. */
  updateTags(set: Tags, remove: readonly string[]): Promise<void>;
  /** Events after coalescing. Returns how to stop listening. */
  onEvent(listener: (event: SerfEvent) => void): () => void;
  /** Absent where the agent runs none, in a program for one. */
  readonly plugins?: AgentPlugins | undefined;
  /** Sections "agent", "runtime", "serf", "tags" and "event_handlers". */
  stats(): AgentStats;
}

/** The reference's words for a join that reached nobody, line breaks included; "" for one that reached somebody. */
export function joinErrorText(outcome: JoinResult): string {
  const { joined, failures } = outcome;
  if (joined > 0 || failures.length === 0) return "";
  // A reason may quote what a peer said.
  const points = failures.map(({ reason }) => `\n\t* ${escapeUnprintable(reason)}`).join("");
  return `${failures.length} ${failures.length === 1 ? "error" : "errors"} occurred:${points}\n\n`;
}

/** Answers a query; what it throws has the reference's words, which speak of keys whatever the query is. */
export function respondTo(query: QueryEvent, payload: Uint8Array): void {
  try {
    query.respond(payload);
  } catch (error) {
    throw new Error(`failed to respond to key query: ${messageOf(error)}`, { cause: error });
  }
}
